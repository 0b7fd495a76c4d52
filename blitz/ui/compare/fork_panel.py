"""A run begun with another one's weights, under other settings."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, get_args

import streamlit as st

from blitz.look import shortened
from blitz.training.comparing import run_titles
from blitz.training.config import OptimiserName, ScheduleName, TrainConfig
from blitz.training.store import ACTIVE, MAX_NAME, Checkpoint, Run
from blitz.training.sweeps import field_title
from blitz.ui.compare.next_panel import go_on_to
from blitz.ui.compare.state import KEY, MOST_SELECTED, SELECTED
from blitz.ui.services import Services
from blitz.ui.text import plain
from blitz.ui.train_values import whole
from blitz.ui.visitor import visitor

TOKEN = f"{KEY}fork-token"
PARENT = f"{KEY}fork-parent"
"""Id of the run whose weights the fork begins with."""
CHECKPOINT = f"{KEY}fork-checkpoint"
"""The weights that the fork begins with: "last", "best", or the id of an epoch's checkpoint."""
FIELD, WIDE_FIELD = 150, 360

Errors = dict[str, Callable[[str], Any]]
"""For each field, what shows a message below it."""


def show_fork(services: Services, runs: Sequence[Run]) -> None:
    """A form that starts a fork of one of these runs; it is chosen beside them then."""
    st.markdown(
        "From weights that a run has saved, at its own network and data: fine-tuning, or the same "
        "with another learning rate. The fork's curve branches off there."
    )
    # Widths of their own rather than columns: on a narrow page one goes below the other.
    with st.container(horizontal=True, gap="small"):
        parent = _parent(runs)
        # The last and the best are other files as the run goes on; they stay chosen.
        rows: dict[int | str, Checkpoint] = {
            row.id if row.kind == "epoch" else row.kind: row
            for row in services.store.checkpoints(parent.id)
        }
        if rows:
            checkpoint = _checkpoint(rows)
    if not rows:
        st.info(_why_no_weights(parent))
        return
    with st.container(horizontal=True, gap="small"):
        changes, errors = _settings(parent.id, parent.config)
    default = default_name(parent, services.store.list_runs())
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        name = st.text_input(
            "Name", key=f"{KEY}fork-name-{parent.id}", placeholder=default, max_chars=MAX_NAME,
            width=WIDE_FIELD,
        )  # fmt: skip
        is_wanted = st.button("Fork", type="primary", icon=":material/fork_right:")
    if is_wanted:
        _fork(services, parent, changes, errors, name.strip() or default, checkpoint)
    else:
        # Clicks that arrive before the browser has left the form bring the token of this drawing,
        # and one token is one run.
        st.session_state[TOKEN] = uuid.uuid4().hex


def _fork(
    services: Services,
    parent: Run,
    changes: dict[str, Any],
    errors: Errors,
    name: str,
    checkpoint: int,
) -> None:
    try:
        config = replace(parent.config, **changes)
        _check_batch(config, parent)
        token = st.session_state[TOKEN]
        [fork] = services.limits.start(
            visitor(),
            lambda: [
                services.launcher.fork(
                    parent.id, config, name=name, token=token, checkpoint_id=checkpoint
                )
            ],
            token=token,
        )
    except ValueError as error:
        _show_error(str(error), errors)
        return
    others = [run_id for run_id in st.session_state[SELECTED] if run_id != fork.id]
    st.session_state[SELECTED] = (*others[: MOST_SELECTED - 1], fork.id)
    go_on_to("Curves", f"{plain(shortened(fork.name, 60))} is starting.")


def _check_batch(config: TrainConfig, parent: Run) -> None:
    num_train = parent.details.num_train if parent.details else config.batch_size
    if config.batch_size > num_train:
        raise ValueError(
            f"batch_size: {config.batch_size:,} was given; there are {num_train:,} training images"
        )


def default_name(parent: Run, runs: Sequence[Run]) -> str:
    """A name that none of these runs has: of the parent, and its how many-th fork it is."""
    names = {run.name for run in runs}
    number = 1
    while True:
        ending = " · fork" if number == 1 else f" · fork {number}"
        name = shortened(parent.name, MAX_NAME - len(ending)) + ending
        if name not in names:
            return name
        number += 1


def _why_no_weights(parent: Run) -> str:
    name = plain(parent.name)
    if parent.status in ACTIVE:
        return f"{name} has saved no weights yet."
    return (
        f"{name} is {parent.status} and saved no weights before that: "
        "there is nothing that a fork could begin with."
    )


def _show_error(message: str, errors: Errors) -> None:
    """Show "field: what is wrong" below that field, in the words of the form."""
    name, _, rest = message.partition(": ")
    if name in errors:
        errors[name](plain(f"{field_title(name)}: {rest}"))
    else:
        st.error(plain(message))


# Fields


def _parent(runs: Sequence[Run]) -> Run:
    """The run to fork, by default the first."""
    known = {run.id: run for run in runs}
    titles = run_titles(runs)
    if st.session_state.get(PARENT) not in known:
        st.session_state[PARENT] = runs[0].id
    chosen = st.selectbox(
        "Fork of", list(known), format_func=titles.__getitem__, key=PARENT, width=WIDE_FIELD,
        persist_state="session",
    )  # fmt: skip
    return known[chosen]


def _checkpoint(rows: dict[int | str, Checkpoint]) -> int:
    """Id of the chosen checkpoint, by default the last."""
    order = sorted(rows, key=lambda key: (rows[key].kind != "last", rows[key].kind, rows[key].id))
    if st.session_state.get(CHECKPOINT) not in rows:  # of another run, or let go of meanwhile
        st.session_state[CHECKPOINT] = order[0]
    chosen = st.selectbox(
        "Weights", order, format_func=lambda key: _title(rows[key]), key=CHECKPOINT,
        width=WIDE_FIELD,
    )  # fmt: skip
    return rows[chosen].id


def _title(row: Checkpoint) -> str:
    which = {"last": "the last", "best": "with the lowest test loss", "epoch": "kept"}[row.kind]
    accuracy = "" if row.accuracy is None else f", {row.accuracy:.2%}"
    return f"epoch {row.epoch:.4g}, {which} (step {row.step:,}{accuracy})"


def _settings(run_id: str, config: TrainConfig) -> tuple[dict[str, Any], Errors]:
    """The settings in which the fork may differ, as they were chosen; and a place below each."""
    values: dict[str, Any] = {}
    errors: Errors = {}

    def add(name: str, widget: Callable[..., Any], label: str, *given: Any, **options: Any) -> None:
        with st.container(width=FIELD):
            values[name] = widget(label, *given, key=f"{KEY}fork-{name}-{run_id}", **options)
            errors[name] = st.empty().error

    def add_count(name: str, label: str, **options: Any) -> None:
        own = getattr(config, name)
        add(name, st.number_input, label, value=float(own), format="%g", step=1.0, **options)
        # A seed may be longer than a browser counts: left alone, it stays.
        values[name] = own if values[name] == float(own) else whole(values[name])

    optimisers, schedules = get_args(OptimiserName), get_args(ScheduleName)
    add("lr", st.number_input, "Learning rate", value=config.lr, format="%g", step=config.lr / 10)
    add("optimizer", st.selectbox, "Optimiser", optimisers, optimisers.index(config.optimizer))
    has_momentum = values["optimizer"] not in ("adam", "adamw")
    add("momentum", st.number_input, "Momentum", value=config.momentum, format="%g", step=0.1,
        disabled=not has_momentum,
        help=None if has_momentum else f"{values['optimizer']} has its own: 0.9 and 0.999",
    )  # fmt: skip
    add_count("batch_size", "Batch size")
    add("schedule", st.selectbox, "Schedule", schedules, schedules.index(config.schedule))
    add_count(
        "epochs",
        "Epochs more",
        help="After those that the weights have seen; the fork's own are counted from 0.",
    )
    add_count("seed", "Seed", help="Of the order of the images.")
    add("keep_epochs", st.checkbox, "Keep every epoch", config.keep_epochs)
    return values, errors
