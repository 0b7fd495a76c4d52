"""The drawing pad in a real browser: ink where it was drawn, and what the script hears of it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect

from blitz.network.drawing import SIDE
from tests.browser.conftest import Serve, Server

READY = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
THICKNESS = 0.08
"""Of the pen at first, in sides of the square."""

Place = tuple[float, float]
Ink = NDArray[np.uint8]


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(Path(__file__).with_name("drawing_pad_app.py"))


def open_pad(page: Page, server: Server) -> Locator:
    page.goto(server.url)
    root = page.locator(".blitz-drawing")
    expect(root.locator("canvas")).to_be_visible()
    expect(page.locator(READY)).to_have_count(1)
    return root


def draw(root: Locator, *places: Place) -> None:
    """A stroke through places in sides of the square, from its upper left corner."""
    box = root.locator("canvas").bounding_box()
    assert box is not None
    mouse = root.page.mouse
    for number, (x, y) in enumerate(places):
        mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
        if number == 0:
            mouse.down()
    mouse.up()


def heard(page: Page, strokes: int) -> tuple[str, Ink]:
    """Paper and ink, uint8 [SIDE, SIDE], that the script has after so many script runs."""
    expect(page.get_by_test_id("stCode").first).to_have_text(f"{strokes + 1} runs")
    expect(page.locator(READY)).to_have_count(1)
    text = page.get_by_test_id("stCode").last.inner_text().strip()
    if text == "blank":
        return "", np.zeros((SIDE, SIDE), np.uint8)
    paper, ink = text.split()
    return paper, np.frombuffer(bytes.fromhex(ink), np.uint8).reshape(SIDE, SIDE)


def distance_to_line(start: Place, end: Place) -> NDArray[np.float64]:
    """How far the middle of every pixel is from a line between two places, in sides."""
    y, x = (np.indices((SIDE, SIDE)) + 0.5) / SIDE
    (x0, y0), (x1, y1) = start, end
    length = (x1 - x0) ** 2 + (y1 - y0) ** 2
    along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / (length or 1)
    along = np.clip(along, 0, 1)
    found: NDArray[np.float64] = np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
    return found


def assert_lies_on(ink: Ink, distance: NDArray[np.float64], thickness: float = THICKNESS) -> None:
    """All ink within the pen's reach of a line, none beyond, but for a pixel at the border."""
    pixel = 1 / SIDE
    assert (ink[distance < thickness / 2 - pixel] == 255).all()
    assert (ink[distance > thickness / 2 + pixel] == 0).all()


def test_ink_is_where_it_was_drawn_and_undo_and_clear_take_it_away(
    page: Page, server: Server
) -> None:
    root = open_pad(page, server)
    root.evaluate("root => { root.isTheSame = true }")
    assert not heard(page, 0)[1].any()
    slope, bar = ((0.2, 0.3), (0.7, 0.8)), ((0.8, 0.1), (0.8, 0.6))

    draw(root, *slope)
    paper, ink = heard(page, 1)
    assert paper == "black"
    assert_lies_on(ink, distance_to_line(*slope))

    draw(root, *bar)
    both = np.minimum(distance_to_line(*slope), distance_to_line(*bar))
    assert_lies_on(heard(page, 2)[1], both)
    expect(root.get_by_role("status")).to_have_text("2 strokes")

    root.locator("canvas").focus()
    page.keyboard.press("Backspace")
    assert np.array_equal(heard(page, 3)[1], ink)
    root.get_by_role("button", name="Clear").click()
    assert not heard(page, 4)[1].any()
    root.get_by_role("button", name="Undo").click()  # also of clearing
    assert np.array_equal(heard(page, 5)[1], ink)
    root.locator("canvas").focus()
    page.keyboard.press("Escape")
    assert not heard(page, 6)[1].any()
    page.keyboard.press("Escape")  # nothing is left, and nothing is told
    draw(root, (0.5, 0.5))  # a dot
    assert_lies_on(heard(page, 7)[1], distance_to_line((0.5, 0.5), (0.5, 0.5)))

    draw(root, (0.5, 0.2), (1.3, 0.2))  # beyond the border
    both = np.minimum(
        distance_to_line((0.5, 0.5), (0.5, 0.5)), distance_to_line((0.5, 0.2), (1.3, 0.2))
    )
    assert_lies_on(heard(page, 8)[1], both)
    assert root.evaluate("root => root.isTheSame")


def test_the_pen_is_as_thick_and_the_paper_as_white_as_asked_for(
    page: Page, server: Server
) -> None:
    root = open_pad(page, server)
    line = ((0.2, 0.5), (0.8, 0.5))
    root.get_by_role("slider").fill("0.16")
    root.get_by_role("checkbox").check()
    draw(root, *line)
    paper, ink = heard(page, 1)
    assert paper == "white"
    assert_lies_on(ink, distance_to_line(*line), 0.16)
    expect(root.locator("canvas")).to_have_css("background-color", "rgb(255, 255, 255)")
    root.get_by_role("checkbox").uncheck()
    paper, same = heard(page, 2)
    assert paper == "black"
    assert np.array_equal(same, ink)


def test_strokes_outlive_script_runs_themes_and_being_away(page: Page, server: Server) -> None:
    root = open_pad(page, server)
    draw(root, (0.3, 0.3), (0.6, 0.3))
    ink = heard(page, 1)[1]
    seen = root.locator("canvas").screenshot()
    page.get_by_role("button", name="Run the script again").click()
    assert np.array_equal(heard(page, 2)[1], ink)
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".stApp")).to_have_css("background-color", "rgb(20, 23, 28)")
    expect(root.get_by_role("status")).to_have_text("1 stroke")
    page.emulate_media(color_scheme="light")
    expect(page.locator(".stApp")).to_have_css("background-color", "rgb(255, 255, 255)")
    page.get_by_text("Show the pad").click()
    expect(root).to_have_count(0)
    page.get_by_text("Show the pad").click()
    expect(root.get_by_role("status")).to_have_text("1 stroke")
    assert np.array_equal(heard(page, 4)[1], ink)
    page.mouse.move(0, 0)
    assert root.locator("canvas").screenshot() == seen
    draw(root, (0.3, 0.7), (0.6, 0.7))
    both = np.minimum(
        distance_to_line((0.3, 0.3), (0.6, 0.3)), distance_to_line((0.3, 0.7), (0.6, 0.7))
    )
    assert_lies_on(heard(page, 5)[1], both)

    # What a script does not know of is not shown either.
    page.get_by_text("Show the pad").click()
    expect(root).to_have_count(0)
    page.get_by_role("button", name="Begin a new session").click()
    page.get_by_text("Show the pad").click()
    expect(root.get_by_role("status")).to_have_text("nothing drawn")
    assert not heard(page, 8)[1].any()
