"""How long something may take, and how much memory a process grows by; knows no graphs."""

import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class TimeUpError(Exception):
    """Something took longer than it may."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises TimeUpError within once so much time is up; of the main thread alone."""

    def stop(*_: object) -> None:
        raise TimeUpError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Memory:
    """How much this process grows from now on, at most; Linux alone tells."""

    def __init__(self) -> None:
        try:
            # Begins a new count of the peak: what went before is not of interest.
            Path("/proc/self/clear_refs").write_text("5")
            self._before = _megabytes(os.getpid(), "VmRSS")
        except OSError:
            self._before = None

    def grown_mb(self) -> float | None:
        """By how much so far."""
        peak = _megabytes(os.getpid(), "VmHWM")
        return None if self._before is None or peak is None else max(0.0, peak - self._before)


def _megabytes(process: int, field: str) -> float | None:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    found = re.search(rf"{field}:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else None


def watch_memory(process: int, peak: list[float], ended: threading.Event) -> None:
    """Note the peak of a process until it ends; its parent's is not mixed into it."""
    is_over = False
    while not is_over:
        peak[0] = max(peak[0], _megabytes(process, "VmHWM") or 0.0)
        is_over = ended.wait(0.005)
