"""A call that was carried out, drawn: the records that say how its result came about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from blitz.tensors.operations.operation import Picture
from blitz.tensors.pictures import captions, formulas
from blitz.tensors.pictures.computing import Ways, contraction, dims_of, elementwise, reduction
from blitz.tensors.pictures.operands import (
    Part,
    Step,
    item_texts,
    operand,
    parts_of,
    tensor_of,
    with_each_array,
)
from blitz.tensors.pictures.positions import (
    REFUSALS,
    can_follow,
    is_true_to,
    moved,
    sources_of_numbers,
)
from blitz.tensors.pictures.products import letters_of, products_first
from blitz.tensors.summaries import Operand, OperationPicture, Sources

Array = Tensor | np.ndarray
Call = Callable[..., Any]

SELECTORS = {
    "where": 0, "embedding": 0, "take": 1, "masked_select": 1, "masked_fill": 1,
    "take_along_dim": 1, "take_along_axis": 1, "repeat_interleave": 1, "repeat": 1,
    "masked_scatter": 1, "index_put": 1, "compress": 0, "gather": 2, "index_select": 2,
    "scatter": 2, "index_fill": 2, "index_copy": 2,
}  # fmt: skip
"""Which argument says what elements are taken, or where they go."""
SELECTOR_NAMES = frozenset(["index", "indices", "mask", "condition", "repeats"])


@torch.no_grad()
def draw(
    picture: Picture,
    call: Call,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    result: Any,
    texts: Sequence[str],
) -> OperationPicture | None:
    """How a call got from its operands to its result; None where there is nothing to draw.

    args: of an operation in-place as `snapshot` kept them.
    texts: the source of each argument, those with a keyword last.
    """
    drawn_by = {
        Picture.ELEMENTWISE: _draw_elements,
        Picture.MATMUL: _draw_products,
        Picture.REDUCTION: _draw_reduction,
        Picture.MOVEMENT: _draw_movement,
    }.get(picture)
    parts = parts_of(args, kwargs, texts)
    if drawn_by is None or not parts:
        return None
    tensor, call = _single(result, call)
    if tensor is None:
        return None
    step = Step(
        call=call,
        args=tuple(args),
        kwargs=kwargs,
        parts=parts,
        result=tensor,
        num_results=1 if tensor_of(result) is not None or _has_indices(result) else len(result),
    )
    if picture is Picture.MOVEMENT and _has_indices(result):
        return _draw_chosen(step, tensor_of(result.indices))
    return drawn_by(step)


@torch.no_grad()
def draw_index(
    tensor: Array, index: object, result: object, texts: Sequence[str]
) -> OperationPicture | None:
    """Which elements `tensor[index]` takes. texts: of the tensor and of what is in the brackets."""
    taken = tensor_of(result)
    parts = _with_index(tensor, index, texts)
    if taken is None or parts is None:
        return None
    shown, operands = operand(taken, ""), _operands(parts)
    sources = None
    if can_follow([part.tensor for part in parts] + [taken]):
        sources = moved(parts, lambda values: values[0][index])
        if sources is None or not is_true_to(sources, operands, shown):
            return None
    text = f"{texts[0]}[{texts[1]}]"
    caption = captions.of_index(text, taken.numel(), parts[0], sources)
    return _picture("index", operands, shown, Ways(sources=sources), caption=caption)


@torch.no_grad()
def draw_assignment(
    before: Array, index: object, value: object, after: Array, texts: Sequence[str]
) -> OperationPicture | None:
    """Which elements `tensor[index] = value` sets.

    before: a copy from before the assignment, as `snapshot` makes it.
    texts: of the tensor, of what is in the brackets, and of the value.
    """
    parts = _with_index(before, index, texts)
    changed = tensor_of(after)
    if parts is None or changed is None:
        return None
    given = None
    if isinstance(value, Tensor | np.ndarray):
        tensor = tensor_of(value)
        if tensor is None:
            return None
        given = Part(value=value, tensor=tensor, text=texts[2], place=2)
        parts = (parts[0], given, *parts[1:])
    shown, operands = operand(changed, ""), _operands(parts)
    sources, num_set = None, _num_set(before, index)
    if can_follow([part.tensor for part in parts] + [changed]):

        def repeat(values: list[Any]) -> object:
            values[0][index] = values[1] if given else 0
            return values[0]

        sources = moved(parts, repeat)
        if sources is None or not is_true_to(sources, operands, shown):
            return None
        num_set = changed.numel() - int((sources.operands == 0).sum())
    text = f"{texts[0]}[{texts[1]}] = {texts[2]}"
    caption = captions.of_assignment(text, num_set, parts[0], given)
    return _picture("assignment", operands, shown, Ways(sources=sources), caption=caption)


def _draw_elements(step: Step) -> OperationPicture | None:
    ways = elementwise(step)
    if ways is None:
        return None
    caption = captions.of_elements(step, ways)
    return _drawn("elementwise", step, ways, formulas.of_elements(step), caption)


def _draw_products(step: Step) -> OperationPicture | None:
    step = products_first(step)
    found = letters_of(step)
    if found is None:
        return None
    letters, out = found
    ways = contraction(step, letters, out, len(step.parts) - len(letters))
    if ways is None:
        return None
    caption = captions.of_products(step, letters, out, ways)
    return _drawn("matmul", step, ways, formulas.of_products(step, len(letters)), caption)


def _draw_reduction(step: Step) -> OperationPicture | None:
    """Of two operands, as in torch.maximum's other name torch.max, it is none."""
    if len(step.parts) > 1:
        return _draw_elements(step)
    ways = reduction(step)
    if ways is None:
        return None
    formula = formulas.of_reduction(step, ways.num_terms)
    return _drawn("reduction", step, ways, formula, captions.of_reduction(step, ways))


def _draw_movement(step: Step) -> OperationPicture | None:
    parts = tuple(replace(part, is_moved=not _selects(step, part)) for part in step.parts)
    step = replace(step, parts=parts)
    if not any(part.is_moved for part in parts):
        return None
    sources = None
    if can_follow([part.tensor for part in parts] + [step.result]):

        def repeat(values: list[Any]) -> object:
            following = iter(values)
            arguments = with_each_array(
                [*step.args, *step.kwargs.values()], lambda _: next(following)
            )
            named = dict(zip(step.kwargs, arguments[len(step.args) :], strict=True))
            return step.call(*arguments[: len(step.args)], **named)

        sources = None if "out" in step.kwargs else moved(parts, repeat)
        if sources is None:
            return None
    return _drawn_if_true(step, sources)


def _draw_chosen(step: Step, indices: Tensor | None) -> OperationPicture | None:
    """Elements that were put in order along an axis: the operation says itself where from."""
    [part, *others] = step.parts
    if others or indices is None:
        return None
    sources = None
    if can_follow([part.tensor, step.result]):
        axis = (dims_of(step) or (len(part.shape) - 1,))[0]
        numbers = np.arange(part.tensor.numel()).reshape(part.shape)
        if indices.dim():
            numbers = np.take_along_axis(numbers, indices.cpu().numpy(), axis)
        sources = sources_of_numbers(numbers.ravel(), [part.tensor.numel()])
    return _drawn_if_true(step, sources)


def _drawn_if_true(step: Step, sources: Sources | None) -> OperationPicture | None:
    """A movement; None where the elements are not those that its sources promise."""
    operands, shown = _operands(step.parts), operand(step.result, "")
    if sources is not None and not is_true_to(sources, operands, shown):
        return None
    caption = captions.of_movement(step, sources)
    return _picture("movement", operands, shown, Ways(sources=sources), caption=caption)


def _single(result: Any, call: Call) -> tuple[Tensor | None, Call]:
    """One tensor as the result of a call: the values beside indices, or all of a list stacked."""
    if _has_indices(result):
        return tensor_of(result.values), call
    if not isinstance(result, list | tuple):
        return tensor_of(result), call
    pieces = [tensor_of(piece) for piece in result]
    tensors = [piece for piece in pieces if piece is not None]
    if len(tensors) < len(pieces) or len({(each.shape, each.dtype) for each in tensors}) != 1:
        return None, call

    def stacked(*args: Any, **kwargs: Any) -> Tensor:
        return torch.stack([torch.as_tensor(piece) for piece in call(*args, **kwargs)])

    stacked.__name__ = getattr(call, "__name__", "")
    return torch.stack(tensors), stacked


def _has_indices(result: Any) -> bool:
    """Whether this is a pair such as that of `sort`."""
    return isinstance(result, tuple) and hasattr(result, "indices") and hasattr(result, "values")


def _selects(step: Step, part: Part) -> bool:
    """Whether a part says which elements are taken, or where they go."""
    return part.place in SELECTOR_NAMES or part.place == SELECTORS.get(step.name)


def _with_index(tensor: Array, index: object, texts: Sequence[str]) -> tuple[Part, ...] | None:
    """The tensor, and the tensors in an index."""
    items = index if isinstance(index, tuple) else (index,)
    own = item_texts(texts[1], len(items)) if isinstance(index, tuple) else [texts[1]]
    parts = parts_of([tensor, *items], {}, [texts[0], *own])
    if not parts:
        return None
    return (parts[0], *[replace(part, is_moved=False) for part in parts[1:]])


def _num_set(before: Any, index: object) -> int | None:
    try:
        taken = tensor_of(before[index])
    except REFUSALS:
        return None
    return taken.numel() if taken is not None else 1


def _operands(parts: Sequence[Part]) -> tuple[Operand, ...]:
    return tuple(operand(part.tensor, part.text) for part in parts)


def _drawn(kind: str, step: Step, ways: Ways, formula: str, caption: str) -> OperationPicture:
    operands, shown = _operands(step.parts), operand(step.result, "")
    return _picture(kind, operands, shown, ways, caption=caption, formula=formula)


def _picture(
    kind: str,
    operands: tuple[Operand, ...],
    result: Operand,
    ways: Ways,
    *,
    caption: str,
    formula: str = "",
) -> OperationPicture:
    return OperationPicture(
        kind=kind,
        operands=operands,
        result=result,
        sources=ways.sources,
        stretched=ways.stretched or ((),) * len(operands),
        axes=ways.axes,
        formula=formula,
        caption=caption,
    )
