"""All variables of a program as cards, and the memory they look at as strips: one component.

Here the records become one compact message; drawing, pointing and linking happen in the browser.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from blitz.tensors.summaries import Statistics, Storage, TensorSummary, Values, Variable
from blitz.ui.tensors.variables_words import (
    facts,
    flags,
    note,
    number_text,
    shape_text,
    shares,
    shortened,
    statistics_lines,
    steps,
    title_of,
)
from blitz.ui.text import bytes_text

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

KINDS = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex"}
NUMBERS = {
    np.dtype(dtype): f"{number}Array"
    for dtype, number in (
        (np.bool_, "Uint8"), (np.int8, "Int8"), (np.int16, "Int16"), (np.int32, "Int32"),
        (np.int64, "BigInt64"), (np.uint64, "BigUint64"), (np.float32, "Float32"),
        (np.float64, "Float64"), (np.complex64, "Float32"), (np.complex128, "Float64"),
    )
}  # fmt: skip
"""JavaScript's arrays of the same numbers; of complex ones real and imaginary parts in turn."""


def variables_view(shown: Sequence[Variable], storages: Sequence[Storage], *, key: str) -> None:
    """Show variables as cards and storages as strips, linked element by element."""
    _view()(key=key, data=variables_message(shown, storages))


def variables_message(shown: Sequence[Variable], storages: Sequence[Storage]) -> bytes:
    """All that the browser needs, as JSON: kept indices as ranges, elements as bytes in base64."""
    message = {
        "variables": [_variable(variable, shown, storages) for variable in shown],
        "storages": [_storage(storage, shown) for storage in storages],
    }
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode(errors="replace")


def _variable(
    variable: Variable, shown: Sequence[Variable], storages: Sequence[Storage]
) -> dict[str, Any]:
    summary = variable.summary
    return {
        "name": variable.name,
        "title": title_of(variable.name),
        "type": variable.type_name,
        "text": variable.text if summary is None else shortened(variable.text),
        "tensor": summary and _tensor(variable, summary, shown, storages),
    }


def _tensor(
    variable: Variable,
    summary: TensorSummary,
    shown: Sequence[Variable],
    storages: Sequence[Storage],
) -> dict[str, Any]:
    values = _values(summary.values)
    return {
        "head": [shape_text(summary.shape), summary.dtype, summary.device],
        "flags": list(flags(summary)),
        "note": note(summary.values),
        "shares": shares(variable, summary, shown),
        "facts": facts(summary),
        "stride": summary.stride,
        "offset": summary.offset,
        "itemsize": summary.itemsize,
        "storage": summary.storage,
        "values": values,
        "scale": _scale(storages[summary.storage], shown, values["kind"] == "complex"),
        "statistics": statistics_lines(summary),
        # Of two values the counts say it all.
        "histogram": None if values["kind"] == "bool" else _histogram(summary.statistics),
        "marks": [summary.num_nan, summary.num_positive_infinite, summary.num_negative_infinite],
    }


def _storage(storage: Storage, shown: Sequence[Variable]) -> dict[str, Any]:
    views = [
        (number, variable.summary)
        for number, variable in enumerate(shown)
        if variable.name in storage.variables and variable.summary is not None
    ]
    values = _values(storage.elements)
    names = [title_of(name) for name in storage.variables]
    count = storage.elements.shape[0]
    return {
        "names": names,
        "size": f"{count:,} element{'s' * (count != 1)}, {bytes_text(storage.num_bytes)}",
        "itemsize": storage.itemsize,
        "values": values,
        "scale": _scale(storage, shown, values["kind"] == "complex"),
        "views": [{"variable": number, "caption": steps(summary)} for number, summary in views],
    }


def _values(values: Values) -> dict[str, Any]:
    elements = _narrowed(values.elements)
    return {
        "kind": KINDS[elements.dtype.kind],
        "shape": values.shape,
        "kept": [_runs(kept) for kept in values.kept],
        "number": NUMBERS[elements.dtype],
        "data": b64encode(np.ascontiguousarray(elements).tobytes()).decode(),
    }


def _narrowed(elements: np.ndarray) -> np.ndarray:
    """The same integers in as few bytes as the largest of them needs."""
    if elements.dtype.kind not in "iu" or not elements.size:
        return elements
    for dtype in (np.int8, np.int16, np.int32, np.int64):
        limits = np.iinfo(dtype)
        if limits.min <= int(elements.min()) and int(elements.max()) <= limits.max:
            return elements.astype(dtype)
    return elements.astype(np.uint64)


def _runs(kept: Sequence[int]) -> list[tuple[int, int]]:
    """Indices in order as ranges: 0 1 2 98 99 → (0, 3), (98, 100)."""
    runs: list[tuple[int, int]] = []
    for index in kept:
        if runs and runs[-1][1] == index:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs


def _scale(
    storage: Storage, shown: Sequence[Variable], is_complex: bool
) -> tuple[float, float] | None:
    """Between which numbers colours run: the same for all that look at a storage, so that an
    element has one colour wherever it is seen. None where nothing is finite."""
    ends: list[float] = []
    for variable in shown:
        summary = variable.summary
        if summary is None or summary.statistics is None or summary.storage != storage.index:
            continue
        if (summary.values.elements.dtype.kind == "c") == is_complex:
            ends += [float(summary.statistics.minimum), float(summary.statistics.maximum)]
    elements = storage.elements.elements
    if (elements.dtype.kind == "c") == is_complex:
        with np.errstate(over="ignore", invalid="ignore"):
            sizes = np.abs(elements) if is_complex else elements
        finite = sizes[np.isfinite(sizes)]
        if finite.size:
            ends += [float(finite.min()), float(finite.max())]
    return (min(ends), max(ends)) if ends else None


def _histogram(statistics: Statistics | None) -> dict[str, Any] | None:
    if statistics is None or statistics.minimum == statistics.maximum or not statistics.counts:
        return None
    counts = statistics.counts
    first, last = number_text(statistics.minimum), number_text(statistics.maximum)
    fullest = max(range(len(counts)), key=counts.__getitem__)
    return {
        "counts": counts,
        "ends": [float(statistics.minimum), float(statistics.maximum)],
        "label": (
            f"Histogram from {first} to {last} in {len(counts)} steps; "
            f"most, {counts[fullest]:,}, are in step {fullest + 1}"
        ),
    }


@cache
def _view() -> "ComponentRenderer":
    """The component, registered once a process; all sessions share it."""
    parts = ("_model", "_colors", "_layout", "_picture", "_card", "_strip", "")
    return st.components.v2.component(
        "blitz_variables",
        css=_read("variables_view.css"),
        js="\n".join(_read(f"variables_view{part}.js") for part in parts),
        isolate_styles=False,
    )


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
