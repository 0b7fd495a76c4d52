"""What can be taken away from a run, and in which order its answers are looked at."""

from pathlib import Path

import pandas as pd
from torch import Tensor

from blitz.training.checkpoints import CheckpointError, WeightsFormat, export_weights, load_state
from blitz.training.store import CheckpointKind, MetricColumns, RunStore


def most_confident_mistakes_first(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Indices of the test images: mistakes by falling confidence, then the right ones likewise.

    probabilities [images, classes], labels int64 [images] → int64 [images].
    """
    confidence, predicted = probabilities.max(1)
    is_mistake = (predicted != labels).to(confidence.dtype)
    # Confidence is at most 1, so 2 puts every mistake before every right answer.
    return (2 * is_mistake + confidence).argsort(descending=True, stable=True)


def weights_file(
    store: RunStore,
    run_folder: Path,
    run_id: str,
    kind: CheckpointKind,
    format: WeightsFormat,
) -> bytes:
    """A run's weights as a file to download; CheckpointError where there are none."""
    rows = [row for row in store.checkpoints(run_id) if row.kind == kind]
    if not rows:
        raise CheckpointError(f"this run has no {kind} weights")
    newest = max(rows, key=lambda row: row.id)
    return export_weights(load_state(run_folder / newest.file_name, newest.sha256), format)


def metrics_table(columns: MetricColumns) -> pd.DataFrame:
    """All recorded rows, one each, with the split they are about."""
    return pd.DataFrame(
        {
            "split": ["test" if is_test else "train" for is_test in columns.is_test],
            "step": columns.step,
            "epoch": columns.epoch,
            "images": columns.images,
            "seconds": columns.seconds,
            "loss": columns.loss,
            "accuracy": columns.accuracy,
            "learning_rate": columns.learning_rate,
            "images_per_second": columns.images_per_second,
            "memory_bytes": columns.memory_bytes,
        }
    )
