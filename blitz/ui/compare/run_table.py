"""The table of all runs as a Streamlit component that keeps itself up to date.

Two components in truth, as with the stepper: one shows the table and tells what was done; the other
one takes what the page wants to be selected and shown, and shows nothing. What is done about an
event is the page's business.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal, get_args

import streamlit as st

from blitz.ui.live_chart import API
from blitz.ui.run_constants import run_constants
from blitz.ui.table_feed import MOST_RUNS
from blitz.ui.text import plain

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

SortColumn = Literal[
    "status", "progress", "name", "dataset", "model", "optimizer", "lr", "best_accuracy",
    "accuracy", "loss", "batch_size", "seed", "seconds", "images_per_second", "started",
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
class TagChange:
    """What a person made of the tags that several runs have in common."""

    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TableEvent:
    """What a person did in the table."""

    serial: int
    """A browser counts its events."""
    kind: TableEventKind
    ids: tuple[str, ...]
    """The runs it was done to; of "select", all that are selected now."""
    value: str | bool | TagChange | TableState | None
    """The name, the note, the tags, whether to pin, or what is viewed in which order; else None."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TableView:
    """What a page wants its table to show."""

    selected: Sequence[str]
    state: TableState
    deletions: Sequence[tuple[str, Sequence[str]]] = ()
    """Title and ids of the runs of each deletion that can be undone, the last one last."""


@dataclass(slots=True)
class _Known:
    """What a session knows of its table in the browser."""

    instance: str = ""  # a browser that begins anew has another one
    handled: int = 0  # serial number of the last event that was acted on
    complaints: list[str] = field(default_factory=list)  # not yet told
    # A new script run begins beside one that is still to notice that it ends.
    lock: Lock = field(default_factory=Lock)


def run_table(
    key: str, act: Callable[[TableEvent], Sequence[str]], view: Callable[[], TableView]
) -> None:
    """Show all runs, and have what was done in the table acted on, in order and once.

    act: does it, and answers with complaints: lines for the person.
    view: asked after that, what the table is to show.
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
        with known.lock:
            for event in _new_events(known, result.get("events")):
                known.complaints += act(event)
                # Not before: another click may end this script run wherever it speaks to Streamlit.
                known.handled = event.serial
        wanted = view()
        _control()(
            key=f"{key}-control",
            data={
                "view": key,
                "instance": known.instance,
                "handled": known.handled,
                "selected": list(wanted.selected),
                "state": asdict(wanted.state),
                "deletions": [
                    {"title": title, "ids": list(ids)} for title, ids in wanted.deletions
                ],
            },
        )
    for complaint in tuple(known.complaints):
        st.toast(plain(complaint), icon=":material/info:")
        known.complaints.remove(complaint)


def _new_events(known: _Known, value: object) -> list[TableEvent]:
    """The events not yet acted on; the browser tells each until it hears that it was."""
    match value:
        case {"instance": str(instance), "events": list(events)}:
            pass
        case _:
            return []
    if instance != known.instance:
        known.instance, known.handled = instance, 0
    read = [event for told in events if (event := read_event(told)) is not None]
    return [event for event in read if event.serial > known.handled]


def read_event(told: object) -> TableEvent | None:
    """The event, or None where it is none: a browser can send anything."""
    match told:
        case {"serial": int(serial), "kind": str(kind), "ids": list(ids), "value": value}:
            pass
        case _:
            return None
    run_ids = tuple(id_ for id_ in ids if isinstance(id_, str) and 0 < len(id_) <= _MAX_ID)
    if kind not in get_args(TableEventKind) or len(run_ids) != len(ids) or len(ids) > MOST_RUNS:
        return None
    content: str | bool | TagChange | TableState | None = None
    match kind, value:
        case "rename" | "note", str(text):
            content = text
        case "pin", bool(is_pinned):
            content = is_pinned
        case "tags", {"before": list(before), "after": list(after)} if all(
            isinstance(tag, str) for tag in (*before, *after)
        ):
            content = TagChange(before=tuple(before), after=tuple(after))
        case "view", {"sort": sort, "descending": descending, "filter": str(text)}:
            try:
                content = TableState(sort=sort, descending=descending, filter=text[:MAX_FILTER])
            except ValueError:
                return None
        case "select" | "delete" | "restore" | "stop" | "resume", None:
            pass
        case _:
            return None
    return TableEvent(serial=serial, kind=kind, ids=run_ids, value=content)


@cache
def _view() -> "ComponentRenderer":
    """The component, registered once a process; all sessions share it."""
    own = ("model", "events", "row", "drawing", "menu", "actions")
    scripts = ("../poller.js", *(f"run_table_{name}.js" for name in own), "run_table.js")
    return st.components.v2.component(
        "blitz_run_table",
        css=_read("run_table.css"),
        js="\n".join([run_constants(), *map(_read, scripts)]),
        # Streamlit's short cuts must see that a key is pressed in a component.
        isolate_styles=False,
    )


@cache
def _control() -> "ComponentRenderer":
    return st.components.v2.component("blitz_run_table_control", js=_read("run_table_control.js"))


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
