"""What a program's text says about it: title, what to trace, and what may be changed.

Runs nothing.
"""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from blitz.autograd.program.controls import Control, read_control

GRAPH = re.compile(r"Graph: (\w+(?:, \w+)*)(?: of (\w+))?(?: from (\w+))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramError:
    """What stopped a program."""

    message: str
    """One line."""
    line: int | None
    """Line of the listing, where the error came up from one."""
    exception: Exception = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class CarriedOut:
    """What a program left."""

    variables: Mapping[str, object]
    output: str
    error: ProgramError | None


Follow = Callable[[int, Mapping[str, object]], None]
"""Told before each line which one it is, and the variables that there are."""
CarryOut = Callable[[Follow], CarriedOut]


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A short program, and what its docstring and comments say about it."""

    name: str
    title: str
    text: str
    """Markdown: what to look for."""
    graph_of: tuple[str, ...]
    """Variables whose graph is shown."""
    module: str | None
    """Variable of the model that gives the parameters their names."""
    gradient: str | None
    """Variable of the gradient that the backward pass starts from, where that is not ones."""
    controls: tuple[Control, ...]
    source: str
    listing: str = field(repr=False)
    """The source without docstring and ranges: what is shown, and to the letter what runs."""
    carry_out: "CarryOut | None" = field(default=None, repr=False, compare=False)
    """Runs the listing in another way than Python does; for programs that people write."""

    @property
    def file(self) -> str:
        """Under which name its lines are known."""
        return f"<example {self.name}>"

    def with_values(self, values: Mapping[str, object]) -> "Program":
        """The same program with these values in place of its own.

        Raises ValueError in one line where there is no such control or it does not allow the value.
        """
        controls = {control.name: control for control in self.controls}
        for name in values:
            if name not in controls:
                raise ValueError(f"{name}: the program has {', '.join(controls) or 'no controls'}")
        lines = self.source.splitlines()
        for name, literal in _literals(ast.parse(self.source)).items():
            if name in values:
                value = controls[name].checked(values[name])
                text = repr(list(value)) if isinstance(value, tuple) else repr(value)
                lines[literal.lineno - 1] = _put(lines[literal.lineno - 1], literal, text)
        return read_program("\n".join(lines) + "\n", self.name)


def read_program(source: str, name: str) -> Program:
    """Read a program's docstring and controls; ValueError where they are not as described above."""
    tree = ast.parse(source)
    title, text, graph = _read_docstring(ast.get_docstring(tree) or "", name)
    comments = _comments(source)
    controls: dict[int, Control] = {}
    for variable, literal in _literals(tree).items():
        _, comment = comments.get(literal.lineno, (0, ""))
        control = read_control(variable, ast.literal_eval(literal), comment)
        if control is not None:
            controls[literal.lineno] = control
    return Program(
        name=name,
        title=title,
        text=text,
        graph_of=tuple(graph[1].split(", ")),
        module=graph[2],
        gradient=graph[3],
        controls=tuple(controls.values()),
        source=source,
        listing=_listing(source, tree, controls, comments),
    )


def _read_docstring(docstring: str, name: str) -> tuple[str, str, re.Match[str]]:
    title, _, rest = docstring.partition("\n")
    text, _, last = rest.rpartition("\n")
    found = GRAPH.fullmatch(last)
    if not title or found is None:
        raise ValueError(
            f"example {name}: its docstring needs a title in the first line, and in the last one "
            "what to trace, such as 'Graph: loss', 'Graph: loss of model' or 'Graph: Q from v'"
        )
    return title, text.strip(), found


def _comments(source: str) -> dict[int, tuple[int, str]]:
    """Comments by line: the column where each begins, and its text without the sign."""
    return {
        token.start[0]: (token.start[1], token.string.removeprefix("#").strip())
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }


def _literals(tree: ast.Module) -> dict[str, ast.expr]:
    """Values of the assignments `name = literal` that are not within anything."""
    found = {}
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_literal(value):
                found[name] = value
    return found


def _is_literal(value: ast.expr) -> bool:
    if isinstance(value, ast.UnaryOp):
        return isinstance(value.op, ast.USub) and isinstance(value.operand, ast.Constant)
    if isinstance(value, ast.List):
        return value.lineno == value.end_lineno and all(map(_is_literal, value.elts))
    return isinstance(value, ast.Constant) and value.lineno == value.end_lineno


def _listing(
    source: str,
    tree: ast.Module,
    controls: Mapping[int, Control],
    comments: Mapping[int, tuple[int, str]],
) -> str:
    lines = source.splitlines()
    for number, control in controls.items():
        column, _ = comments[number]
        code = lines[number - 1][:column].rstrip()
        lines[number - 1] = f"{code}  # {control.help}" if control.help else code
    docstring_end = tree.body[0].end_lineno
    return "\n".join(lines[docstring_end:]).strip() + "\n"


def _put(line: str, literal: ast.expr, text: str) -> str:
    # Columns of a syntax tree count bytes of UTF-8.
    encoded = line.encode()
    new = encoded[: literal.col_offset] + text.encode() + encoded[literal.end_col_offset :]
    return new.decode()
