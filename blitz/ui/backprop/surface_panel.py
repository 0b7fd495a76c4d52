"""The error over two chosen parameters, with the path that training took."""

import numpy as np
import streamlit as st

from blitz.backprop.curves.figures import surface_figure
from blitz.backprop.curves.paths import exploded, most_moved, path_of
from blitz.backprop.curves.surface import error_surface
from blitz.backprop.scenario import Scenario
from blitz.backprop.training import History
from blitz.ui.backprop.state import KEY, SURFACE_DEFAULT, SURFACE_X, SURFACE_Y
from blitz.ui.charts import CHART_CONFIG


def show_surface(scenario: Scenario, history: History, shown: int) -> None:
    """Show the error around the network after `shown` updates, over two parameters."""
    shown = min(shown, history.num_updates)
    names = scenario.network.parameter_names()
    _follow_default(names, _two_most_moved(history))
    with st.container(horizontal=True, gap="small"):
        x_name, y_name = (
            st.selectbox(title, names, key=key, width=160, persist_state="session")
            for title, key in (("To the right", SURFACE_X), ("Upwards", SURFACE_Y))
        )
    if x_name == y_name:
        st.info("Choose two different parameters.")
        return
    surface = error_surface(history, shown, x_name, y_name)
    if np.isnan(surface.errors).all():
        st.info("Everywhere on this surface the error is too large for 64 bits.")
        return
    st.plotly_chart(surface_figure(surface), key=f"{KEY}surface_chart", config=CHART_CONFIG)
    st.caption(_caption(history, shown, x_name, y_name))


def _caption(history: History, shown: int, x_name: str, y_name: str) -> str:
    words = f"E over {x_name} and {y_name}, all parameters that there are."
    has_others = len(history.network.parameters()) > 2
    if has_others:
        words = (
            f"A slice: E where only {x_name} and {y_name} vary, and every other parameter is as "
            f"after update {shown:,}."
        )
    if history.num_updates == 0:
        return f"{words} Run updates to see the path they take."
    words += " The white path begins at the square; the round point is the update shown."
    if has_others:
        words += (
            " While it was taken the others moved, too, so it need not run downhill on this slice."
        )
    if exploded(history):
        words += " Numbers left every scale: the path is drawn as far as the update shown."
    return words


def _two_most_moved(history: History) -> tuple[str, str]:
    """The two weights that moved most; where there is one weight only, it and its bias."""
    names = history.network.parameter_names()
    num_weights = history.network.num_weights
    x, y = sorted(most_moved(path_of(history), range(max(num_weights, 2)), 2))
    return names[x], names[y]


def _follow_default(names: tuple[str, ...], default: tuple[str, str]) -> None:
    """Choose for the person where they have not chosen, or what is there no longer."""
    state = st.session_state
    present = (state.get(SURFACE_X), state.get(SURFACE_Y))
    if present == state.get(SURFACE_DEFAULT) or not set(present) <= set(names):
        state[SURFACE_X], state[SURFACE_Y] = state[SURFACE_DEFAULT] = default
