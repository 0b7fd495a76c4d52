"""Where a launcher's runs are carried out, and the one that starts processes on this machine.

The other one, `cluster`, hands them to Ray.
"""

import re
import socket
import subprocess
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from blitz.settings import Settings
from blitz.training.config import TrainConfig
from blitz.training.locks import team_lock
from blitz.training.processes import start_training
from blitz.training.store import Run, RunStore, StoreError

_LAUNCH_POLL_SECONDS = 0.05
_TEAM_SECONDS = 60.0
"""How long torchrun's end of an earlier attempt is waited for."""


class Executor(Protocol):
    """What a launcher asks of whatever starts the processes of its runs."""

    host: str
    """What the store is to say of a run's machine before the run has its process."""

    def devices(self) -> Sequence[str]:
        """The names of the devices that a run may ask for, beside "auto"."""

    def device(self, config: TrainConfig) -> str:
        """The full name of the device that a run asks for; ValueError where it cannot be had."""

    def known_device(self, config: TrainConfig) -> str:
        """The same without a wait: what the config says, where nobody knows better yet."""

    def start(self, runs: Sequence[Run], locks: Sequence[FileLock]) -> None:
        """See to it that runs which are "starting" get processes.

        It frees their launch locks once it answers for the runs itself; ValueError or OSError
        where it cannot, with the locks still held.
        """

    def waiting(self, runs: Sequence[Run]) -> set[str]:
        """Ids of those among runs that will yet get a process, though no lock says so."""

    def remark(self, run: Run) -> str:
        """What is known of a run that is "starting", for a person; empty for nothing."""

    def cancel(self, run: Run) -> None:
        """End at once a run that was asked to stop, where no process hears of it yet."""


class LocalExecutor:
    """Starts processes on this machine."""

    def __init__(self, settings: Settings, store: RunStore) -> None:
        self._settings = settings
        self._store = store
        self.host = socket.gethostname()

    def devices(self) -> Sequence[str]:
        """The devices of this machine."""
        from blitz.devices import list_devices  # which imports torch

        return [device.name for device in list_devices()]

    def device(self, config: TrainConfig) -> str:
        """The device's name on this machine."""
        from blitz.devices import list_devices, resolve_device

        device = resolve_device(config.device)
        num_gpus = sum(each.name.startswith("cuda") for each in list_devices())
        if device.startswith("cuda") and config.processes > num_gpus:
            raise ValueError(
                f"processes: {config.processes} were given; "
                f"each needs a GPU of its own, and this machine has {num_gpus}"
            )
        return device

    def known_device(self, config: TrainConfig) -> str:
        """The device's name on this machine."""
        return self.device(config)

    def start(self, runs: Sequence[Run], locks: Sequence[FileLock]) -> None:
        """Start one process of all these runs; it trains together what is faster together."""
        run_ids = [run.id for run in runs]
        processes = runs[0].config.processes
        process = start_training(run_ids, self._settings, self._log_path(run_ids[0]), processes)
        watcher = threading.Thread(
            target=self._watch,
            args=(run_ids, process, locks, processes > 1),
            name=f"run {run_ids[0]}",
            daemon=True,
        )
        watcher.start()

    def waiting(self, runs: Sequence[Run]) -> set[str]:
        """None: locks say it all."""
        return set()

    def remark(self, run: Run) -> str:
        """Nothing."""
        return ""

    def cancel(self, run: Run) -> None:
        """Do nothing: the process hears it from the store."""

    def _watch(
        self,
        run_ids: Sequence[str],
        process: subprocess.Popen[bytes],
        locks: Sequence[FileLock],
        is_torchrun: bool,
    ) -> None:
        """See a process off: free the launch locks once it has its own, and reap it at its end."""
        try:
            self._see_start(run_ids, process)
        finally:
            for lock in locks:
                lock.release()
        with ExitStack() as for_its_life:
            if is_torchrun:
                lock = team_lock(self._folder(run_ids[0]))
                with suppress(Timeout):  # an earlier one is still winding up
                    for_its_life.enter_context(lock.acquire(timeout=_TEAM_SECONDS))
            process.wait()

    def _see_start(self, run_ids: Sequence[str], process: subprocess.Popen[bytes]) -> None:
        """Wait until the process holds its runs; those that it never began have failed."""
        for run_id in run_ids:  # the process takes them in this order
            while process.poll() is None and self._is_starting(run_id):
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_LAUNCH_POLL_SECONDS)
        if process.poll() is not None:
            last_words = self._last_words(run_ids[0])
            with suppress(StoreError):  # then it shows as lost
                for run_id in run_ids:
                    self._store.change_status(run_id, {"starting"}, "failed", last_words)

    def _is_starting(self, run_id: str) -> bool:
        try:
            run = self._store.get_run(run_id)
        except StoreError:
            return True  # a fault of the moment: look again
        return run is not None and run.status == "starting"

    def _last_words(self, run_id: str) -> str:
        text = self._log_path(run_id).read_text(errors="replace")
        # Without the frames that torchrun draws around what it says.
        lines = [line.strip() for line in text.splitlines() if re.search(r"\w", line)]
        return f"its process ended at once: {lines[-1] if lines else 'it said nothing'}"

    def _log_path(self, run_id: str) -> Path:
        return self._folder(run_id) / "process.log"

    def _folder(self, run_id: str) -> Path:
        return self._settings.runs_folder / run_id
