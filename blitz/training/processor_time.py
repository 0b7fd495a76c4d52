"""How long a run would take on this machine's processor, found out in a moment.

Counts the operations of the run on PyTorch's meta device, then takes a few images through one
training step and divides. What else the processor is doing at that time counts too. Knows nothing
about pages.
"""

import time
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from blitz.datasets import BuiltinDataset
from blitz.models import build_model
from blitz.training.config import TrainConfig
from blitz.training.evaluation import loss_of
from blitz.turns import one_at_a_time

NUM_IMAGES = 32
"""Images of the measured step: enough to fill a few cores, few enough to be done at once."""
FORWARD_AND_BACKWARD = 3
"""A backward pass does the work of two forward passes: one for the inputs, one for the weights."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessorTime:
    """The work of a run and the speed at which the processor does it."""

    operations: float
    """Floating-point operations of all epochs with their tests; a multiply-add counts as two."""
    operations_per_second: float

    @property
    def seconds(self) -> float:
        """Time that the run would take."""
        return self.operations / self.operations_per_second


def processor_time(config: TrainConfig, data: BuiltinDataset) -> ProcessorTime:
    """Measure it: takes as long as this processor needs for 64 images."""
    forward = _forward_operations(config, data)
    num_tested = data.num_test * (2 if config.test_flips else 1)
    per_epoch = forward * (FORWARD_AND_BACKWARD * data.num_train + num_tested)
    step = forward * FORWARD_AND_BACKWARD * NUM_IMAGES
    return ProcessorTime(
        operations=config.epochs * per_epoch,
        operations_per_second=step / _step_seconds(config, data),
    )


def _forward_operations(config: TrainConfig, data: BuiltinDataset) -> float:
    """Floating-point operations of one image's forward pass."""
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        _network(config, data)(torch.empty(2, *_image_shape(config, data)))
    return float(counter.get_total_flops()) / 2


def _step_seconds(config: TrainConfig, data: BuiltinDataset) -> float:
    """Time of a forward and backward pass of `NUM_IMAGES` images, once all has been set up."""
    with one_at_a_time(), torch.random.fork_rng(devices=[]):
        model = _network(config, data)
        images = torch.rand(NUM_IMAGES, *_image_shape(config, data))
    labels = torch.arange(NUM_IMAGES) % len(data.classes)
    seconds = 0.0
    for _ in range(2):
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=config.precision == "bf16"):
            loss = loss_of(model(images), labels, config.loss)
        loss.backward()
        seconds = time.perf_counter() - start
    return seconds


def _network(config: TrainConfig, data: BuiltinDataset) -> nn.Module:
    channels, size, _ = _image_shape(config, data)
    return build_model(
        config.model,
        channels=channels,
        image_size=size,
        num_classes=len(data.classes),
        width=config.width,
    )


def _image_shape(config: TrainConfig, data: BuiltinDataset) -> tuple[int, int, int]:
    size = config.image_size or data.image_size
    return data.channels, size, size
