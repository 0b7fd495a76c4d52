"""Pages run by Streamlit's own test driver, on a home folder of their own."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from blitz.settings import read_settings
from blitz.training.store import ACTIVE
from blitz.ui.services import Services, services

ENTRY = Path(__file__).parents[2] / "pages" / "index.py"
SECONDS = 240


@pytest.fixture(autouse=True)
def main_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest puts a page in the place of the main module; new processes would import it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def server(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wait_for: Callable[[Callable[[], bool]], None],
) -> Iterator[Services]:
    """The services that the pages under test use; their runs are ended afterwards."""
    for name in [name for name in os.environ if name.startswith("BLITZ_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BLITZ_HOME", str(tmp_path / "home"))
    found = services()
    assert found.settings == read_settings()
    yield found
    for run in found.launcher.runs():
        if run.status in ACTIVE:
            found.launcher.stop(run.id)
    wait_for(lambda: not any(run.status in ACTIVE for run in found.launcher.runs()))
    found.store.close()


@pytest.fixture
def app(server: Services) -> AppTest:
    """The dashboard, not yet run."""
    assert server.settings.home.is_dir()
    return AppTest.from_file(str(ENTRY), default_timeout=SECONDS)
