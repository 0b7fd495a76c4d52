"""A small app for the tests of the stepper."""

import streamlit as st

from blitz.settings import read_settings
from blitz.training.store import RunStore
from blitz.ui.routes import routes

app = st.App(
    "stepper_page.py",
    routes=routes(RunStore(read_settings().database_url), view=lambda run: run),
)
