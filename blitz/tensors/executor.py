"""Carries out single operations: measured before, explained where they fail, recorded afterwards.

Knows nothing about statements and names: see `expressions`.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from blitz.tensors import plain_values
from blitz.tensors.faults import Fault, ProgramError
from blitz.tensors.limits import Budget, OverLimitError, measure, need_of
from blitz.tensors.mistakes import explain
from blitz.tensors.operations import bounds
from blitz.tensors.operations.operation import Need, Operation, Picture
from blitz.tensors.operations.table import CALLABLES
from blitz.tensors.operators import ASSIGNING, OUT_OF_PLACE
from blitz.tensors.plain_values import RefusalError
from blitz.tensors.recorder import Recorder
from blitz.tensors.subscripts import index_need
from blitz.tensors.syntax import Source

RAISED = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip
"""What PyTorch, NumPy and Python raise for what they are given."""


class Executor:
    """Operations of one program, within its budget. `node` is the piece that asks for each."""

    def __init__(self, source: Source, budget: Budget, recorder: Recorder) -> None:
        self._source = source
        self._budget = budget
        self._recorder = recorder

    def operate(
        self,
        node: ast.AST,
        sign: str,
        function: Callable[..., object],
        values: tuple[object, ...],
        texts: Sequence[str],
    ) -> object:
        """An operator between values; `sign` is how it is written: +, @, -=."""
        if not any(isinstance(value, Tensor | np.ndarray) for value in values):
            try:
                plain_values.check(sign, values)
            except RefusalError as error:
                raise self._source.error(node, str(error)) from error
            return self.admitted(node, self.guard(node, sign, function, values, {}))
        for value in values:
            if isinstance(value, list | tuple | str):
                raise self._source.error(
                    node, f"{sign} does not take a tensor and {kind_of(value)}",
                    "make a tensor of it first: torch.tensor(…)",
                )  # fmt: skip
        if "@" in sign:
            need, picture = _measure_arrays(function, values), Picture.MATMUL
        else:
            need, picture = bounds.elementwise(*values), Picture.ELEMENTWISE
        self._charge(node, need)
        before = self._recorder.snapshot(values) if sign in ASSIGNING else values
        result = self.guard(node, sign, function, values, {})
        out_of_place = OUT_OF_PLACE.get(function, function)
        self._recorder.called(node, sign, picture, out_of_place, before, {}, result, texts)
        return result

    def take(self, node: ast.Subscript, owner: object, index: object) -> object:
        """What a subscript takes of a tensor, array, list or tuple."""
        if not isinstance(owner, Tensor | np.ndarray | list | tuple):
            raise self._source.error(node, f"{kind_of(owner)} has no elements to take")
        if isinstance(owner, Tensor | np.ndarray):
            self._charge(node, index_need(owner, index, []))
        result = self.guard(
            node, "x[...]", operator.getitem, (owner, index), {}, shown=(owner, index)
        )
        texts = tuple(map(self._source.piece, (node.value, node.slice)))
        self._recorder.taken(node, owner, index, result, texts)
        return result

    def put(
        self, target: ast.Subscript, owner: object, index: object, value: object, text: str
    ) -> None:
        """Assign to a subscript of a tensor or array; `text` is the value's source."""
        if not isinstance(owner, Tensor | np.ndarray):
            raise self._source.error(
                target, "only elements of tensors and arrays can be assigned to"
            )

        def put() -> None:
            cast(Any, owner)[index] = value

        texts = [*map(self._source.piece, (target.value, target.slice)), text]
        before = self._recorder.snapshot([owner])
        self._charge(target, index_need(owner, index, [value]))
        self.guard(target, "x[...] = v", put, (), {}, shown=(owner, index, value))
        self._recorder.assigned(target, before, index, value, owner, texts)

    def call(
        self,
        node: ast.Call,
        operation: Operation,
        path: str,
        args: Sequence[object],
        kwargs: Mapping[str, object],
        texts: Sequence[str],
    ) -> object:
        """Call an operation of the table by one of its paths, with checked arguments."""
        function = CALLABLES[path]
        need = self.guard(node, path, need_of, (operation, function, args, kwargs), {},
                           shown=(*args, *kwargs.values()))  # fmt: skip
        assert isinstance(need, Need)
        self._charge(node, need)
        is_assigning = path.endswith("_") or "out" in kwargs
        before = self._recorder.snapshot(args) if is_assigning else args
        result = self.guard(node, path, function, tuple(args), kwargs)
        result = self.admitted(node, result)
        self._recorder.called(
            node, path, operation.picture, function, before, kwargs, result, texts
        )
        return result

    def truth(self, node: ast.expr, value: object) -> bool:
        """Whether a value is true; of a tensor of several elements nobody can say."""
        if isinstance(value, Tensor | np.ndarray):
            return bool(self.guard(node, "bool", bool, (value,), {}))
        return bool(value)

    def admitted(self, node: ast.AST, value: object) -> object:
        """A value of a kind that programs have, and not too large with all that it holds."""
        try:
            return plain_values.admitted(value)
        except RefusalError as error:
            raise self._source.error(node, str(error)) from error

    def _charge(self, node: ast.AST, need: Need) -> None:
        try:
            self._budget.charge(need)
        except OverLimitError as error:
            raise self._source.error(node, str(error)) from error

    def guard(
        self,
        node: ast.AST,
        name: str,
        function: Callable[..., Any],
        args: Sequence[object],
        kwargs: Mapping[str, object],
        shown: Sequence[object] | None = None,
    ) -> Any:
        """Call a function; what it raises is explained at this node."""
        try:
            return function(*args, **kwargs)
        except OverLimitError as error:
            raise self._source.error(node, str(error)) from error
        except RAISED as error:
            explained = explain(
                error, operation=name, args=args if shown is None else shown, kwargs=kwargs
            )
            fault = Fault(
                message=explained.message,
                span=self._source.span(node),
                piece=self._source.piece(node),
                operands=explained.operands,
                why=explained.why,
                mend=explained.mend,
            )
            raise ProgramError(fault) from error


def kind_of(value: object) -> str:
    if isinstance(value, Tensor):
        return "a tensor"
    if isinstance(value, np.ndarray):
        return "an array"
    name = type(value).__name__
    return {"NoneType": "None", "str": "a text"}.get(name, f"a value of type {name}")


def _measure_arrays(function: Callable[..., object], values: Sequence[object]) -> Need:
    """What an operator needs; arrays are measured as tensors."""
    as_tensors = [
        torch.empty(value.shape, dtype=torch.float64, device="meta")
        if isinstance(value, np.ndarray)
        else value
        for value in values
    ]
    return measure(function, as_tensors, {})
