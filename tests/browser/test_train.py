"""Training through the whole product: a browser, a server, and training processes, all real."""

import io
import os
import re
import signal
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, WebSocket, expect
from safetensors.torch import load as load_safetensors
from torch import Tensor

from blitz.datasets import load_dataset
from blitz.models import build_model
from blitz.training.events import Command
from blitz.training.launcher import Launcher
from blitz.training.store import ACTIVE, Run, RunStore
from tests.browser.conftest import REPOSITORY, Serve, Server, wait_for, watched_context
from tests.browser.test_live_chart import drag, evaluate, points, view

APP = REPOSITORY / "app.py"
TRAINING_MS = 300_000
"""The longest that a test waits for a run to end."""
EPOCHS = 60
"""Of a run that is watched to its end: enough for a slow page to see it under way."""
ENDLESS = 10_000
"""Epochs of a run that is steered: too many to end meanwhile, however slow the pages are."""


# A server, and who ends its runs


@contextmanager
def runs_of(server: Server) -> Iterator[RunStore]:
    """The store of a server; runs that are still under way are stopped at the end."""
    store = RunStore(server.settings.database_url)
    launcher = Launcher(server.settings, store)
    try:
        yield store
    finally:
        deadline = time.monotonic() + 240
        for run in launcher.runs():
            if run.status in ACTIVE:
                launcher.stop(run.id)
        while any(run.status in ACTIVE for run in launcher.runs()):
            assert time.monotonic() < deadline, "a run does not end"
            time.sleep(0.05)
        store.close()


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve(APP)


@pytest.fixture
def store(server: Server) -> Iterator[RunStore]:
    with runs_of(server) as store:
        yield store


def read_run(store: RunStore, run_id: str) -> Run:
    run = store.get_run(run_id)
    assert run is not None
    return run


def training_process(server: Server, run_id: str) -> int:
    """The process id of the run's latest process."""
    log = (server.settings.runs_folder / run_id / "process.log").read_text()
    return int(re.findall(r"process (\d+) carries out run", log)[-1])


# What a person does and sees


def open_form(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/train")
    expect(button(page, "Start")).to_be_visible()
    script_is_idle(page)  # what is typed into a field that is just being drawn may be lost


def open_run(page: Page, server: Server, run_id: str) -> None:
    page.goto(f"{server.url}/train?run={run_id}")
    expect(status(page)).not_to_have_text("loading")


def button(page: Page, name: str) -> Locator:
    return page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True)


def status(page: Page) -> Locator:
    return page.locator(".blitz-live-status b")


def fill_in(page: Page, label: str, value: object) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(str(value))
    field.press("Enter")


def start_long_run(page: Page, server: Server) -> str:
    """Start the first preset with far more epochs; the run's id."""
    open_form(page, server)
    set_epochs(page, ENDLESS)
    button(page, "Start").click()
    expect(status(page)).to_have_text("running")
    return run_id(page)


def set_epochs(page: Page, epochs: int) -> None:
    """Change the first preset's number of epochs, of 45 steps each."""
    fill_in(page, "Epochs", epochs)
    expect(page.get_by_text(f"{45 * epochs:,} in all")).to_be_visible()


def run_id(page: Page) -> str:
    page.wait_for_url("**/train?run=*")
    return page.url.rpartition("=")[2]


def script_is_idle(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def last_step(page: Page) -> float:
    return max(points(page), default=0)


def grows(page: Page) -> None:
    """Wait until the curve goes further, twice."""
    for _ in range(2):
        before = last_step(page)
        wait_for(page, lambda before=before: last_step(page) > before)  # type: ignore[misc]


def marks(page: Page) -> list[str]:
    """What the charts mark as having happened."""
    texts: list[str] = evaluate(page, "(chart.data?.[3].text ?? []).filter(Boolean)")
    return texts[::2]  # each vertical line has two ends


def messages_of_the_page(page: Page) -> list[str]:
    """ "sent" or "received" for each message between page and server, growing as they come.

    No script runs without a message: it begins and ends with one.
    """
    messages: list[str] = []

    def note(socket: WebSocket) -> None:
        socket.on("framesent", lambda _frame: messages.append("sent"))
        socket.on("framereceived", lambda _frame: messages.append("received"))

    page.on("websocket", note)
    return messages


def sticks_out(page: Page) -> list[str]:
    """Elements beyond the left or right end of the window, or that have to be scrolled sideways."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stApp] *')]
            .filter((node) => {
                const { left, right, width, height } = node.getBoundingClientRect();
                const style = getComputedStyle(node);
                if (!width || !height || style.visibility !== 'visible') return false;
                const scrolls = ['auto', 'scroll'].includes(style.overflowX);
                return left < -1 || right > innerWidth + 1
                    || (scrolls && node.scrollWidth > node.clientWidth + 1);
            })
            .map((node) => `${node.tagName} ${node.dataset.testid ?? node.className}`)"""
    )
    return found


# A run of the first preset, watched to its end


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """What a page showed at one moment of a run."""

    status: str
    step: float
    num_messages: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """A run that was started on a page and has ended, and what the page went through."""

    server: Server
    page: Page
    store: RunStore
    run: Run
    sights: list[Sight]
    messages_at_end: list[str]


@pytest.fixture(scope="module")
def trained(browser: Browser, serve: Serve) -> Iterator[Trained]:
    """The first preset, started by a double click and left alone until its results appeared.

    With more epochs than it has by itself.
    """
    server = serve(APP)
    with watched_context(browser) as context, runs_of(server) as store:
        page = context.new_page()
        messages = messages_of_the_page(page)
        open_form(page, server)
        set_epochs(page, EPOCHS)
        button(page, "Start").dblclick()
        wait_for(page, lambda: bool(store.list_runs()))
        # It waits for the page, which may take longer to open than the run to end.
        store.send_command(store.list_runs()[0].id, Command(kind="pause"))
        button(page, "Resume").click()
        expect(button(page, "Pause")).to_be_visible()
        script_is_idle(page)
        wait_for(page, lambda: bool(points(page)))
        num_before = len(messages)
        sights = [look(page, messages)]
        while sights[-1].status == "running":
            sights.append(look(page, messages))
        expect(page.get_by_text("Training script")).to_be_visible(timeout=TRAINING_MS)
        script_is_idle(page)
        yield Trained(
            server=server,
            page=page,
            store=store,
            run=read_run(store, run_id(page)),
            sights=sights,
            messages_at_end=messages[num_before:],
        )


def look(page: Page, messages: list[str]) -> Sight:
    page.wait_for_timeout(50)
    seen = evaluate(
        page, "[document.querySelector('.blitz-live-status b').textContent, chart.data[0].x.at(-1)]"
    )
    return Sight(status=seen[0], step=seen[1], num_messages=len(messages))


def test_two_clicks_on_start_are_one_run(trained: Trained) -> None:
    assert [run.id for run in trained.store.list_runs()] == [trained.run.id]


def test_a_curve_grows_while_no_script_runs(trained: Trained) -> None:
    running = [sight for sight in trained.sights if sight.status == "running"]
    assert len({sight.step for sight in running}) >= 2
    assert len({sight.num_messages for sight in running}) == 1


def test_the_end_of_a_run_runs_the_script_once_and_shows_its_results(trained: Trained) -> None:
    page = trained.page
    assert trained.run.status == "finished"
    assert trained.messages_at_end.count("sent") == 1
    expect(status(page)).to_have_text("finished")
    assert last_step(page) == trained.run.total_steps
    accuracy = page.get_by_test_id("stMetricValue").first.inner_text()
    assert float(accuracy.rstrip("%")) >= 97
    charts = page.get_by_test_id("stPlotlyChart")
    expect(charts.nth(0).locator(".barlayer .point")).to_have_count(10)
    expect(charts.nth(1).locator(".heatmaplayer image")).to_have_count(1)
    expect(pictures(page)).to_have_count(24)


def pictures(page: Page) -> Locator:
    return page.get_by_test_id("stMain").locator("figure img")


def test_downloaded_weights_give_the_accuracy_that_is_shown(trained: Trained) -> None:
    page = trained.page
    shown = page.get_by_test_id("stMetricValue").first.inner_text()
    safetensors = load_safetensors(download(page, ".safetensors").read_bytes())
    pth = torch.load(download(page, ".pth"), weights_only=True)
    assert safetensors.keys() == pth.keys()
    for weights in (safetensors, pth):
        assert f"{accuracy_of(weights):.2%}" == shown


def download(page: Page, label: str) -> Path:
    with page.expect_download() as waiting:
        button(page, label).click()
    return waiting.value.path()


def accuracy_of(weights: dict[str, Tensor]) -> float:
    digits = load_dataset("digits")
    net = build_model("net", channels=1, image_size=digits.image_size, num_classes=10)
    net.load_state_dict(weights)
    net.eval()
    inputs = (digits.test_images.float() / 255 - digits.mean) / digits.std
    with torch.no_grad():
        predicted = net(inputs).argmax(1)
    return float((predicted == digits.test_labels).double().mean())


def test_downloaded_metrics_and_script_can_be_used(trained: Trained) -> None:
    metrics = pd.read_csv(download(trained.page, "Metrics as CSV"))
    assert metrics["step"].iloc[-1] == trained.run.total_steps
    assert (metrics["split"] == "test").sum() == EPOCHS
    assert metrics["loss"].notna().all()
    source = download(trained.page, "Training script").read_text()
    compile(source, "training script", "exec")
    assert "class Net(" in source


def test_a_cell_of_the_confusion_matrix_shows_its_images_and_again_all(trained: Trained) -> None:
    page = trained.page
    everything = pictures(page).evaluate_all("images => images.map(image => image.alt)")
    digits = load_dataset("digits")
    click_cell(page, truth=3, prediction=3)
    heading = page.get_by_role("heading", name="3 taken for 3")
    expect(heading).to_be_visible()
    count = int(heading.inner_text().rpartition(": ")[2].removesuffix(" images"))
    assert 0.9 * count <= (digits.test_labels == 3).sum() <= count / 0.9
    wait_for(page, lambda: captions(page) != everything)
    assert all(caption.startswith("✓ 3 ") for caption in captions(page))
    click_cell(page, truth=3, prediction=3)
    expect(page.get_by_role("heading", name="Most confident mistakes first")).to_be_visible()
    wait_for(page, lambda: captions(page) == everything)
    assert everything[0].startswith("✗ ")


def captions(page: Page) -> list[str]:
    texts: list[str] = pictures(page).evaluate_all("images => images.map(image => image.alt)")
    return texts


def click_cell(page: Page, *, truth: int, prediction: int) -> None:
    matrix = page.get_by_test_id("stPlotlyChart").nth(1).locator(".js-plotly-plot")
    script_is_idle(page)
    matrix.scroll_into_view_if_needed()
    x, y = matrix.evaluate(
        """(chart, [column, row]) => {
            const { xaxis, yaxis } = chart._fullLayout;
            return [xaxis._offset + xaxis.d2p(column), yaxis._offset + yaxis.d2p(row)];
        }""",
        [prediction, truth],
    )
    matrix.click(position={"x": x, "y": y})


def test_a_reload_and_another_browser_find_the_run(trained: Trained, browser: Browser) -> None:
    address = trained.page.url
    assert address.endswith(f"?run={trained.run.id}")
    trained.page.reload()
    with watched_context(browser) as context:
        for page in (trained.page, context.new_page()):
            page.goto(address)
            expect(status(page)).to_have_text("finished")
            expect(page.get_by_test_id("stMetricValue").first).to_be_visible()
            wait_for(page, lambda page=page: last_step(page) == 45 * EPOCHS)  # type: ignore[misc]


@pytest.mark.parametrize("width", [900, 1440])
def test_nothing_sticks_out_sideways(trained: Trained, browser: Browser, width: int) -> None:
    with watched_context(browser, width=width, color_scheme="dark") as context:
        page = context.new_page()
        page.goto(trained.server.url)
        expect(page.get_by_text("Where to go next")).to_be_visible()
        script_is_idle(page)
        assert sticks_out(page) == []
        open_form(page, trained.server)
        script_is_idle(page)
        assert sticks_out(page) == []
        open_run(page, trained.server, trained.run.id)
        expect(page.get_by_text("Training script")).to_be_visible()
        wait_for(page, lambda: bool(points(page)))
        assert sticks_out(page) == []


# The form


def test_a_wrong_value_is_told_beside_its_field_and_cannot_be_started(
    trained: Trained, browser: Browser
) -> None:
    with watched_context(browser) as context:
        page = context.new_page()
        open_form(page, trained.server)
        fill_in(page, "Learning rate", -1)
        error = page.get_by_test_id("stAlert")
        expect(error).to_have_count(1)
        expect(error).to_contain_text("was given; expected a number above 0 to 100")
        assert is_below(error, page.get_by_label("Learning rate", exact=True))
        expect(button(page, "Start")).to_have_count(0)
        fill_in(page, "Learning rate", 0.01)
        expect(button(page, "Start")).to_be_visible()
        expect(error).to_have_count(0)


def is_below(lower: Locator, upper: Locator) -> bool:
    """Whether an element is right below another: no further away than it is high."""
    above, below = upper.bounding_box(), lower.bounding_box()
    assert above is not None
    assert below is not None
    gap = below["y"] - (above["y"] + above["height"])
    is_beside = below["x"] <= above["x"] + above["width"] and above["x"] <= below["x"] + 20
    return 0 <= gap <= above["height"] and is_beside


def test_an_uploaded_archive_is_trained_on(trained: Trained, browser: Browser) -> None:
    with watched_context(browser) as context:
        page = context.new_page()
        open_form(page, trained.server)
        page.get_by_label("Data set").click()
        page.get_by_role("option", name="Upload an archive…").click()
        page.locator("input[type=file]").set_input_files(
            {"name": "shades.zip", "mimeType": "application/zip", "buffer": archive()}
        )
        button(page, "Load shades.zip").click()
        expect(pictures(page).first).to_be_visible()
        assert set(captions(page)) == {"bright", "dark"}
        button(page, "Start").click()
        expect(page.get_by_text("Training script")).to_be_visible(timeout=TRAINING_MS)
        run = read_run(trained.store, run_id(page))
        assert (run.status, run.name, run.step) == (
            "finished",
            "net on shades.zip",
            run.total_steps,
        )
        assert run.details is not None
        assert run.details.classes == ("bright", "dark")


def archive() -> bytes:
    """Two classes of 40 images each."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, shade in (("bright", 180), ("dark", 20)):
            for index in range(40):
                image = io.BytesIO()
                Image.new("L", (16, 16), shade + index).save(image, "PNG")
                packed.writestr(f"shades/{name}/{index}.png", image.getvalue())
    return file.getvalue()


# Steering


def test_a_run_is_steered_and_seen_alike_in_ten_tabs(
    page: Page, server: Server, store: RunStore, browser: Browser
) -> None:
    run = start_long_run(page, server)
    grows(page)
    button(page, "Pause").click()
    expect(status(page)).to_have_text("paused")
    expect(button(page, "Resume")).to_be_visible()

    fill_in(page, "Learning rate", 0.001)
    button(page, "Set").click()
    wait_for(page, lambda: marks(page) == ["paused", "learning rate 0.003 → 0.001"])

    with watched_context(browser, width=900, color_scheme="dark") as context:
        tabs = [page, *(context.new_page() for _ in range(9))]
        for tab in tabs[1:]:
            open_run(tab, server, run)
        all_show(tabs, "paused")
        assert sticks_out(tabs[1]) == []
        paused_at = read_run(store, run).step
        button(page, "Resume").click()
        all_show(tabs, "running")
        assert sticks_out(tabs[1]) == []
        grows(tabs[9])
        button(tabs[9], "Stop").click()
        all_show(tabs, "stopped")

    stopped_at = read_run(store, run).step
    assert paused_at < stopped_at < ENDLESS * 45
    expect(button(page, "Delete")).to_be_visible()
    button(page, "Resume").click()
    expect(status(page)).to_have_text("running")
    expect(button(page, "Pause")).to_be_visible()
    grows(page)
    script_is_idle(page)
    drag(page, "loss", 0.25, 0.5)
    wait_for(page, lambda: view(page)[0] > 0)
    zoomed = view(page)
    grows(page)
    assert view(page) == zoomed

    button(page, "Stop").click()
    expect(page.get_by_text("Training script")).to_be_visible()
    expect(status(page)).to_have_text("stopped")
    assert view(page) == zoomed
    assert read_run(store, run).step > stopped_at
    assert marks(page) == [
        "paused",
        "learning rate 0.003 → 0.001",
        "resumed",
        "stopped",
        f"goes on from step {stopped_at:,}",
        "stopped",
    ]


def all_show(tabs: list[Page], text: str) -> None:
    for tab in tabs:
        expect(status(tab)).to_have_text(text)


# Faults


def test_a_run_outlives_browser_and_server_and_a_killed_one_is_resumed(
    browser: Browser, server: Server, serve: Serve, store: RunStore
) -> None:
    with watched_context(browser) as context:
        run = start_long_run(context.new_page(), server)
    process = training_process(server, run)

    with watched_context(browser, without_server=True) as context:
        page = context.new_page()
        open_run(page, server, run)
        expect(status(page)).to_have_text("running")
        server.process.kill()
        server.process.wait()
        step = read_run(store, run).step
        expect(page.get_by_role("alert").filter(has_text="trying again")).to_be_visible()
        wait_for(page, lambda: read_run(store, run).step > step)
        seen = last_step(page)
        again = serve(APP, after=server)
        wait_for(page, lambda: last_step(page) > seen)
        assert training_process(again, run) == process

    with watched_context(browser) as context:
        page = context.new_page()
        open_run(page, again, run)
        expect(page.get_by_test_id("stSidebar").get_by_text("net on Digits")).to_have_count(1)
        wait_for(page, lambda: bool(store.checkpoints(run)))
        os.kill(process, signal.SIGKILL)
        expect(status(page)).to_have_text("lost", timeout=10_000)
        expect(page.get_by_text("its process ended without a word").first).to_be_visible()
        button(page, "Resume").click()
        expect(status(page)).to_have_text("running")
        wait_for(page, lambda: any(mark.startswith("goes on from step") for mark in marks(page)))
        assert training_process(again, run) != process
        grows(page)
        button(page, "Stop").click()
        expect(status(page)).to_have_text("stopped")
