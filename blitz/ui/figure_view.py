"""A Plotly figure as a Streamlit component that tells which point of it was clicked.

Beside `st.plotly_chart` it knows clicks in heat maps, which have no points to select, and a new
figure takes the old one's place without the chart being taken away.
"""

import json
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import streamlit as st

from blitz.ui.live_chart import API
from blitz.ui.routes import plotly_version

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


class Figure(Protocol):
    """What this module knows of a Plotly figure."""

    def to_json(self) -> str:
        """The figure as plotly.js takes it."""


MOST = 2.0**53
"""A browser can send any number; no figure has points beyond."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A place in a chart, in the numbers of its axes."""

    x: float
    y: float


def figure_view(figure: Figure, *, key: str, label: str) -> Point | None:
    """Show a figure; return what was clicked, once, in the script run that this started.

    Take it up before anything else is shown: showing may break the script run off.
    label: what it shows, for screen readers.
    """
    address = f"{API}/plotly.js?v={plotly_version()}"
    drawn = figure.to_json()
    digest = zlib.crc32(drawn.encode())
    about = json.dumps({"label": label, "plotly_url": address, "digest": digest})
    message = f'{about[:-1]}, "figure": {drawn}}}'  # what is JSON already, stays so
    # Naming a callback is what makes "click" a value of the component.
    result = _component()(key=key, data=message.encode(), on_click_change=lambda: None)
    return _taken(result.get("click"), digest, f"{key}-handled")


def _taken(value: object, digest: int, handled: str) -> Point | None:
    """The click into this very figure, unless it was taken up before."""
    match value:
        case {
            "instance": str(instance),
            "serial": int(serial),
            "x": int() | float() as x,
            "y": int() | float() as y,
            "digest": int(clicked),
        }:
            if st.session_state.get(handled) == (instance, serial):
                return None
            st.session_state[handled] = (instance, serial)
            is_in_this = clicked == digest and abs(x) < MOST and abs(y) < MOST
            return Point(x=x, y=y) if is_in_this else None
    return None


@cache
def _component() -> "ComponentRenderer":
    """The component, registered once a process; all sessions share it."""
    folder = Path(__file__).parent
    return st.components.v2.component(
        "blitz_figure_view",
        js="\n".join(
            (folder / name).read_text(encoding="utf-8")
            for name in ("plotly_loading.js", "figure_view.js")
        ),
        # In a shadow root Plotly's own styles, which it adds to the document, would not apply.
        isolate_styles=False,
    )
