"""Carries out a program, statement by statement, over the table of operations.

Nothing of the text is ever given to Python to run or to look up by name: each node of the syntax
tree is answered here, and each operation comes out of the table. Every call is measured against
the budget before it is made. What came of it is recorded by a `Recorder`.
"""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

import numpy as np
import torch
from torch import Tensor

from blitz.tensors.executor import Executor, kind_of
from blitz.tensors.limits import Budget
from blitz.tensors.names import DEVICE, PRINT, dotted
from blitz.tensors.operations.attributes import ATTRIBUTES, SETTABLE
from blitz.tensors.operations.constants import CONSTANTS
from blitz.tensors.operations.operation import Operation
from blitz.tensors.operations.table import FUNCTIONS, METHODS
from blitz.tensors.operators import IN_PLACE, OPERATORS
from blitz.tensors.recorder import Recorder
from blitz.tensors.syntax import Program

BLOCKS: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "torch.no_grad": torch.no_grad,
    "torch.enable_grad": torch.enable_grad,
}
Follow = Callable[[int, Mapping[str, object]], None]
"""Told before each statement its line, and the variables that there are."""


class Interpreter:
    """Runs one program once; its variables stay readable after a fault."""

    def __init__(
        self,
        program: Program,
        *,
        device: str,
        budget: Budget,
        recorder: Recorder,
        follow: Follow | None = None,
    ) -> None:
        self.variables: dict[str, object] = {}
        self.value: object = None
        """Of the last statement, where that is an expression."""
        self._source = program.source
        self._statements = program.statements
        self._device = torch.device(device)
        self._executor = Executor(program.source, budget, recorder)
        self._recorder = recorder
        self._follow = follow

    def run(self) -> None:
        """Carry out all statements; ProgramError for the first that cannot be."""
        self._run_block(self._statements)

    def _run_block(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self.value = None
            if self._follow is not None:
                self._follow(statement.lineno, self.variables)
            match statement:
                case ast.Expr(value=value):
                    self.value = self._evaluate(value)
                case ast.Assign(targets=targets, value=value):
                    result = self._evaluate(value)
                    for target in targets:
                        self._assign(target, result, value)
                case ast.AugAssign():
                    self._assign_in_place(statement)
                case ast.Delete(targets=targets):
                    for target in targets:
                        assert isinstance(target, ast.Name)
                        self.variables.pop(target.id, None)  # `device` is not among them
                case ast.With(items=items, body=body):
                    self._run_with([item.context_expr for item in items], body)
            # A block or an assignment after it has no value, as in Python.

    def _run_with(self, heads: Sequence[ast.expr], body: Sequence[ast.stmt]) -> None:
        was_enabled = torch.is_grad_enabled()
        try:
            for head in heads:
                assert isinstance(head, ast.Call)
                BLOCKS[dotted(head.func) or ""]().__enter__()
            self._run_block(body)
            self.value = None
        finally:
            torch.set_grad_enabled(was_enabled)

    # Assignments

    def _assign(self, target: ast.expr, result: object, value: ast.expr) -> None:
        match target:
            case ast.Name(id=name):
                self.variables[name] = result
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part, item in zip(parts, self._unpacked(target, result, parts), strict=True):
                    self._assign(part, item, value)
            case ast.Subscript():
                self._assign_item(target, result, self._source.piece(value))
            case ast.Attribute(value=owner, attr=name):
                self._set_attribute(target, self._evaluate(owner), name, result)

    def _unpacked(
        self, target: ast.expr, result: object, parts: Sequence[ast.expr]
    ) -> list[object]:
        if isinstance(result, Tensor | np.ndarray) and result.ndim and len(result) == len(parts):
            return [result[index] for index in range(len(result))]
        if not isinstance(result, list | tuple) or len(result) != len(parts):
            count = len(result) if isinstance(result, list | tuple) else "no list or tuple of"
            raise self._source.error(
                target, f"{len(parts)} names are to take {count} values; as many are needed"
            )
        return list(result)

    def _assign_in_place(self, statement: ast.AugAssign) -> None:
        target = statement.target
        sign = OPERATORS[type(statement.op)][0]
        if isinstance(target, ast.Subscript):
            owner, index = self._evaluate(target.value), self._evaluate(target.slice)
            old = self._executor.take(target, owner, index)
        else:
            owner = self._evaluate(target.value) if isinstance(target, ast.Attribute) else None
            old = self._evaluate(target)
        value = self._evaluate(statement.value)
        texts = (self._source.piece(target), self._source.piece(statement.value))
        if isinstance(old, Tensor | np.ndarray):
            function = IN_PLACE[type(statement.op)]
            result = self._executor.operate(statement, f"{sign}=", function, (old, value), texts)
        else:
            function = OPERATORS[type(statement.op)][1]
            result = self._executor.operate(statement, sign, function, (old, value), texts)
        match target:
            case ast.Name(id=name):
                self.variables[name] = result
            case ast.Subscript():
                self._executor.put(target, owner, index, result, f"{texts[0]} {sign} {texts[1]}")
            case ast.Attribute(attr=name):
                self._set_attribute(target, owner, name, result)

    def _assign_item(self, target: ast.Subscript, value: object, text: str) -> None:
        owner = self._evaluate(target.value)
        self._executor.put(target, owner, self._evaluate(target.slice), value, text)

    def _set_attribute(
        self, target: ast.Attribute, owner: object, name: str, value: object
    ) -> None:
        if not isinstance(owner, Tensor):
            raise self._source.error(target, f"{name} is an attribute of tensors")
        self._executor.guard(target, f".{name}", SETTABLE[name], (owner, value), {})

    # Expressions

    def _evaluate(self, node: ast.expr) -> object:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._variable(node, name)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Call():
                return self._called(node)
            case ast.BinOp(left=left, op=op, right=right):
                return self._operator(node, op, (left, right))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self._executor.truth(operand, self._evaluate(operand))
            case ast.UnaryOp(op=op, operand=operand):
                return self._operator(node, op, (operand,))
            case ast.BoolOp(op=op, values=values):
                return self._bool_operator(op, values)
            case ast.Compare():
                return self._compared(node)
            case ast.Subscript(value=value, slice=index):
                return self._executor.take(node, self._evaluate(value), self._evaluate(index))
            case ast.List(elts=parts):
                return self._executor.admitted(node, self._items(parts))
            case ast.Tuple(elts=parts):
                return self._executor.admitted(node, tuple(self._items(parts)))
            case ast.Slice(lower=lower, upper=upper, step=step):
                ends = (lower, upper, step)
                return slice(*[None if end is None else self._evaluate(end) for end in ends])
        raise self._source.error(node, "this cannot stand here")

    def _variable(self, node: ast.expr, name: str) -> object:
        if name in self.variables:
            return self.variables[name]
        return self._device if name == DEVICE else CONSTANTS[name]

    def _attribute(self, node: ast.Attribute) -> object:
        path = dotted(node)
        if path is not None:
            return CONSTANTS[path]
        owner = self._evaluate(node.value)
        for kind, getter in ATTRIBUTES[node.attr].items():
            if isinstance(owner, kind):
                return self._executor.guard(node, f".{node.attr}", getter, (owner,), {})
        raise self._source.error(node, f"{kind_of(owner)} has no attribute .{node.attr}")

    def _items(self, parts: Sequence[ast.expr]) -> list[object]:
        items: list[object] = []
        for part in parts:
            if isinstance(part, ast.Starred):
                value = self._evaluate(part.value)
                if not isinstance(value, list | tuple):
                    raise self._source.error(
                        part, f"* takes a list or a tuple, not {kind_of(value)}"
                    )
                items.extend(value)
            else:
                items.append(self._evaluate(part))
        return items

    def _bool_operator(self, op: ast.boolop, values: Sequence[ast.expr]) -> object:
        result: object = None
        for node in values:
            result = self._evaluate(node)
            if self._executor.truth(node, result) is isinstance(op, ast.Or):
                break
        return result

    def _compared(self, node: ast.Compare) -> object:
        left_node, left = node.left, self._evaluate(node.left)
        result: object = None
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right = self._evaluate(right_node)
            if isinstance(op, ast.Is | ast.IsNot):
                result = (left is right) is isinstance(op, ast.Is)
            elif type(op) in OPERATORS:
                sign, function = OPERATORS[type(op)]
                texts = (self._source.piece(left_node), self._source.piece(right_node))
                result = self._executor.operate(node, sign, function, (left, right), texts)
            else:
                raise self._source.error(node, "“in” cannot be in a program")
            if right_node is not node.comparators[-1] and not self._executor.truth(node, result):
                return result
            left_node, left = right_node, right
        return result

    def _operator(self, node: ast.expr, op: ast.AST, operands: Sequence[ast.expr]) -> object:
        sign, function = OPERATORS[type(op)]
        values = tuple(self._evaluate(operand) for operand in operands)
        texts = tuple(self._source.piece(operand) for operand in operands)
        return self._executor.operate(node, sign, function, values, texts)

    # Calls

    def _called(self, node: ast.Call) -> object:
        path = dotted(node.func)
        args: list[object] = []
        nodes: list[ast.expr] = [*node.args]
        operation: Operation | None
        if path is None:
            assert isinstance(node.func, ast.Attribute)
            owner = self._evaluate(node.func.value)
            operation, path = self._method(node, owner, node.func.attr)
            args, nodes = [owner], [node.func.value, *node.args]
        else:
            operation = None if path == PRINT else FUNCTIONS[path]
        args += self._items(node.args)
        kwargs = {
            keyword.arg: self._evaluate(keyword.value) for keyword in node.keywords if keyword.arg
        }
        if operation is None:
            self._recorder.print(args)
            return None
        self._check_arguments(node, operation, path, args, kwargs)
        texts = [self._source.piece(part) for part in nodes]
        texts += [self._source.piece(keyword.value) for keyword in node.keywords]
        return self._executor.call(node, operation, path, args, kwargs, texts)

    def _method(self, node: ast.Call, owner: object, name: str) -> tuple[Operation, str]:
        for kind, operation in METHODS[name].items():
            if isinstance(owner, kind):
                return operation, f"{kind.__name__}.{name}"
        raise self._source.error(node, f"{kind_of(owner)} has no operation .{name}()")

    def _check_arguments(
        self,
        node: ast.Call,
        operation: Operation,
        path: str,
        args: Sequence[object],
        kwargs: Mapping[str, object],
    ) -> None:
        self._executor.admitted(node, args)
        for name in kwargs:
            if name not in operation.keywords:
                allowed = ", ".join(sorted(operation.keywords)) or "none"
                raise self._source.error(
                    node, f"{path} has no keyword {name} here; it has {allowed}"
                )
        if operation.num_positional is not None and len(args) > operation.num_positional:
            raise self._source.error(
                node,
                f"{path} takes {operation.num_positional} arguments, not {len(args)}: "
                f"{operation.signature}",
            )
