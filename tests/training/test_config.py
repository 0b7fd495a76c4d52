"""Which configs there are."""

import json
import math
from typing import Any, get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from blitz.training import TrainConfig
from blitz.training.config import (
    MAX_SEED,
    AugmentName,
    AveragingName,
    OptimiserName,
    ScheduleName,
)
from blitz.training.presets import PRESETS, coupled


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lr", math.nan),
        ("lr", -1.0),
        ("lr", 0.0),
        ("lr", 1e30),
        ("lr", math.inf),
        ("batch_size", 0),
        ("batch_size", 10**9),
        ("batch_size", 2.5),
        ("batch_size", True),
        ("epochs", 0),
        ("epochs", 10**9),
        ("momentum", 1.0),
        ("momentum", -0.1),
        ("weight_decay", math.nan),
        ("seed", -1),
        ("seed", 2**64),
        ("patience", -1),
        ("width", 0),
        ("image_size", 4),
        ("image_size", 10_000),
        ("optimizer", "sdg"),
        ("schedule", ""),
        ("loss", "hinge"),
        ("precision", "fp8"),
        ("label_smoothing", 1.0),
        ("label_smoothing", -0.1),
        ("augment", "crop"),
        ("whiten", 1),
        ("norm_bias_lr", 0.0),
        ("norm_bias_lr", math.inf),
        ("averaging", "swa"),
        ("test_flips", "yes"),
        ("processes", 0),
        ("processes", 65),
        ("dataset", "  "),
    ],
)
def test_a_wrong_value_is_refused_with_field_value_and_rule(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: .* was given; ") as caught:
        TrainConfig(**{field: value})
    assert repr(value) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nesterov_without_momentum_is_refused_as_torch_does() -> None:
    with pytest.raises(ValueError, match="nesterov needs a momentum"):
        TrainConfig(optimizer="nesterov", momentum=0)


def test_a_config_survives_json() -> None:
    for preset in PRESETS:
        values = json.loads(json.dumps(preset.config.to_dict()))
        assert TrainConfig.from_dict(values) == preset.config


@given(
    lr=st.floats(0, 100, exclude_min=True),
    momentum=st.floats(0.001, 0.9999),
    epochs=st.integers(1, 10_000),
    batch_size=st.integers(1, 65_536),
    seed=st.integers(0, MAX_SEED),
    optimizer=st.sampled_from(get_args(OptimiserName)),
    schedule=st.sampled_from(get_args(ScheduleName)),
    label_smoothing=st.floats(0, 0.99),
    augment=st.sampled_from(get_args(AugmentName)),
    whiten=st.booleans(),
    norm_bias_lr=st.floats(0, 1_000, exclude_min=True),
    averaging=st.sampled_from(get_args(AveragingName)),
    test_flips=st.booleans(),
    processes=st.integers(1, 64),
    image_size=st.none() | st.integers(8, 512),
    dataset=st.text(min_size=1).filter(str.strip),
)
def test_every_value_within_the_rules_is_taken_and_survives_json(**values: Any) -> None:
    config = TrainConfig(**values)
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_fields_of_another_version_are_left_out() -> None:
    assert TrainConfig.from_dict({"epochs": 2, "gone": 1}) == TrainConfig(epochs=2)


def test_the_tutorials_presets_have_the_tutorials_numbers() -> None:
    by_title = {preset.title: preset.config for preset in PRESETS}
    cifar = by_title["CIFAR-10 as in the 60 Minute Blitz"]
    assert (cifar.model, cifar.lr, cifar.momentum) == ("net", 0.001, 0.9)
    assert (cifar.batch_size, cifar.epochs, cifar.optimizer) == (4, 2, "sgd")
    fashion = by_title["Fashion-MNIST as in the lecture"]
    assert (fashion.model, fashion.lr, fashion.momentum) == ("mlp", 0.001, 0.0)
    assert (fashion.batch_size, fashion.epochs, fashion.optimizer) == (64, 5, "sgd")


def test_the_fast_recipe_takes_the_steps_of_the_paper() -> None:
    """Jordan 2024 sums the losses and writes rate and decay by themselves; PyTorch's rule here
    takes the mean and multiplies the decay by the rate. One step of both from the same place."""
    recipe = next(preset.config for preset in PRESETS if preset.config.model == "speed")
    rate, decay, momentum = 10.0, 0.0153, 0.85
    reach = 1_024 * (1 + 1 / (1 - momentum))
    summed = torch.tensor([300.0, -50.0], dtype=torch.float64)  # gradient of the summed losses
    start = torch.tensor([0.7, -0.2], dtype=torch.float64)
    lr_of_sum, decay_of_step = rate / reach, decay * recipe.batch_size / reach
    gradient = summed + decay_of_step / lr_of_sum * start
    expected = -lr_of_sum * (1 + momentum) * gradient  # Nesterov's first step

    weights = start.clone().requires_grad_()
    weights.grad = summed / recipe.batch_size
    torch.optim.SGD(
        [weights], lr=recipe.lr, momentum=recipe.momentum, nesterov=True,
        weight_decay=recipe.weight_decay,
    ).step()  # fmt: skip
    # The recipe's rate has four digits.
    torch.testing.assert_close(weights.detach() - start, expected, rtol=5e-4, atol=0)


@pytest.mark.parametrize("batch_size", [256, 2_048])
def test_the_rate_grows_with_the_batch_and_the_decay_stays(batch_size: int) -> None:
    given = TrainConfig(lr=9.0, momentum=0.5, weight_decay=0.018, batch_size=batch_size)
    found = coupled(given)
    assert found.lr == pytest.approx(3.0 * batch_size / 1_024)
    assert found.weight_decay == pytest.approx(0.002)
