"""Classes, images and forks of made-up runs about the digits, in a real browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import FloatRect, Page, expect
from torch import Tensor

from blitz.datasets import load_dataset
from blitz.models import build_model
from blitz.training.config import TrainConfig
from blitz.training.launcher import Launcher
from blitz.training.locks import run_lock
from blitz.training.store import Run
from blitz.ui.services import Services
from blitz.ui.session_limits import SessionLimits
from tests.browser.conftest import REPOSITORY, Serve, Server
from tests.browser.test_compare import IDLE
from tests.browser.test_train import runs_of
from tests.ui.compare_panels import ended_run, keep_answers, keep_weights

NUM_CLASSES = 10


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(REPOSITORY / "app.py")


@pytest.fixture
def found(server: Server) -> Iterator[Services]:
    with runs_of(server) as store:
        launcher = Launcher(server.settings, store)
        yield Services(
            settings=server.settings,
            store=store,
            launcher=launcher,
            limits=SessionLimits(server.settings, launcher),
        )


@pytest.fixture
def labels(server: Server) -> Tensor:
    """The truth about the digits' test images."""
    return load_dataset("digits", folder=server.settings.data_folder).test_labels


def open_panel(page: Page, server: Server, panel: str, *runs: Run) -> None:
    page.goto(f"{server.url}/compare?runs={','.join(run.id for run in runs)}&panel={panel}")
    expect(page.locator(IDLE)).to_have_count(1)


def click_cell(page: Page, matrix: str, truth: int, prediction: int) -> None:
    shown = page.locator(f".st-key-compare-confusion-{matrix} [data-drawn]")
    expect(shown).to_have_count(1)
    area = shown.locator(".nsewdrag").first
    area.scroll_into_view_if_needed()
    box: FloatRect | None = area.bounding_box()
    assert box is not None
    page.mouse.click(
        box["x"] + box["width"] * (prediction + 0.5) / NUM_CLASSES,
        box["y"] + box["height"] * (truth + 0.5) / NUM_CLASSES,
    )


def test_a_click_into_a_confusion_shows_its_images_in_view_and_each_run_looks_inside(
    page: Page, server: Server, found: Services, labels: Tensor
) -> None:
    first, second = ended_run(found, "<b>one</b>"), ended_run(found, "two")
    keep_answers(found, first, labels, lambda index: index < 30)
    keep_answers(found, second, labels, lambda index: 20 <= index < 70)
    keep_weights(found, second, build_model("net"))
    open_panel(page, server, "Classes", first, second)
    expect(page.get_by_text("A is right on 40 images where B is wrong")).to_be_visible()
    click_cell(page, "difference", truth=4, prediction=5)
    heading = page.get_by_role("heading", name="4 taken for 5")
    expect(heading).to_be_in_viewport()
    is_four = labels[:70] == 4
    num_a, num_b = int(is_four[:30].sum()), int(is_four[20:].sum())
    expect(page.get_by_text(f"A takes {num_a} for 5, B takes {num_b}.")).to_be_visible()
    pictures = page.locator("figure", has=page.get_by_role("link", name="B"))
    expect(pictures).to_have_count(int(is_four.sum()))
    expect(pictures.first).to_be_in_viewport()
    # The same cell in another matrix: all images again.
    click_cell(page, "first", truth=4, prediction=5)
    expect(heading).to_have_count(0)
    expect(page.locator(IDLE)).to_have_count(1)
    click_cell(page, "second", truth=4, prediction=5)
    expect(heading).to_be_in_viewport()
    link = pictures.filter(has=page.get_by_role("link", name="B ✗")).get_by_role("link", name="B ✗")
    with page.context.expect_page() as opened:
        link.first.click()
    inside = opened.value
    expect(inside).to_have_url(re.compile(rf"/network\?run={second.id}&image=\d+"))
    expect(inside.get_by_text("truth: 4")).to_be_visible()
    expect(inside.locator(IDLE)).to_have_count(1)
    inside.close()


def test_a_panel_follows_the_end_of_a_run_by_itself(
    page: Page, server: Server, found: Services, labels: Tensor
) -> None:
    ended, under_way = ended_run(found, "ended"), running(found, "under way")
    keep_answers(found, ended, labels, lambda index: index < 30)
    with run_lock(found.settings.runs_folder / under_way.id):
        found.store.change_status(under_way.id, {"starting"}, "running")
        open_panel(page, server, "Images", ended, under_way)
        expect(page.get_by_text("under way is left out")).to_be_visible()
        keep_answers(found, under_way, labels, lambda index: index < 5)
        found.store.change_status(under_way.id, {"running"}, "finished")
        expect(page.get_by_text("B on 25 where A is")).to_be_visible()
    expect(page.locator(IDLE)).to_have_count(1)


def running(found: Services, name: str) -> Run:
    run = found.store.create_run(name=name, config=TrainConfig(), device="cpu", token=name)
    (found.settings.runs_folder / run.id).mkdir(parents=True)
    return run


def test_two_clicks_on_fork_are_one_fork_whose_curve_is_shown(
    page: Page, server: Server, found: Services
) -> None:
    parent = ended_run(found, "parent", device="cpu")
    keep_weights(found, parent, build_model("net"))
    open_panel(page, server, "Fork", parent)
    page.get_by_role("button", name="Fork", exact=True).dblclick()
    expect(page.get_by_role("button", name="2 selected")).to_be_visible()
    expect(page.locator(IDLE)).to_have_count(1)
    assert [run.name for run in found.store.list_runs() if run.parent] == ["parent · fork"]
