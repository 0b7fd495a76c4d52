"""What is known of a run, as records, and what a person may write about one.

Where the records are kept is `store`'s business, and who still lives `launcher`'s.
"""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from blitz.training.config import TrainConfig
from blitz.training.events import Position

RunStatus = Literal[
    "starting",
    "queued",
    "preparing",
    "running",
    "paused",
    "finished",
    "stopped",
    "diverged",
    "failed",
]
"""As stored. A run whose process died keeps its last status."""

ShownStatus = RunStatus | Literal["lost"]
"""As seen by a person: `launcher` finds out which runs are lost; the store never says so."""

ACTIVE: frozenset[ShownStatus] = frozenset({"starting", "queued", "preparing", "running", "paused"})

CheckpointKind = Literal["last", "best", "epoch"]
"""Of the last step, of the epoch with the lowest test loss, of an epoch that is kept to look back.
"""

HEARTBEAT_SECONDS = 2.0
"""Time between two signs of life of a run's process."""
SILENCE_SECONDS = 9.0
"""Time without one after which a run is taken for lost where its lock cannot be looked at."""
BEGINS_AGAIN = "begins again from the last checkpoint, after"
"""How the message of a run begins of which one of several processes broke."""
MAX_NAME = 200
PARENT_FILE = "parent.safetensors"
"""In a fork's folder: the state of its parent that it begins with."""
GIVEN_FILE = "weights_of"
"""The value of a state that says from which file its weights came: they are evaluated alone."""
MAX_NOTE = 2_000
MAX_TAGS = 20
MAX_TAG = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class RunDetails:
    """What became known when the data and the model were loaded."""

    classes: tuple[str, ...]
    num_train: int
    num_test: int
    num_parameters: int
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run as the store has it."""

    id: str
    number: int
    """Counts the runs of this store in the order in which they were made."""
    name: str
    status: ShownStatus
    message: str
    config: TrainConfig
    device: str
    host: str
    attempt: int
    """1, and one more with each resume; a reader that sees it change reads the metrics anew."""
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    heartbeat_age: float = field(compare=False)
    """Seconds since the process last gave a sign of life, by the database's own clock."""
    step: int
    total_steps: int
    epoch: float
    seconds: float
    loss: float | None
    """Test loss of the last epoch finished."""
    accuracy: float | None
    """Test accuracy of the last epoch finished."""
    best_accuracy: float | None
    """Highest test accuracy of all epochs finished."""
    images_per_second: float | None
    details: RunDetails | None
    note: str
    tags: tuple[str, ...]
    is_pinned: bool
    sweep: str | None
    """Id of the sweep that the run belongs to."""
    parent: str | None
    """Id of the run that this one was forked from, which may be gone by now."""
    parent_step: int | None
    """Step of the parent whose weights this one began with."""
    deleted_at: datetime | None
    """Since when it is hidden, until it is really deleted; none for a run that is shown."""
    halving: int | None
    """Of how many runs of its sweep one goes on after 1, 2, 4, … epochs (see `halving`)."""

    @property
    def is_silent(self) -> bool:
        """Whether its process has given no sign of life for so long that it must be dead."""
        return abs(self.heartbeat_age) > SILENCE_SECONDS


class RunLabels(TypedDict, total=False):
    """What a person says about a run, and where it belongs."""

    note: str
    tags: Sequence[str]
    is_pinned: bool
    sweep: str | None
    parent: str | None
    parent_step: int | None
    halving: int | None


class RunChanges(RunLabels, total=False):
    """What `update_run` can change."""

    message: str
    device: str
    host: str
    step: int
    total_steps: int
    epoch: float
    seconds: float
    loss: float | None
    accuracy: float | None
    images_per_second: float | None
    details: RunDetails


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MetricColumns:
    """Recorded rows as columns of equal length, in order of id; NaN where a row has no value."""

    id: NDArray[np.int64]
    is_test: NDArray[np.bool_]
    """True for an epoch's test results, False for the means over training steps."""
    step: NDArray[np.int64]
    epoch: NDArray[np.float64]
    images: NDArray[np.int64]
    seconds: NDArray[np.float64]
    loss: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    learning_rate: NDArray[np.float64]
    images_per_second: NDArray[np.float64]
    memory_bytes: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.id)


PositionColumn = Literal["step", "epoch", "images", "seconds"]
ValueColumn = Literal["loss", "accuracy", "learning_rate", "images_per_second"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RunPoints:
    """One measured quantity of a run over a position in training; rows without it are left out."""

    last_id: int
    """Of all rows of the run; 0 where it has none."""
    is_whole: bool
    """False where only what came after a row that the reader knows is here."""
    x: NDArray[np.float64]
    y: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEvent:
    """Something that happened in a run, to be marked in its charts."""

    id: int
    kind: str
    message: str
    at: Position
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """A saved state in the run's folder."""

    id: int
    kind: CheckpointKind
    file_name: str
    sha256: str
    step: int
    epoch: float
    loss: float | None
    accuracy: float | None
    created_at: datetime


def new_run_id() -> str:
    """A name for a run's row and folder that no other run has."""
    return uuid.uuid4().hex[:12]


def checked_name(name: str) -> str:
    """The name, kept literally; ValueError where it is empty or too long."""
    if not name.strip() or len(name) > MAX_NAME:
        raise ValueError(
            f"name: {len(name):,} characters were given; expected 1 to {MAX_NAME}, not only spaces"
        )
    return storable(name)


def checked_note(note: str) -> str:
    """The note, kept literally; ValueError where it is too long."""
    if len(note) > MAX_NOTE:
        raise ValueError(
            f"note: {len(note):,} characters were given; expected at most {MAX_NOTE:,}"
        )
    return storable(note)


def checked_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """The tags, kept literally and each once; ValueError where one is too long or too many."""
    for tag in tags:
        if not tag.strip() or len(tag) > MAX_TAG:
            raise ValueError(
                f"tags: {tag[: MAX_TAG + 1]!r} was given; "
                f"expected 1 to {MAX_TAG} characters, not only spaces"
            )
    different = tuple(dict.fromkeys(storable(tag.strip()) for tag in tags))
    if len(different) > MAX_TAGS:
        raise ValueError(f"tags: {len(different)} were given; expected at most {MAX_TAGS}")
    return different


def storable(text: str) -> str:
    """The text without what PostgreSQL and UTF-8 cannot hold: NUL and lone surrogates."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", text)
