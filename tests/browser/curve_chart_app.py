"""A small app for the tests of the chart of many runs."""

import streamlit as st

from blitz.settings import read_settings
from blitz.training.store import RunStore
from blitz.ui.routes import routes

# The tests record rows without a training process: nobody is asked whether it lives.
app = st.App(
    "curve_chart_page.py",
    routes=routes(RunStore(read_settings().database_url), view=lambda run: run),
)
