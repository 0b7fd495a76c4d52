"""Python statements, broken where they are long."""

import textwrap
from collections.abc import Iterable

WIDTH = 88
INDENT = "    "


def assignment(name: str, expression: str) -> str:
    """`name = expression`."""
    line = f"{name} = {expression}"
    return line if len(line) <= WIDTH else f"{name} = (\n{_wrapped(expression)}\n)"


def unpacking(names: Iterable[str], expression: str) -> str:
    """`a, b, c = expression`."""
    listed = ", ".join(names)
    line = f"{listed} = {expression}"
    return line if len(line) <= WIDTH else f"(\n{_wrapped(listed)}\n) = {expression}"


def call_assigned(name: str, function: str, arguments: str) -> str:
    """`name = function(arguments)`."""
    line = f"{name} = {function}({arguments})"
    return line if len(line) <= WIDTH else f"{name} = {function}(\n{_wrapped(arguments)}\n)"


def indented(lines: Iterable[str]) -> str:
    """Lines as the body of a block."""
    return textwrap.indent("\n".join(lines), INDENT)


def _wrapped(text: str) -> str:
    # Within brackets a line may end at any space.
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=INDENT,
        subsequent_indent=INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
