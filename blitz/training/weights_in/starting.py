"""Makes a run of given weights, for the web process: its row, its checkpoint, its own process.

What that process does, `evaluate` knows.
"""

import os
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from blitz.settings import Settings
from blitz.training.checkpoints import save_state
from blitz.training.config import TrainConfig
from blitz.training.launcher import Launcher
from blitz.training.state import TrainState
from blitz.training.store import Run, RunStore, StoreError
from blitz.training.weights_in.evaluate import CHECKPOINT, WEIGHTS_OF
from blitz.training.weights_in.policy import shown
from blitz.training.weights_in.reading import GivenWeights, import_path


def start_evaluation(
    settings: Settings,
    store: RunStore,
    launcher: Launcher,
    weights: GivenWeights,
    config: TrainConfig,
    *,
    name: str,
    file_name: str,
    token: str,
) -> Run:
    """Make a run of these weights and have it evaluated; the same token gives the same run.

    Raises ValueError for a name or device that cannot be had, OSError where the disk is full.
    """
    run, lock = launcher.register(config, name=name, token=token)
    if lock is None:
        return run
    try:
        _save_checkpoint(settings, store, run, weights, file_name)
        process = _start_process(settings, run)
    except BaseException:
        store.delete_run(run.id)
        lock.release()
        shutil.rmtree(settings.runs_folder / run.id, ignore_errors=True)
        raise
    # Until the process ends: it is known to live from before it holds the run's own lock.
    threading.Thread(
        target=_watch, args=(store, run.id, process, lock), name=f"run {run.id}", daemon=True
    ).start()
    return run


def _save_checkpoint(
    settings: Settings, store: RunStore, run: Run, weights: GivenWeights, file_name: str
) -> None:
    state = TrainState(
        tensors={f"model.{name}": tensor for name, tensor in weights.tensors.items()},
        values={"step": 0, WEIGHTS_OF: shown(Path(file_name).name)},
    )
    saved = save_state(settings.runs_folder / run.id / CHECKPOINT, state)
    store.add_checkpoint(
        run.id, kind="last", file_name=CHECKPOINT, sha256=saved.sha256, step=0, epoch=0.0
    )


def _start_process(settings: Settings, run: Run) -> "subprocess.Popen[bytes]":
    with (settings.runs_folder / run.id / "process.log").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "blitz.training.weights_in.evaluate", run.id],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={
                **os.environ,
                "BLITZ_HOME": str(settings.home),
                "BLITZ_DATABASE_URL": settings.database_url,
                "BLITZ_DATASETS": os.pathsep.join(map(str, settings.dataset_folders)),
                "PYTHONPATH": import_path(),
            },
            start_new_session=True,  # a stop of the server is no stop of the run
        )


def _watch(
    store: RunStore, run_id: str, process: "subprocess.Popen[bytes]", lock: FileLock
) -> None:
    try:
        process.wait()
        with suppress(StoreError):  # then it shows as lost
            store.change_status(run_id, {"starting"}, "failed", "its process ended at once")
    finally:
        lock.release()
