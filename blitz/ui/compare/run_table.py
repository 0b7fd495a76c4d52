"""The table of all runs as a Streamlit component that keeps itself up to date.

Two components in truth, as with the stepper: one shows the table and tells what was done; the other
one takes what the page wants to be selected and shown, and shows nothing. What is done about an
event is the page's business.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

import streamlit as st

from blitz.ui.live_chart import API
from blitz.ui.table_feed import MOST_RUNS

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

SortColumn = Literal[
    "status", "progress", "name", "dataset", "model", "optimizer", "lr", "best_accuracy",
    "accuracy", "loss", "seconds", "images_per_second", "started",
]  # fmt: skip
TableEventKind = Literal[
    "select", "view", "rename", "tags", "note", "pin", "delete", "restore", "stop", "resume"
]
MAX_FILTER = 200
_MAX_ID = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class TableState:
    """Order and filter of a table."""

    sort: SortColumn = "started"
    descending: bool = True
    filter: str = ""

    def __post_init__(self) -> None:
        if self.sort not in get_args(SortColumn):
            raise ValueError(
                f"sort: {str(self.sort)[:40]!r} was given; choose {', '.join(get_args(SortColumn))}"
            )
        if self.descending not in (True, False):
            raise ValueError(f"descending: {self.descending!r} was given; expected true or false")
        if not isinstance(self.filter, str) or len(self.filter) > MAX_FILTER:
            raise ValueError(f"filter: expected a text of at most {MAX_FILTER} characters")


@dataclass(frozen=True, kw_only=True, slots=True)
class TableEvent:
    """What a person did in the table."""

    kind: TableEventKind
    ids: tuple[str, ...]
    """The runs it was done to; of "select", all that are selected now."""
    value: str | bool | tuple[str, ...] | TableState | None
    """The name, note, tags, whether to pin, or of "view" the order and filter; else None."""


@dataclass(slots=True)
class _Known:
    """What a session knows of its table in the browser."""

    instance: str = ""  # a browser that begins anew has another one
    handled: int = 0  # serial number of the last event taken up


def run_table(key: str, selected: Sequence[str], state: TableState) -> TableEvent | None:
    """Show all runs; return what was done, in the script run that this started, once.

    selected, state: what the page has. In the script run of a "select" or "view" event the table
    keeps what its event says; the page passes the same from the next one on.
    """
    known: _Known = st.session_state.setdefault(f"{key}-known", _Known())
    # Without a gap, what shows nothing takes no room either.
    with st.container(gap=None):
        # Naming a callback is what makes "events" a value of the component.
        result = _view()(
            key=key,
            data={"view": key, "api": API, "label": "Runs"},
            on_events_change=lambda: None,
        )
        event = _take(known, result.get("events"))
        if event is not None and event.kind == "select":
            selected = event.ids
        if event is not None and isinstance(event.value, TableState):
            state = event.value
        _control()(
            key=f"{key}-control",
            data={
                "view": key,
                "instance": known.instance,
                "handled": known.handled,
                "selected": list(selected),
                "state": asdict(state),
            },
        )
    return event


def _take(known: _Known, value: object) -> TableEvent | None:
    """The first event not yet taken up; the browser tells the later ones again."""
    match value:
        case {"instance": str(instance), "events": list(events)}:
            pass
        case _:
            return None
    if instance != known.instance:
        known.instance, known.handled = instance, 0
    for event in events:
        match event:
            case {
                "serial": int(serial),
                "kind": str(kind),
                "ids": list(ids),
                "value": content,
            } if serial > known.handled:
                known.handled = serial
                read = read_event(kind, ids, content)
                if read is not None:
                    return read
    return None


def read_event(kind: str, ids: list[object], value: object) -> TableEvent | None:
    """The event, or None where it is none: a browser can send anything."""
    run_ids = tuple(id_ for id_ in ids if isinstance(id_, str) and 0 < len(id_) <= _MAX_ID)
    if kind not in get_args(TableEventKind) or len(run_ids) != len(ids) or len(ids) > MOST_RUNS:
        return None
    content: str | bool | tuple[str, ...] | TableState | None = None
    match kind, value:
        case "rename" | "note", str(text):
            content = text
        case "pin", bool(is_pinned):
            content = is_pinned
        case "tags", list(tags) if all(isinstance(tag, str) for tag in tags):
            content = tuple(cast(list[str], tags))
        case "view", {"sort": sort, "descending": descending, "filter": str(text)}:
            try:
                content = TableState(sort=sort, descending=descending, filter=text[:MAX_FILTER])
            except ValueError:
                return None
        case "select" | "delete" | "restore" | "stop" | "resume", None:
            pass
        case _:
            return None
    return TableEvent(kind=kind, ids=run_ids, value=content)


@cache
def _view() -> "ComponentRenderer":
    """The component, registered once a process; all sessions share it."""
    own = ("run_table_model", "run_table_menu", "run_table_events", "run_table_row", "run_table")
    return st.components.v2.component(
        "blitz_run_table",
        css=_read("run_table.css"),
        js="\n".join([_read("../poller.js"), *(_read(f"{name}.js") for name in own)]),
        # Streamlit's short cuts must see that a key is pressed in a component.
        isolate_styles=False,
    )


@cache
def _control() -> "ComponentRenderer":
    return st.components.v2.component("blitz_run_table_control", js=_read("run_table_control.js"))


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
