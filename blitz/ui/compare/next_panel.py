"""Ways from one panel of the compare page to another."""

from typing import NoReturn

import streamlit as st

from blitz.ui.compare.state import KEY, PANEL

_NEXT = f"{KEY}next-panel"


def open_panel(name: str) -> None:
    """Show another panel; for a button's on_click."""
    st.session_state[PANEL] = name


def go_on_to(name: str, told: str) -> NoReturn:
    """Draw the page anew with another panel, and tell why in a line of Markdown."""
    # The choice of panels is drawn already: its value cannot be set before the next drawing.
    st.session_state[_NEXT] = (name, told)
    st.rerun()


def take_up_next() -> None:
    """Choose the panel that was gone on to; before the choice of panels is drawn."""
    if _NEXT in st.session_state:
        st.session_state[PANEL], told = st.session_state.pop(_NEXT)
        st.toast(told, icon=":material/check:")
