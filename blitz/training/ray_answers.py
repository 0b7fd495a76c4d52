"""What a cluster answered last, so that many who look neither ask it more and more nor wait for it.

A thread asks; whoever looks meanwhile has the answer before. Knows nothing of what is asked.
"""

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Generic, TypeVar

from blitz.training.ray_jobs import ClusterError

FRESH_SECONDS = 1.0
MOST_SECONDS = 5.0
"""How long at least, and at most, an answer is good for without a new question. It depends on how
long the answer took: a cluster keeps the jobs of all its life."""
USABLE_SECONDS = 15.0
"""Age at which an answer is no better than none."""
PATIENCE_SECONDS = 0.3
"""How long after a question began it is waited for by those who have no answer of use."""

Answer = TypeVar("Answer")


class RecentAnswer(Generic[Answer]):
    """The last answer to one question. Safe to use from several threads."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._newest = self._last = _Asked[Answer](began=-math.inf)
        self._newest.good_until = -math.inf

    def get(self) -> Answer:
        """The last answer, soon; ClusterError where it is one, or none has come yet."""
        newest, last, now = self._asked(), self._last, time.monotonic()
        if now - last.began < USABLE_SECONDS:
            return last.result(0)
        return newest.result(newest.began + PATIENCE_SECONDS - now)

    def fresh(self) -> Answer:
        """An answer that is still good, however long it takes; ClusterError where it is one."""
        return self._asked().result(None)

    def _asked(self) -> "_Asked[Answer]":
        """The newest question; its answer is good or will come."""
        with self._lock:
            if time.monotonic() >= self._newest.good_until:
                asked = _Asked[Answer](began=time.monotonic())
                threading.Thread(target=self._answer, args=(asked,), daemon=True).start()
                self._newest = asked
            return self._newest

    def _answer(self, asked: "_Asked[Answer]") -> None:
        try:
            asked.answer.set_result(self._ask())
        except ClusterError as error:
            asked.answer.set_exception(error)
        finally:
            asked.answer.cancel()  # nobody shall wait for what broke otherwise
            now = time.monotonic()
            lasted = now - asked.began
            asked.good_until = now + min(MOST_SECONDS, max(FRESH_SECONDS, 10 * lasted))
            self._last = asked


class _Asked(Generic[Answer]):
    """A question, and the answer to come."""

    def __init__(self, *, began: float) -> None:
        self.began = began
        self.good_until = math.inf
        self.answer: Future[Answer] = Future()

    def result(self, patience: float | None) -> Answer:
        """The answer; ClusterError where it is an error, or does not come in so many seconds."""
        with suppress(TimeoutError, CancelledError):
            # The error itself would grow with everybody who raises it.
            if (error := self.answer.exception(patience)) is not None:
                raise ClusterError(str(error))
            return self.answer.result(0)
        raise ClusterError("the cluster has not answered yet")
