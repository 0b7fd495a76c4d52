"""Keeps what a program prints and how each of its operations got to its result."""

import ast
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from torch import Tensor

from blitz.tensors.describe import text_of
from blitz.tensors.operations.operation import Picture
from blitz.tensors.pictures import draw, draw_assignment, draw_index, snapshot
from blitz.tensors.summaries import Call, OperationPicture
from blitz.tensors.syntax import Source

MOST_PRINTED = 10_000
"""Letters."""
MOST_PICTURES = 60
"""Of a program that does more, the first."""


class Recorder:
    """The record of one run."""

    def __init__(self, source: Source) -> None:
        self.calls: list[Call] = []
        self.printed = ""
        self._source = source

    def print(self, values: Sequence[object]) -> None:
        """Keep a line; beyond the limit it is cut."""
        line = " ".join(text_of(value) for value in values)
        self.printed = f"{self.printed}{line}\n"[:MOST_PRINTED]

    def snapshot(self, args: Sequence[object]) -> Sequence[object] | None:
        """Arguments as they are before an operation that may change them."""
        return snapshot(args) if self._has_room else None

    def called(
        self,
        node: ast.AST,
        name: str,
        picture: Picture,
        function: Callable[..., object],
        args: Sequence[object] | None,
        kwargs: Mapping[str, object],
        result: object,
        texts: Sequence[str],
    ) -> None:
        """An operation; `args` as `snapshot` kept them, if it may have changed them."""
        drawn = None
        if self._has_room and args is not None:
            drawn = draw(picture, function, args, kwargs, result, texts)
        self._keep(node, name, drawn)

    def taken(
        self, node: ast.AST, owner: object, index: object, result: object, texts: Sequence[str]
    ) -> None:
        """A subscript."""
        drawn = None
        if self._has_room and isinstance(owner, Tensor | np.ndarray):
            drawn = draw_index(owner, index, result, texts)
        self._keep(node, "x[...]", drawn)

    def assigned(
        self,
        node: ast.AST,
        before: Sequence[object] | None,
        index: object,
        value: object,
        after: Tensor | np.ndarray,
        texts: Sequence[str],
    ) -> None:
        """An assignment to a subscript."""
        drawn = None
        if self._has_room and before is not None:
            [old] = before
            assert isinstance(old, Tensor | np.ndarray)
            drawn = draw_assignment(old, index, value, after, texts)
        self._keep(node, "x[...] = v", drawn, f"{self._source.piece(node)} = {texts[-1]}")

    @property
    def _has_room(self) -> bool:
        return sum(call.picture is not None for call in self.calls) < MOST_PICTURES

    def _keep(
        self, node: ast.AST, name: str, picture: OperationPicture | None, text: str = ""
    ) -> None:
        self.calls.append(
            Call(
                span=self._source.span(node),
                text=text or self._source.piece(node),
                operation=name,
                picture=picture,
            )
        )
