"""The process of a run that only evaluates: `python -m blitz.training.weights_in.evaluate RUN`.

Waits for the run's device as training does, then classifies the test images with the weights of
its checkpoint, and records what came of it like the end of an epoch.
"""

import contextlib
import logging
import sys
from typing import TYPE_CHECKING

from filelock import Timeout

from blitz.settings import Settings, read_settings
from blitz.training.events import EpochFinished, Position
from blitz.training.locks import run_lock
from blitz.training.recorder import Recorder
from blitz.training.runner import (
    LOCK_SECONDS,
    Nobody,
    StoppedEarly,
    Work,
    describe_failure,
    stop_on_signals,
)
from blitz.training.store import Run, RunDetails, RunStatus, RunStore

if TYPE_CHECKING:
    from torch import nn

    from blitz.datasets import ImageDataset
    from blitz.training.evaluation import Predictions
    from blitz.training.state import TrainState

CHECKPOINT = "last-00000000-given.safetensors"
WEIGHTS_OF = "weights_of"
"""The value of a checkpoint that says which file its weights came from."""
_START = Position(step=0, epoch=0.0, images=0, seconds=0.0)

log = logging.getLogger(__name__)


def evaluate_run(settings: Settings, store: RunStore, run_id: str) -> RunStatus | None:
    """Carry out a run that is "starting"; how it ended, or None where there was nothing to do."""
    try:
        lock = run_lock(settings.runs_folder / run_id).acquire(timeout=LOCK_SECONDS)
    except Timeout:
        return None
    with lock:
        if not store.change_status(run_id, {"starting"}, "queued"):
            return None
        run = store.get_run(run_id)
        assert run is not None
        folder = settings.runs_folder / run_id
        with stop_on_signals() as is_interrupted, Recorder(store, run, folder) as recorder:
            work = Work(settings, store, run, recorder, is_interrupted, Nobody())
            status, message = _carry_out(settings, store, run, recorder, work)
            recorder.status(status, message)
    return status


def _carry_out(
    settings: Settings, store: RunStore, run: Run, recorder: Recorder, work: Work
) -> tuple[RunStatus, str]:
    try:
        with work.device_slot():
            recorder.status("preparing", "loading the data set")
            return "finished", _evaluate(settings, store, run, recorder, work.load_dataset())
    except StoppedEarly:
        return "stopped", "stopped before it was evaluated"
    except Exception as error:
        # Whatever it was: the store must not go on saying that the run is under way.
        log.exception("run %s failed", run.id)
        return "failed", describe_failure(error, run)


def _evaluate(
    settings: Settings, store: RunStore, run: Run, recorder: Recorder, dataset: "ImageDataset"
) -> str:
    """Record how the weights do, and say whose they are."""
    from blitz.training.checkpoints import load_state
    from blitz.training.evaluation import predict
    from blitz.training.predictions import save_predictions

    folder = settings.runs_folder / run.id
    [checkpoint] = store.checkpoints(run.id)
    state = load_state(folder / checkpoint.file_name, checkpoint.sha256)
    model = _model(run, dataset, state).to(run.device)
    source = f"weights of {state.values[WEIGHTS_OF]}"
    recorder.change(details=_details(model, dataset, source))
    recorder.status("running")
    on_device = dataset.to(run.device)
    predictions = predict(model, on_device, loss=run.config.loss)
    save_predictions(folder, predictions, dataset.test_labels, step=0)
    recorder.row(_as_epoch(predictions))
    return source


def _model(run: Run, dataset: "ImageDataset", state: "TrainState") -> "nn.Module":
    import torch

    from blitz.models import build_model

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


def _details(model: "nn.Module", dataset: "ImageDataset", source: str) -> RunDetails:
    from blitz.models import count_parameters

    return RunDetails(
        classes=dataset.classes,
        num_train=len(dataset.train_labels),
        num_test=len(dataset.test_labels),
        num_parameters=count_parameters(model),
        notes=(f"{source}: evaluated, not trained here",),
    )


def _as_epoch(predictions: "Predictions") -> EpochFinished:
    confusion = predictions.confusion
    return EpochFinished(
        at=_START,
        loss=predictions.loss,
        accuracy=predictions.accuracy,
        class_correct=tuple(confusion.diagonal().tolist()),
        class_total=tuple(confusion.sum(1).tolist()),
        is_best=True,
    )


def main() -> int:
    """Evaluate the run that is named on the command line."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    settings = read_settings()
    with contextlib.closing(RunStore(settings.database_url)) as store:
        status = evaluate_run(settings, store, sys.argv[1])
    return 0 if status == "finished" else 1


if __name__ == "__main__":
    sys.exit(main())
