"""How long a run would take on the processor."""

from dataclasses import replace

import pytest
import torch

from blitz.datasets import BUILTIN_DATASETS
from blitz.training.config import TrainConfig
from blitz.training.presets import PRESETS
from blitz.training.processor_time import ProcessorTime, processor_time

CIFAR10 = BUILTIN_DATASETS["cifar10"]
RECIPE = next(preset.config for preset in PRESETS if preset.is_for_gpu)


def test_the_recipes_operations_are_the_papers() -> None:
    # Jordan 2024: 3.6e14 for 9.9 epochs of training; here ten, and a test after each, both ways.
    measured = processor_time(replace(RECIPE, width=1, epochs=10), CIFAR10)
    assert measured.operations == pytest.approx(3.6e14 / 9.9 * 10 * (1 + 2 / 3 / 5), rel=0.03)
    assert measured.seconds > 0


def test_operations_count_epochs_flips_and_pixels() -> None:
    config = TrainConfig(model="net", dataset="cifar10", epochs=2)
    operations = processor_time(config, CIFAR10).operations
    # Multiply-adds of the convolutions 5·5·3·6 at 28×28 and 5·5·6·16 at 10×10, then 400·120,
    # 120·84 and 84·10.
    forward = 2 * (5 * 5 * 3 * 6 * 28**2 + 5 * 5 * 6 * 16 * 10**2 + 400 * 120 + 120 * 84 + 840)
    assert operations == pytest.approx(2 * forward * (3 * 50_000 + 10_000))
    more = processor_time(replace(config, epochs=4, test_flips=True), CIFAR10).operations
    assert more == pytest.approx(4 * forward * (3 * 50_000 + 20_000))
    assert processor_time(replace(config, image_size=64), CIFAR10).operations > 4 * operations


def test_seconds_are_the_work_over_the_speed() -> None:
    assert ProcessorTime(operations=6e12, operations_per_second=2e10).seconds == 300


def test_measuring_leaves_the_random_numbers_as_they_are() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    processor_time(TrainConfig(model="net"), BUILTIN_DATASETS["digits"])
    assert torch.rand(3).equal(expected)
