"""Weights of runs: which can be looked into, and loaded once for all sessions."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st
from torch import Tensor, nn

from blitz.network.plan import NetworkPlan, build
from blitz.network.weights import load_weights
from blitz.training.checkpoints import CheckpointError, load_state
from blitz.training.store import Run
from blitz.ui.network.state import DATASET, MODEL, SIZE, WIDTH
from blitz.ui.services import Services, services

MODEL_PREFIX = "model."
MOST_RUNS = 50


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RunWeights:
    """What a run had learned by its last checkpoint."""

    run: Run
    sha256: str
    """Of the checkpoint: the same hash, the same weights."""
    tensors: Mapping[str, Tensor]


def runs_with_weights(found: Services) -> list[Run]:
    """Runs that may have weights, the newest first."""
    return [
        run
        for run in found.launcher.runs(limit=MOST_RUNS)
        # One that only evaluated weights from a file has made no step.
        if run.details and (run.step or run.status == "finished")
    ]


def weights_of(run_id: str, found: Services) -> RunWeights:
    """The weights of a run's last step; CheckpointError in one line where there are none."""
    run = found.store.get_run(run_id)
    if run is None:
        raise CheckpointError("there is no such run; it may have been deleted")
    rows = [row for row in found.store.checkpoints(run_id) if row.kind == "last"]
    if not rows:
        raise CheckpointError(f"the run {run.name} has no weights yet")
    newest = max(rows, key=lambda row: row.id)
    try:
        tensors = _tensors(run_id, newest.file_name, newest.sha256)
    except CheckpointError:  # its words name a folder of the server
        raise CheckpointError(
            f"the weights of the run {run.name} cannot be read: their file is missing or damaged"
        ) from None
    return RunWeights(run=run, sha256=newest.sha256, tensors=tensors)


def take_up_run(run_id: str) -> None:
    """Show the network and the images of a run, where there is such a run."""
    run = services().store.get_run(run_id)
    if run is not None:
        config = run.config
        st.session_state[DATASET] = config.dataset
        st.session_state[MODEL] = config.model
        st.session_state[WIDTH] = config.width
        st.session_state[SIZE] = config.image_size or 0


@st.cache_resource(max_entries=4, show_spinner=False)
def _tensors(run_id: str, file_name: str, sha256: str) -> dict[str, Tensor]:
    path = services().settings.runs_folder / run_id / file_name
    return {
        name.removeprefix(MODEL_PREFIX): tensor
        for name, tensor in load_state(path, sha256).tensors.items()
        if name.startswith(MODEL_PREFIX)
    }


@st.cache_resource(max_entries=4, show_spinner=False)
def shared_model(
    plan: NetworkPlan, sha256: str, _tensors: Mapping[str, Tensor] | None
) -> nn.Module:
    """The network with these weights, or with random ones; shared by all sessions."""
    model = build(plan)
    if _tensors is not None:
        load_weights(model, _tensors)
    return model
