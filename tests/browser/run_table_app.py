"""A small app for the tests of the table of runs."""

import streamlit as st

from blitz.settings import read_settings
from blitz.training.store import RunStore
from blitz.ui.routes import routes

# The tests make runs without a training process: nobody is asked whether it lives.
app = st.App(
    "run_table_page.py",
    routes=routes(RunStore(read_settings().database_url), view=lambda run: run),
)
