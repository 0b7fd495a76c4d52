"""A process that saves checkpoints and dies at it, or runs out of disk.

Run by `test_checkpoints` as `python -m tests.training.checkpoint_victim kill|fill FOLDER`. Knows
nothing of how a save works: it dies before and after every call into C that a save makes once it
has opened its first file, which is where anything can change on the disk.
"""

import errno
import itertools
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from blitz.training.checkpoints import load_state, save_state
from blitz.training.state import TrainState

NUM_WEIGHTS = 50_000
OLDER, NEWER, REPLACED = "last-1.safetensors", "last-2.safetensors", "best-1.safetensors"


def state_at(step: int) -> TrainState:
    """A state of about 200 kB that differs from those of other steps."""
    weights = torch.arange(NUM_WEIGHTS, dtype=torch.float32) + step
    return TrainState(tensors={"model.weight": weights}, values={"step": step})


def save_and_die_at(number: int, folder: Path) -> None:
    """Save one file beside the older and one over it; SIGKILL at the number-th event, if any."""
    count = 0

    def die(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        touches_disk = count > 0 or argument is open
        if event in ("c_call", "c_return", "c_exception") and touches_disk:
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(die)
    save_state(folder / NEWER, state_at(2))
    save_state(folder / REPLACED, state_at(2))


def save_and_die_after_bytes(limit: int, folder: Path) -> None:
    """Save; the kernel ends the process inside the write that goes beyond the limit."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    save_state(folder / NEWER, state_at(2))


def kill_everywhere(folder: Path) -> None:
    """One process and one sub-folder a kill, until a process lives to the end."""
    torch.set_num_threads(1)  # the threads of a pool would be missing in a fork
    for number in itertools.count(1):
        code = in_child(save_and_die_at, number, prepared(folder, f"call-{number}"))
        if code == 0:
            break
        assert code == -signal.SIGKILL, code
    size = (folder / "call-1" / OLDER).stat().st_size
    for limit in (0, 1, size // 2, size - 1):
        code = in_child(save_and_die_after_bytes, limit, prepared(folder, f"bytes-{limit}"))
        assert code == -signal.SIGXFSZ, code


def prepared(folder: Path, name: str) -> Path:
    """A run folder as it is between two saves."""
    first = folder / "call-1"
    case = folder / name
    case.mkdir()
    if case == first:
        save_state(case / OLDER, state_at(1))
    else:
        shutil.copyfile(first / OLDER, case / OLDER)
    shutil.copyfile(case / OLDER, case / REPLACED)
    return case


def in_child(task: Callable[[int, Path], None], number: int, folder: Path) -> int:
    """Exit code of a fork that does the task; a fork saves the seconds of importing torch."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(240)  # a child that hangs ends by itself, whatever becomes of its parent
        code = 1
        try:
            task(number, folder)
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fill_disk(folder: Path) -> None:
    """On a disk with room for one file: neither a file beside nor one over it does harm."""
    older = save_state(folder / OLDER, state_at(1))
    for name in (NEWER, OLDER):
        code = None
        try:
            save_state(folder / name, state_at(2))
        except OSError as error:
            code = error.errno
        assert code == errno.ENOSPC, code
        assert [file.name for file in folder.iterdir()] == [OLDER]
        assert load_state(older.path, older.sha256).values == {"step": 1}


if __name__ == "__main__":
    {"kill": kill_everywhere, "fill": fill_disk}[sys.argv[1]](Path(sys.argv[2]))
