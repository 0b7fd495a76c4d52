"""Starts, steers and deletes runs, for the web process, and speaks to them through the store.

Never trains: an executor starts the processes, on this machine or on a cluster. Which runs live,
`liveness` finds out.
"""

import hashlib
import shutil
import uuid
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from filelock import FileLock, Timeout

from blitz.settings import Settings
from blitz.training.checkpoint_writer import describe_disk_fault
from blitz.training.config import TrainConfig
from blitz.training.events import Command
from blitz.training.executors import Executor, LocalExecutor
from blitz.training.liveness import Liveness
from blitz.training.locks import launch_lock
from blitz.training.runs import PARENT_FILE
from blitz.training.store import (
    ACTIVE,
    Run,
    RunLabels,
    RunStore,
    ShownStatus,
    StoreError,
    new_run_id,
)

_OF_THE_NETWORK = ("model", "width", "whiten", "dataset", "image_size", "skip_unreadable")
"""What a fork has in common with its parent: else the weights would not fit, or mean nothing."""
RESUMABLE: frozenset[ShownStatus] = frozenset({"stopped", "failed", "diverged", "lost"})


class LauncherError(ValueError):
    """Something cannot be asked of a run now: one line for a person."""


class Launcher:
    """Starts, resumes, steers and deletes runs. Safe to use from several threads and servers."""

    def __init__(self, settings: Settings, store: RunStore) -> None:
        self._settings = settings
        self._store = store
        self._executor = _executor(settings, store)
        self._liveness = Liveness(settings, store, self._executor)

    # Looking

    def run(self, run_id: str) -> Run | None:
        """The run of this id with the status a person shall see, or None."""
        found = self._store.get_run(run_id)
        return self.view(found) if found else None

    def runs(self, limit: int = 200) -> list[Run]:
        """The newest runs, newest first, with the status a person shall see."""
        return self._liveness.views(self._store.list_runs(limit))

    def runs_of(self, run_ids: Sequence[str]) -> list[Run]:
        """The runs of these ids that there are, in their order, as `run` gives each."""
        return self._liveness.views(self._store.get_runs(run_ids))

    def view(self, run: Run) -> Run:
        """The run, "lost" where it is said to be under way and its process is gone."""
        [seen] = self._liveness.views([run])
        return seen

    # Starting

    def start(
        self,
        config: TrainConfig,
        *,
        name: str,
        token: str,
        prepare: Callable[[Run, Path], None] | None = None,
        **labels: Unpack[RunLabels],
    ) -> Run:
        """Make a run and start its process; the same token again gives the same run.

        `prepare` may put into the new run's folder what it begins with. Raises ValueError for a
        name or device that cannot be had, or a disk that takes no more.
        """
        run, lock = self.register(config, name=name, token=token, **labels)
        if lock is None:
            return run
        try:
            if prepare is not None:
                prepare(run, self._folder(run.id))
        except BaseException as error:
            self._store.delete_run(run.id)
            self._remove_folder(run.id, lock)
            if isinstance(error, OSError):
                raise LauncherError(f"{name}: {describe_disk_fault(error)}") from error
            raise
        self._launch([run], [lock])
        return run

    def start_sweep(
        self, configs: Sequence[TrainConfig], *, names: Sequence[str], token: str
    ) -> list[Run]:
        """Make a run of each config and start them together, as their executor does it best.

        What is faster together trains together. On this machine the others are carried out one
        after another, oldest first; a cluster starts each where it fits. The same token again
        gives the same runs. Raises ValueError as `start` does.
        """
        if any(config.processes > 1 for config in configs):
            raise LauncherError("processes: more than 1 were given; a sweep's runs have one each")
        sweep = uuid.uuid5(uuid.NAMESPACE_OID, token).hex[:12]
        runs, new, locks = [], [], []
        try:
            for index, (config, name) in enumerate(zip(configs, names, strict=True)):
                run, lock = self.register(config, name=name, token=f"{token}/{index}", sweep=sweep)
                runs.append(run)
                if lock is not None:
                    new.append(run)
                    locks.append(lock)
        except BaseException:
            for run, lock in zip(new, locks, strict=True):
                with suppress(StoreError):  # then it shows as lost
                    self._store.delete_run(run.id)
                self._remove_folder(run.id, lock)
            raise
        if new:
            self._launch(new, locks)
        return runs

    def fork(
        self,
        run_id: str,
        config: TrainConfig,
        *,
        name: str,
        token: str,
        checkpoint_id: int | None = None,
    ) -> Run:
        """Start a run with other settings from weights that another one has saved: by default last.

        Network and data stay the parent's. Its optimiser's memory is left behind; steps are
        counted anew. Raises ValueError where there are no weights, or they would not fit.
        """
        parent = self._known(run_id)
        for field in _OF_THE_NETWORK:
            given, expected = getattr(config, field), getattr(parent.config, field)
            if given != expected:
                raise LauncherError(
                    f"{field}: {given!r} was given; a fork of {parent.name} has {expected!r}"
                )
        rows = self._store.checkpoints(run_id)
        wanted = [
            row
            for row in rows
            if (row.kind == "last" if checkpoint_id is None else row.id == checkpoint_id)
        ]
        if not wanted:
            if checkpoint_id is not None:
                raise LauncherError(f"{parent.name}: has these weights no longer; choose others")
            raise LauncherError(f"{parent.name}: has saved no weights yet")
        chosen = max(wanted, key=lambda row: row.id)

        def copy_weights(_: Run, folder: Path) -> None:
            # The parent may go on, or be deleted: the fork has a copy of its own.
            try:
                weights = (self._folder(run_id) / chosen.file_name).read_bytes()
            except OSError:
                weights = b""
            if hashlib.sha256(weights).hexdigest() != chosen.sha256:
                raise LauncherError(f"{parent.name}: these weights are gone or damaged")
            (folder / PARENT_FILE).write_bytes(weights)

        return self.start(
            config,
            name=name,
            token=token,
            prepare=copy_weights,
            parent=run_id,
            parent_step=chosen.step,
        )

    def devices(self) -> Sequence[str]:
        """The names of the devices that a run may ask for, beside "auto"."""
        return self._executor.devices()

    def device(self, config: TrainConfig) -> str:
        """The full name of the device that a run of this config would get.

        ValueError where it cannot be had.
        """
        return self._executor.device(config)

    def known_device(self, config: TrainConfig) -> str:
        """The same without a wait, for a page; what was asked for where it is not known yet."""
        return self._executor.known_device(config)

    def register(
        self, config: TrainConfig, *, name: str, token: str, **labels: Unpack[RunLabels]
    ) -> tuple[Run, FileLock | None]:
        """Make a run and hold its launch lock; no lock where the token has its run already."""
        device = self.device(config)
        run_id = new_run_id()
        lock = self._lock_launch(run_id)
        try:
            run = self._store.create_run(
                name=name,
                config=replace(config, device=device),
                device=device,
                token=token,
                run_id=run_id,
                host=self._executor.host,
                **labels,
            )
        except (StoreError, ValueError):
            self._remove_folder(run_id, lock)
            raise
        if run.id != run_id:
            self._remove_folder(run_id, lock)
            return self.view(run), None
        return run, lock

    def resume(self, run_id: str, *, learning_rate: float | None = None) -> Run:
        """Go on with a run from its last checkpoint, perhaps with another learning rate."""
        run = self._expect(run_id, RESUMABLE, "resumed")
        device = self.device(run.config)
        command = _learning_rate(run, learning_rate) if learning_rate is not None else None
        lock = self._lock_launch(run_id)
        with _released_on_error(lock):
            stored = self._dead(run_id, "resumed")
            host = self._executor.host
            if not self._store.begin_attempt(run_id, {stored.status}, device=device, host=host):
                raise LauncherError(f"{run.name}: somebody else changed it just now")
            if command is not None:
                self._store.send_command(run_id, command)
            self._launch([replace(stored, device=device, host=host)], [lock])
        return self._known(run_id)

    def _launch(self, runs: Sequence[Run], locks: Sequence[FileLock]) -> None:
        """Have runs that are "starting" carried out; the executor frees the launch locks."""
        with _released_on_error(*locks):
            try:
                self._executor.start(runs, locks)
            except (OSError, ValueError) as error:
                words = error.strerror if isinstance(error, OSError) else str(error)
                message = f"the training process cannot be started: {words}"
                for run in runs:
                    self._store.change_status(run.id, {"starting"}, "failed", message)
                raise LauncherError(message) from error

    # Steering

    def pause(self, run_id: str) -> None:
        """Ask a running run to pause."""
        self._expect(run_id, {"running"}, "paused")
        self._store.send_command(run_id, Command(kind="pause"))

    def continue_(self, run_id: str) -> None:
        """Ask a paused run to go on."""
        self._expect(run_id, {"paused"}, "continued")
        self._store.send_command(run_id, Command(kind="resume"))

    def stop(self, run_id: str) -> None:
        """Ask a run under way, or waiting for its device, to end with a checkpoint."""
        run = self._expect(run_id, ACTIVE, "stopped")
        self._store.send_command(run_id, Command(kind="stop"))
        self._executor.cancel(run)

    def set_learning_rate(self, run_id: str, learning_rate: float) -> None:
        """Ask a run under way to train with another learning rate from now on."""
        run = self._expect(run_id, ACTIVE, "changed")
        self._store.send_command(run_id, _learning_rate(run, learning_rate))

    def delete(self, run_id: str) -> None:
        """Remove an ended or lost run with all that was recorded and saved."""
        lock = self._lock_launch(self._known(run_id).id)
        with _released_on_error(lock):
            self._dead(run_id, "deleted")
            self._store.delete_run(run_id)
        self._remove_folder(run_id, lock)

    # Inside

    def _known(self, run_id: str) -> Run:
        run = self.run(run_id)
        if run is None:
            raise LauncherError(f"there is no run {run_id}")
        return run

    def _expect(self, run_id: str, allowed: Container[ShownStatus], done: str) -> Run:
        run = self._known(run_id)
        if run.status not in allowed:
            raise LauncherError(f"{run.name}: is {run.status} and cannot be {done}")
        return run

    def _dead(self, run_id: str, done: str) -> Run:
        """The run as stored, if nobody carries it out; the caller holds its launch lock."""
        stored = self._store.get_run(run_id)
        if stored is None:
            raise LauncherError(f"there is no run {run_id}")
        status = self._liveness.view_of_locked(stored).status
        if status in ACTIVE:
            raise LauncherError(f"{stored.name}: is {status} and cannot be {done}")
        return stored

    def _lock_launch(self, run_id: str) -> FileLock:
        folder = self._folder(run_id)
        lock = launch_lock(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=1.0, poll_interval=0.01)
        except Timeout:
            raise LauncherError("this run is being started or deleted already") from None
        except OSError as error:
            raise LauncherError(f"{folder} cannot be written: {error.strerror}") from error
        return lock

    def _remove_folder(self, run_id: str, lock: FileLock) -> None:
        lock.release()  # first: some systems keep a file that is open
        shutil.rmtree(self._folder(run_id), ignore_errors=True)

    def _folder(self, run_id: str) -> Path:
        return self._settings.runs_folder / run_id


def _executor(settings: Settings, store: RunStore) -> Executor:
    if not settings.ray_address:
        return LocalExecutor(settings, store)
    from blitz.training.cluster import ClusterExecutor

    return ClusterExecutor(settings, store)


def _learning_rate(run: Run, value: float) -> Command:
    """The command, or ValueError where the run's config would refuse this learning rate."""
    return Command(kind="learning rate", value=replace(run.config, lr=value).lr)


@contextmanager
def _released_on_error(*locks: FileLock) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for lock in locks:
            lock.release()
        raise
