"""The epochs of a run that were kept, as the page shows them: read once for all sessions.

Of each epoch only what is shown stays in memory: its answers, and a thinned picture of one layer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from torch import Tensor

from blitz.network.pictures.mosaic import Mosaic, largest_magnitude
from blitz.training.checkpoints import CheckpointError, load_state
from blitz.training.comparing import confusion_of
from blitz.training.predictions import StoredPredictions, answers_of
from blitz.training.state import TrainState
from blitz.training.store import Checkpoint
from blitz.ui.compare.epoch_weights import picture_of

MOST_LOOKS = 64
MOST_STRENGTHS = 4_000
MODEL_PREFIX = "model."


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Look:
    """One epoch of a run."""

    answers: StoredPredictions | None
    confusion: NDArray[np.int64] | None
    """Number of test images by truth (row) and prediction (column)."""
    picture: Mosaic | None
    """Of the layer that was asked for; None where the network has no such layer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Strength:
    """Largest magnitudes in one layer, of the finite numbers."""

    weight: float
    change: float
    """Of the difference from the first epoch; 0 where that cannot be read."""


Strengths = Mapping[str, Strength]
"""Of each layer with weights, convolutions first."""


def look_at(
    folder: Path, row: Checkpoint, layer: str | None, image_shape: tuple[int, ...] = ()
) -> Look | None:
    """An epoch; None where its file is gone or damaged.

    image_shape: channels, height and width of what the network looks at, where that is known.
    """
    changed_at = _changed_at(folder / row.file_name)
    if changed_at is None:
        return None
    return _look(folder, row.sha256, changed_at, layer, image_shape, row)


def strengths_of(folder: Path, rows: Sequence[Checkpoint]) -> list[Strengths | None]:
    """How strong the weights of each epoch are; None for those that cannot be read.

    Every file is read for it, one after another, when it is first asked for.
    """
    known = tuple((row.sha256, _changed_at(folder / row.file_name)) for row in rows)
    return _all_strengths(folder, known, rows)


def _changed_at(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


# Hashes and times are there for the caches alone: a file that was put right is read again.


@st.cache_resource(max_entries=MOST_LOOKS, show_spinner=False)
def _look(
    folder: Path,
    sha256: str,
    changed_at: int,
    layer: str | None,
    image_shape: tuple[int, ...],
    _row: Checkpoint,
) -> Look | None:
    state = _state(folder, _row)
    if state is None:
        return None
    answers = answers_of(state, _row)
    weights = _weights(state)
    weight = weights.get(layer or "")
    is_first = layer == next(iter(weights), None)
    return Look(
        answers=answers,
        confusion=None if answers is None else confusion_of(answers).numpy(),
        picture=None if weight is None else picture_of(weight, image_shape if is_first else ()),
    )


@st.cache_resource(max_entries=MOST_LOOKS, show_spinner="Reading the epochs …")
def _all_strengths(
    folder: Path, known: tuple[tuple[str, int | None], ...], _rows: Sequence[Checkpoint]
) -> list[Strengths | None]:
    return [
        None
        if changed_at is None
        else _strengths(folder, row.sha256, changed_at, known[0], row, _rows[0])
        for row, (_, changed_at) in zip(_rows, known, strict=True)
    ]


@st.cache_resource(max_entries=MOST_STRENGTHS, show_spinner=False)
def _strengths(
    folder: Path,
    sha256: str,
    changed_at: int,
    first: tuple[str, int | None],
    _row: Checkpoint,
    _first: Checkpoint,
) -> Strengths | None:
    state = _state(folder, _row)
    if state is None:
        return None
    before = _first_weights(folder, *first, _first) or {}
    return {
        name: Strength(
            weight=largest_magnitude(weight),
            change=largest_magnitude(weight - before[name]) if name in before else 0.0,
        )
        for name, weight in _weights(state).items()
    }


@st.cache_resource(max_entries=2, show_spinner=False)
def _first_weights(
    folder: Path, sha256: str, changed_at: int | None, _first: Checkpoint
) -> Mapping[str, Tensor] | None:
    state = _state(folder, _first)
    return None if state is None else _weights(state)


def _state(folder: Path, row: Checkpoint) -> TrainState | None:
    try:
        return load_state(folder / row.file_name, row.sha256)
    except CheckpointError:
        return None


def _weights(state: TrainState) -> dict[str, Tensor]:
    """The tensors of the model that can be drawn, convolutions first, else in order of name."""
    weights = {
        name.removeprefix(MODEL_PREFIX): tensor
        for name, tensor in state.tensors.items()
        if name.startswith(MODEL_PREFIX) and tensor.ndim in (2, 4) and tensor.numel()
    }
    names = sorted(weights, key=lambda name: (-weights[name].ndim, name))
    return {name: weights[name] for name in names}
