"""Scrubbing over the epochs of a run in a real browser."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from blitz.training import runner
from blitz.training.config import TrainConfig
from blitz.training.store import RunStore
from tests.browser.conftest import REPOSITORY, Serve, Server, wait_for
from tests.browser.test_compare import IDLE

LAST = 4


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(REPOSITORY / "app.py")


@pytest.fixture(scope="module")
def run_id(server: Server) -> str:
    """A short run that kept its epochs."""
    config = TrainConfig(
        dataset="digits", model="net", device="cpu", epochs=LAST, lr=0.05, keep_epochs=True
    )
    store = RunStore(server.settings.database_url)
    run = store.create_run(name="<b>kept</b>", config=config, device="cpu", token="kept")
    assert runner.run(server.settings, store, run.id) == "finished"
    store.close()
    return run.id


def open_panel(page: Page, server: Server, run_id: str) -> Locator:
    page.goto(f"{server.url}/compare?runs={run_id}&panel=Epochs")
    expect(plot(page, "confusion", LAST)).to_have_count(1)
    expect(page.locator(IDLE)).to_have_count(1)
    return page.get_by_role("slider", name="Epoch", exact=True)


def plot(page: Page, what: str, epoch: int) -> Locator:
    """The matrix or the filters of an epoch, drawn."""
    title = f'[aria-label^="{what}"][aria-label$=" of <b>kept</b>, epoch {epoch}"]'
    return page.locator(f"[data-drawn]{title}")


def numbers(shown: Locator) -> list[list[float]]:
    """What a heat map draws, to the digits that it shows."""
    found: list[list[float]] = shown.evaluate(
        "plot => [...plot.calcdata[0][0].z].map((row) => [...row].map((z) => +(z ?? 0).toFixed(4)))"
    )
    return found


def expect_epoch(page: Page, epoch: int) -> tuple[list[list[float]], list[list[float]]]:
    """This epoch is shown everywhere; its matrix and its filters."""
    expect(page.locator(".blitz-scrubber .epoch")).to_have_text(f"Epoch {epoch}")
    expect(page.get_by_role("heading", name=f"<b>kept</b>, epoch {epoch}")).to_be_visible()
    for what in ("confusion", "conv1"):
        expect(plot(page, what, epoch)).to_have_count(1)
    expect(page.locator(IDLE)).to_have_count(1)
    wait_for(page, lambda: sum(map(sum, numbers(plot(page, "confusion", epoch)))) > 0)
    return numbers(plot(page, "confusion", epoch)), numbers(plot(page, "conv1", epoch))


def test_the_keyboard_moves_through_the_epochs_and_a_reload_stays_there(
    page: Page, server: Server, run_id: str
) -> None:
    slider = open_panel(page, server, run_id)
    last = expect_epoch(page, LAST)
    slider.focus()
    page.keyboard.press("Home")
    first = expect_epoch(page, 0)
    assert first[0] != last[0]
    assert first[1] != last[1]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    second = expect_epoch(page, 2)
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^Epoch 2, loss \d.* accuracy"))
    expect(page).to_have_url(re.compile(r"panel=Epochs&epoch=2$"))
    page.reload()
    assert expect_epoch(page, 2) == second
    slider.focus()
    page.keyboard.press("End")
    assert expect_epoch(page, LAST) == last
    expect(page).to_have_url(re.compile(r"panel=Epochs$"))


def test_dragging_ends_where_it_is_let_go_and_playing_at_the_last(
    page: Page, server: Server, run_id: str
) -> None:
    slider = open_panel(page, server, run_id)
    box = slider.bounding_box()
    assert box is not None
    left, width, y = box["x"] + 7, box["width"] - 14, box["y"] + box["height"] / 2
    page.mouse.move(left + width, y)
    page.mouse.down()
    for part in range(20, 4, -1):
        page.mouse.move(left + width * part / 20, y)
    page.mouse.up()
    expect_epoch(page, 1)
    page.get_by_role("button", name="Play the epochs").click()
    expect_epoch(page, LAST)
    expect(page.get_by_role("button", name="Play the epochs")).to_be_visible()


def test_a_cell_that_is_clicked_shows_its_images(page: Page, server: Server, run_id: str) -> None:
    slider = open_panel(page, server, run_id)
    slider.focus()
    page.keyboard.press("Home")
    counts, _ = expect_epoch(page, 0)
    truth, guess = max(
        ((row, column) for row in range(10) for column in range(10)),
        key=lambda cell: counts[cell[0]][cell[1]],
    )
    area = plot(page, "confusion", 0).locator(".nsewdrag").first.bounding_box()
    assert area is not None
    size = area["width"] / 11, area["height"] / 11  # half a cell of margin on each side
    page.mouse.click(area["x"] + size[0] * (guess + 1), area["y"] + size[1] * (truth + 1))
    expect(page.get_by_text(re.compile(rf"^{truth} taken for {guess}: \d+$"))).to_be_visible()
