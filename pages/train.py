"""Train a classifier: put a run together, or watch one and look at what came of it."""

import streamlit as st

from blitz.ui.run_list import show_run_button
from blitz.ui.run_view import show_run
from blitz.ui.services import services
from blitz.ui.text import plain
from blitz.ui.train_form import show_form

NUM_RUNS = 12


def new_run() -> None:
    st.query_params.clear()


found = services()
if found.store.warning:
    st.warning(plain(found.store.warning))
with st.sidebar:
    st.button("New run", icon=":material/add:", on_click=new_run, width="stretch")
    for listed in found.launcher.runs(limit=NUM_RUNS):
        show_run_button(listed)

run_id = st.query_params.get("run")
if run_id is None:
    st.title("Train a classifier")
    show_form(found)
else:
    show_run(found, run_id)
