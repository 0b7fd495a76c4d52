"""Rows of the run store's tables as records, and records as rows.

Reads and writes no database: `store` does.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import numpy as np

from blitz.training.config import TrainConfig
from blitz.training.events import EpochFinished, Position, StepsDone
from blitz.training.runs import (
    Run,
    RunDetails,
    checked_note,
    checked_tags,
    storable,
)

log = logging.getLogger(__name__)

METRIC_COLUMNS: Mapping[str, type] = {
    "id": np.int64,
    "is_test": np.bool_,
    "step": np.int64,
    "epoch": np.float64,
    "images": np.int64,
    "seconds": np.float64,
    "loss": np.float64,
    "accuracy": np.float64,
    "learning_rate": np.float64,
    "images_per_second": np.float64,
    "memory_bytes": np.float64,
}


def metric_row(run_id: str, row: StepsDone | EpochFinished) -> dict[str, Any]:
    """What the metrics table keeps of an event."""
    values: dict[str, Any] = {
        "run_id": run_id,
        "is_test": isinstance(row, EpochFinished),
        "step": row.at.step,
        "epoch": row.at.epoch,
        "images": row.at.images,
        "seconds": row.at.seconds,
        "loss": row.loss,
        "accuracy": row.accuracy,
        "learning_rate": None,
        "images_per_second": None,
        "memory_bytes": None,
        "by_class": None,
    }
    if isinstance(row, EpochFinished):
        counts = {"correct": row.class_correct, "total": row.class_total, "is_best": row.is_best}
        return values | {"by_class": json.dumps(counts)}
    return values | {
        "learning_rate": row.learning_rate,
        "images_per_second": row.images_per_second,
        "memory_bytes": row.memory_bytes,
    }


def read_epoch(row: Mapping[Any, Any]) -> EpochFinished:
    """The test results in a row of an epoch."""
    counts = json.loads(row["by_class"])
    return EpochFinished(
        at=read_position(row),
        loss=float("nan") if row["loss"] is None else row["loss"],  # SQLite keeps NaN as NULL
        accuracy=row["accuracy"],
        class_correct=tuple(counts["correct"]),
        class_total=tuple(counts["total"]),
        is_best=counts["is_best"],
    )


def read_run(row: Mapping[Any, Any]) -> Run | None:
    """The run of a row; None where another version made it with choices unknown to this one."""
    try:
        config = _config(row["config"])
    except ValueError as error:
        log.warning("run %s is left out: %s", row["id"], error)
        return None
    values = dict(row)
    for name in ("token", "heartbeat_at"):
        values.pop(name, None)
    for name in ("created_at", "started_at", "ended_at", "deleted_at"):
        values[name] = None if values[name] is None else read_time(values[name])
    values["config"] = config
    values["details"] = _details(row["details"]) if row["details"] else None
    values["tags"] = _tags(row["tags"])
    return Run(**values)


def changed_values(changes: Mapping[str, object]) -> dict[str, Any]:
    """`RunChanges` or `RunLabels` as a row has them; ValueError where a text is too long."""
    values: dict[str, Any] = dict(changes)
    if "note" in values:
        values["note"] = checked_note(values["note"])
    if "tags" in values:
        values["tags"] = json.dumps(checked_tags(values["tags"]))
    if "details" in values:
        values["details"] = json.dumps(asdict(values["details"]))
    if "message" in values:
        values["message"] = storable(values["message"])
    return values


# A table of a thousand runs is read again and again, and these texts hardly ever change.
@lru_cache(maxsize=2048)
def _config(text: str) -> TrainConfig:
    return TrainConfig.from_dict(json.loads(text))


@lru_cache(maxsize=2048)
def _tags(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


@lru_cache(maxsize=2048)
def _details(text: str) -> RunDetails:
    values = json.loads(text)
    lists = {"classes": tuple(values["classes"]), "notes": tuple(values["notes"])}
    return RunDetails(**{**values, **lists})


def read_position(row: Mapping[Any, Any]) -> Position:
    """Where in training a row was recorded."""
    return Position(
        step=row["step"], epoch=row["epoch"], images=row["images"], seconds=row["seconds"]
    )


def read_time(seconds: float) -> datetime:
    """The time that many seconds after 1970."""
    return datetime.fromtimestamp(seconds, UTC)
