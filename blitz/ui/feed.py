"""Values read a few times a second however many ask for them.

What is read and from where is the business of whoever makes a feed.
"""

import math
import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar, cast

from blitz.training.store import StoreError

FRESH_SECONDS = 0.2
FORGET_SECONDS = 30.0

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Feed(Generic[Key, Value]):
    """The value of each key as it is, or was a moment ago; forgotten when nobody asks any more.

    read: makes a value from its key and the value before, None at first.
    """

    def __init__(self, read: Callable[[Key, Value | None], Value]) -> None:
        self._read = read
        self._watched: dict[Key, _Watched[Value]] = {}
        self._lock = threading.Lock()
        self._looked_at = -math.inf

    def get(self, key: Key) -> Value:
        """The value; what the reading raises goes to whoever asked for it.

        A store that is away takes long to say so: all who waited meanwhile are told at once.
        """
        watched = self._watch(key)
        # Of many that ask at once, one reads. The others take what was there before: a database
        # that is locked for a while must not hold up all the server's threads.
        if not watched.lock.acquire(blocking=watched.value is None):
            return cast(Value, watched.value)
        try:
            if time.monotonic() - watched.read_at >= FRESH_SECONDS:
                self._refresh(key, watched)
            if watched.fault is not None:
                raise StoreError(watched.fault)
            return cast(Value, watched.value)
        finally:
            watched.lock.release()

    def forget_unwatched(self) -> None:
        """Let go of what nobody has asked for in the last half minute."""
        now = time.monotonic()
        with self._lock:
            if now - self._looked_at < FRESH_SECONDS:
                return
            self._looked_at = now
            self._watched = {
                key: watched
                for key, watched in self._watched.items()
                if now - watched.asked_at < FORGET_SECONDS
            }

    def __len__(self) -> int:
        return len(self._watched)

    def _refresh(self, key: Key, watched: "_Watched[Value]") -> None:
        try:
            watched.value = self._read(key, watched.value)
            watched.fault = None
        except StoreError as error:
            watched.fault = str(error)
        watched.read_at = time.monotonic()

    def _watch(self, key: Key) -> "_Watched[Value]":
        self.forget_unwatched()
        with self._lock:
            watched = self._watched.setdefault(key, _Watched())
            watched.asked_at = time.monotonic()
            return watched


class _Watched(Generic[Value]):
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.asked_at = -math.inf
        self.read_at = -math.inf
        self.value: Value | None = None
        self.fault: str | None = None
        """Why the last reading failed, if it did."""
