"""Turns at PyTorch's settings that are the whole process's, such as its random state.

Running a program sets them, and backward sets them where it computes a checkpointed part again;
both put them back. Two threads at once would each draw from the other's random numbers. Knows
nothing about programs or graphs.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_turn = threading.RLock()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Within it no other thread of the process is; a thread may enter it again."""
    with _turn:
        yield
