"""What a session's compare page shows: the table's order, the chosen runs, the chart, the panel."""

import math
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

import streamlit as st

from blitz.ui import address_line
from blitz.ui.compare.curve_chart import ChartChoices
from blitz.ui.compare.run_table import TableState

KEY = "compare-"
SELECTED = f"{KEY}selected"
"""Ids of the chosen runs, in the order in which they were chosen."""
TABLE = f"{KEY}table-state"
CHART = f"{KEY}chart-choices"
PANEL = f"{KEY}panel"
EPOCH = f"{KEY}epoch"
"""The epoch that is looked back to; None for the last one that was kept, whichever it is."""
PANELS = (
    "Curves", "Settings", "Classes", "Images", "Epochs", "Weights", "Sweep", "Fork",
    "Bring weights", "Take away",
)  # fmt: skip
MOST_SELECTED = 50
_PAGE = "compare"
_NAMES = {
    **dict.fromkeys(("sort", "descending", "filter"), TABLE),
    **dict.fromkeys(("metric", "axis", "smoothing", "is_log", "shows_groups"), CHART),
}


def take_up_address() -> list[str]:
    """Take up what the address says, where it is not this session's own; complaints, if any."""
    given = dict(st.query_params.to_dict())
    is_known = SELECTED in st.session_state
    st.session_state.setdefault(SELECTED, ())
    st.session_state.setdefault(TABLE, TableState())
    st.session_state.setdefault(CHART, ChartChoices())
    st.session_state.setdefault(PANEL, PANELS[0])
    st.session_state.setdefault(EPOCH, None)
    if is_known and (address_line.is_own(given, _PAGE) or not given):
        address_line.note(given, _PAGE)
        return []
    address_line.note(given, _PAGE)
    runs = tuple(dict.fromkeys(filter(None, given.get("runs", "").split(","))))
    st.session_state[SELECTED] = runs[:MOST_SELECTED]
    if given.get("panel") in PANELS:
        st.session_state[PANEL] = given["panel"]
    st.session_state[EPOCH] = _epoch(given.get("epoch", ""))
    complaints = [_take_up(name, text) for name, text in given.items() if name in _NAMES]
    return [complaint for complaint in complaints if complaint]


def write_address(part: str = "") -> None:
    """Have the browser show the address of what the page shows.

    part: a name for each place that does so in one script run.
    """
    address_line.replace(_wanted(), _PAGE, part)


def _epoch(text: str) -> float | None:
    try:
        epoch = float(text)
    except ValueError:
        return None
    return epoch if math.isfinite(epoch) else None


def _take_up(name: str, text: str) -> str:
    key = _NAMES[name]
    before: Any = st.session_state[key]
    kind = type(getattr(before, name))
    try:
        value: Any = text == "True" if kind is bool else kind(text)
        st.session_state[key] = replace(before, **{name: value})
    except ValueError as error:
        return str(error)
    return ""


def _wanted() -> dict[str, str]:
    wanted: dict[str, str] = {}
    if st.session_state[SELECTED]:
        wanted["runs"] = ",".join(st.session_state[SELECTED][:MOST_SELECTED])
    if st.session_state[PANEL] != PANELS[0]:
        wanted["panel"] = st.session_state[PANEL]
    if st.session_state[PANEL] == "Epochs" and st.session_state[EPOCH] is not None:
        wanted["epoch"] = f"{st.session_state[EPOCH]:g}"
    for key, default in ((TABLE, TableState()), (CHART, ChartChoices())):
        wanted |= _changed(st.session_state[key], default)
    return wanted


def _changed(
    values: TableState | ChartChoices, default: TableState | ChartChoices
) -> Mapping[str, str]:
    now, first = asdict(values), asdict(default)
    return {
        field.name: str(now[field.name])
        for field in fields(values)
        if now[field.name] != first[field.name]
    }
