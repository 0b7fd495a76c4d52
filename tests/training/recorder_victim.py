"""Dies by SIGKILL at a named step of saving a checkpoint, once for each step asked for.

Arguments: database URL, folder of folders, then pairs of a step's name and a run's id. One line for
each pair: how its process ended.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from blitz.training.checkpoint_writer import Save
from blitz.training.events import Position
from blitz.training.recorder import Recorder
from blitz.training.state import TrainState
from blitz.training.store import RunStore

STEPS = {
    "row": (RunStore, "add_checkpoint"),
    "forgetting": (RunStore, "remove_checkpoint"),
    "removal": (Path, "unlink"),
}


def die_at(point: str) -> None:
    """Make the step of this name the process's last."""
    when, _, step = point.partition(" ")
    owner, name = STEPS[step]
    original: Callable[..., Any] = getattr(owner, name)

    def last_call(self: object, *arguments: Any, **options: Any) -> None:
        # Temporary files, and rows that are none of ours, come and go as ever.
        is_meant = step != "removal" or str(self).endswith(".safetensors")
        if is_meant and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        original(self, *arguments, **options)
        if is_meant:
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, last_call)


def save_second(url: str, folder: Path, run_id: str) -> None:
    """Save a second checkpoint of a run that has one."""
    store = RunStore(url)
    run = store.get_run(run_id)
    assert run is not None
    state = TrainState(tensors={"model.weight": torch.full((8,), 2.0)}, values={"step": 2})
    at = Position(step=2, epoch=2.0, images=2, seconds=2.0)
    with Recorder(store, run, folder) as recorder:
        recorder.save(
            Save(kind="last", state=state, at=at, loss=None, accuracy=None, is_urgent=True)
        )


def main(url: str, folder: str, *pairs: str) -> None:
    for point, run_id in zip(pairs[::2], pairs[1::2], strict=True):
        child = os.fork()  # torch is imported once for all
        if child == 0:
            die_at(point)
            save_second(url, Path(folder) / point, run_id)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
