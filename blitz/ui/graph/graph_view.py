"""The graph viewer as a Streamlit component.

Two components in truth. One takes a drawing as bytes; Streamlit sends them only once as long as
they stay the same. The other one takes the few numbers that change with every script run; it shows
nothing.
"""

import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import streamlit as st

from blitz.autograd.picture.packing import pack
from blitz.autograd.viewer import viewer_script, viewer_styles

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

EventKind = Literal["select", "select-edge", "open", "close"]


@dataclass(frozen=True, slots=True)
class GraphEvent:
    """What a person did in the graph.

    index: of the vertex for "select" (-1: selected nothing any more) and "open", of the edge for
    "select-edge", of the group for "close"; all in the drawing of `drawing_key`.
    """

    kind: EventKind
    drawing_key: str
    index: int


@dataclass(slots=True)
class _Known:
    """What a session knows of its view in the browser."""

    instance: str = ""  # of the queue of events; a browser that begins anew has another one
    handled: int = 0  # serial number of the last event taken up
    given: tuple[str, int | None] = ("", None)  # drawing and vertex that the page last passed
    told: tuple[str, int | None] = ("", None)  # drawing and vertex that the browser last told
    shown: tuple[str, int | None] = ("", None)  # drawing and vertex that the browser shows
    select: int | None = None
    select_serial: int = 0
    pending: GraphEvent | None = None  # taken up, but not yet returned


def graph_view(
    drawing: bytes,
    *,
    key: str,
    drawing_key: str,
    playback: bytes | None = None,
    select: int | None = None,
    height: int = 560,
) -> GraphEvent | None:
    """Show a packed drawing; return what a person did, in the script run that this started.

    Each event is returned once, in order; of selections that came while the script was busy, the
    last one.

    drawing_key: names the drawing. As long as it stays the same the camera, the selection, the
    search and the playback stay too, and `drawing` is not looked at again.
    playback: packed values of the backward pass; other bytes are another playback.
    select: the vertex to select. It is acted on when the page asks for another one than before, so
    a page may pass the vertex of the last event back, and need not.
    height: of the canvas in pixels.
    """
    known: _Known = st.session_state.setdefault(f"{key}-known", _Known())
    # Without a gap, what shows nothing takes no room either.
    with st.container(gap=None):
        # Naming a callback is what makes "event" a value of the component.
        result = _view()(
            key=key,
            data=_message(drawing, playback, view=key, drawing_key=drawing_key, height=height),
            on_event_change=lambda: None,
        )
        if known.pending is None:
            known.pending = _take(known, result.get("event"))
        if known.pending is None:  # what a page asks for was decided before it knew of an event
            _ask(known, drawing_key, select)
        _control()(
            key=f"{key}-control",
            data={
                "view": key,
                "drawing_key": drawing_key,
                "instance": known.instance,
                "handled": known.handled,
                "select": known.select,
                "select_serial": known.select_serial,
            },
        )
    # Taken out last: a script run that is broken off above leaves it to the next one.
    event, known.pending = known.pending, None
    return event


def _message(drawing: bytes, playback: bytes | None, **header: object) -> bytes:
    arrays = {"drawing": np.frombuffer(drawing, np.uint8)}
    if playback is not None:
        arrays["playback"] = np.frombuffer(playback, np.uint8)
        header["playback_key"] = zlib.crc32(playback)
    return pack(arrays, {"playback_key": None, **header})


def _take(known: _Known, value: object) -> GraphEvent | None:
    """The first event that was not taken up before; the browser sends the others again."""
    if not isinstance(value, dict):
        return None
    if value["instance"] != known.instance:
        known.instance, known.handled = value["instance"], 0
    for event in value["events"]:
        if event["serial"] > known.handled:
            known.handled = event["serial"]
            taken = GraphEvent(event["kind"], event["drawing_key"], event["index"])
            if taken.kind == "select":
                known.shown = (taken.drawing_key, taken.index)
            elif taken.kind == "select-edge":
                known.shown = (taken.drawing_key, None)
            if taken.kind in ("select", "select-edge"):
                # A page may pass this back, and so ask for nothing new.
                is_vertex = taken.kind == "select" and taken.index >= 0
                known.told = (taken.drawing_key, taken.index if is_vertex else None)
            return taken
    return None


def _ask(known: _Known, drawing_key: str, select: int | None) -> None:
    """Ask the browser to select a vertex, where the page wants another one than before."""
    wanted = (drawing_key, select)
    is_new = wanted not in (known.given, known.told)
    known.given = wanted
    if is_new and select is not None and wanted != known.shown:
        known.select, known.shown = select, wanted
        known.select_serial += 1


@cache
def _view() -> "ComponentRenderer":
    """The component, registered once a process; all sessions share it."""
    return st.components.v2.component(
        "blitz_graph_view",
        css=viewer_styles(),
        js=f"{viewer_script()}\n{_read('graph_view.js')}",
        # Streamlit's short cuts must see that somebody types in a field of the component.
        isolate_styles=False,
    )


@cache
def _control() -> "ComponentRenderer":
    return st.components.v2.component("blitz_graph_control", js=_read("graph_view_control.js"))


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
