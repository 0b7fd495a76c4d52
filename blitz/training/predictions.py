"""A run's answers on the test images, kept in its folder for the results page and for comparing.

Beside the probabilities lies what they are about: the labels, and the loss and step of exactly
these weights. The answers of an epoch that is kept lie in its checkpoint, beside its weights. What
predictions are, `evaluation` knows.
"""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from blitz.training.checkpoints import write_atomically
from blitz.training.evaluation import Predictions
from blitz.training.runs import Checkpoint
from blitz.training.state import TrainState

PREDICTIONS_FILE = "predictions.safetensors"
_IN_CHECKPOINT = "answers."


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPredictions:
    """Answers of one run's weights at one step."""

    probabilities: Tensor
    """Softmax of the logits, float32 [images, classes]."""
    labels: Tensor
    """The truth, int64 [images]."""
    loss: float
    """Mean test loss of these weights."""
    step: int


def save_predictions(run_folder: Path, predictions: Predictions, labels: Tensor, step: int) -> None:
    """Keep the answers of the weights at `step`; OSError where the disk does not take them."""
    tensors = _tensors(predictions, labels)
    about = {"about": json.dumps({"loss": predictions.loss, "step": step})}
    write_atomically(run_folder / PREDICTIONS_FILE, safetensors.torch.save(tensors, about))


def read_predictions(run_folder: Path) -> StoredPredictions | None:
    """What was kept, or None where there is nothing or it is damaged."""
    path = run_folder / PREDICTIONS_FILE
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})["about"])
            return StoredPredictions(
                probabilities=file.get_tensor("probabilities"),
                labels=file.get_tensor("labels"),
                loss=about["loss"],
                step=about["step"],
            )
    except (OSError, SafetensorError, KeyError, ValueError):
        return None


def with_answers(state: TrainState, predictions: Predictions, labels: Tensor) -> TrainState:
    """The state of an epoch together with its answers."""
    answers = _tensors(predictions, labels)
    named = {f"{_IN_CHECKPOINT}{name}": tensor for name, tensor in answers.items()}
    return replace(state, tensors=state.tensors | named)


def answers_of(state: TrainState, row: Checkpoint) -> StoredPredictions | None:
    """The answers in the state of an epoch that `row` is about; None where it has none."""
    try:
        return StoredPredictions(
            probabilities=state.tensors[f"{_IN_CHECKPOINT}probabilities"],
            labels=state.tensors[f"{_IN_CHECKPOINT}labels"],
            loss=math.nan if row.loss is None else row.loss,
            step=row.step,
        )
    except KeyError:
        return None


def _tensors(predictions: Predictions, labels: Tensor) -> dict[str, Tensor]:
    return {
        "probabilities": predictions.probabilities.contiguous(),
        "labels": labels.cpu().contiguous(),
    }


def forget_predictions(run_folder: Path) -> None:
    """Remove what was kept: the run goes on, and its weights will be others."""
    (run_folder / PREDICTIONS_FILE).unlink(missing_ok=True)
