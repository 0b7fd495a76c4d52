"""Every name of a program looked up before anything of it runs.

A name is a variable assigned on an earlier line, or it is in the table of operations. There is
nothing else: whatever the table lacks is refused here, with the nearest that it has.
"""

import ast
import difflib
from collections.abc import Iterable

from blitz.tensors.operations.attributes import ATTRIBUTES, SETTABLE
from blitz.tensors.operations.constants import CONSTANTS
from blitz.tensors.operations.operation import MODULES
from blitz.tensors.operations.table import FUNCTIONS, METHODS
from blitz.tensors.syntax import Program, Source

DEVICE = "device"
"""A variable that every program begins with: the device that was chosen for it."""
PRINT = "print"
BLOCKS = ("torch.no_grad", "torch.enable_grad")
"""What may stand after `with`."""
ALIASES = {"torch.nn.functional": "F"}


def check_names(program: Program) -> None:
    """Raise ProgramError for the first name that stands for nothing."""
    _Checker(program.source).check_block(program.statements)


def dotted(node: ast.expr) -> str | None:
    """torch.linalg.svd for such a chain from a module on, and for a plain name itself."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or (names and node.id not in MODULES):
        return None
    path = ".".join([node.id, *reversed(names)])
    for long, short in ALIASES.items():
        if path.startswith(f"{long}."):
            path = short + path.removeprefix(long)
    return path


def is_method_call(node: ast.Call) -> bool:
    """Whether a call is one of a value's own operations: x.sum()."""
    return isinstance(node.func, ast.Attribute) and dotted(node.func) is None


class _Checker:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._variables = {DEVICE}

    def check_block(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self._check_statement(statement)

    def _check_statement(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Assign(targets=targets, value=value):
                self._check(value)
                for target in targets:
                    self._check_target(target)
            case ast.AugAssign(target=target, value=value):
                # Read before it is written.
                if isinstance(target, ast.Name):
                    self._check_name(target)
                self._check(value)
                self._check_target(target)
            case ast.Delete(targets=targets):
                for target in targets:
                    if not isinstance(target, ast.Name):
                        raise self._source.error(target, "del takes the name of a variable")
                    self._check_name(target)
                    self._variables.discard(target.id)
            case ast.With(items=items, body=body):
                for item in items:
                    self._check_block_head(item)
                self.check_block(body)
            case ast.Expr(value=value):
                self._check(value)

    def _check_block_head(self, item: ast.withitem) -> None:
        head = item.context_expr
        is_known = (
            isinstance(head, ast.Call)
            and dotted(head.func) in BLOCKS
            and not (head.args or head.keywords or item.optional_vars)
        )
        if not is_known:
            allowed = " or ".join(f"{block}()" for block in BLOCKS)
            raise self._source.error(head, f"after “with” stands {allowed}")

    def _check_target(self, target: ast.expr) -> None:
        match target:
            case ast.Name(id=name):
                if name in MODULES or name in FUNCTIONS or name == PRINT:
                    raise self._source.error(
                        target, f"{name} has a meaning already; choose another name"
                    )
                if name.startswith("__"):
                    raise self._source.error(target, f"a variable cannot be called {name}")
                self._variables.add(name)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._check_target(part)
            case ast.Subscript(value=value, slice=index):
                self._check(value)
                self._check(index)
            case ast.Attribute(value=value, attr=name):
                self._check(value)
                if dotted(target) or name not in SETTABLE:
                    raise self._source.error(
                        target, f"{name} cannot be set; {' and '.join(sorted(SETTABLE))} can"
                    )
            case _:
                raise self._source.error(target, "nothing can be assigned to this")

    def _check(self, node: ast.expr) -> None:
        match node:
            case ast.Call():
                self._check_call(node)
            case ast.Name():
                self._check_name(node)
            case ast.Attribute():
                self._check_attribute(node)
            case ast.Constant():
                pass
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self._check(child)

    def _check_call(self, call: ast.Call) -> None:
        path = dotted(call.func)
        if path is None:
            self._check_method(call)
        elif path in BLOCKS:
            raise self._source.error(call, f"{path} is a block: with {path}():")
        elif path not in FUNCTIONS and path != PRINT:
            raise self._unknown_function(call.func, path)
        for argument in call.args:
            self._check(argument)
        for keyword in call.keywords:
            self._check(keyword.value)

    def _check_method(self, call: ast.Call) -> None:
        if not isinstance(call.func, ast.Attribute):
            raise self._source.error(call.func, "only operations can be called")
        name = call.func.attr
        self._check(call.func.value)
        if name in ATTRIBUTES and name not in METHODS:
            raise self._source.error(call, f".{name} is not called: write it without brackets")
        if name not in METHODS:
            raise self._source.error(
                call.func, f"there is no operation .{name}(){_nearest(name, METHODS, '.{}()')}"
            )

    def _check_name(self, node: ast.Name) -> None:
        name = node.id
        if name in self._variables or name in CONSTANTS:
            return
        if name in FUNCTIONS or name == PRINT:
            raise self._source.error(node, f"{name} is an operation: call it, {name}(…)")
        if name in MODULES:
            raise self._source.error(node, f"{name} stands before the name of an operation")
        raise self._source.error(
            node, f"there is no variable {name}{_nearest(name, self._variables)}"
        )

    def _check_attribute(self, node: ast.Attribute) -> None:
        path = dotted(node)
        if path is not None:
            if path in FUNCTIONS:
                raise self._source.error(node, f"{path} is an operation: call it, {path}(…)")
            if path not in CONSTANTS:
                raise self._unknown_function(node, path)
            return
        self._check(node.value)
        name = node.attr
        if name in ATTRIBUTES:
            return
        if name in METHODS:
            raise self._source.error(node, f".{name} is an operation: call it, .{name}(…)")
        raise self._source.error(
            node, f"there is no attribute .{name}{_nearest(name, [*ATTRIBUTES, *METHODS], '.{}')}"
        )

    def _unknown_function(self, node: ast.expr, path: str) -> Exception:
        if path in self._variables:
            return self._source.error(node, f"{path} is a variable, not an operation")
        nearest = _nearest(path, [*FUNCTIONS, *CONSTANTS])
        return self._source.error(node, f"there is no {path} here{nearest}")


def _nearest(name: str, candidates: Iterable[str], form: str = "{}") -> str:
    """; the nearest is torch.sum. Empty where nothing is near."""
    found = difflib.get_close_matches(name, list(candidates), n=1)
    return f"; the nearest is {form.format(found[0])}" if found else ""
