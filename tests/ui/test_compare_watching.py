"""When panels are drawn anew by themselves, on runs that are under way or have just ended."""

import socket
from collections.abc import Iterator

import pytest
from filelock import FileLock

from blitz.training.config import TrainConfig
from blitz.training.locks import run_lock
from blitz.training.store import Run
from blitz.ui.compare.watching import signs_of
from blitz.ui.services import Services


@pytest.fixture
def running(server: Services) -> Iterator[Run]:
    """A run whose process, for all that anybody can see, lives."""
    run = server.store.create_run(
        name="a", config=TrainConfig(), device="cpu", token="a", host=socket.gethostname()
    )
    folder = server.settings.runs_folder / run.id
    folder.mkdir(parents=True)
    lock: FileLock = run_lock(folder)
    with lock:
        server.store.change_status(run.id, {"starting"}, "running")
        yield now(server, run)
        server.store.change_status(run.id, {"running"}, "finished")


def now(server: Services, run: Run) -> Run:
    found = server.launcher.run(run.id)
    assert found is not None
    return found


def test_steps_alone_change_nothing_but_an_end_does(server: Services, running: Run) -> None:
    drawn = signs_of(server, [running], "Images")
    server.store.update_run(running.id, step=10, epoch=1.5, accuracy=0.5)
    assert signs_of(server, [now(server, running)], "Images") == drawn
    server.store.change_status(running.id, {"running"}, "finished")
    assert signs_of(server, [now(server, running)], "Images") != drawn


def test_panels_of_weights_take_up_what_was_saved_meanwhile(server: Services, running: Run) -> None:
    panels = ("Images", "Weights", "Fork")
    drawn = [signs_of(server, [running], panel) for panel in panels]
    server.store.add_checkpoint(
        running.id, kind="last", file_name="x", sha256="0" * 64, step=1, epoch=1.0
    )
    is_new = [signs_of(server, [running], panel) != before
              for panel, before in zip(panels, drawn, strict=True)]  # fmt: skip
    assert is_new == [False, True, True]
