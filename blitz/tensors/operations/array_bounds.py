"""What calls of NumPy need at most; there are no fake arrays that could tell.

A bound is called with the very arguments of the call, as those in bounds.py are.
"""

import math

import numpy as np
from torch import Tensor

from blitz.tensors.operations.arguments import (
    ENDLESS,
    MOST_ITEM_BYTES,
    broadcast_numel,
    num_elements,
    operands,
    real,
    whole,
)
from blitz.tensors.operations.bounds import ELEMENT_SECONDS, of_elements
from blitz.tensors.operations.operation import Need


def broadcast(*args: object, **kwargs: object) -> Need:
    """Of NumPy, which takes lists, too: two arrays in the shape that the operands broadcast to."""
    values = [*args, *kwargs.values()]
    lists = [num_elements(value) for value in values if isinstance(value, list | tuple | range)]
    numel = broadcast_numel(operands(args, kwargs)) * math.prod(max(each, 1) for each in lists)
    return of_elements(2 * min(numel, ENDLESS), MOST_ITEM_BYTES)


def product(a: object, b: object, *args: object) -> Need:
    """Of NumPy: all rows of one with all columns of the other."""
    if not all(isinstance(each, Tensor | np.ndarray) and each.ndim for each in (a, b)):
        return broadcast(a, b)
    assert isinstance(a, Tensor | np.ndarray)
    length = max(a.shape[-1], 1)
    work = num_elements([a]) * num_elements([b]) / length
    return Need(num_bytes=work / length * MOST_ITEM_BYTES, seconds=work * ELEMENT_SECONDS)


def shape(shape: object, *args: object, **kwargs: object) -> Need:
    """An array of a shape, or a square one of a side."""
    sizes = shape if isinstance(shape, list | tuple) else [shape, *args[:1]]
    numel = math.prod(whole(size) for size in sizes if size is not None)
    return of_elements(min(max(numel, 0), ENDLESS), MOST_ITEM_BYTES)


def square(n: object, m: object = None, **kwargs: object) -> Need:
    """A matrix, a square one where only one side is given."""
    return shape((n, n if m is None else m))


def count(start: object, stop: object = None, step: object = 1, **kwargs: object) -> Need:
    """An array of the numbers between two, in steps."""
    first, last = (0.0, real(start)) if stop is None else (real(start), real(stop))
    count = (last - first) / real(step) if real(step) else 0.0
    return of_elements(min(max(count, 0.0), ENDLESS), MOST_ITEM_BYTES)


def points(start: object, stop: object, num: object = 50, **kwargs: object) -> Need:
    """An array of so many points."""
    each = max(num_elements([start]), num_elements([stop]))
    return of_elements(4 * max(whole(num), 0) * each, MOST_ITEM_BYTES)
