"""A run's answers on the test images, kept in its folder for the results page and for comparing.

Beside the probabilities lies what they are about: the labels, and the loss and step of exactly
these weights. What predictions are, `evaluation` knows.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from blitz.training.checkpoints import write_atomically
from blitz.training.evaluation import Predictions

PREDICTIONS_FILE = "predictions.safetensors"


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
    tensors = {
        "probabilities": predictions.probabilities.contiguous(),
        "labels": labels.cpu().contiguous(),
    }
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


def forget_predictions(run_folder: Path) -> None:
    """Remove what was kept: the run goes on, and its weights will be others."""
    (run_folder / PREDICTIONS_FILE).unlink(missing_ok=True)
