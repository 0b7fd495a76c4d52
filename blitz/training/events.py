"""What a training run tells: the records that `train` yields, and the commands it obeys.

Plain values only. Whoever reads them decides whether they become rows, a progress bar or nothing.
"""

from dataclasses import dataclass
from typing import Literal

FinishReason = Literal["completed", "stopped", "early stop", "diverged"]
InterventionKind = Literal["paused", "resumed", "stopped", "learning rate", "note"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """Where in the run something happened."""

    step: int
    """Optimiser steps done."""
    epoch: float
    """Passes over the training images done, with the fraction of the present one."""
    images: int
    """Training images seen."""
    seconds: float
    """Time spent training, without pauses, evaluation and waiting."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """The data is loaded and the model built; training begins or goes on."""

    at: Position
    device: str
    classes: tuple[str, ...]
    num_train: int
    num_test: int
    num_parameters: int
    total_steps: int
    notes: tuple[str, ...]
    """What the person should know, for example that pretrained weights could not be had."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepsDone:
    """Means over the steps since the last such record."""

    at: Position
    loss: float
    accuracy: float
    """Fraction of the training images in these steps that were classified correctly."""
    learning_rate: float
    images_per_second: float
    memory_bytes: int
    """Memory held: of the process on a CPU, of the tensors on a GPU."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EpochFinished:
    """One pass over the training images is done and the test images were classified."""

    at: Position
    loss: float
    """Mean loss over the test images."""
    accuracy: float
    """Fraction of the test images classified correctly."""
    class_correct: tuple[int, ...]
    class_total: tuple[int, ...]
    is_best: bool
    """Whether no earlier epoch had a lower test loss."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Intervention:
    """A command was carried out, or something is worth a note."""

    at: Position
    kind: InterventionKind
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Diverged:
    """A loss or gradient was not finite; the step that had it was not taken."""

    at: Position
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """Nothing follows."""

    at: Position
    reason: FinishReason
    loss: float | None
    """Test loss of the last epoch finished, if any."""
    accuracy: float | None
    images_per_second: float


Event = Started | StepsDone | EpochFinished | Intervention | Diverged | Finished


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What a person asks of a run that is under way."""

    kind: Literal["pause", "resume", "stop", "learning rate"]
    value: float | None = None
    """The new learning rate."""
