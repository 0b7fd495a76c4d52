"""Locks that say which processes live: the operating system frees them when a process dies.

No process ids, which are used again, and no clocks, which jump.
"""

import threading
import time
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock, Timeout

_LOOKING = threading.Lock()


def run_lock(folder: Path) -> FileLock:
    """What the training process of a run holds in the run's folder for its whole life."""
    return FileLock(folder / "lock", thread_local=False)


def launch_lock(folder: Path) -> FileLock:
    """What a launcher holds from before a run exists until its process holds the run's lock."""
    return FileLock(folder / "launch.lock", thread_local=False)


def team_lock(folder: Path) -> FileLock:
    """What whoever started torchrun for a run holds until torchrun ends.

    Nobody holds it for a torchrun that a person or a cluster started: while that begins a run
    again, the run shows as lost.
    """
    return FileLock(folder / "team.lock", thread_local=False)


def slot_lock(folder: Path, host: str, device: str) -> FileLock:
    """What the one training process holds that computes on this device."""
    return FileLock(folder / f"{host}-{device.replace(':', '-')}.lock", thread_local=False)


def is_held(lock: FileLock) -> bool:
    """Whether some process holds this lock now."""
    return bool(held({"": lock}))


def held(locks: Mapping[str, FileLock]) -> set[str]:
    """The names of the locks that some process holds now.

    Looking takes a lock for an instant: whoever wants to keep it tries more than once, and so
    does whoever looks, one thread of a process at a time. All are looked at in rounds, so that
    many take hardly longer than one.
    """
    names = {name for name, lock in locks.items() if Path(lock.lock_file).exists()}
    for pause in (0.001, 0.002, 0.004, 0.0):
        names = {name for name in names if not _is_free(locks[name])}
        if not names:
            break
        time.sleep(pause)  # another process may be looking
    return names


def _is_free(lock: FileLock) -> bool:
    try:
        with _LOOKING, lock.acquire(timeout=0):
            return True
    except Timeout:
        return False
