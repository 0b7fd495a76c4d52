"""Running a station's cells one after the other in one namespace, as a notebook does.

What a cell prints is text. The value of an expression in its last line is shown too: a table as a
table, a tensor of two dimensions or more as a picture, anything else as its `repr`.
"""

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from blitz.network.stations.reading import Cell, Station
from blitz.turns import one_at_a_time


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CellOutcome:
    """What came of a cell."""

    cell: Cell
    printed: str = ""
    value: str = ""
    """Of the expression in the last line, unless it is one of the next two."""
    table: pd.DataFrame | None = None
    maps: NDArray[np.float32] | None = None
    """[number, height, width]."""
    error: str = ""
    """One line, of a cell that is meant to fail."""


def run_station(station: Station) -> tuple[CellOutcome, ...]:
    """The outcome of every cell; the process's random state stays as it was."""
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with one_at_a_time(), torch.random.fork_rng(devices), torch.enable_grad():
        return tuple(_run(cell, namespace, f"<station {station.name}>") for cell in station.cells)


def _run(cell: Cell, namespace: dict[str, Any], file: str) -> CellOutcome:
    lines: list[str] = []

    def keep(*values: object) -> None:
        lines.append(" ".join(map(str, values)))

    namespace["print"] = keep
    value, error = None, ""
    try:
        value = _execute(cell.code, namespace, file)
    except RuntimeError as raised:
        if not cell.is_meant_to_fail:
            raise
        error = " ".join(f"{type(raised).__name__}: {raised}".split())
    table = value if isinstance(value, pd.DataFrame) else None
    maps = _maps(value) if isinstance(value, Tensor) and value.ndim > 1 else None
    return CellOutcome(
        cell=cell,
        printed="\n".join(lines),
        value="" if value is None or table is not None or maps is not None else repr(value),
        table=table,
        maps=maps,
        error=error,
    )


def _execute(code: str, namespace: dict[str, Any], file: str) -> Any:
    """Run code of ours; the value of an expression in its last line."""
    tree = ast.parse(code)
    last = tree.body.pop()
    if not isinstance(last, ast.Expr):
        tree.body.append(last)
    exec(compile(tree, file, "exec", dont_inherit=True), namespace)
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), file, "eval", dont_inherit=True), namespace)


def _maps(values: Tensor) -> NDArray[np.float32]:
    found: NDArray[np.float32] = values.detach().reshape(-1, *values.shape[-2:]).numpy()
    return found
