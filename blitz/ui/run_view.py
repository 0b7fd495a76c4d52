"""One run on the page: its controls, its live charts, and its results when it has ended."""

import math
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import streamlit as st

from blitz.training.config import TrainConfig
from blitz.training.launcher import RESUMABLE
from blitz.training.store import ACTIVE, Run
from blitz.ui.live_chart import live_chart
from blitz.ui.results import show_results
from blitz.ui.services import Services
from blitz.ui.text import plain
from blitz.ui.visitor import visitor


def show_run(services: Services, run_id: str) -> None:
    """Show the run, or say that there is none of this id."""
    run = services.launcher.run(run_id)
    if run is None:
        st.error("There is no such run; it may have been deleted.")
        return
    st.title(plain(run.name))
    st.caption(plain(describe(run.config, run.device)))
    if run.details:
        for note in run.details.notes:
            st.info(plain(note))
    _controls(services, run)
    live_chart(run_id, key=f"chart-{run_id}", status=run.status)
    if run.status not in ACTIVE:
        show_results(services, run)


def describe(config: TrainConfig, device: str) -> str:
    """The choices of a run in one line; what nobody asked for is left out."""
    network = config.model if config.width == 1 else f"{config.model} ×{config.width}"
    rule: str = config.optimizer
    if config.momentum and config.optimizer in ("sgd", "nesterov", "rmsprop"):
        rule += f" with momentum {config.momentum:g}"
    parts = [
        f"{network} on {config.dataset.rsplit('/', 1)[-1]}",
        f"{rule}, learning rate {config.lr:g} ({config.schedule})",
        f"batches of {config.batch_size}",
        f"{config.epochs} epochs",
        config.loss,
        *_tricks(config),
        config.precision,
        f"seed {config.seed}",
        device if config.processes == 1 else f"{device}, {config.processes} processes",
    ]
    return " · ".join(parts)


def _tricks(config: TrainConfig) -> Iterator[str]:
    """What the run does beyond the plain recipe, in the order of the form."""
    if config.image_size:
        yield f"images {config.image_size} × {config.image_size}"
    if config.label_smoothing:
        yield f"label smoothing {config.label_smoothing:g}"
    if config.weight_decay:
        yield f"weight decay {config.weight_decay:g}"
    if config.norm_bias_lr != 1:
        yield f"bias rate ×{config.norm_bias_lr:g}"
    if config.averaging != "none":
        yield config.averaging
    if config.augment != "none":
        yield config.augment
    if config.whiten:
        yield "whitened layer 1"
    if config.test_flips:
        yield "tested both ways"
    if config.patience:
        yield f"patience {config.patience}"
    if config.compiled:
        yield "compiled"


def _controls(services: Services, run: Run) -> None:
    launcher, run_id = services.launcher, run.id
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        if run.status == "paused":
            _action("Resume", "play_arrow", lambda: launcher.continue_(run_id), primary=True)
        if run.status == "running":
            _action("Pause", "pause", lambda: launcher.pause(run_id))
        if run.status in ACTIVE:
            _action("Stop", "stop", lambda: launcher.stop(run_id))
        if run.status in ("running", "paused"):
            lr = _learning_rate_field(run, None, "a new one")
            _action(
                "Set",
                "tune",
                lambda: launcher.set_learning_rate(run_id, math.nan if lr is None else lr),
            )
        if run.status in RESUMABLE:
            # What diverged would diverge again.
            slower = _slower_rate(services, run) if run.status == "diverged" else None
            lr = _learning_rate_field(run, slower, "as it was")
            _action(
                "Resume",
                "play_arrow",
                lambda: services.limits.start(
                    visitor(), lambda: [launcher.resume(run_id, learning_rate=lr)]
                ),
                primary=True,
            )
        if run.status not in ACTIVE:
            with st.popover("Delete", icon=":material/delete:"):
                st.write("Its curves, weights and predictions go with it.")
                _action("Delete this run", "delete", lambda: _delete(services, run_id))


def _slower_rate(services: Services, run: Run) -> float:
    rates = services.store.metrics_after(run.id).learning_rate
    recorded = rates[~np.isnan(rates)]
    return float(f"{(recorded[-1] if len(recorded) else run.config.lr) / 10:.2g}")


def _learning_rate_field(run: Run, value: float | None, placeholder: str) -> float | None:
    return st.number_input(
        "Learning rate",
        value=value,
        format="%g",
        step=0.001,
        placeholder=placeholder,
        key=f"lr-{run.id}-{run.status in RESUMABLE}",
        width=170,
    )


def _delete(services: Services, run_id: str) -> None:
    services.launcher.delete(run_id)
    st.query_params.clear()


def _action(
    label: str,
    icon: str,
    do: Callable[[], object],
    *,
    primary: bool = False,
) -> None:
    kind: Literal["primary", "secondary"] = "primary" if primary else "secondary"
    if not st.button(label, icon=f":material/{icon}:", type=kind):
        return
    try:
        do()
    except ValueError as error:
        st.toast(plain(str(error)), icon=":material/info:")
    else:
        st.rerun()
