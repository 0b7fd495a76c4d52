"""What the chosen runs are compared by: one panel at a time."""

from collections.abc import Sequence

import streamlit as st

from blitz.look import shortened
from blitz.training.comparing import group_by_seed
from blitz.training.store import Run
from blitz.ui.compare.classes_panel import show_classes
from blitz.ui.compare.curve_chart import curve_chart
from blitz.ui.compare.epochs_panel import show_epochs
from blitz.ui.compare.exports_panel import show_exports
from blitz.ui.compare.fork_panel import show_fork
from blitz.ui.compare.images_panel import show_images
from blitz.ui.compare.next_panel import take_up_next
from blitz.ui.compare.settings_panel import show_settings
from blitz.ui.compare.state import CHART, KEY, PANEL, PANELS
from blitz.ui.compare.sweep_panel import show_sweep
from blitz.ui.compare.watching import watch
from blitz.ui.compare.weights_panel import show_weights
from blitz.ui.compare.weights_upload import forget_upload, show_upload
from blitz.ui.services import Services
from blitz.ui.text import plain

NEEDED = {
    "Curves": 1, "Settings": 2, "Classes": 1, "Images": 2, "Epochs": 1, "Weights": 2, "Fork": 1,
}  # fmt: skip
"""How many runs a panel compares at least."""
MOST_LINKS, MOST_SIGNS = 8, 48


def show_panels(services: Services, runs: Sequence[Run]) -> None:
    """Show links to the chosen runs, the choice of panels, and the chosen one."""
    _show_links(runs)
    take_up_next()
    panel = st.segmented_control(
        "Panel", PANELS, key=PANEL, label_visibility="collapsed", required=True,
        persist_state="session",
    )  # fmt: skip
    panel = panel or PANELS[0]
    if panel != "Bring weights":
        forget_upload()
    needed = NEEDED.get(panel, 0)
    if len(runs) < needed:
        st.info(f"Choose {'a run' if needed == 1 else f'{needed} runs'} in the table.")
        return
    watch(services, runs, panel)
    if panel == "Curves":
        _show_curves(runs)
    elif panel == "Settings":
        show_settings(runs)
    elif panel == "Classes":
        show_classes(services, runs)
    elif panel == "Images":
        show_images(services, runs)
    elif panel == "Epochs":
        show_epochs(services, runs)
    elif panel == "Weights":
        show_weights(services, runs)
    elif panel == "Sweep":
        show_sweep(services, runs)
    elif panel == "Fork":
        show_fork(services, runs)
    elif panel == "Bring weights":
        show_upload(services)
    else:
        show_exports(services, runs)


def _show_links(runs: Sequence[Run]) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for run in runs[:MOST_LINKS]:
            st.page_link(
                "train.py", label=plain(shortened(run.name, MOST_SIGNS)),
                icon=":material/open_in_new:", query_params={"run": run.id},
                help=plain(run.name) if len(run.name) > MOST_SIGNS else None,
            )  # fmt: skip
        if len(runs) > MOST_LINKS:
            st.caption(f"and {len(runs) - MOST_LINKS:,} more", width="content")


def _show_curves(runs: Sequence[Run]) -> None:
    groups = [[run.id for run in group.runs] for group in group_by_seed(runs)]
    choices = curve_chart(
        [run.id for run in runs], st.session_state[CHART], f"{KEY}curves",
        groups=[group for group in groups if len(group) > 1],
    )  # fmt: skip
    if choices is not None:
        st.session_state[CHART] = choices
