"""The drawing pad as a Streamlit component: what a person drew, as pixels.

The browser keeps the strokes and sends their pixels once a stroke has ended, or was taken back.
"""

from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from blitz.network.drawing import SIDE, Drawing, read_drawing

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


def drawing_pad(key: str) -> Drawing | None:
    """Show a square to draw on; return what stands on it, None as long as it is blank.

    A drawing is kept for the session, also while the pad is not shown.
    """
    known = f"{key}-known"
    result = _pad()(
        key=key,
        data={"view": key, "side": SIDE, "is_known": known in st.session_state},
        # Naming a callback is what makes "drawing" a value of the component.
        on_drawing_change=lambda: None,
    )
    sent = result.get("drawing")
    if sent is not None:
        with suppress(ValueError):  # what is no drawing changes nothing
            st.session_state[known] = read_drawing(sent)
    drawing: Drawing | None = st.session_state.get(known)
    return None if drawing is None or drawing.is_blank else drawing


@cache
def _pad() -> "ComponentRenderer":
    """The component, registered once a process; all sessions share it."""
    return st.components.v2.component(
        "blitz_drawing_pad",
        css=_read("drawing_pad.css"),
        js=_read("drawing_pad.js"),
        # Streamlit's short cuts must see that a key is pressed in a component.
        isolate_styles=False,
    )


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
