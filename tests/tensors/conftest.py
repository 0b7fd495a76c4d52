"""One pool of workers for all tests: it takes seconds to start."""

from collections.abc import Iterator

import pytest

from blitz.tensors.limits import Limits
from blitz.tensors.workers import Workers


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    """Two workers that stop a program after a second."""
    workers = Workers(limits=Limits(clock_seconds=1.0))
    yield workers
    workers.close()
