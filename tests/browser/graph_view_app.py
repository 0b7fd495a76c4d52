"""A small app for the tests of the graph view: draws what its address asks for."""

import streamlit as st

from blitz.ui.graph.graph_view import graph_view
from tests.browser.graph_drawings import DRAWINGS, backward_of, large_drawing

st.set_page_config(layout="wide")
name = st.query_params.get("drawing", "folded")
log: list[str] = st.session_state.setdefault("log", [])
shown: str = st.session_state.setdefault("shown", name)


@st.cache_data
def drawing_of(shown: str) -> bytes:
    if shown.startswith("large"):
        return large_drawing(int(shown.removeprefix("large")))
    return DRAWINGS[shown]()


playback = None
if "playback" in st.query_params and st.checkbox("With the backward pass", value=True):
    playback = backward_of(shown)
select = st.number_input("Select", value=None, min_value=0, step=1)
if st.checkbox("Show the graph", value=True):
    event = graph_view(
        drawing_of(shown), key="graph", drawing_key=shown, playback=playback, select=select
    )
    if event is not None:
        log.append(f"{event.kind} {event.drawing_key} {event.index}")
        target = {"open": "opened", "close": "folded"}.get(event.kind)
        if target in DRAWINGS:
            st.session_state.shown = target
            st.rerun()
st.button("Run the script again")
st.session_state.runs = st.session_state.get("runs", 0) + 1
st.caption(str(st.session_state.runs))
st.code("\n".join(log) or "no event", language=None)
