"""Carries what a run tells to the store, in a thread of its own, so that training never waits.

All database traffic of a training process happens here, and `checkpoint_writer` writes its files.
While the database cannot be used, rows wait in memory and are tried again; training does not
notice. Knows nothing about the loop: `runner` says what to record.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

from blitz.training.checkpoint_writer import DISK_FULL, CheckpointWriter, Save
from blitz.training.events import Command, EpochFinished, Position, StepsDone
from blitz.training.halving import verdict
from blitz.training.runs import HEARTBEAT_SECONDS
from blitz.training.store import (
    ACTIVE,
    Run,
    RunChanges,
    RunStatus,
    RunStore,
    StoreError,
)

FLUSH_SECONDS = 0.2
CLOSE_SECONDS = 120.0
"""How long the end of a run waits for a database that cannot be used."""

log = logging.getLogger(__name__)


def in_short(commands: Iterable[Command]) -> list[Command]:
    """What commands come to that are obeyed all at once: of each matter the last word."""
    last: dict[str, Command] = {}
    for command in commands:
        matter = "pause" if command.kind == "resume" else command.kind
        last.pop(matter, None)
        last[matter] = command
    return list(last.values())


class Recorder:
    """The training process's side of the store. Used as a context; leaving it records the rest."""

    def __init__(self, store: RunStore, run: Run, folder: Path, *, pace: float = 1.0) -> None:
        """`pace` times as long between writes: recorders of many runs share one database."""
        self._store = store
        self._pace = pace
        self._run = run
        self._lock = threading.Lock()
        self._rows: deque[StepsDone | EpochFinished] = deque()
        self._events: deque[tuple[str, str, Position]] = deque()
        self._changes = RunChanges()
        self._status: tuple[RunStatus, str] | None = None
        self._checkpoints = CheckpointWriter(store, run.id, folder, tell=self.event, pace=pace)
        self._commands: deque[Command] = deque()
        self._last_command = 0
        self._beat_at = time.monotonic()
        self._store_fault = ""
        self._at: Position | None = None
        self._has_epochs = False
        self._failure: Exception | None = None
        self._is_closing = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self.is_superseded = threading.Event()
        """Set when the run was begun anew elsewhere or deleted, or recording failed for good:
        nothing more is recorded, and the run is to end."""
        self.verdict = ""
        """Why the run is to stop by the rule of its sweep; empty while it is not."""

    def __enter__(self) -> Self:
        # What was asked before holds from the first step on.
        with suppress(StoreError):
            self._read()
        self._commands = deque(in_short(self._commands))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_closing.set()
        self._wake.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    # Said by the training thread; none of these waits.

    def row(self, row: StepsDone | EpochFinished) -> None:
        """Record a row of metrics, and how far the run has come."""
        at = row.at
        changes = RunChanges(step=at.step, epoch=at.epoch, seconds=at.seconds)
        if isinstance(row, EpochFinished):
            changes |= RunChanges(loss=row.loss, accuracy=row.accuracy)
        else:
            changes |= RunChanges(images_per_second=row.images_per_second)
        with self._lock:
            self._rows.append(row)
            self._changes |= changes
            self._at = at

    def event(self, kind: str, message: str, at: Position) -> None:
        """Record something that happened."""
        with self._lock:
            self._events.append((kind, message, at))

    def change(self, **changes: Unpack[RunChanges]) -> None:
        """Record what became known about the run."""
        with self._lock:
            self._changes |= changes

    def status(self, status: RunStatus, message: str = "") -> None:
        """Record a new status; its message takes the place of every earlier one."""
        with self._lock:
            self._changes.pop("message", None)
            self._status = (status, message)
        self._wake.set()

    def save(self, save: Save) -> None:
        """Save a state; a later one of its kind takes its place if it was not begun yet."""
        self._checkpoints.give(save)
        if save.is_urgent:
            self._wake.set()

    @property
    def keeps_epochs(self) -> bool:
        """False once the states of epochs were found to be too large to be kept."""
        return self._checkpoints.keeps_epochs

    def commands(self) -> list[Command]:
        """What people asked since the last call."""
        with self._lock:
            commands = list(self._commands)
            self._commands.clear()
        return commands

    # The recorder's own thread

    def _work(self) -> None:
        try:
            self._work_to_the_end()
        except Exception as error:
            log.exception("recording failed")
            self._failure = error
            self.is_superseded.set()

    def _work_to_the_end(self) -> None:
        while not self._is_closing.is_set():
            self._wake.wait(self._pace * FLUSH_SECONDS)
            self._wake.clear()
            self._turn()
        deadline = time.monotonic() + CLOSE_SECONDS
        while not (self._turn() and self._is_empty()):
            if time.monotonic() > deadline:
                log.error("the end of this run could not be recorded: %s", self._store_fault)
                return
            time.sleep(FLUSH_SECONDS)

    def _is_empty(self) -> bool:
        waiting = (self._rows, self._events, self._changes, self._status)
        is_empty = not (any(waiting) or self._checkpoints.is_waiting)
        return self.is_superseded.is_set() or is_empty

    def _turn(self) -> bool:
        """Do all that is to be done; False where something has to be tried again."""
        if self.is_superseded.is_set():
            return True
        faults = []
        for part in (self._write, self._read):  # a stop is heard also while nothing can be written
            try:
                part()
            except StoreError as error:
                faults.append(str(error))
        if faults:
            self._tell_store_fault(faults[0])
            return False
        if self._store_fault:
            log.info("the database answers again; nothing was lost")
            self._store_fault = ""
        return True

    def _tell_store_fault(self, fault: str) -> None:
        """Tell of a fault once: in the log now, in the run as soon as that can be recorded."""
        if fault == self._store_fault:
            return
        self._store_fault = fault
        log.warning("%s; what is to be recorded waits", fault)
        if DISK_FULL in fault and self._at is not None:
            self.event("disk full", fault, self._at)

    def _write(self) -> None:
        # A checkpoint promises that the rows before it are there, and "stopped" that the last
        # checkpoint is. The run goes on giving them, in this order, while they are written: so
        # what is to be written last is looked at first.
        status = self._status
        saves = self._checkpoints.waiting()
        self._write_rows()
        self._write_events()
        self._checkpoints.write(saves, is_closing=self._is_closing.is_set())
        self._write_changes()
        if status is not None:
            self._write_status(status)

    def _write_rows(self) -> None:
        with self._lock:
            rows = list(self._rows)
        self._store.append_metrics(self._run.id, rows)
        with self._lock:
            for _ in rows:
                self._rows.popleft()
        if any(isinstance(row, EpochFinished) for row in rows):
            self._has_epochs = True
            self._ask_for_verdict()

    def _write_events(self) -> None:
        while self._events:
            self._store.append_event(self._run.id, *self._events[0])
            self._events.popleft()

    def _write_changes(self) -> None:
        with self._lock:
            changes, self._changes = self._changes, RunChanges()
        if not changes:
            return
        try:
            self._store.update_run(self._run.id, **changes)
        except StoreError:
            with self._lock:
                self._changes = changes | self._changes
            raise

    def _write_status(self, status: tuple[RunStatus, str]) -> None:
        self._store.change_status(self._run.id, ACTIVE, *status)
        with self._lock:
            if self._status is status:
                self._status = None

    def _read(self) -> None:
        new = self._store.commands_after(self._run.id, self._last_command)
        if new:
            self._last_command = new[-1][0]
            with self._lock:
                self._commands.extend(command for _, command in new)
        now = time.monotonic()
        if now - self._beat_at >= HEARTBEAT_SECONDS:
            self._beat_at = now
            if not self._store.heartbeat(self._run.id, attempt=self._run.attempt):
                self.is_superseded.set()
            self._ask_for_verdict()

    def _ask_for_verdict(self) -> None:
        if self._run.sweep is not None and self._has_epochs and not self.verdict:
            self.verdict = verdict(self._store, self._run.id)
