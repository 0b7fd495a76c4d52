"""All variables of a program as cards, and the memory they look at as strips: one component.

Here the records become one compact message, and what is to be said in words is said; drawing,
pointing and linking happen in the browser.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from blitz.tensors.summaries import Statistics, Storage, TensorSummary, Values, Variable
from blitz.ui.text import bytes_text

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

RESULT = "result"
"""What the value of the last expression, which has no name, is called."""
MAX_TEXT = 400
"""Characters of a tensor as Python prints it: what is read out instead of its picture."""
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
        "title": _title(variable.name),
        "type": variable.type_name,
        "text": variable.text if summary is None else _cut(variable.text),
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
        "head": [_shape_text(summary.shape), summary.dtype, summary.device],
        "flags": list(_flags(summary)),
        "note": _note(summary.values),
        "shares": _shares(variable, summary, shown),
        "facts": _facts(summary),
        "stride": summary.stride,
        "offset": summary.offset,
        "itemsize": summary.itemsize,
        "storage": summary.storage,
        "values": values,
        "scale": _scale(storages[summary.storage], shown, values["kind"] == "complex"),
        "statistics": _statistics(summary),
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
    names = [_title(name) for name in storage.variables]
    count = storage.elements.shape[0]
    return {
        "names": names,
        "size": f"{count:,} element{'s' * (count != 1)}, {bytes_text(storage.num_bytes)}",
        "itemsize": storage.itemsize,
        "values": values,
        "scale": _scale(storage, shown, values["kind"] == "complex"),
        "views": [{"variable": number, "caption": _steps(summary)} for number, summary in views],
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


def _title(name: str) -> str:
    return name or RESULT


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} …"


def _shape_text(shape: tuple[int, ...]) -> str:
    """As torch.Size shows it; of no axes in words."""
    return f"[{', '.join(map(str, shape))}]" if shape else "[ ] (0-d)"


def _flags(summary: TensorSummary) -> Iterable[str]:
    """What one should see of autograd without asking."""
    if summary.grad_fn:
        yield summary.grad_fn
    elif summary.requires_grad:
        yield "requires grad"


def _facts(summary: TensorSummary) -> list[tuple[str, str]]:
    facts = [
        ("stride", str(summary.stride)),
        ("storage offset", f"{summary.offset:,}"),
        ("elements", f"{summary.numel:,}"),
        ("bytes", f"{summary.num_bytes:,} ({summary.itemsize} each)"),
        ("contiguous", _yes(summary.is_contiguous)),
    ]
    if summary.kind == "tensor":
        facts += [
            ("requires_grad", _yes(summary.requires_grad)),
            ("is_leaf", _yes(summary.is_leaf)),
            ("grad_fn", summary.grad_fn or "none"),
            ("version", str(summary.version)),
        ]
    return facts


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _note(values: Values) -> str:
    """How much of each axis is in the picture."""
    axes = [
        f"{len(kept):,} of {size:,} along axis {axis}"
        for axis, (kept, size) in enumerate(zip(values.kept, values.shape, strict=True))
        if len(kept) < size
    ]
    return f"Drawn: {_listed(axes)}." if axes else ""


def _shares(variable: Variable, summary: TensorSummary, shown: Sequence[Variable]) -> str:
    """Which other variables look at the same memory."""
    others = []
    for other in shown:
        found = other.summary
        if other is variable or found is None or found.storage != summary.storage:
            continue
        is_same = _place(found) == _place(summary)
        others.append(_title(other.name) + (" (the very same elements)" if is_same else ""))
    return f"shares memory with {_listed(others)}" if others else ""


def _place(summary: TensorSummary) -> tuple[object, ...]:
    return summary.shape, summary.stride, summary.offset, summary.itemsize


def _steps(summary: TensorSummary) -> str:
    """What strides and offset mean, in words."""
    if summary.numel == 0:
        return "looks at no element."
    start = f"starts at place {summary.offset:,}"
    steps, is_first = [], True
    for axis, (size, stride) in enumerate(zip(summary.shape, summary.stride, strict=True)):
        if size == 1:
            continue
        if stride == 0:
            steps.append(f"axis {axis} is broadcast: each step stays at the same element")
        elif is_first:
            steps.append(f"one step along axis {axis} is {_elements(stride)} in memory")
            is_first = False
        else:
            steps.append(f"along axis {axis} it is {stride:,}")
    return "; ".join([start, ", ".join(steps)]) + "." if steps else f"{start}."


def _elements(count: int) -> str:
    return f"{count:,} element{'' if abs(count) == 1 else 's'}"


def _listed(parts: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def _statistics(summary: TensorSummary) -> list[str]:
    found = summary.statistics
    if found is None or summary.numel == 1:
        return []
    num_finite = summary.numel - (
        summary.num_nan + summary.num_positive_infinite + summary.num_negative_infinite
    )
    if summary.dtype.endswith("bool"):
        lines = [f"{round(found.mean * summary.numel):,} of {summary.numel:,} True"]
    else:
        named = {
            "min": found.minimum, "max": found.maximum, "mean": found.mean, "std": found.std,
        }  # fmt: skip
        lines = [f"{name} {_short(number)}" for name, number in named.items()]
        if summary.values.elements.dtype.kind == "c":
            lines.append("of the magnitudes")
    if found.num_sampled < num_finite:
        lines.append(f"std and histogram from {found.num_sampled:,} of {num_finite:,} elements")
    return lines


def _short(number: float) -> str:
    """With five significant digits, integers below a million in full."""
    if isinstance(number, int) and abs(number) < 1e6:
        return str(number).replace("-", "−")
    return f"{number:.5g}".replace("-", "−")


def _histogram(statistics: Statistics | None) -> dict[str, Any] | None:
    if statistics is None or statistics.minimum == statistics.maximum or not statistics.counts:
        return None
    counts = statistics.counts
    first, last = _short(statistics.minimum), _short(statistics.maximum)
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
