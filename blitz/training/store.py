"""The run store: runs with their metrics, events, commands and checkpoints, for every process.

The store is the truth: pages, the command line and the training processes see runs only here.
Metrics are rows with an increasing id, so a reader asks for what came after the last id it has.
Whether a run that is said to be running is still alive is found out by `launcher`; files are
written by `checkpoints`.
"""

import json
import math
import socket
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any, Unpack

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from blitz.training import tables as db
from blitz.training.config import TrainConfig
from blitz.training.database import Database, StoreError
from blitz.training.events import Command, EpochFinished, Position, StepsDone
from blitz.training.rows import (
    METRIC_COLUMNS,
    changed_values,
    metric_row,
    read_epoch,
    read_position,
    read_run,
    read_time,
)
from blitz.training.runs import (
    ACTIVE,
    MAX_NAME,
    Checkpoint,
    CheckpointKind,
    MetricColumns,
    PositionColumn,
    Run,
    RunChanges,
    RunDetails,
    RunEvent,
    RunLabels,
    RunPoints,
    RunStatus,
    ShownStatus,
    ValueColumn,
    checked_name,
    new_run_id,
    storable,
)

__all__ = [
    "ACTIVE",
    "MAX_NAME",
    "Checkpoint",
    "CheckpointKind",
    "MetricColumns",
    "Run",
    "RunChanges",
    "RunDetails",
    "RunEvent",
    "RunLabels",
    "RunPoints",
    "RunStatus",
    "RunStore",
    "ShownStatus",
    "StoreError",
    "new_run_id",
]


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
        **labels: Unpack[RunLabels],
    ) -> Run:
        """A new run with status "starting", or the run that was made with this token before.

        A double click or a second server brings the same token. Whoever gives a `run_id` sees from
        the answer's id whether this call made the run.
        """
        row: dict[str, Any] = {
            **changed_values(labels),
            "id": run_id or new_run_id(),
            "token": storable(token),
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
            found = self._read_runs(connection, db.runs.c.id == storable(run_id))
        return found[0] if found else None

    def get_runs(self, run_ids: Sequence[str]) -> list[Run]:
        """The runs of these ids that there are, in the order of the ids."""
        if not run_ids:
            return []
        is_asked_for = db.runs.c.id.in_([storable(run_id) for run_id in run_ids])
        with self._database.reading() as connection:
            found = {run.id: run for run in self._read_runs(connection, is_asked_for)}
        return [found[run_id] for run_id in run_ids if run_id in found]

    def list_runs(self, limit: int = 200) -> list[Run]:
        """The newest runs that are not hidden, newest first."""
        with self._database.reading() as connection:
            return self._read_runs(connection, self._is_shown(), limit=limit)

    def hidden_runs(self) -> list[Run]:
        """The runs that wait for being deleted, newest first."""
        with self._database.reading() as connection:
            return self._read_runs(connection, ~self._is_shown())

    def sweep_runs(self, sweep: str) -> list[Run]:
        """The runs of a sweep, oldest first."""
        with self._database.reading() as connection:
            is_member = self._database.readable(db.runs.c.sweep) == storable(sweep)
            return self._read_runs(connection, is_member)[::-1]

    def sweep_losses(self, sweep: str) -> dict[str, list[float]]:
        """The test losses of each run of a sweep, epoch by epoch, for the runs that have any."""
        table = db.metrics.c
        query = (
            select(table.run_id, table.loss)
            .join(db.runs, db.runs.c.id == table.run_id)
            .where(db.runs.c.sweep == storable(sweep), table.is_test)
            .order_by(table.id)
        )
        losses: dict[str, list[float]] = {}
        with self._database.reading() as connection:
            for run_id, loss in connection.execute(query):
                losses.setdefault(run_id, []).append(math.nan if loss is None else loss)
        return losses

    def set_halving(self, sweep: str, eta: int | None) -> None:
        """Have the runs of a sweep stop where they are hopeless (see `halving`), or none of them.

        ValueError for another number than 2 or 3.
        """
        if eta not in (None, 2, 3):
            raise ValueError(f"halving: {eta!r} was given; choose 2, 3 or none")
        with self._database.writing() as connection:
            members = update(db.runs).where(db.runs.c.sweep == storable(sweep))
            connection.execute(members.values(halving=eta))

    def waiting_runs(self) -> list[Run]:
        """The runs that wait for a device, oldest first."""
        with self._database.reading() as connection:
            return self._read_runs(connection, db.runs.c.status == "queued")[::-1]

    def update_run(self, run_id: str, **changes: Unpack[RunChanges]) -> None:
        """Change what is known about a run; its status changes with `change_status` alone."""
        self._update(run_id, **changed_values(changes))

    def change_name(self, run_id: str, name: str) -> None:
        """Give a run another name; ValueError where it is empty or too long."""
        self._update(run_id, name=checked_name(name))

    def hide_run(self, run_id: str) -> datetime | None:
        """Take a run out of the lists; what was recorded of it stays until it is deleted.

        Returns since when it is hidden, or None where there is no such run.
        """
        is_it = db.runs.c.id == run_id
        with self._database.writing() as connection:
            connection.execute(update(db.runs).where(is_it).values(deleted_at=self._database.now()))
            seconds = connection.execute(select(db.runs.c.deleted_at).where(is_it)).scalar()
        return None if seconds is None else read_time(seconds)

    def show_run(self, run_id: str) -> None:
        """Bring a hidden run back."""
        self._update(run_id, deleted_at=None)

    def change_status(
        self, run_id: str, from_: Collection[ShownStatus], to: RunStatus, message: str = ""
    ) -> bool:
        """Set the status if it is one of `from_`; False where it is another or there is no run."""
        with self._database.writing() as connection:
            return self._change_status(connection, run_id, from_, to, message)

    def begin_attempt(
        self,
        run_id: str,
        from_: Collection[ShownStatus],
        *,
        device: str,
        host: str | None = None,
        keep_commands: bool = False,
    ) -> bool:
        """Make a run "starting" again, by default without the commands given to the process before.

        Who has a run begin again wants it to go to its end: its sweep judges it no more. False
        where its status is none of `from_`.
        """
        values = {
            "attempt": db.runs.c.attempt + 1,
            "device": device,
            "host": host or socket.gethostname(),
            "heartbeat_at": self._database.now(),
            "halving": None,
        }
        with self._database.writing() as connection:
            if not self._change_status(connection, run_id, from_, "starting", ""):
                return False
            connection.execute(update(db.runs).where(db.runs.c.id == run_id).values(values))
            if not keep_commands:
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
        values = [metric_row(run_id, row) for row in rows]
        with self._database.writing() as connection:
            connection.execute(self._database.insert_new(db.metrics), values)
            self._raise_best(connection, run_id, rows)

    def metrics_after(self, run_id: str, after_id: int = 0) -> MetricColumns:
        """The rows with a greater id than `after_id`."""
        table = db.metrics.c
        columns = [table[name] for name in METRIC_COLUMNS]
        query = select(*columns).where(table.run_id == run_id, table.id > after_id)
        with self._database.reading() as connection:
            cursor = connection.execute(query.order_by(table.id)).cursor
            # The driver's own tuples: a quarter of the time for a hundred thousand rows.
            rows = cursor.fetchall() if cursor is not None else []
        # float64 holds every id, step and byte count up to 2^53 exactly.
        values = np.array(rows, dtype=np.float64).reshape(len(rows), len(METRIC_COLUMNS))
        return MetricColumns(
            **{
                name: values[:, index].astype(kind)
                for index, (name, kind) in enumerate(METRIC_COLUMNS.items())
            }
        )

    def points(
        self, run_id: str, *, x: PositionColumn, y: ValueColumn, is_test: bool, after_id: int = 0
    ) -> RunPoints:
        """Two columns of a run's rows: what a chart of many runs needs, and no more.

        The driver's tuples of two numbers, one after another, are the way out of the database:
        5.5 ms for 10,000 rows of SQLite. Thinned in SQL they would take 4 ms, without the peaks'
        places; as a JSON array just as long.
        """
        given: dict[str, Any] = {"run_id": storable(run_id), "after_id": after_id}
        with self._database.reading() as connection:
            # First, so that no row that comes meanwhile counts as read.
            given["last_id"] = connection.execute(_LAST_ID, given).scalar() or 0
            is_known = bool(after_id) and connection.execute(_KNOWN, given).first() is not None
            if not is_known:
                given["after_id"] = 0
            cursor: Any = connection.execute(_points_query(x, y, is_test), given).cursor
            numbers = chain.from_iterable(cursor)
            values = np.fromiter(numbers, dtype=np.float64).reshape(-1, 2)
        return RunPoints(
            last_id=given["last_id"],
            is_whole=not is_known,
            x=values[:, 0].copy(),
            y=values[:, 1].copy(),
        )

    def position_at(self, run_id: str, step: int) -> Position | None:
        """Where in training the last row at or before a step was recorded."""
        row = self._last_row_at(run_id, step)
        return read_position(row) if row else None

    def value_at(
        self, run_id: str, step: int, column: ValueColumn, *, is_test: bool
    ) -> float | None:
        """The last value of a column at or before a step."""
        table = db.metrics.c
        row = self._last_row_at(run_id, step, table.is_test == is_test, table[column].is_not(None))
        return float(row[column]) if row else None

    def epochs(self, run_id: str) -> list[EpochFinished]:
        """The test results of each epoch finished, with the counts of each class."""
        table = db.metrics.c
        query = select(db.metrics).where(table.run_id == run_id, table.is_test)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(table.id)).mappings().all()
        return [read_epoch(row) for row in rows]

    def rewind(self, run_id: str, step: int) -> None:
        """Remove what was recorded after `step`, because the run goes on from there."""
        later_metrics = (db.metrics.c.run_id == run_id) & (db.metrics.c.step > step)
        later_events = (db.events.c.run_id == run_id) & (db.events.c.step > step)
        later_checkpoints = (db.checkpoints.c.run_id == run_id) & (db.checkpoints.c.step > step)
        is_epoch = (db.metrics.c.run_id == run_id) & db.metrics.c.is_test
        epochs = select(db.metrics.c.loss, db.metrics.c.accuracy).where(is_epoch)
        best = select(func.max(db.metrics.c.accuracy)).where(is_epoch).scalar_subquery()
        with self._database.writing() as connection:
            connection.execute(delete(db.metrics).where(later_metrics))
            connection.execute(delete(db.events).where(later_events))
            connection.execute(delete(db.checkpoints).where(later_checkpoints))
            last = connection.execute(epochs.order_by(db.metrics.c.id.desc()).limit(1)).first()
            loss, accuracy = last if last else (None, None)
            values = {"step": max(step, 0), "loss": loss, "accuracy": accuracy}
            change = update(db.runs).where(db.runs.c.id == run_id)
            connection.execute(change.values(values | {"best_accuracy": best}))

    # Events and commands

    def append_event(self, run_id: str, kind: str, message: str, at: Position) -> None:
        """Record something that happened in a run."""
        values = {"run_id": run_id, "kind": kind, "message": storable(message), **asdict(at)}
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
                at=read_position(row),
                created_at=read_time(row["created_at"]),
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
                created_at=read_time(row["created_at"]),
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
        columns = map(self._database.readable, db.runs.columns)
        query = select(*columns, age).where(*conditions).order_by(db.runs.c.number.desc())
        return [
            run
            for row in connection.execute(query.limit(limit)).mappings()
            if (run := read_run(row)) is not None
        ]

    def _is_shown(self) -> ColumnElement[bool]:
        return self._database.readable(db.runs.c.deleted_at).is_(None)

    def _last_row_at(self, run_id: str, step: int, *conditions: Any) -> RowMapping | None:
        table = db.metrics.c
        query = select(db.metrics).where(table.run_id == run_id, table.step <= step, *conditions)
        with self._database.reading() as connection:
            return connection.execute(query.order_by(table.step.desc()).limit(1)).mappings().first()

    def _update(self, run_id: str, **values: Any) -> None:
        with self._database.writing() as connection:
            connection.execute(update(db.runs).where(db.runs.c.id == run_id).values(values))

    def _raise_best(
        self, connection: Connection, run_id: str, rows: Sequence[StepsDone | EpochFinished]
    ) -> None:
        """Keep the best accuracy beside the run, so that no list of runs has to look for it."""
        epochs = [row.accuracy for row in rows if isinstance(row, EpochFinished)]
        best = max(filter(math.isfinite, epochs), default=None)
        if best is None:
            return
        known = db.runs.c.best_accuracy
        is_better = (db.runs.c.id == run_id) & (known.is_(None) | (known < best))
        connection.execute(update(db.runs).where(is_better).values(best_accuracy=best))

    def _change_status(
        self,
        connection: Connection,
        run_id: str,
        from_: Collection[ShownStatus],
        to: RunStatus,
        message: str,
    ) -> bool:
        now = self._database.now()
        values: dict[str, Any] = {"status": to, "message": storable(message)}
        values["ended_at"] = None if to in ACTIVE else now
        if to == "running":
            values["started_at"] = func.coalesce(db.runs.c.started_at, now)
        change = update(db.runs).where(db.runs.c.id == run_id, db.runs.c.status.in_(from_))
        return connection.execute(change.values(values)).rowcount == 1

    def _rows_after(self, table: Any, run_id: str, after_id: int) -> Sequence[Mapping[str, Any]]:
        query = select(table).where(table.c.run_id == storable(run_id), table.c.id > after_id)
        with self._database.reading() as connection:
            return [dict(row) for row in connection.execute(query.order_by(table.c.id)).mappings()]


# Made once: the queries of fifty runs would take as long to build as to carry out.
_OF_RUN = db.metrics.c.run_id == bindparam("run_id")
_LAST_ID = select(func.max(db.metrics.c.id)).where(_OF_RUN)
_KNOWN = select(db.metrics.c.id).where(_OF_RUN, db.metrics.c.id == bindparam("after_id"))


@cache
def _points_query(x: PositionColumn, y: ValueColumn, is_test: bool) -> Select[tuple[float, float]]:
    table = db.metrics.c
    query = select(table[x], table[y]).where(
        _OF_RUN,
        table.id > bindparam("after_id"),
        table.id <= bindparam("last_id"),
        table.is_test == is_test,
        table[y].is_not(None),
    )
    return query.order_by(table.id)


def _lock_run(connection: Connection, run_id: str) -> None:
    """Let one writer at a time add rows to a run, so that ids become visible in their order."""
    query = select(db.runs.c.id).where(db.runs.c.id == run_id).with_for_update()
    if connection.execute(query).first() is None:
        raise StoreError(f"there is no run {run_id}")
