"""Carries what a run tells to the store, in a thread of its own, so that training never waits.

All database traffic and all checkpoint writing of a training process happen here. While the
database cannot be used, rows wait in memory and are tried again; training does not notice.
Knows nothing about the loop: `runner` says what to record.
"""

import errno
import logging
import secrets
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, Unpack

from blitz.training.events import Command, EpochFinished, Position, StepsDone
from blitz.training.store import (
    ACTIVE,
    CheckpointKind,
    Run,
    RunChanges,
    RunStatus,
    RunStore,
    StoreError,
)

if TYPE_CHECKING:  # a run that waits for its device has not imported torch
    from blitz.training.checkpoints import SavedFile
    from blitz.training.state import TrainState

FLUSH_SECONDS = 0.25
HEARTBEAT_SECONDS = 5.0
SAVE_SECONDS = 2.0
"""Least time between two checkpoints of one kind, so that short epochs are not spent on saving."""
RETRY_SECONDS = 10.0
"""How long a checkpoint that did not fit on the disk waits for its next try."""
CLOSE_SECONDS = 120.0
"""How long the end of a run waits for a database that cannot be used."""

DISK_FULL = "disk is full"

log = logging.getLogger(__name__)


@dataclass(kw_only=True, slots=True)
class _Save:
    """A state on its way to the disk and then to a row."""

    kind: CheckpointKind
    state: "TrainState"
    at: Position
    loss: float | None
    accuracy: float | None
    is_urgent: bool
    file: "SavedFile | None" = None


class Recorder:
    """The training process's side of the store. Used as a context; leaving it records the rest."""

    def __init__(self, store: RunStore, run: Run, folder: Path, *, pace: float = 1.0) -> None:
        """`pace` times as long between writes: recorders of many runs share one database."""
        self._store = store
        self._pace = pace
        self._run = run
        self._folder = folder
        self._lock = threading.Lock()
        self._rows: deque[StepsDone | EpochFinished] = deque()
        self._events: deque[tuple[str, str, Position]] = deque()
        self._changes = RunChanges()
        self._status: tuple[RunStatus, str] | None = None
        self._saves: dict[CheckpointKind, _Save] = {}
        self._commands: deque[Command] = deque()
        self._last_command = 0
        self._not_before: dict[CheckpointKind, float] = {}
        self._beat_at = time.monotonic()
        self._disk_fault = ""
        self._store_fault = ""
        self._at: Position | None = None
        self._failure: Exception | None = None
        self._is_closing = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self.is_superseded = threading.Event()
        """Set when the run was begun anew elsewhere or deleted, or recording failed for good:
        nothing more is recorded, and the run is to end."""

    def __enter__(self) -> Self:
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

    def save(
        self,
        kind: CheckpointKind,
        state: "TrainState",
        at: Position,
        *,
        loss: float | None,
        accuracy: float | None,
        is_urgent: bool = False,
    ) -> None:
        """Save a state; a later one of its kind takes its place if it was not begun yet."""
        save = _Save(
            kind=kind, state=state, at=at, loss=loss, accuracy=accuracy, is_urgent=is_urgent
        )
        with self._lock:
            self._saves[kind] = save
        if is_urgent:
            self._wake.set()

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
        waiting = (self._rows, self._events, self._saves, self._changes, self._status)
        return self.is_superseded.is_set() or not any(waiting)

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
        self._write_rows()
        self._write_events()
        # Before the status: "stopped" promises that the last checkpoint is there.
        for kind in ("last", "best"):
            self._write_save(kind)
        self._write_changes()
        self._write_status()

    def _write_rows(self) -> None:
        with self._lock:
            rows = list(self._rows)
        self._store.append_metrics(self._run.id, rows)
        with self._lock:
            for _ in rows:
                self._rows.popleft()

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

    def _write_status(self) -> None:
        status = self._status
        if status is None:
            return
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

    # Checkpoints: file, then row; only then the older row and file go.

    def _write_save(self, kind: CheckpointKind) -> None:
        with self._lock:
            save = self._saves.get(kind)
        if save is None or not (save.is_urgent or self._is_due(kind)):
            return
        if save.file is None and not self._write_file(save):
            if not self._is_closing.is_set():
                return  # tried again later, or a newer state in its place
        else:
            self._write_checkpoint_row(save)
        with self._lock:
            if self._saves.get(kind) is save:
                del self._saves[kind]

    def _is_due(self, kind: CheckpointKind) -> bool:
        return self._is_closing.is_set() or time.monotonic() >= self._not_before.get(kind, 0.0)

    def _write_file(self, save: _Save) -> bool:
        """Write the file; a fault of the disk is told once, and training goes on."""
        from blitz.training.checkpoints import save_state

        name = f"{save.kind}-{save.at.step:08d}-{secrets.token_hex(3)}.safetensors"
        save.is_urgent = False
        try:
            # OpenMP keeps helpers for every living thread that computed on tensors, and with more
            # helpers than cores each small step of training takes three times as long. So tensors
            # are copied in a thread that ends, not in this one.
            with ThreadPoolExecutor(1) as brief:
                save.file = brief.submit(save_state, self._folder / name, save.state).result()
        except (OSError, MemoryError, RuntimeError) as error:  # torch says RuntimeError
            fault = describe_save_fault(error)
            if fault != self._disk_fault:
                log.warning("%s; the last checkpoint stays", fault)
                self.event("disk full" if DISK_FULL in fault else "not saved", fault, save.at)
            self._disk_fault = fault
            self._not_before[save.kind] = time.monotonic() + RETRY_SECONDS
            return False
        self._disk_fault = ""
        self._not_before[save.kind] = time.monotonic() + self._pace * SAVE_SECONDS
        return True

    def _write_checkpoint_row(self, save: _Save) -> None:
        from blitz.training.checkpoints import sweep

        assert save.file is not None
        earlier = self._store.checkpoints(self._run.id)
        name = save.file.path.name
        self._store.add_checkpoint(
            self._run.id,
            kind=save.kind,
            file_name=name,
            sha256=save.file.sha256,
            step=save.at.step,
            epoch=save.at.epoch,
            loss=save.loss,
            accuracy=save.accuracy,
        )
        for row in earlier:
            if row.kind == save.kind:
                self._store.remove_checkpoint(row.id)
        keep = {row.file_name for row in earlier if row.kind != save.kind}
        with self._lock:
            # Files that still wait for their row.
            keep |= {other.file.path.name for other in self._saves.values() if other.file}
        try:
            sweep(self._folder, keep | {name})
        except OSError as error:  # a file in use, on some systems; the next sweep takes it
            log.warning("an older checkpoint stays for now: %s", describe_disk_fault(error))


def describe_save_fault(error: Exception) -> str:
    """One line about a checkpoint that could not be saved."""
    if isinstance(error, OSError):
        return describe_disk_fault(error)
    reason = (str(error) or "out of memory").splitlines()[0]
    return f"a checkpoint was not saved: {reason}"


def describe_disk_fault(error: OSError) -> str:
    """One line about a file that could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the {DISK_FULL}"
    return f"{error.filename or 'a file'} cannot be written: {error.strerror or error}"
