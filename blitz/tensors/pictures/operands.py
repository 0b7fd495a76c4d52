"""The tensors and arrays among the arguments of a call, and what stands for them in the source."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from blitz.tensors.memory import as_tensor
from blitz.tensors.summaries import Operand
from blitz.tensors.thinning import thinned

MOST_COPIED = 1 << 20
"""Elements of a tensor that is copied before an operation changes it."""
MOST_FOLLOWED = 1_024
"""Elements of a tensor that are shown, and followed, one by one."""
FEW = 144
"""Elements of a larger one that are shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A tensor or array that a call was given."""

    value: Tensor | np.ndarray
    """As it was given."""
    tensor: Tensor
    text: str
    place: int | str
    """Of the argument that it is or that holds it: a number from 0, or a keyword."""
    is_moved: bool = True
    """Where elements move: whether its own do; those of others say which ones."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the tensor."""
        return tuple(self.tensor.shape)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A call that was carried out."""

    call: Callable[..., object]
    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    parts: tuple[Part, ...]
    result: Tensor
    num_results: int = 1
    """Where there are several, `result` holds them stacked."""

    @property
    def name(self) -> str:
        """Of what was called, as its function form has it."""
        return str(getattr(self.call, "__name__", "")).strip("_").removeprefix("linalg_")

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the result."""
        return tuple(self.result.shape)


def snapshot(args: Sequence[object]) -> tuple[object, ...] | None:
    """Arguments as they are now, for an operation that may change them.

    Returns None where one of them is too large to be copied.
    """
    try:
        return tuple(with_each_array(args, _copied))
    except _TooLargeError:
        return None


class _TooLargeError(Exception):
    """A tensor that is not worth a copy."""


def _copied(value: Tensor | np.ndarray) -> Tensor | np.ndarray:
    tensor = tensor_of(value)
    if tensor is None or tensor.numel() > MOST_COPIED:
        raise _TooLargeError
    return value.detach().clone() if isinstance(value, Tensor) else value.copy()


def with_each_array(
    values: Sequence[object], change: Callable[[Tensor | np.ndarray], object]
) -> list[object]:
    """Arguments, in lists and tuples too, with every tensor and array replaced."""
    changed: list[object] = []
    for value in values:
        if isinstance(value, Tensor | np.ndarray):
            changed.append(change(value))
        elif isinstance(value, list | tuple):
            inner = with_each_array(value, change)
            changed.append(tuple(inner) if isinstance(value, tuple) else inner)
        else:
            changed.append(value)
    return changed


def tensor_of(value: object) -> Tensor | None:
    """A dense tensor of a tensor, an array or a NumPy number; None for everything else."""
    if isinstance(value, Tensor):
        return value.detach() if value.layout == torch.strided else None
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        return as_tensor(value)
    return None


def parts_of(
    args: Sequence[object], kwargs: Mapping[str, object], texts: Sequence[str]
) -> tuple[Part, ...] | None:
    """All tensors and arrays of a call in order; None where one of them cannot be shown.

    texts: the source of each argument, those with a keyword last.
    """
    places: list[int | str] = [*range(len(args)), *kwargs]
    values = [*args, *kwargs.values()]
    texts = [*texts, *[""] * (len(values) - len(texts))]
    parts: list[Part] = []
    for place, value, text in zip(places, values, texts, strict=False):
        if place == "out":
            continue
        for array, own_text in _arrays(value, text):
            tensor = tensor_of(array)
            if tensor is None:
                return None
            own_text = own_text or f"operand {len(parts) + 1}"
            parts.append(Part(value=array, tensor=tensor, text=own_text, place=place))
    return tuple(parts)


def operand(tensor: Tensor, text: str) -> Operand:
    """The record of a tensor: whole, or thinned where it is large."""
    most = MOST_FOLLOWED if tensor.numel() <= MOST_FOLLOWED else FEW
    return Operand(
        text=text,
        shape=tuple(tensor.shape),
        dtype=str(tensor.dtype),
        values=thinned(tensor, most),
    )


def _arrays(value: object, text: str) -> Iterator[tuple[Tensor | np.ndarray, str]]:
    if isinstance(value, Tensor | np.ndarray):
        yield value, text
    elif isinstance(value, list | tuple) and any(map(_may_hold_arrays, value)):
        for item, own_text in zip(value, item_texts(text, len(value)), strict=True):
            yield from _arrays(item, own_text)


def _may_hold_arrays(value: object) -> bool:
    return isinstance(value, Tensor | np.ndarray | list | tuple)


def item_texts(text: str, count: int) -> list[str]:
    """The sources of a list's or tuple's items, or of an index's."""
    try:
        # In brackets slices and lines that go on are right, too.
        node = ast.parse(f"_[{text}]", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        node = None
    inner = node.slice if isinstance(node, ast.Subscript) else None
    if isinstance(inner, ast.List | ast.Tuple) and len(inner.elts) == count:
        return [ast.unparse(item) for item in inner.elts]
    return [f"{text}[{index}]" if text else "" for index in range(count)]
