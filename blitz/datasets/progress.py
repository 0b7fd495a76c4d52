"""Reports how far a download or a reading has come, a few times a second at most.

Knows nothing about who listens.
"""

import time
from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and the total (0 where unknown)."""

_SECONDS_BETWEEN = 0.25


class Throttle:
    """Passes on the first and the last report of a task, and one each quarter second between."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._last = ("", 0, 0)
        self._next = 0.0

    def __call__(self, task: str, done: int, total: int) -> None:
        if self._progress is None:
            return
        now = time.monotonic()
        last = (task, done, total)
        finished = done == total and last != self._last
        if now >= self._next or task != self._last[0] or finished:
            self._last = last
            self._next = now + _SECONDS_BETWEEN
            self._progress(task, done, total)
