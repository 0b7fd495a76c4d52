"""A run begun with another one's weights, under other settings."""

import uuid
from dataclasses import replace
from typing import Any, get_args

import streamlit as st

from blitz.training.config import OptimiserName, ScheduleName, TrainConfig
from blitz.training.store import MAX_NAME, Checkpoint, Run
from blitz.ui.compare.state import KEY, SELECTED
from blitz.ui.services import Services
from blitz.ui.text import plain

TOKEN = f"{KEY}fork-token"
CHECKPOINT = f"{KEY}fork-checkpoint"
"""The weights that the fork begins with: "last", "best", or the id of an epoch's checkpoint."""
FIELD = 170


def show_fork(services: Services, parent: Run) -> None:
    """A form that starts a fork of the first chosen run; both are chosen then."""
    st.markdown(
        f"From weights that **{plain(parent.name)}** has saved, at its own network and data: "
        "fine-tuning, or the same with another learning rate. Its curve branches off there."
    )
    # The last and the best are other files as the run goes on; they stay chosen.
    rows: dict[int | str, Checkpoint] = {
        row.id if row.kind == "epoch" else row.kind: row
        for row in services.store.checkpoints(parent.id)
    }
    if not rows:
        st.info(f"{plain(parent.name)} has saved no weights yet.")
        return
    chosen = _checkpoint(rows)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        changes = _settings(parent.id, parent.config)
        is_wanted = st.button("Fork", type="primary", icon=":material/fork_right:")
    token = st.session_state.setdefault(TOKEN, uuid.uuid4().hex)
    if not is_wanted:
        return
    try:
        fork = services.launcher.fork(
            parent.id, replace(parent.config, **changes),
            name=f"{parent.name} · fork"[:MAX_NAME], token=token, checkpoint_id=chosen,
        )  # fmt: skip
    except ValueError as error:
        st.error(plain(str(error)))
        return
    del st.session_state[TOKEN]  # the next click is another fork
    st.session_state[SELECTED] = (parent.id, fork.id)
    st.rerun()


def _checkpoint(rows: dict[int | str, Checkpoint]) -> int:
    """Id of the chosen checkpoint, by default the last."""
    order = sorted(rows, key=lambda key: (rows[key].kind != "last", rows[key].kind, rows[key].id))
    if st.session_state.get(CHECKPOINT) not in rows:  # of another run, or let go of meanwhile
        st.session_state[CHECKPOINT] = order[0]
    chosen = st.selectbox(
        "Weights", order, format_func=lambda key: _title(rows[key]), key=CHECKPOINT, width=360
    )
    return rows[chosen].id


def _title(row: Checkpoint) -> str:
    which = {"last": "the last", "best": "with the lowest test loss", "epoch": "kept"}[row.kind]
    accuracy = "" if row.accuracy is None else f", {row.accuracy:.2%}"
    return f"epoch {row.epoch:.4g}, {which} (step {row.step:,}{accuracy})"


def _settings(run_id: str, config: TrainConfig) -> dict[str, Any]:
    """The settings in which the fork may differ, as they were chosen."""
    optimisers, schedules = get_args(OptimiserName), get_args(ScheduleName)
    return {
        "lr": st.number_input(
            "Learning rate", value=config.lr, format="%g", step=config.lr / 10,
            key=f"{KEY}fork-lr-{run_id}", width=FIELD,
        ),
        "optimizer": st.selectbox(
            "Optimiser", optimisers, optimisers.index(config.optimizer),
            key=f"{KEY}fork-optimiser-{run_id}", width=FIELD,
        ),
        "schedule": st.selectbox(
            "Schedule", schedules, schedules.index(config.schedule),
            key=f"{KEY}fork-schedule-{run_id}", width=FIELD,
        ),
        "epochs": st.number_input(
            "Epochs", 1, 10_000, config.epochs, key=f"{KEY}fork-epochs-{run_id}", width=FIELD
        ),
        "keep_epochs": st.checkbox(
            "Keep every epoch", config.keep_epochs, key=f"{KEY}fork-keep-{run_id}", width=FIELD
        ),
    }  # fmt: skip
