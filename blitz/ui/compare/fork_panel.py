"""A run begun with another one's weights, under other settings."""

import uuid
from dataclasses import replace
from typing import get_args

import streamlit as st

from blitz.training.config import OptimiserName, ScheduleName
from blitz.training.store import MAX_NAME, Run
from blitz.ui.compare.state import KEY, SELECTED
from blitz.ui.services import Services
from blitz.ui.text import plain

TOKEN = f"{KEY}fork-token"
FIELD = 170


def show_fork(services: Services, parent: Run) -> None:
    """A form that starts a fork of the first chosen run; both are chosen then."""
    st.markdown(
        f"From the weights that **{plain(parent.name)}** has saved last, at its own network and "
        "data: fine-tuning, or the same with another learning rate. Its curve branches off there."
    )
    config = parent.config
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        lr = st.number_input("Learning rate", value=config.lr, format="%g", step=config.lr / 10,
                             key=f"{KEY}fork-lr-{parent.id}", width=FIELD)  # fmt: skip
        names = get_args(OptimiserName)
        optimizer = st.selectbox("Optimiser", names, names.index(config.optimizer),
                                 key=f"{KEY}fork-optimiser-{parent.id}", width=FIELD)  # fmt: skip
        schedules = get_args(ScheduleName)
        schedule = st.selectbox("Schedule", schedules, schedules.index(config.schedule),
                                key=f"{KEY}fork-schedule-{parent.id}", width=FIELD)  # fmt: skip
        epochs = st.number_input("Epochs", 1, 10_000, config.epochs,
                                 key=f"{KEY}fork-epochs-{parent.id}", width=FIELD)  # fmt: skip
        is_wanted = st.button("Fork", type="primary", icon=":material/fork_right:")
    token = st.session_state.setdefault(TOKEN, uuid.uuid4().hex)
    if not is_wanted:
        return
    try:
        other = replace(config, lr=lr, optimizer=optimizer, schedule=schedule, epochs=epochs)
        name = f"{parent.name} · fork"[:MAX_NAME]
        fork = services.launcher.fork(parent.id, other, name=name, token=token)
    except ValueError as error:
        st.error(plain(str(error)))
        return
    del st.session_state[TOKEN]  # the next click is another fork
    st.session_state[SELECTED] = (parent.id, fork.id)
    st.rerun()
