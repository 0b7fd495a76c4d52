"""The picture of an operation as a Streamlit component: operands, operator and result as grids.

Says what each cell shows and where it came from; lighting cells up and walking through them
happens in the browser, and no script runs for it.
"""

import json
import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from blitz.tensors.summaries import Operand, OperationPicture

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

DRAWN_AXES = 4
"""Columns, rows, and blocks of them side by side and below one another."""
MOST_DRAWN = 1_024
"""Cells of an operand with those that it is repeated in."""
SIGNS = {
    "+": "+", "-": "−", "*": "·", "/": "/", "//": "//", "%": "%", "**": "**", "@": "@", "<": "<",
    "<=": "≤", ">": ">", ">=": "≥", "==": "==", "!=": "≠", "&": "&", "|": "|", "^": "^",
}  # fmt: skip


def operation_view(picture: OperationPicture, *, operation: str, key: str) -> None:
    """Show how an operation got from its operands to its result.

    operation: how the operation is written: torch.cat, Tensor.sum, +.
    """
    message = json.dumps(payload(picture, operation), ensure_ascii=False, separators=(",", ":"))
    _view()(key=key, data=message.encode())


def payload(picture: OperationPicture, operation: str) -> dict[str, Any]:
    """All that the browser needs for a picture."""
    tensors = (*picture.operands, picture.result)
    is_linked = picture.sources is not None and all(each.values.is_whole for each in tensors)
    drawn = [
        _drawn(operand, _target(picture, index) if is_linked else operand.shape, stretched)
        for index, (operand, stretched) in enumerate(
            zip(picture.operands, picture.stretched, strict=True)
        )
    ]
    result = _drawn(picture.result, picture.result.shape, ())
    result["text"] = "result"
    if picture.kind == "assignment":
        result["text"] = f"{picture.operands[0].text} afterwards"
    sources = picture.sources if is_linked else None
    return {
        "kind": picture.kind,
        "operation": operation,
        "sign": _sign(picture, operation),
        "caption": picture.caption,
        "formula": picture.formula,
        "axes": list(picture.axes),
        "tensors": [*drawn, result],
        "is_exact": all(tensor.pop("is_exact") for tensor in [*drawn, result]),
        "starts": sources.starts.tolist() if sources else None,
        "operands": sources.operands.tolist() if sources else None,
        "positions": sources.positions.tolist() if sources else None,
    }


def _sign(picture: OperationPicture, operation: str) -> str:
    """What stands between the operands."""
    if picture.kind == "matmul" and len(picture.operands) == 2:
        return "@"
    return SIGNS.get(operation.removesuffix("=") if operation not in SIGNS else operation, ",")


def _target(picture: OperationPicture, index: int) -> tuple[int, ...]:
    """The shape that an operand is drawn in: its own, or as far as it is repeated."""
    own = picture.operands[index].shape
    if not picture.stretched[index]:
        return own
    target = picture.result.shape
    if picture.kind == "matmul":
        num_inner = sum(len(operand.shape) > 1 for operand in picture.operands[:2])
        target = target[: len(target) - num_inner] + own[-2:]
    is_drawable = math.prod(target) <= MOST_DRAWN and len(target) <= DRAWN_AXES
    return target if is_drawable else own


def _drawn(operand: Operand, target: tuple[int, ...], stretched: tuple[int, ...]) -> dict[str, Any]:
    """A tensor's cells in the shape that it is drawn in, in row-major order."""
    values = operand.values
    texts = [_cell_text(element) for element in values.elements.ravel().tolist()]
    shape, kept = values.elements.shape, [list(indices) for indices in values.kept]
    places: list[int] | None = None
    ghosts: list[int] = []
    if values.is_whole:
        padded = np.arange(len(texts)).reshape((1,) * (len(target) - len(shape)) + shape)
        numbers = np.broadcast_to(padded, target)
        if target != shape:
            is_ghost = np.zeros(target, dtype=bool)
            for axis in stretched:
                is_ghost |= np.indices(target)[axis] > 0
            ghosts = np.flatnonzero(is_ghost).tolist()
        places = numbers.ravel().tolist()
        shape, kept = target, [list(range(size)) for size in target]
    return {
        "text": operand.text,
        "dtype": operand.dtype.removeprefix("torch."),
        "own_shape": list(operand.shape),
        "kept": kept[-DRAWN_AXES:],
        "leading": [indices[0] if indices else 0 for indices in kept[:-DRAWN_AXES]],
        "cells": texts,
        "places": places,
        "ghosts": ghosts,
        "is_exact": all(map(_is_exact, texts, values.elements.ravel())),
    }


def _cell_text(element: bool | int | float | complex) -> str:
    if isinstance(element, complex):
        text = f"{element.real:.3g}{element.imag:+.3g}j"
    elif isinstance(element, float):
        text = f"{element:.4g}"
    else:
        text = str(element)
    return text.replace("-", "−")


def _is_exact(text: str, element: np.generic) -> bool:
    """Whether nothing was rounded for the text."""
    if element.dtype.kind not in "fc":
        return True
    read = element.dtype.type(text.replace("−", "-"))
    return bool(read == element or read != read)


@cache
def _view() -> "ComponentRenderer":
    """The component, registered once a process; all sessions share it."""
    return st.components.v2.component(
        "blitz_operation_view",
        css=_read("operation_view.css"),
        js="\n".join(map(_read, ("operation_grid.js", "operation_view.js"))),
        # Streamlit's short cuts must see that somebody moves about in the component.
        isolate_styles=False,
    )


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
