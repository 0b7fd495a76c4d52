"""What the arguments of a call hold: its tensors and arrays, how many elements, how large a size.

Says nothing about operations.
"""

import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

MOST_ITEM_BYTES = 16
"""Of a complex128; the largest element there is."""
LEAST_ITEM_BYTES = 4
"""Of a float32, which is what whole numbers become."""
MOST_REAL_BYTES = 8
"""Of a float64 or int64."""
ENDLESS = 10**30
"""More than any machine has; still a number that can be multiplied."""

Keywords = Mapping[str, object]


def item_bytes(args: Iterable[object], kwargs: Keywords) -> int:
    """Bytes of one element of a result: of its widest operand, or of a data type among them."""
    values = [*args, *kwargs.values()]
    sizes = [_item_bytes(value) for value in [*values, *operands(values, {})]]
    widest = max(sizes, default=LEAST_ITEM_BYTES)
    is_complex = any(isinstance(value, complex) for value in values)
    return min(2 * widest, MOST_ITEM_BYTES) if is_complex else widest


def _item_bytes(value: object) -> int:
    if isinstance(value, Tensor | torch.dtype):
        return max(value.itemsize, LEAST_ITEM_BYTES)
    if isinstance(value, np.ndarray):
        return max(value.itemsize, MOST_REAL_BYTES)
    return MOST_ITEM_BYTES if isinstance(value, type) else LEAST_ITEM_BYTES


def whole(value: object) -> int:
    """A size that is given as a number or as a tensor of one element; 0 for all else."""
    if isinstance(value, Tensor):
        return largest_value(value)
    return min(value, ENDLESS) if isinstance(value, int) else 0


def real(value: object) -> float:
    """A number, or the only element of a tensor; 0 for all else."""
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex():
        return float(value.item())
    if isinstance(value, int):
        return float(max(min(value, ENDLESS), -ENDLESS))
    return value if isinstance(value, float) else 0.0


def largest_value(operand: object) -> int:
    """The largest element of an integer tensor, which decides how large some results are."""
    if not isinstance(operand, Tensor) or not operand.numel():
        return 0
    if operand.is_complex() or operand.is_floating_point():
        return 0
    return max(int(operand.max()), 0)


def broadcast_numel(found: Iterable[Tensor | np.ndarray]) -> int:
    """The number of elements that operands broadcast to; 0 where they do not."""
    try:
        return math.prod(torch.broadcast_shapes(*[tuple(operand.shape) for operand in found]))
    except RuntimeError:  # the operation says so before it allocates
        return 0


def tensors(args: Iterable[object], kwargs: Keywords) -> list[Tensor]:
    """All tensors among the arguments, those in lists and tuples included."""
    return [operand for operand in operands(args, kwargs) if isinstance(operand, Tensor)]


def operands(args: Iterable[object], kwargs: Keywords) -> list[Tensor | np.ndarray]:
    """All tensors and arrays among the arguments, those in lists and tuples included.

    A list that is found again is not searched again: a few lines make lists of lists of lists
    with more members than can be counted.
    """
    found: list[Tensor | np.ndarray] = []
    seen: set[int] = set()
    waiting = [*args, *kwargs.values()]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Tensor | np.ndarray):
            found.append(value)
        elif isinstance(value, list | tuple) and id(value) not in seen:
            seen.add(id(value))
            waiting.extend(value)
    return found


def operand_numel(args: Iterable[object], kwargs: Keywords) -> Iterator[float]:
    """The number of elements of each argument that holds tensors or arrays."""
    known: dict[int, float] = {}
    for value in [*args, *kwargs.values()]:
        if isinstance(value, Tensor | np.ndarray | list | tuple):
            yield num_elements(value, known)


def num_elements(value: object, known: dict[int, float] | None = None) -> float:
    """How many elements tensors, ranges and nested lists hold together; a number is one.

    known: what is known of lists by their id; one that contains itself has no end.
    """
    known = {} if known is None else known
    if isinstance(value, Tensor | np.ndarray):
        return math.prod(value.shape)
    if isinstance(value, range):
        return num_members(value)
    if not isinstance(value, list | tuple):
        return 1
    if id(value) not in known:
        known[id(value)] = ENDLESS
        known[id(value)] = sum(num_elements(member, known) for member in value)
    return known[id(value)]


def num_members(value: list[object] | tuple[object, ...] | range) -> float:
    """The length, also of ranges that are too long for len."""
    if isinstance(value, range):
        length = -((value.start - value.stop) // value.step)
        return min(max(length, 0), ENDLESS)
    return len(value)
