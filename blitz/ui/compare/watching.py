"""Has panels drawn anew when a run that they show has ended, or has saved what they show.

The curves, the sweep and the epochs keep themselves up to date.
"""

from collections.abc import Sequence

import streamlit as st

from blitz.training.store import ACTIVE, Run
from blitz.ui.services import Services

SECONDS = 2.0
WATCHED = ("Settings", "Classes", "Images", "Weights", "Fork", "Bring weights", "Take away")
OF_WEIGHTS = ("Weights", "Fork")
"""Panels that show what a run saves while it is under way."""

Signs = tuple[tuple[str, str, int, int], ...]
"""Of each run what tells that a panel must be drawn anew."""


def watch(services: Services, runs: Sequence[Run], panel: str) -> None:
    """Draw the page anew once the runs are no longer as they are drawn now. Shows nothing.

    Call it before the panel is drawn, so that what changes meanwhile is noticed.
    """
    if panel in WATCHED and any(run.status in ACTIVE for run in runs):
        drawn = signs_of(services, runs, panel)
        look = st.fragment(_look, run_every=SECONDS)
        look(services, [run.id for run in runs], panel, drawn)


def signs_of(services: Services, runs: Sequence[Run], panel: str) -> Signs:
    """What is different once a panel of these runs is out of date."""
    return tuple(
        (run.id, run.status, run.attempt, _newest(services, run) if panel in OF_WEIGHTS else 0)
        for run in runs
    )


def _newest(services: Services, run: Run) -> int:
    """Number of the newest checkpoint of a run under way; one that has ended saves no others."""
    if run.status not in ACTIVE:
        return 0
    return max((row.id for row in services.store.checkpoints(run.id)), default=0)


def _look(services: Services, ids: Sequence[str], panel: str, drawn: Signs) -> None:
    runs = [run for run in services.launcher.runs_of(ids) if run.deleted_at is None]
    if signs_of(services, runs, panel) != drawn:
        st.rerun()
