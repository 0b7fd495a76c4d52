"""Forward passes that were looked at last, kept for all sessions as long as memory is not short."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from blitz.network.records import Flow

MOST_BYTES = 512 * 2**20


class RecentFlows:
    """Passes by what decides them; the one that was not asked for longest is dropped first.

    most_bytes: of all of them together; the newest is kept, however large.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._flows: OrderedDict[Hashable, Flow] = OrderedDict()
        self._num_bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Flow]) -> Flow:
        """The pass of this key, made where it is not there."""
        with self._lock:
            if key in self._flows:
                self._flows.move_to_end(key)
                return self._flows[key]
        flow = make()  # others need not wait
        with self._lock:
            if key not in self._flows:  # nobody else made it meanwhile
                self._flows[key] = flow
                self._num_bytes += flow.num_bytes
            while self._num_bytes > self._most_bytes and len(self._flows) > 1:
                _, dropped = self._flows.popitem(last=False)
                self._num_bytes -= dropped.num_bytes
        return flow
