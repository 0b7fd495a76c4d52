"""What the page says where a run has no epochs to look back over, or no images to show for them."""

import uuid
from dataclasses import replace

import streamlit as st

from blitz.datasets import DatasetError, ImageDataset
from blitz.training.store import ACTIVE, MAX_NAME, Run
from blitz.ui.compare.state import KEY, MOST_SELECTED, SELECTED
from blitz.ui.data import images_of, is_at_hand
from blitz.ui.services import Services
from blitz.ui.text import plain
from blitz.ui.visitor import visitor

TOKEN = f"{KEY}keep-token"


def tell_how(services: Services, run: Run) -> None:
    """How epochs are kept, and a button that trains this run again with them."""
    st.info(
        f"{plain(run.name)} did not keep its epochs. Tick “Keep every epoch” on the Train page, or "
        "give `--keep-epochs` on the command line."
    )
    # A fork, or weights from a file, would begin elsewhere.
    if run.parent is not None or not run.total_steps:
        return
    token = st.session_state.setdefault(TOKEN, uuid.uuid4().hex)
    if not st.button("Train this run again and keep its epochs", icon=":material/replay:"):
        return
    config = replace(run.config, keep_epochs=True)
    name = f"{run.name} · epochs kept"[:MAX_NAME]
    try:
        [again] = services.limits.start(
            visitor(),
            lambda: [services.launcher.start(config, name=name, token=token)],
            token=token,
        )
    except ValueError as error:
        st.error(plain(str(error)))
        return
    del st.session_state[TOKEN]  # the next click is another run
    others = [other for other in st.session_state[SELECTED] if other != again.id]
    st.session_state[SELECTED] = (again.id, *others)[:MOST_SELECTED]
    st.rerun()


def tell_why_none(services: Services, run: Run) -> None:
    """Why a run that was to keep its epochs has none."""
    name = plain(run.name)
    reasons = [event for event in services.store.events_after(run.id) if event.kind == "not kept"]
    if reasons:
        st.info(f"{name}: {plain(reasons[-1].message)}.")
    elif run.status in ACTIVE:
        st.info(f"{name} is {run.status}; its epochs appear here as they are kept.")
    else:
        st.info(f"{name} ended before an epoch was kept.")


def images_at_hand(services: Services, run: Run) -> ImageDataset | None:
    """The images that a run's answers are about, or a line that says why there are none."""
    key = f"{KEY}epoch-images-{run.id}"
    if not is_at_hand(run.config, services.settings):
        if run.status in ACTIVE:  # the run itself gets them ready
            return None
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("The test images are not at hand.", width="content")
            if not st.button("Get them", key=key):
                return None
    try:
        return images_of(run.config, services.settings)
    except DatasetError as error:
        st.warning(f"The images of {plain(run.name)} are gone: {plain(str(error))}")
        return None
