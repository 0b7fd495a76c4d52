"""Writes a run's checkpoints in the recorder's thread: file, then row; then older ones go.

What a checkpoint file is, `checkpoints` knows; when there shall be one, `runner` says.
"""

import errno
import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blitz.training.events import Position
from blitz.training.kept_epochs import most_epochs, surplus
from blitz.training.runs import Checkpoint, CheckpointKind
from blitz.training.store import RunStore

if TYPE_CHECKING:  # a run that waits for its device has not imported torch
    from blitz.training.checkpoints import SavedFile
    from blitz.training.state import TrainState

SAVE_SECONDS = 2.0
"""Least time between two checkpoints of one kind, so that short epochs are not spent on saving."""
RETRY_SECONDS = 10.0
"""How long a checkpoint that did not fit on the disk waits for its next try."""
MOST_WAITING_EPOCHS = 8
"""Epochs whose states wait in memory for a disk that is slower than training; of more, evenly
spread ones and the last."""

DISK_FULL = "disk is full"

log = logging.getLogger(__name__)


@dataclass(kw_only=True, slots=True)
class Save:
    """A state on its way to the disk and then to a row."""

    kind: CheckpointKind
    state: "TrainState"
    at: Position
    loss: float | None
    accuracy: float | None
    is_urgent: bool = False
    file: "SavedFile | None" = None

    @property
    def place(self) -> tuple[CheckpointKind, int]:
        """Of two saves with one place the later is wanted: each epoch has a place of its own."""
        return self.kind, self.at.step if self.kind == "epoch" else 0


class CheckpointWriter:
    """The checkpoints of one run: given by the training thread, written by the recorder's."""

    def __init__(
        self,
        store: RunStore,
        run_id: str,
        folder: Path,
        *,
        tell: Callable[[str, str, Position], None],
        pace: float = 1.0,
    ) -> None:
        """`tell` records an event of the run: its kind, a message, and where in training."""
        self._store = store
        self._run_id = run_id
        self._folder = folder
        self._tell = tell
        self._pace = pace
        self._lock = threading.Lock()
        self._saves: dict[tuple[CheckpointKind, int], Save] = {}
        self._not_before: dict[CheckpointKind, float] = {}
        self._disk_fault = ""
        self._has_told_of_haste = False
        self.keeps_epochs = True
        """False once they were found to be too large, or the disk to be full."""

    @property
    def is_waiting(self) -> bool:
        """Whether something is still to be written."""
        return bool(self._saves)

    def give(self, save: Save) -> None:
        """Have a state written; never waits."""
        with self._lock:
            if save.kind != "epoch" or self._is_kept(save):
                self._saves[save.place] = save
                self._thin_out()

    def waiting(self) -> list[Save]:
        """What is still to be written now."""
        with self._lock:
            # What a run goes on from comes before what one looks back at.
            return sorted(self._saves.values(), key=lambda save: save.kind == "epoch")

    def write(self, saves: Sequence[Save], *, is_closing: bool) -> None:
        """Write those due; StoreError where a row cannot be added now, its file waits then."""
        for save in saves:
            if save.is_urgent or is_closing or self._is_due(save.kind):
                self._write(save, is_closing=is_closing)

    def _is_kept(self, save: Save) -> bool:
        num_bytes = save.state.num_bytes
        if self.keeps_epochs and most_epochs(num_bytes) == 0:
            self.keeps_epochs = False
            size = f"{num_bytes / 2**20:,.0f} MiB"
            self._tell("not kept", f"epochs of {size} each are too large to be kept", save.at)
        return self.keeps_epochs

    def _thin_out(self) -> None:
        """Let go of waiting epochs where there are too many; the caller holds the lock."""
        waiting = {save.at.epoch: save for save in self._saves.values() if save.kind == "epoch"}
        if len(waiting) <= MOST_WAITING_EPOCHS:
            return
        gone = surplus(list(waiting), MOST_WAITING_EPOCHS)
        for epoch in gone:
            del self._saves[waiting[epoch].place]
        if gone and not self._has_told_of_haste:
            self._has_told_of_haste = True
            message = "epochs end faster than the disk takes them: some are not kept"
            self._tell("not kept", message, waiting[max(waiting)].at)

    def _is_due(self, kind: CheckpointKind) -> bool:
        return time.monotonic() >= self._not_before.get(kind, 0.0)

    def _write(self, save: Save, *, is_closing: bool) -> None:
        if save.file is None and not self._write_file(save):
            if not is_closing:
                return  # tried again later, or a newer state in its place
        else:
            self._write_row(save)
        with self._lock:
            if self._saves.get(save.place) is save:
                del self._saves[save.place]

    def _write_file(self, save: Save) -> bool:
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
                self._tell("disk full" if DISK_FULL in fault else "not saved", fault, save.at)
            self._disk_fault = fault
            if DISK_FULL in fault:
                self._stop_keeping()
            self._not_before[save.kind] = time.monotonic() + RETRY_SECONDS
            return False
        self._disk_fault = ""
        if save.kind != "epoch":
            self._not_before[save.kind] = time.monotonic() + self._pace * SAVE_SECONDS
        return True

    def _stop_keeping(self) -> None:
        """Leave what room there is to what the run goes on from."""
        with self._lock:
            self.keeps_epochs = False
            self._saves = {
                place: save for place, save in self._saves.items() if save.kind != "epoch"
            }

    def _write_row(self, save: Save) -> None:
        assert save.file is not None
        name = save.file.path.name
        rows = self._store.checkpoints(self._run_id)
        if all(row.file_name != name for row in rows):  # else the removal below failed before
            self._store.add_checkpoint(
                self._run_id,
                kind=save.kind,
                file_name=name,
                sha256=save.file.sha256,
                step=save.at.step,
                epoch=save.at.epoch,
                loss=save.loss,
                accuracy=save.accuracy,
            )
        earlier = [row for row in rows if row.kind == save.kind and row.file_name != name]
        for row in self._outdated(save, earlier):
            self._store.remove_checkpoint(row.id)
        self._sweep()

    def _outdated(self, save: Save, earlier: Sequence[Checkpoint]) -> Sequence[Checkpoint]:
        """The checkpoints of one kind to let go of, now that there is one more."""
        if save.kind != "epoch":
            return earlier
        epochs = [row.epoch for row in earlier] + [save.at.epoch]
        gone = surplus(epochs, most_epochs(save.state.num_bytes))
        return [row for row in earlier if row.epoch in gone]

    def _sweep(self) -> None:
        from blitz.training.checkpoints import sweep

        keep = {row.file_name for row in self._store.checkpoints(self._run_id)}
        with self._lock:
            # Files that still wait for their row.
            keep |= {save.file.path.name for save in self._saves.values() if save.file}
        try:
            sweep(self._folder, keep)
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
