"""Weights put into a network, and what does not fit."""

import math

import pytest
import torch

from blitz.models import Net
from blitz.network.plan import NetworkPlan, build
from blitz.network.weights import WeightDifference, count_not_finite, differences, load_weights


def test_weights_of_the_same_network_fit_and_are_loaded() -> None:
    model, other = Net(), Net()
    assert differences(model, other.state_dict()) == ()
    load_weights(model, other.state_dict())
    for ours, theirs in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_every_tensor_that_differs_is_listed_with_both_shapes() -> None:
    weights = Net(channels=3).state_dict()
    del weights["fc3.bias"]
    weights["fc4.bias"] = torch.zeros(2)
    assert differences(Net(), weights) == (
        WeightDifference(name="conv1.weight", expected=(6, 1, 5, 5), given=(6, 3, 5, 5)),
        WeightDifference(name="fc3.bias", expected=(10,), given=None),
        WeightDifference(name="fc4.bias", expected=None, given=(2,)),
    )
    with pytest.raises(ValueError, match=r"3 tensors do not fit, the first is conv1\.weight"):
        load_weights(Net(), weights)


def test_values_that_are_not_finite_are_counted_by_tensor() -> None:
    model = Net()
    assert count_not_finite(model) == {}
    with torch.no_grad():
        model.conv1.weight[0, 0, 0, :2] = math.nan
        model.fc3.bias[3] = -math.inf
    assert count_not_finite(model) == {"conv1.weight": 2, "fc3.bias": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "vgg"}, "model: 'vgg' was given; choose net"),
        ({"image_size": 8}, "image_size: net needs images of at least 16×16 pixels"),
        ({"model": "mlp", "width": 2}, "width: 2 was given; mlp has only width 1"),
        ({"width": 65}, "width: 65 was given; expected 1 to 64"),
        ({"channels": 4}, "channels: 4 was given; expected 1 to 3"),
        ({"seed": -1}, "seed: -1 was given"),
    ],
)
def test_a_plan_that_cannot_be_built_is_refused(change: dict[str, object], message: str) -> None:
    values: dict[str, object] = {
        "model": "net", "channels": 1, "image_size": 32, "num_classes": 10,
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        build(NetworkPlan(**{**values, **change}))  # type: ignore[arg-type]
