"""A real Streamlit server with its own home folder, and a real browser that watches for errors."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol
from urllib.error import URLError

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from bench.server import own_environment
from blitz.settings import Settings, read_settings

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 180.0
PATIENCE_MS = 120_000
"""How long a page may take to show what a test waits for; a slow machine takes long."""
# Opened at /train, Streamlit asks below /train for its base address before it asks at the root.
STREAMLIT_PROBE = re.compile(r"//[^/]+/[^/]+/_stcore/(health|host-config)$")
# Streamlit's own two lines come when the server stays away for some seconds.
NO_CONNECTION = re.compile(
    r"net::ERR_|^WebSocket connection to |^Client Error in reaching server endpoint"
    r"|^Streamlit server is not responding"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A running server."""

    url: str
    settings: Settings
    process: subprocess.Popen[bytes]


class Serve(Protocol):
    """Starts servers: in a home folder of their own, or in that and on the port of an ended one."""

    def __call__(self, app: Path, *, after: Server | None = None) -> Server: ...


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start `streamlit run` on an app, in a home folder of its own; stopped after the module."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(app: Path, *, after: Server | None = None) -> Server:
        home = after.settings.home if after else tmp_path_factory.mktemp("home")
        port = int(after.url.rsplit(":", 1)[1]) if after else _free_port()
        environment = {**own_environment(home), "PYTHONPATH": str(REPOSITORY)}
        log = home / "server.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", str(app), f"--server.port={port}",
                 "--server.address=127.0.0.1", "--server.fileWatcherType=none"],
                cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        processes.append(process)
        url = f"http://127.0.0.1:{port}"
        _wait_until_healthy(url, process, log)
        settings = read_settings({"BLITZ_HOME": str(home)})
        return Server(url=url, settings=settings, process=process)

    yield start
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.05)
    pytest.fail(f"the server did not start: {log.read_text()}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; where there is none the tests are skipped, but on a CI machine they fail."""
    path = shutil.which("chromium")
    if path is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("there is no chromium on the PATH")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@contextmanager
def watched_context(
    browser: Browser,
    *,
    width: int = 1440,
    color_scheme: Literal["light", "dark"] = "light",
    without_server: bool = False,
) -> Iterator[BrowserContext]:
    """A browser without memory of earlier tests; errors in any page of it fail the test.

    without_server: its pages outlive a server, and may say that they cannot reach it.
    """
    errors: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        address = message.location.get("url", "")
        is_known = STREAMLIT_PROBE.search(address) or (
            without_server and NO_CONNECTION.search(message.text)
        )
        if message.type == "error" and not is_known:
            errors.append(f"{message.text} ({address})")

    context = browser.new_context(
        viewport={"width": width, "height": 1000}, color_scheme=color_scheme
    )
    context.set_default_timeout(PATIENCE_MS)
    context.on("console", on_console)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    context.close()
    assert not errors, "the browser's console has errors: " + "; ".join(errors)


def wait_for(page: Page, condition: Callable[[], bool]) -> None:
    """Wait until something holds that Playwright has no expectation for.

    It has to stay so once it is so: between two looks a busy machine may let seconds pass.
    """
    deadline = time.monotonic() + PATIENCE_MS / 1_000
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        page.wait_for_timeout(20)


def double_click(page: Page, x: float, y: float) -> None:
    """Two clicks that are told to be 20 ms apart, however long the page takes for the first."""
    session = page.context.new_cdp_session(page)
    now = time.time()
    session.send("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x, "y": y})
    for index, kind in enumerate(("mousePressed", "mouseReleased") * 2):
        event = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 + index // 2}
        session.send("Input.dispatchMouseEvent", {**event, "timestamp": now + index / 100})
    session.detach()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A watched browser for one test."""
    with watched_context(browser) as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page of the watched browser."""
    return context.new_page()
