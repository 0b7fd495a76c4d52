"""Where elements came from: an operation repeated on tensors of positions instead of values.

Whatever the operation does with elements, as long as it moves them and computes nothing, their
positions go the same ways; every kind of index and view is right by construction.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from blitz.tensors.pictures.operands import MOST_FOLLOWED, Part, tensor_of
from blitz.tensors.summaries import Operand, Sources
from blitz.tensors.thinning import MOST_AXES

MOST_SOURCES = 20_000
REFUSALS = (RuntimeError, TypeError, ValueError, IndexError)
"""What PyTorch and NumPy raise where an operation has no form for positions."""


def can_follow(tensors: Sequence[Tensor], num_sources: int = 0) -> bool:
    """Whether operands and result are shown whole, and have few enough sources."""
    return num_sources <= MOST_SOURCES and all(
        tensor.numel() <= MOST_FOLLOWED and math.prod(tensor.shape[:-MOST_AXES]) == 1
        for tensor in tensors
    )


def moved(parts: Sequence[Part], repeat: Callable[[list[Any]], object]) -> Sources | None:
    """The sources of an operation that moves elements; None where it does something else, too.

    repeat: carries the operation out on what stands for the parts.
    """
    sizes = [part.tensor.numel() if part.is_moved else 0 for part in parts]
    total = sum(sizes)
    runs = []
    # What an operation adds itself is the same in both runs, whatever number it is.
    for start in (1, 1 + total):
        try:
            result = tensor_of(repeat(_positions(parts, start)))
        except REFUSALS:
            return None
        if result is None or result.is_complex():
            return None
        runs.append(result.cpu().double().numpy().ravel())
    first, second = runs
    if first.shape != second.shape:
        return None
    is_made = (second == first) | (np.isnan(first) & np.isnan(second))
    is_source = ~is_made
    if (second[is_source] - first[is_source] != total).any():
        return None
    return sources_of_numbers(np.where(is_source, first, 0.0).astype(np.int64) - 1, sizes)


def _positions(parts: Sequence[Part], start: int) -> list[Any]:
    """For every part whose elements move one of its shape with all elements numbered through."""
    found: list[Any] = []
    for part in parts:
        if not part.is_moved:
            found.append(part.value)
            continue
        size = part.tensor.numel()
        # float64 is exact here, and what most operations know.
        numbers = torch.arange(start, start + size, dtype=torch.float64)
        numbers = numbers.reshape(part.shape).to(part.tensor.device)
        found.append(numbers if isinstance(part.value, Tensor) else numbers.numpy())
        start += size
    return found


def sources_of_numbers(numbers: np.ndarray, sizes: Sequence[int]) -> Sources:
    """Of elements numbered through all operands, one for each of the result; −1 for none."""
    is_source = numbers >= 0
    starts = np.concatenate([[0], np.cumsum(is_source)])
    firsts = np.concatenate([[0], np.cumsum(sizes)])
    numbers = numbers[is_source]
    operands = np.searchsorted(firsts, numbers, side="right") - 1
    return Sources(
        starts=starts.astype(np.int32),
        operands=operands.astype(np.int16),
        positions=(numbers - firsts[operands]).astype(np.int32),
    )


def is_true_to(sources: Sources, operands: Sequence[Operand], result: Operand) -> bool:
    """Whether every element of the result that has a source is the same as that."""
    has_source = np.diff(sources.starts) > 0
    elements = result.values.elements.ravel()
    if elements.size != has_source.size:
        return False
    reached = elements[has_source]
    found = np.empty_like(reached)
    with np.errstate(all="ignore"):
        for index, operand in enumerate(operands):
            here = sources.operands == index
            if here.any():
                taken = operand.values.elements.ravel()[sources.positions[here]]
                found[here] = taken.astype(found.dtype)
        return bool(((found == reached) | ((found != found) & (reached != reached))).all())
