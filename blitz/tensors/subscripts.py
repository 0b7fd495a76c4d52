"""What an index takes, by its shape alone."""

import math
from collections.abc import Iterable

import numpy as np
from torch import Tensor

from blitz.tensors.operations.bounds import ELEMENT_SECONDS
from blitz.tensors.operations.operation import Need

POSITION_BYTES = 8


def index_need(owner: Tensor | np.ndarray, index: object, values: Iterable[object]) -> Need:
    """What `owner[index]`, or assigning values to it, needs at most.

    Slices and integers make views. Lists, masks and tensors make a new tensor: the shapes that
    they have after broadcasting, times the axes that they leave; and first a mask is made into
    the positions of at most all its elements.
    """
    items = index if isinstance(index, tuple) else (index,)
    shapes: list[tuple[int, ...]] = []
    num_positions = 0
    axes: list[int] = []
    axis, rest = 0, list(owner.shape)
    num_used = sum(_num_axes(item) for item in items)
    for item in items:
        if item is Ellipsis:
            axis += max(len(rest) - num_used, 0)
            continue
        if axis >= len(rest):
            continue  # too many indices: PyTorch says so
        if isinstance(item, slice):
            rest[axis] = _length(item, rest[axis])
        elif isinstance(item, Tensor | np.ndarray | list | tuple):
            shape, is_mask = _shape(item)
            numel = math.prod(shape)
            axes.extend(range(axis, min(axis + _num_axes(item), len(rest))))
            shapes.append((numel,) if is_mask else shape)
            num_positions += numel * (len(shape) if is_mask else 1)
        elif isinstance(item, int) and not isinstance(item, bool):
            rest[axis] = 1
        axis += _num_axes(item)
    if not shapes:
        return Need(num_bytes=0, seconds=0)
    left = math.prod(length for place, length in enumerate(rest) if place not in axes)
    taken = _broadcast_numel(shapes) * left
    given = sum(value.numel() for value in values if isinstance(value, Tensor))
    num_bytes = taken * owner.itemsize + num_positions * POSITION_BYTES
    seconds = 5 * ELEMENT_SECONDS * (taken + num_positions + given)
    return Need(num_bytes=num_bytes, seconds=seconds)


def _broadcast_numel(shapes: list[tuple[int, ...]]) -> int:
    """At most so many elements: where shapes do not fit, PyTorch refuses them."""
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return math.prod(max(lengths) for lengths in zip(*padded, strict=True))


def _num_axes(item: object) -> int:
    """How many axes of the owner an item of an index stands for."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    if isinstance(item, Tensor | np.ndarray):
        shape, is_mask = _shape(item)
        return len(shape) if is_mask else 1
    return 1


def _shape(item: object) -> tuple[tuple[int, ...], bool]:
    """The shape of an index, and whether it is a mask."""
    if isinstance(item, Tensor):
        return tuple(item.shape), not (item.is_floating_point() or item.is_complex()) and (
            item.dtype.itemsize == 1
        )
    array = item if isinstance(item, np.ndarray) else np.empty(len(item))  # type: ignore[arg-type]
    return array.shape, array.dtype == bool


def _length(item: slice, length: int) -> int:
    try:
        return len(range(*item.indices(length)))
    except (TypeError, ValueError):  # no whole numbers, or a step of 0: PyTorch says so
        return length
