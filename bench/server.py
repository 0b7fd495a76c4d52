"""A dashboard to measure: a home folder of its own, a real server (`streamlit run app.py`), runs.

What is measured on it, and with what client, is the benchmarks' business.
"""

import io
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

from blitz.settings import Settings, read_settings
from blitz.training.config import TrainConfig
from blitz.training.launcher import Launcher
from blitz.training.store import ACTIVE, Run, RunStore

REPOSITORY = Path(__file__).parents[1]
DEADLINE_SECONDS = 90.0
NUM_TRAIN, NUM_TEST = 4_800, 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """A home folder, and what works with it in this process."""

    settings: Settings
    store: RunStore
    launcher: Launcher


@contextmanager
def installation() -> Iterator[Installation]:
    """A home folder for the time of the measurement; its runs are ended afterwards."""
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="blitz-bench-"))
        settings = read_settings({"BLITZ_HOME": home})
        settings.prepare()
        store = stack.enter_context(closing(RunStore(settings.database_url)))
        launcher = Launcher(settings, store)
        stack.callback(end_runs, launcher)
        yield Installation(settings=settings, store=store, launcher=launcher)


def wait_for(condition: Callable[[], bool], what: str, poll_seconds: float = 0.02) -> None:
    """Return as soon as it holds; end the benchmark where that takes too long."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"waited {DEADLINE_SECONDS:g} s in vain for {what}")
        time.sleep(poll_seconds)


# The server


@contextmanager
def running_server(settings: Settings) -> Iterator[str]:
    """The address of a new server, as soon as it is healthy."""
    with server_process(settings, REPOSITORY / "app.py") as (url, _process):
        yield url


@contextmanager
def server_process(
    settings: Settings, app: Path
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """The address of a new server of this app, as soon as it is healthy, and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = settings.home / "server.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(app), f"--server.port={port}",
             "--server.address=127.0.0.1", "--server.headless=true"],
            cwd=REPOSITORY, env=own_environment(settings.home),
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        wait_for(lambda: process.poll() is not None or _is_healthy(url), "the server", 0.01)
        if process.poll() is not None:
            sys.exit(f"the server did not start: {log.read_text()}")
        yield url, process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def own_environment(home: Path) -> dict[str, str]:
    """The environment with a home folder, and nothing else that a dashboard's owner has set."""
    others = {name: text for name, text in os.environ.items() if not name.startswith("BLITZ_")}
    return {**others, "BLITZ_HOME": str(home)}


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
            return True
    except (URLError, TimeoutError, ConnectionError):
        return False


# Runs


def start_run(place: Installation, config: TrainConfig) -> Run:
    """A run that has begun to train."""
    token = f"{time.time_ns()}"
    run = place.launcher.start(config, name=f"bench {token}", token=token)
    wait_for(lambda: looked_up(place, run).status not in ("starting", "queued", "preparing"),
             "the start of a run")  # fmt: skip
    status = looked_up(place, run).status
    assert status in ("running", "finished"), looked_up(place, run).message
    return run


def looked_up(place: Installation, run: Run) -> Run:
    """The run as it is now."""
    found = place.launcher.run(run.id)
    assert found is not None
    return found


def end_runs(launcher: Launcher) -> None:
    """Stop all runs that are under way and wait for their ends."""
    for run in launcher.runs():
        if run.status in ACTIVE:
            launcher.stop(run.id)
    wait_for(lambda: not any(run.status in ACTIVE for run in launcher.runs()), "the runs' end")


def write_noise(path: Path, num_train: int = NUM_TRAIN, num_test: int = NUM_TEST) -> None:
    """An archive of random images of CIFAR-10's shape in ten classes."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for part, count in (("train", num_train), ("test", num_test)):
            for i in range(count):
                pixels = random.integers(0, 256, (32, 32, 3), dtype=np.uint8)
                file = io.BytesIO()
                Image.fromarray(pixels).save(file, "BMP")
                archive.writestr(f"{part}/{i % 10}/{i:05d}.bmp", file.getvalue())
