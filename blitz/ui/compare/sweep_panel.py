"""A sweep: many runs from one, over some of its settings, and the chart that they fill."""

from collections.abc import Sequence

import streamlit as st

from blitz.training.store import Run
from blitz.ui.compare.sweep_chart import show_chart
from blitz.ui.compare.sweep_form import show_form
from blitz.ui.services import Services

FORM_WIDTH, CHART_WIDTH = 408, 530


def show_sweep(services: Services, runs: Sequence[Run]) -> None:
    """A form that starts a sweep, and a sweep's runs or the chosen ones as a chart."""
    # Widths of their own rather than columns: on a narrow page one goes below the other.
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=FORM_WIDTH):
            show_form(services, runs)
        with st.container(width="stretch"):
            show_chart(services, runs)
