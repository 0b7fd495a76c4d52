"""Arithmetic of shapes: which fit for broadcasting, matrix products and joining."""

from collections.abc import Sequence
from itertools import zip_longest
from math import prod

Shape = list[int]


def broadcast(first: Shape, second: Shape) -> bool:
    """Whether both stretch to one shape."""
    return clash(first, second) is None


def clash(first: Shape, second: Shape) -> tuple[int, int, int] | None:
    """The last axis, counted from the end as -1, -2, …, whose sizes differ with neither of them
    1, and these two sizes."""
    pairs = zip_longest(reversed(first), reversed(second), fillvalue=1)
    for place, (one, other) in enumerate(pairs, start=1):
        if one != other and 1 not in (one, other):
            return -place, one, other
    return None


def clashing(shapes: Sequence[Shape]) -> tuple[int, int] | None:
    """The first two shapes that do not broadcast."""
    for second in range(len(shapes)):
        for first in range(second):
            if not broadcast(shapes[first], shapes[second]):
                return first, second
    return None


def transposed(shape: Shape) -> Shape:
    """With the last two axes exchanged."""
    return [*shape[:-2], *reversed(shape[-2:])]


def multiply(first: Shape, second: Shape) -> bool:
    """Whether first @ second is defined."""
    if not first or not second or first[-1] != inner(second):
        return False
    return broadcast(first[:-2], second[:-2])


def inner(second: Shape) -> int:
    """The size that the first factor's last axis must have."""
    return second[-2] if len(second) > 1 else second[0]


def concatenate(shapes: Sequence[Shape], dim: int) -> bool:
    """Whether the shapes are equal but for one axis."""
    ranks = {len(shape) for shape in shapes}
    rests = {(*shape[:dim], *shape[dim + 1 :]) for shape in shapes}
    return len(ranks) == 1 and dim < min(ranks) and len(rests) == 1


def factors(numel: int, near: int) -> tuple[int, int]:
    """Two sizes that multiply to numel, the first as near as possible to a wish."""
    divisors = [size for size in range(1, min(numel, 1000) + 1) if numel % size == 0] or [1]
    first = min(divisors, key=lambda size: abs(size - near))
    return first, numel // first


def numel(shape: Sequence[int]) -> int:
    """Number of elements."""
    return prod(shape)
