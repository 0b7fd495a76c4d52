"""Runs and their metrics as CSV and JSON.

In JSON texts stay as they were written. In CSV, which people open in spreadsheets, one that begins
like a formula gets an apostrophe in front: it is shown, and not worked out. Of a data set's path
there is the last part alone; the folder is the machine's own affair.
"""

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import pandas as pd

from blitz.datasets import dataset_name
from blitz.training.config import TrainConfig
from blitz.training.results import metrics_table
from blitz.training.runs import storable
from blitz.training.store import MetricColumns, Run, RunStore

_FIELDS = (
    "id", "number", "name", "status", "message", "device", "host", "created_at", "started_at",
    "ended_at", "step", "total_steps", "epoch", "seconds", "loss", "accuracy", "best_accuracy",
    "images_per_second", "note", "tags", "is_pinned", "sweep", "parent", "parent_step",
)  # fmt: skip
_SETTINGS = tuple(field.name for field in fields(TrainConfig))
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def runs_csv(runs: Sequence[Run]) -> str:
    """One row a run: what is known of it, then the fields of its config as config.NAME."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow([*_FIELDS, "num_parameters", *(f"config.{name}" for name in _SETTINGS)])
    for run in runs:
        record = _record(run)
        record["tags"] = ", ".join(run.tags)
        values = [record[name] for name in (*_FIELDS, "num_parameters")]
        values += [record["config"][name] for name in _SETTINGS]
        rows.writerow([_cell(value) if isinstance(value, str) else value for value in values])
    return text.getvalue()


def metrics_csv(runs: Sequence[Run], store: RunStore) -> str:
    """One row for each recorded row of each run, with the run's id and name in front."""
    text = io.StringIO(newline="")
    for index, run in enumerate(runs):
        table = metrics_table(store.metrics_after(run.id))
        table.insert(0, "run", run.id)
        table.insert(1, "name", _cell(run.name))
        table.to_csv(text, index=False, header=index == 0, lineterminator="\r\n")
    return text.getvalue()


def runs_json(runs: Sequence[Run], store: RunStore) -> str:
    """All that is recorded of each run; the metrics as columns of equal length."""
    described = [
        {
            **_record(run),
            "details": None if run.details is None else asdict(run.details),
            "metrics": _columns(store.metrics_after(run.id)),
            "events": [
                {"kind": event.kind, "message": event.message, **asdict(event.at)}
                for event in store.events_after(run.id)
            ],
        }
        for run in runs
    ]
    # Names of classes come from folders, whose names need not be valid Unicode.
    return storable(json.dumps({"runs": described}, ensure_ascii=False, allow_nan=False))


def _record(run: Run) -> dict[str, Any]:
    """What is known of a run as JSON values; None for numbers that are not finite."""
    return {
        **{name: _json_value(getattr(run, name)) for name in _FIELDS},
        "num_parameters": run.details.num_parameters if run.details else None,
        "config": run.config.to_dict() | {"dataset": dataset_name(run.config.dataset)},
    }


def _cell(text: str) -> str:
    """The text for a spreadsheet, which takes what begins with one of these signs for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return list(value) if isinstance(value, tuple) else value


def _columns(columns: MetricColumns) -> dict[str, list[Any]]:
    table: pd.DataFrame = metrics_table(columns)
    found: dict[str, list[Any]] = {}
    for name in table.columns:
        values = table[name].to_numpy()
        if values.dtype.kind == "f":
            found[str(name)] = [
                value if math.isfinite(value) else None for value in values.tolist()
            ]
        else:
            found[str(name)] = values.tolist()
    return found
