"""Trained weights put into a network, and what stands in the way where they do not fit."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightDifference:
    """A tensor that the network and the weights do not have alike."""

    name: str
    expected: tuple[int, ...] | None
    """Its shape in the network; none where the network has no such tensor."""
    given: tuple[int, ...] | None
    """Its shape among the weights; none where it is missing there."""


def differences(model: nn.Module, weights: Mapping[str, Tensor]) -> tuple[WeightDifference, ...]:
    """All tensors by which the weights do not fit the model, those of the model first."""
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    given = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    return tuple(
        WeightDifference(name=name, expected=expected.get(name), given=given.get(name))
        for name in {**expected, **given}
        if expected.get(name) != given.get(name)
    )


def load_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Put weights that fit into the model; ValueError in one line where they do not."""
    found = differences(model, weights)
    if found:
        raise ValueError(f"weights: {len(found)} tensors do not fit, the first is {found[0].name}")
    model.load_state_dict(dict(weights))


def count_not_finite(model: nn.Module) -> dict[str, int]:
    """How many values of each tensor are NaN or infinite, for tensors that have such values."""
    counts = {
        name: int((~torch.isfinite(tensor)).sum())
        for name, tensor in model.state_dict().items()
        if tensor.is_floating_point()
    }
    return {name: count for name, count in counts.items() if count}
