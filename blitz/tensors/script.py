"""A program as a script that plain Python runs, with the same outcome.

Python itself does what the playground's interpreter does; nothing of Blitz is needed for it.
"""

import ast

_HEAD = """\
\"\"\"A program from the Blitz tensor playground.\"\"\"

import numpy as np
import torch
import torch.nn.functional as F

torch.manual_seed({seed})
device = torch.device({device!r})
{default}
"""
_DEFAULT = "torch.set_default_device(device)\n"
"""Without it, Python makes tensors on the CPU."""
_SILENT = ("print", "backward")
"""Calls whose value is None."""


def script(source: str, device: str, seed: int) -> str:
    """The program's own lines under what they need; the last expression is printed.

    A program that cannot be read stays as it is: Python will say what is wrong with it.
    """
    source = source.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    source = source.encode(errors="replace").decode()  # half a surrogate pair fits in no file
    head = _HEAD.format(device=device, seed=seed, default="" if device == "cpu" else _DEFAULT)
    return f"{head}{_printing(source)}\n"


def _printing(source: str) -> str:
    """The source with its last statement, if that is an expression, as argument of print."""
    last = _last_expression(source)
    if last is None:
        return source
    lines = [line.encode() for line in source.split("\n")]  # ast counts bytes
    assert last.end_lineno is not None
    assert last.end_col_offset is not None
    opening, closing = "print(", ")"
    if isinstance(last.value, ast.Tuple):  # print would take its elements one by one
        opening, closing = "print((", "))"
    # The end first: it may be in the line of the start.
    for line, column, sign in (
        (last.end_lineno - 1, last.end_col_offset, closing),
        (last.lineno - 1, last.col_offset, opening),
    ):
        lines[line] = lines[line][:column] + sign.encode() + lines[line][column:]
    return b"\n".join(lines).decode()


def _last_expression(source: str) -> ast.Expr | None:
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    last = body[-1] if body else None
    if not isinstance(last, ast.Expr):
        return None
    function = last.value.func if isinstance(last.value, ast.Call) else None
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return None if name in _SILENT else last
