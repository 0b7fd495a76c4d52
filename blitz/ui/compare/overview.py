"""The table of all runs, and which of them are compared."""

from functools import partial

import streamlit as st

from blitz.training.store import Run
from blitz.ui.compare.run_table import run_table
from blitz.ui.compare.state import KEY, MOST_SELECTED, SELECTED
from blitz.ui.compare.table_actions import act, table_view
from blitz.ui.services import Services

RUNS = f"{KEY}table"


def show_table(found: Services) -> None:
    """Show all runs; do what was asked."""
    session = st.session_state
    run_table(RUNS, partial(act, found, session), partial(table_view, session))


def chosen_runs(found: Services) -> list[Run]:
    """The runs to compare, in the order in which they were chosen; says where they are not all."""
    runs = [
        run for run in found.launcher.runs_of(st.session_state[SELECTED]) if run.deleted_at is None
    ]
    if len(runs) > MOST_SELECTED:
        st.caption(
            f"{len(runs)} runs are selected; the first {MOST_SELECTED} of them are compared."
        )
    return runs[:MOST_SELECTED]
