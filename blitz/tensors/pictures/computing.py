"""What operations compute their elements of: element by element, sums of products, folded axes.

Each function returns the ways of a call, or None where the call is none of its kind.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from blitz.tensors.pictures.operands import Part, Step
from blitz.tensors.pictures.positions import can_follow
from blitz.tensors.summaries import Sources

DIM_PLACES = {
    "norm": 2, "vector_norm": 2, "matrix_norm": 2, "quantile": 2, "nanquantile": 2, "kthvalue": 2,
    "topk": 2, "percentile": 2,
}  # fmt: skip
"""Where `dim` is among the arguments; elsewhere it is the second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ways:
    """How the elements of a result come about."""

    sources: Sources | None
    stretched: tuple[tuple[int, ...], ...] = ()
    axes: tuple[int, ...] = ()
    num_terms: int = 1
    """Products, or folded elements, in each element of the result."""


def elementwise(step: Step) -> Ways | None:
    """One element of each operand, after broadcasting."""
    shapes = [part.shape for part in step.parts]
    if not shapes or broadcast_shape(shapes) != step.shape:
        return None
    sources = None
    if _can_follow(step, len(shapes)):
        numbers = [np.broadcast_to(_numbers(part), step.shape).ravel() for part in step.parts]
        sources = _sources(np.stack(numbers, axis=1), range(len(shapes)))
    stretched = tuple(_stretched(shape, step.shape) for shape in shapes)
    return Ways(sources=sources, stretched=stretched)


def contraction(step: Step, labels: Sequence[str], out: str, num_added: int) -> Ways | None:
    """Sums of products: as `einsum`, each operand and the result with a letter for each axis.

    Upper-case letters are batch axes. The last `num_added` parts are added to the sums.
    """
    factors = step.parts[: len(labels)]
    sizes: dict[str, int] = {}
    for part, own in zip(factors, labels, strict=True):
        if len(own) != len(part.shape) or len(set(own)) < len(own):
            return None
        for letter, size in zip(own, part.shape, strict=True):
            sizes[letter] = size if sizes.get(letter, 1) == 1 else sizes[letter]
    if any(letter not in sizes for letter in out):
        return None
    summed = "".join(letter for letter in sizes if letter not in out)
    num_terms = math.prod(sizes[letter] for letter in summed)
    if tuple(sizes[letter] for letter in out) != step.shape:
        return None
    sources = None
    if _can_follow(step, num_terms * len(labels) + num_added):
        shape = [sizes[letter] for letter in out + summed]
        lined_up = [
            np.broadcast_to(_lined_up(part, own, out + summed), shape).ravel()
            for part, own in zip(factors, labels, strict=True)
        ]
        num_sources = num_terms * len(labels)
        products = np.stack(lined_up, axis=1).reshape(step.result.numel(), num_sources)
        added = [
            np.broadcast_to(_numbers(part), step.shape).reshape(step.result.numel(), 1)
            for part in step.parts[len(labels) :]
        ]
        operands = [*range(len(labels))] * num_terms + [*range(len(labels), len(step.parts))]
        sources = _sources(np.concatenate([products, *added], axis=1), operands)
    batch = [axis for axis, letter in enumerate(out) if letter.isupper()]
    stretched = tuple(
        tuple(
            axis
            for axis in batch
            if step.shape[axis] > 1
            and (out[axis] not in own or part.shape[own.index(out[axis])] == 1)
        )
        for part, own in zip(factors, labels, strict=True)
    )
    return Ways(sources=sources, stretched=stretched + ((),) * num_added, num_terms=num_terms)


def reduction(step: Step) -> Ways | None:
    """All elements along some axes of the one operand."""
    if len(step.parts) != 1:
        return None
    [part] = step.parts
    axes = _folded(step, part.shape)
    if axes is None:
        return None
    num_terms = math.prod(part.shape[axis] for axis in axes)
    sources = None
    if _can_follow(step, num_terms):
        kept = [axis for axis in range(len(part.shape)) if axis not in axes]
        numbers = _numbers(part).transpose(*kept, *axes).reshape(step.result.numel(), num_terms)
        sources = _sources(numbers, [0] * num_terms)
    return Ways(sources=sources, stretched=((),), axes=axes, num_terms=num_terms)


def dims_of(step: Step) -> tuple[int, ...] | None:
    """The axes that a call names; None where it names none."""
    given = step.kwargs.get("dim", step.kwargs.get("axis"))
    place = DIM_PLACES.get(step.name, 1)
    if given is None and len(step.args) > place:
        given = step.args[place]
    dims = [
        dim
        for dim in (given if isinstance(given, list | tuple) else [given])
        if isinstance(dim, int) and not isinstance(dim, bool)
    ]
    if not dims:
        return None
    # stack counts the axes of its result.
    shape = step.shape if step.name == "stack" else step.parts[0].shape
    num_axes = max(len(shape), 1)
    return tuple(sorted(dim % num_axes for dim in dims))


def broadcast_shape(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...] | None:
    """What shapes broadcast to; None where they do not."""
    try:
        return tuple(np.broadcast_shapes(*shapes))
    except ValueError:
        return None


def _folded(step: Step, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The axes that the result's shape confirms."""
    everything = tuple(range(len(shape)))
    named = dims_of(step)
    candidates = [named] if named is not None else [everything, everything[-1:], everything[-2:]]
    for axes in candidates:
        kept = tuple(size for axis, size in enumerate(shape) if axis not in axes)
        ones = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
        if step.shape in (kept, ones) and all(axis < len(shape) for axis in axes):
            return axes
    # A tensor without axes is its own sum along axis 0.
    return () if not shape and not step.shape else None


def _can_follow(step: Step, sources_of_each: int) -> bool:
    tensors = [*(part.tensor for part in step.parts), step.result]
    return can_follow(tensors, step.result.numel() * sources_of_each)


def _stretched(shape: tuple[int, ...], result: tuple[int, ...]) -> tuple[int, ...]:
    padded = (1,) * (len(result) - len(shape)) + shape
    return tuple(axis for axis, size in enumerate(padded) if size != result[axis])


def _numbers(part: Part) -> np.ndarray:
    return np.arange(part.tensor.numel(), dtype=np.int32).reshape(part.shape)


def _lined_up(part: Part, own: str, all_letters: str) -> np.ndarray:
    """Its positions with an axis for each letter; 1 long where it has none."""
    order = [own.index(letter) for letter in all_letters if letter in own]
    sizes = iter([part.shape[axis] for axis in order])
    shape = [next(sizes) if letter in own else 1 for letter in all_letters]
    return _numbers(part).transpose(order).reshape(shape)


def _sources(positions: np.ndarray, operands: Sequence[int]) -> Sources:
    """Of equally many for each element; positions [elements, sources of each]."""
    count, each = positions.shape
    return Sources(
        starts=np.arange(count + 1, dtype=np.int32) * each,
        operands=np.tile(np.array(operands, dtype=np.int16), count),
        positions=positions.astype(np.int32).ravel(),
    )
