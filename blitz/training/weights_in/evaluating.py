"""What a run does that only evaluates weights which somebody gave.

Records what comes of it like the end of an epoch.
"""

from pathlib import Path

import torch
from torch import nn

from blitz.datasets import ImageDataset
from blitz.models import build_model, count_parameters
from blitz.training.evaluation import Predictions, predict
from blitz.training.events import EpochFinished, Position
from blitz.training.predictions import save_predictions
from blitz.training.recorder import Recorder
from blitz.training.runs import GIVEN_FILE, Run, RunDetails, RunStatus
from blitz.training.state import TrainState

_START = Position(step=0, epoch=0.0, images=0, seconds=0.0)


def evaluate(
    run: Run, folder: Path, dataset: ImageDataset, state: TrainState, recorder: Recorder
) -> tuple[RunStatus, str]:
    """Record how the weights do on the test images; the status and message to end with."""
    source = f"weights of {state.values[GIVEN_FILE]}"
    model = _model(run, dataset, state).to(run.device)
    recorder.change(details=_details(model, dataset, source))
    recorder.status("running")
    predictions = predict(model, dataset.to(run.device), loss=run.config.loss)
    save_predictions(folder, predictions, dataset.test_labels, step=0)
    recorder.row(_as_epoch(predictions))
    return "finished", source


def _model(run: Run, dataset: ImageDataset, state: TrainState) -> nn.Module:
    with torch.device("meta"):
        model = build_model(
            run.config.model,
            channels=dataset.channels,
            image_size=dataset.image_size,
            num_classes=dataset.num_classes,
            width=run.config.width,
        )
    weights = {name.removeprefix("model."): tensor for name, tensor in state.tensors.items()}
    model.load_state_dict(weights, assign=True)
    return model


def _details(model: nn.Module, dataset: ImageDataset, source: str) -> RunDetails:
    return RunDetails(
        classes=dataset.classes,
        num_train=len(dataset.train_labels),
        num_test=len(dataset.test_labels),
        num_parameters=count_parameters(model),
        notes=(f"{source}: evaluated, not trained here",),
    )


def _as_epoch(predictions: Predictions) -> EpochFinished:
    confusion = predictions.confusion
    return EpochFinished(
        at=_START,
        loss=predictions.loss,
        accuracy=predictions.accuracy,
        class_correct=tuple(confusion.diagonal().tolist()),
        class_total=tuple(confusion.sum(1).tolist()),
        is_best=True,
    )
