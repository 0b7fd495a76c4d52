"""Numbers, texts, lists and tuples: what is no tensor, kept small.

Python's own operators have no limits: `9**9**9` and `[0]*10**9` would take all memory there is.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

LARGEST = 2**63
"""Integers stay below: PyTorch has none beyond."""
MOST_ITEMS = 10_000
"""Of a list or tuple, with those in the lists that it holds."""
MOST_TEXT = 10_000
PLAIN = (
    Tensor, np.ndarray, int, float, complex, bool, str, type(None), slice, type(Ellipsis),
    torch.dtype, torch.device,
)  # fmt: skip
"""What values may be, besides lists and tuples of them and the types float, int, bool, complex."""
TYPES = (int, float, bool, complex)


class RefusalError(ValueError):
    """A value that is too large, or of a kind that programs do not have."""


def check(sign: str, values: Sequence[object]) -> None:
    """Refuse what an operator between plain values would make too large, before it does."""
    is_comparison = sign in ("==", "!=", "<", "<=", ">", ">=")
    if is_comparison and any(map(_holds_arrays, values)):
        raise RefusalError(f"{sign} does not take lists of tensors; compare the tensors themselves")
    if not is_comparison and any(isinstance(value, str) for value in values):
        raise RefusalError(f"{sign} does not take texts; print takes several values")
    if any(isinstance(value, list | tuple) for value in values):
        _check_lists(sign, values)
    elif len(values) == 2 and all(isinstance(value, int) for value in values):
        _check_integers(sign, *values)  # type: ignore[arg-type]


def admitted(value: object) -> object:
    """A value in the kinds that programs have; RefusalError if it is none, or is too large."""
    value = _of_known_kind(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
        raise RefusalError("an integer beyond 2**63")
    if isinstance(value, str) and len(value) > MOST_TEXT:
        raise RefusalError(f"a text of {len(value):,} letters; at most {MOST_TEXT:,}")
    if isinstance(value, list | tuple):
        _count_items(value)
    return value


def _of_known_kind(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind not in "biufc":
        raise RefusalError(f"an array of {value.dtype} has no numbers")
    if isinstance(value, Tensor) and value.is_meta:
        raise RefusalError("a tensor on the device meta has no elements")
    if isinstance(value, PLAIN) or value in TYPES or isinstance(value, list | tuple):
        return value
    raise RefusalError(f"a value of type {type(value).__name__}, which programs do not have")


def _holds_arrays(value: object) -> bool:
    """Whether Python would compare tensors, of any size, for a comparison of lists."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Tensor | np.ndarray):
            return True
        if isinstance(value, list | tuple):
            waiting.extend(value)
    return False


def _count_items(value: Sequence[object]) -> None:
    """Few lines make lists of lists of lists with more items than can be counted."""
    count = 0
    waiting: list[Sequence[object]] = [value]
    while waiting:
        items = waiting.pop()
        count += len(items)
        if count > MOST_ITEMS:
            raise RefusalError(f"a list or tuple with more than {MOST_ITEMS:,} items")
        waiting.extend(item for item in items if isinstance(item, list | tuple))


def _check_lists(sign: str, values: Sequence[object]) -> None:
    if sign == "*":
        count = next((value for value in values if isinstance(value, int)), 0)
        items = next(value for value in values if isinstance(value, list | tuple))
        if count * len(items) > MOST_ITEMS:
            raise RefusalError(f"a list of {count * len(items):.3g} items; at most {MOST_ITEMS:,}")


def _check_integers(sign: str, left: int, right: int) -> None:
    if sign == "**" and right > 0 and abs(left) > 1:
        bits = right * math.log2(abs(left))
    elif sign == "<<" and right > 0:
        bits = right + left.bit_length()
    else:
        return
    if bits > 63:
        raise RefusalError(f"{left} {sign} {right} is beyond 2**63")
