"""Few elements of many: the first and last along every axis, and a fair sample of all."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from blitz.tensors.summaries import Values

MOST_AXES = 4
"""Axes of which more than the first index is kept."""
# Fractions of successive multiples of the golden ratio fall evenly, whatever the tensor's shape.
_GOLDEN = (5**0.5 - 1) / 2


def thinned(tensor: Tensor, most: int) -> Values:
    """The elements of a tensor, or where there are more than `most` the outer ones of each axis."""
    shape = tuple(tensor.shape)
    kept = tuple(
        _outer(length, limit) for length, limit in zip(shape, _limits(shape, most), strict=True)
    )
    tensor = tensor.detach()
    if any(len(indices) < length for indices, length in zip(kept, shape, strict=True)):
        tensor = tensor[_grid(kept, tensor.device)]
    return Values(shape=shape, kept=kept, elements=to_numpy(tensor))


def sample(tensor: Tensor, count: int) -> Tensor:
    """So many elements, spread evenly over all places; [count]."""
    places = (torch.arange(count, dtype=torch.float64) * _GOLDEN % 1 * tensor.numel()).long()
    return tensor[torch.unravel_index(places.to(tensor.device), tensor.shape)]


def to_numpy(tensor: Tensor) -> np.ndarray:
    """A copy as one of the few types that everything can show."""
    if tensor.is_floating_point() and tensor.itemsize < 4:
        tensor = tensor.float()
    elif tensor.dtype == torch.complex32:
        tensor = tensor.to(torch.complex64)
    array: np.ndarray = tensor.detach().resolve_conj().resolve_neg().cpu().numpy()
    return array.copy()


@cache
def _outer(length: int, limit: int) -> tuple[int, ...]:
    """All indices below the length, or of too many the first two thirds and the last third."""
    if length <= limit:
        return tuple(range(length))
    last = limit // 3
    return (*range(limit - last), *range(length - last, length))


@cache
def _limits(shape: tuple[int, ...], most: int) -> tuple[int, ...]:
    """How many indices of each axis may be kept."""
    leading = max(len(shape) - MOST_AXES, 0)
    limits = [1] * leading + [max(length, 1) for length in shape[leading:]]
    while np.prod(limits, dtype=object) > most:
        axis = int(np.argmax(limits))
        if limits[axis] <= 1:
            break
        limits[axis] = min(max(limits[axis] * 3 // 4, 1), max(most, 1))
    return tuple(limits)


def _grid(kept: tuple[tuple[int, ...], ...], device: torch.device) -> tuple[Tensor, ...]:
    """An index that picks the kept places of all axes at once."""
    return tuple(
        torch.tensor(indices, dtype=torch.long, device=device).reshape(
            [-1 if other == axis else 1 for other in range(len(kept))]
        )
        for axis, indices in enumerate(kept)
    )
