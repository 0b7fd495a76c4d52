"""What a program's text tells about a variable: where it was cut off from autograd.

Reads the syntax tree and runs nothing.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Cut = Literal["detached", "no_grad", "inference_mode", "not_differentiable"]

DETACHING = frozenset(["detach", "detach_", "data", "item", "numpy", "tolist"])
"""Methods and attributes whose result no longer knows what it was made from."""
COPYING = frozenset(["tensor", "as_tensor", "from_numpy", "float", "int"])
"""Functions that take values alone, in `torch.tensor(x)` or `float(x)`."""
NOT_DIFFERENTIABLE = frozenset(
    [
        *("argmax", "argmin", "argsort", "nonzero", "count_nonzero", "searchsorted", "bucketize"),
        *("unique", "bincount", "multinomial", "isnan", "isinf", "isfinite"),
        *("long", "int", "bool", "eq", "ne", "lt", "le", "gt", "ge"),
    ]
)
"""Results are integers or truth values."""
GUARDS: dict[str, Cut] = {"no_grad": "no_grad", "inference_mode": "inference_mode"}

UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What reading a text raises: Python's parser, and the writer of its parts, go by recursion."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CutLine:
    """A line that cuts a gradient's way."""

    line: int
    """Counted from 1."""
    text: str
    cut: Cut | None
    """None for an assignment that cuts nothing."""
    what: str
    """The part that cuts: .detach(), torch.no_grad()."""


def assignment(source: str, name: str) -> CutLine | None:
    """The last assignment to a variable and whether it cuts; None where there is none.

    A text that is no Python, or nested too deeply to be read, counts as one without assignments.
    """
    try:
        return _assignment(source, name)
    except UNREADABLE:
        return None


def first_cut(source: str, name: str) -> CutLine | None:
    """The first line that cuts the way from a variable, or from what was made of it.

    None also for a text that cannot be read: see `assignment`.
    """
    try:
        return _first_cut(source, name)
    except UNREADABLE:
        return None


def _assignment(source: str, name: str) -> CutLine | None:
    found = None
    for statement, guard in _statements(source):
        if name in _targets(statement):
            cut, what = _cut(statement) or guard or (None, "")
            found = _line(source, statement, cut, what)
    return found


def _first_cut(source: str, name: str) -> CutLine | None:
    made_of_it = {name}
    for statement, guard in _statements(source):
        if not made_of_it & set(_names(statement)):
            continue
        found = _cut(statement) or guard
        if found and _targets(statement):
            return _line(source, statement, *found)
        made_of_it.update(_targets(statement))
    return None


def _statements(source: str) -> Iterator[tuple[ast.stmt, tuple[Cut, str] | None]]:
    """All statements in order, with what switches gradients off around them."""
    tree = ast.parse(source)
    stack: list[tuple[ast.stmt, tuple[Cut, str] | None]]
    stack = [(statement, None) for statement in reversed(tree.body)]
    while stack:
        statement, guard = stack.pop()
        yield statement, guard
        within = _guard(statement) or guard
        blocks = [getattr(statement, block, []) for block in ("body", "orelse", "finalbody")]
        blocks += [part.body for part in getattr(statement, "handlers", [])]
        blocks += [part.body for part in getattr(statement, "cases", [])]
        children = [child for block in blocks for child in block]
        stack.extend((child, within) for child in reversed(children))


def _guard(statement: ast.stmt) -> tuple[Cut, str] | None:
    """What a with statement or a decorator switches off."""
    if isinstance(statement, ast.With):
        expressions = [item.context_expr for item in statement.items]
    elif isinstance(statement, ast.FunctionDef):
        expressions = statement.decorator_list
    else:
        return None
    for expression in expressions:
        text = ast.unparse(expression)
        function = text.partition("(")[0].rpartition(".")[2]
        if function in GUARDS:
            return GUARDS[function], text
        if function == "set_grad_enabled" and text.endswith("(False)"):
            return "no_grad", text
    return None


def _targets(statement: ast.stmt) -> tuple[str, ...]:
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign):
        targets = [statement.target]
    else:
        return ()
    flat: list[ast.expr] = []
    while targets:
        target = targets.pop()
        if isinstance(target, ast.Tuple | ast.List):
            targets = [*targets, *target.elts]
        else:
            flat.append(target)
    return tuple(ast.unparse(target) for target in flat)


def _value(statement: ast.stmt) -> ast.expr | None:
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr):
        return statement.value
    return None


def _names(statement: ast.stmt) -> Iterator[str]:
    """Variables, also dotted ones, that a statement's value is made of."""
    value = _value(statement)
    if value is None:
        return
    for part in ast.walk(value):
        if isinstance(part, ast.Name | ast.Attribute):
            yield ast.unparse(part)
    if isinstance(statement, ast.AugAssign):
        yield ast.unparse(statement.target)


def _cut(statement: ast.stmt) -> tuple[Cut, str] | None:
    """What in a statement's value lets no gradient through."""
    value = _value(statement)
    for part in ast.walk(value) if value is not None else ():
        if isinstance(part, ast.Compare):
            return "not_differentiable", ast.unparse(part)
        if isinstance(part, ast.Attribute) and part.attr in DETACHING:
            return "detached", f".{part.attr}" + ("" if part.attr == "data" else "()")
        if not isinstance(part, ast.Call):
            continue
        function = ast.unparse(part.func)
        last = function.rpartition(".")[2]
        is_method = isinstance(part.func, ast.Attribute)
        if last in NOT_DIFFERENTIABLE and is_method:
            return "not_differentiable", f"{last}()"
        if last in COPYING and _copies(part, function):
            return "detached", f"{function}()"
    return None


def _copies(call: ast.Call, function: str) -> bool:
    """Whether a call takes the values of a variable, rather than of numbers: torch.tensor(x)."""
    if function not in ("float", "int") and not function.startswith("torch."):
        return False
    return any(isinstance(part, ast.Name) for each in call.args for part in ast.walk(each))


def _line(source: str, statement: ast.stmt, cut: Cut | None, what: str) -> CutLine:
    text = source.splitlines()[statement.lineno - 1].strip()
    return CutLine(line=statement.lineno, text=text, cut=cut, what=what)
