"""The run store: runs with their metrics, events, commands and checkpoints, for every process.

The store is the truth: pages, the command line and the training processes see runs only here.
Metrics are rows with an increasing id, so a reader asks for what came after the last id it has.
Whether a run that is said to be running is still alive is found out by `launcher`; files are
written by `checkpoints`.
"""

import json
import logging
import re
import socket
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, func, insert, select, update

from blitz.training import database as db
from blitz.training.config import TrainConfig
from blitz.training.database import Database, StoreError
from blitz.training.events import Command, EpochFinished, Position, StepsDone

__all__ = [
    "ACTIVE",
    "Checkpoint",
    "CheckpointKind",
    "MetricColumns",
    "Run",
    "RunChanges",
    "RunDetails",
    "RunEvent",
    "RunStatus",
    "RunStore",
    "ShownStatus",
    "StoreError",
]

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

CheckpointKind = Literal["last", "best"]

MAX_NAME = 200

log = logging.getLogger(__name__)


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
    images_per_second: float | None
    details: RunDetails | None


class RunChanges(TypedDict, total=False):
    """What `update_run` can change."""

    message: str
    device: str
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


class RunStore:
    """All runs of one installation. Safe to use from several threads and processes at once.

    Raises StoreError, in one line without a password, where the database cannot be used. A fault of
    the moment (locked, full, away) passes: the next call tries anew.
    """

    def __init__(self, url: str, *, busy_seconds: float = 30.0) -> None:
        self._database = Database(url, busy_seconds=busy_seconds)

    @property
    def warning(self) -> str | None:
        """What the person should know about the database itself, if anything."""
        return self._database.warning

    def close(self) -> None:
        """Close the connections to the database."""
        self._database.close()

    # Runs

    def create_run(
        self,
        *,
        name: str,
        config: TrainConfig,
        device: str,
        token: str,
        run_id: str | None = None,
        host: str | None = None,
    ) -> Run:
        """A new run with status "starting", or the run that was made with this token before.

        A double click or a second server brings the same token. Whoever gives a `run_id` sees from
        the answer's id whether this call made the run.
        """
        row = {
            "id": run_id or new_run_id(),
            "token": _storable(token),
            "name": checked_name(name),
            "config": json.dumps(config.to_dict()),
            "status": "starting",
            "device": device,
            "host": host or socket.gethostname(),
            "created_at": self._database.now(),
            "heartbeat_at": self._database.now(),
        }
        with self._database.writing() as connection:
            connection.execute(self._database.insert_new(db.runs).values(row))
            found = self._read_runs(connection, db.runs.c.token == row["token"])
        return found[0]

    def get_run(self, run_id: str) -> Run | None:
        """The run of this id, or None."""
        with self._database.reading() as connection:
            found = self._read_runs(connection, db.runs.c.id == _storable(run_id))
        return found[0] if found else None

    def list_runs(self, limit: int = 200) -> list[Run]:
        """The newest runs, newest first."""
        with self._database.reading() as connection:
            return self._read_runs(connection, limit=limit)

    def waiting_runs(self, device: str) -> list[Run]:
        """The runs that wait for this device, oldest first."""
        is_queued = (db.runs.c.status == "queued") & (db.runs.c.device == device)
        with self._database.reading() as connection:
            return self._read_runs(connection, is_queued)[::-1]

    def update_run(self, run_id: str, **changes: Unpack[RunChanges]) -> None:
        """Change what is known about a run; its status changes with `change_status` alone."""
        values: dict[str, Any] = dict(changes)
        if "details" in changes:
            values["details"] = json.dumps(asdict(changes["details"]))
        if "message" in changes:
            values["message"] = _storable(changes["message"])
        with self._database.writing() as connection:
            connection.execute(update(db.runs).where(db.runs.c.id == run_id).values(values))

    def change_status(
        self, run_id: str, from_: Collection[ShownStatus], to: RunStatus, message: str = ""
    ) -> bool:
        """Set the status if it is one of `from_`; False where it is another or there is no run."""
        with self._database.writing() as connection:
            return self._change_status(connection, run_id, from_, to, message)

    def begin_attempt(
        self, run_id: str, from_: Collection[ShownStatus], *, device: str, host: str | None = None
    ) -> bool:
        """Make a run "starting" again, without the commands given to the process before.

        False where its status is none of `from_`.
        """
        values = {
            "attempt": db.runs.c.attempt + 1,
            "device": device,
            "host": host or socket.gethostname(),
            "heartbeat_at": self._database.now(),
        }
        with self._database.writing() as connection:
            if not self._change_status(connection, run_id, from_, "starting", ""):
                return False
            connection.execute(update(db.runs).where(db.runs.c.id == run_id).values(values))
            connection.execute(delete(db.commands).where(db.commands.c.run_id == run_id))
        return True

    def heartbeat(self, run_id: str, *, attempt: int | None = None) -> bool:
        """Record a sign of life of the run's process.

        False where the run is gone, or where its present attempt is another: then the process that
        calls was given up for dead and another has taken its place.
        """
        is_mine = db.runs.c.id == run_id
        if attempt is not None:
            is_mine &= db.runs.c.attempt == attempt
        beat = update(db.runs).where(is_mine).values(heartbeat_at=self._database.now())
        with self._database.writing() as connection:
            return connection.execute(beat).rowcount == 1

    def delete_run(self, run_id: str) -> None:
        """Remove a run with everything recorded about it."""
        with self._database.writing() as connection:
            connection.execute(delete(db.runs).where(db.runs.c.id == run_id))

    # Metrics

    def append_metrics(self, run_id: str, rows: Sequence[StepsDone | EpochFinished]) -> None:
        """Add rows; one that is there already (same step, same kind) is left as it is."""
        if not rows:
            return
        values = [_metric_row(run_id, row) for row in rows]
        with self._database.writing() as connection:
            connection.execute(self._database.insert_new(db.metrics), values)

    def metrics_after(self, run_id: str, after_id: int = 0) -> MetricColumns:
        """The rows with a greater id than `after_id`."""
        table = db.metrics.c
        columns = [table[name] for name in _METRIC_COLUMNS]
        query = select(*columns).where(table.run_id == run_id, table.id > after_id)
        with self._database.reading() as connection:
            cursor = connection.execute(query.order_by(table.id)).cursor
            # The driver's own tuples: a quarter of the time for a hundred thousand rows.
            rows = cursor.fetchall() if cursor is not None else []
        # float64 holds every id, step and byte count up to 2^53 exactly.
        values = np.array(rows, dtype=np.float64).reshape(len(rows), len(_METRIC_COLUMNS))
        return MetricColumns(
            **{
                name: values[:, index].astype(kind)
                for index, (name, kind) in enumerate(_METRIC_COLUMNS.items())
            }
        )

    def epochs(self, run_id: str) -> list[EpochFinished]:
        """The test results of each epoch finished, with the counts of each class."""
        table = db.metrics.c
        query = select(db.metrics).where(table.run_id == run_id, table.is_test)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(table.id)).mappings().all()
        return [_epoch(row) for row in rows]

    def rewind(self, run_id: str, step: int) -> None:
        """Remove what was recorded after `step`, because the run goes on from there."""
        later_metrics = (db.metrics.c.run_id == run_id) & (db.metrics.c.step > step)
        later_events = (db.events.c.run_id == run_id) & (db.events.c.step > step)
        epochs = select(db.metrics.c.loss, db.metrics.c.accuracy).where(
            db.metrics.c.run_id == run_id, db.metrics.c.is_test
        )
        with self._database.writing() as connection:
            connection.execute(delete(db.metrics).where(later_metrics))
            connection.execute(delete(db.events).where(later_events))
            last = connection.execute(epochs.order_by(db.metrics.c.id.desc()).limit(1)).first()
            loss, accuracy = last if last else (None, None)
            change = update(db.runs).where(db.runs.c.id == run_id)
            connection.execute(change.values(step=max(step, 0), loss=loss, accuracy=accuracy))

    # Events and commands

    def append_event(self, run_id: str, kind: str, message: str, at: Position) -> None:
        """Record something that happened in a run."""
        values = {"run_id": run_id, "kind": kind, "message": _storable(message), **asdict(at)}
        with self._database.writing() as connection:
            _lock_run(connection, run_id)
            connection.execute(
                insert(db.events).values(values | {"created_at": self._database.now()})
            )

    def events_after(self, run_id: str, after_id: int = 0) -> list[RunEvent]:
        """The events with a greater id than `after_id`."""
        rows = self._rows_after(db.events, run_id, after_id)
        return [
            RunEvent(
                id=row["id"],
                kind=row["kind"],
                message=row["message"],
                at=_position(row),
                created_at=_time(row["created_at"]),
            )
            for row in rows
        ]

    def send_command(self, run_id: str, command: Command) -> None:
        """Ask something of the run's process, which looks a few times a second."""
        with self._database.writing() as connection:
            _lock_run(connection, run_id)
            connection.execute(insert(db.commands).values(run_id=run_id, **asdict(command)))

    def commands_after(self, run_id: str, after_id: int = 0) -> list[tuple[int, Command]]:
        """The commands with a greater id than `after_id`, each with its id."""
        rows = self._rows_after(db.commands, run_id, after_id)
        return [(row["id"], Command(kind=row["kind"], value=row["value"])) for row in rows]

    # Checkpoints

    def add_checkpoint(
        self,
        run_id: str,
        *,
        kind: CheckpointKind,
        file_name: str,
        sha256: str,
        step: int,
        epoch: float,
        loss: float | None = None,
        accuracy: float | None = None,
    ) -> None:
        """Record a file that is in place."""
        values = {
            "run_id": run_id,
            "kind": kind,
            "file_name": file_name,
            "sha256": sha256,
            "step": step,
            "epoch": epoch,
            "loss": loss,
            "accuracy": accuracy,
            "created_at": self._database.now(),
        }
        with self._database.writing() as connection:
            connection.execute(insert(db.checkpoints).values(values))

    def checkpoints(self, run_id: str) -> list[Checkpoint]:
        """The checkpoints of a run, oldest first."""
        rows = self._rows_after(db.checkpoints, run_id, 0)
        return [
            Checkpoint(
                **{
                    name: value
                    for name, value in row.items()
                    if name not in ("run_id", "created_at")
                },
                created_at=_time(row["created_at"]),
            )
            for row in rows
        ]

    def remove_checkpoint(self, checkpoint_id: int) -> None:
        """Forget a checkpoint; its file is the caller's business."""
        with self._database.writing() as connection:
            connection.execute(delete(db.checkpoints).where(db.checkpoints.c.id == checkpoint_id))

    # Inside

    def _read_runs(
        self, connection: Connection, *conditions: Any, limit: int | None = None
    ) -> list[Run]:
        age = (self._database.now() - db.runs.c.heartbeat_at).label("heartbeat_age")
        query = select(db.runs, age).where(*conditions).order_by(db.runs.c.number.desc())
        return [
            run
            for row in connection.execute(query.limit(limit)).mappings()
            if (run := _run(row)) is not None
        ]

    def _change_status(
        self,
        connection: Connection,
        run_id: str,
        from_: Collection[ShownStatus],
        to: RunStatus,
        message: str,
    ) -> bool:
        now = self._database.now()
        values: dict[str, Any] = {"status": to, "message": _storable(message)}
        values["ended_at"] = None if to in ACTIVE else now
        if to == "running":
            values["started_at"] = func.coalesce(db.runs.c.started_at, now)
        change = update(db.runs).where(db.runs.c.id == run_id, db.runs.c.status.in_(from_))
        return connection.execute(change.values(values)).rowcount == 1

    def _rows_after(self, table: Any, run_id: str, after_id: int) -> Sequence[Mapping[str, Any]]:
        query = select(table).where(table.c.run_id == _storable(run_id), table.c.id > after_id)
        with self._database.reading() as connection:
            return [dict(row) for row in connection.execute(query.order_by(table.c.id)).mappings()]


def new_run_id() -> str:
    """A name for a run's row and folder that no other run has."""
    return uuid.uuid4().hex[:12]


def checked_name(name: str) -> str:
    """The name, kept literally; ValueError where it is empty or too long."""
    if not name.strip() or len(name) > MAX_NAME:
        raise ValueError(
            f"name: {len(name):,} characters were given; expected 1 to {MAX_NAME}, not only spaces"
        )
    return _storable(name)


_METRIC_COLUMNS: Mapping[str, type] = {
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


def _lock_run(connection: Connection, run_id: str) -> None:
    """Let one writer at a time add rows to a run, so that ids become visible in their order."""
    query = select(db.runs.c.id).where(db.runs.c.id == run_id).with_for_update()
    if connection.execute(query).first() is None:
        raise StoreError(f"there is no run {run_id}")


def _metric_row(run_id: str, row: StepsDone | EpochFinished) -> dict[str, Any]:
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


def _epoch(row: Mapping[Any, Any]) -> EpochFinished:
    counts = json.loads(row["by_class"])
    return EpochFinished(
        at=_position(row),
        loss=float("nan") if row["loss"] is None else row["loss"],  # SQLite keeps NaN as NULL
        accuracy=row["accuracy"],
        class_correct=tuple(counts["correct"]),
        class_total=tuple(counts["total"]),
        is_best=counts["is_best"],
    )


def _run(row: Mapping[Any, Any]) -> Run | None:
    """The run of a row; None where another version made it with choices unknown to this one."""
    try:
        config = TrainConfig.from_dict(json.loads(row["config"]))
    except ValueError as error:
        log.warning("run %s is left out: %s", row["id"], error)
        return None
    details = json.loads(row["details"]) if row["details"] else None
    values = {name: value for name, value in row.items() if name not in ("token", "heartbeat_at")}
    return Run(
        **values
        | {
            "config": config,
            "created_at": _time(row["created_at"]),
            "started_at": _time(row["started_at"]) if row["started_at"] else None,
            "ended_at": _time(row["ended_at"]) if row["ended_at"] else None,
            "details": _details(details) if details else None,
        }
    )


def _details(values: Mapping[str, Any]) -> RunDetails:
    lists = {"classes": tuple(values["classes"]), "notes": tuple(values["notes"])}
    return RunDetails(**{**values, **lists})


def _position(row: Mapping[Any, Any]) -> Position:
    return Position(
        step=row["step"], epoch=row["epoch"], images=row["images"], seconds=row["seconds"]
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _storable(text: str) -> str:
    """The text without what PostgreSQL and UTF-8 cannot hold: NUL and lone surrogates."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", text)
