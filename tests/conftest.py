"""What all tests may use."""

import os
import time
from collections.abc import Callable

import pytest
from hypothesis import settings

# Before torch is imported, and for all processes that tests start: the threads of several
# processes on few cores spend their time waiting for each other.
os.environ["OMP_NUM_THREADS"] = "1"

DEADLINE_SECONDS = 240.0

# How long an example takes depends on what else runs; a failing one is printed to be tried again.
settings.register_profile("blitz", deadline=None, print_blob=True)
settings.load_profile("blitz")


@pytest.fixture
def wait_for() -> Callable[[Callable[[], bool]], None]:
    """Waits until something holds, or fails after a generous time."""

    def wait(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, "what was waited for did not come"
            time.sleep(0.02)

    return wait
