"""The runs as a list to choose from."""

import streamlit as st

from blitz.training.store import Run
from blitz.ui.services import services
from blitz.ui.text import plain

STATUS_ICONS = {
    "starting": ":material/hourglass_empty:",
    "queued": ":material/hourglass_empty:",
    "preparing": ":material/hourglass_top:",
    "running": ":material/play_circle:",
    "paused": ":material/pause_circle:",
    "finished": ":material/check_circle:",
    "stopped": ":material/stop_circle:",
    "diverged": ":material/trending_up:",
    "failed": ":material/error:",
    "lost": ":material/help:",
}


def show_recent_runs(limit: int) -> None:
    """The newest runs, each a button that opens it on the Train page."""
    runs = services().launcher.runs(limit=limit)
    if not runs:
        return
    st.subheader("Recent runs")
    for run in runs:
        show_run_button(run)


def show_run_button(run: Run) -> None:
    """A button that opens the run on the Train page."""
    accuracy = f" · {run.accuracy:.1%}" if run.accuracy is not None else ""
    if st.button(
        f"{run.number} · {plain(run.name)} · {run.status}{accuracy}",
        key=f"open-{run.id}",
        icon=STATUS_ICONS[run.status],
        type="tertiary",
    ):
        st.switch_page("train.py", query_params={"run": run.id})
