"""The strip of layers in a real browser: choosing, the keyboard, and ways that lead past cards."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Serve, Server, watched_context

READY = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
# Two blocks: conv1, relu; then conv1, bn1, relu, conv2, bn2, add, relu_1; then the same with a
# downsample before the addition; and a last card.
ADD, WIDER, DOWNSAMPLE, WIDER_ADD, LAST = 7, 9, 14, 15, 17


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(Path(__file__).with_name("layer_strip_app.py"))


def open_strip(page: Page, server: Server, query: str = "") -> Locator:
    page.goto(f"{server.url}/{query}")
    root = page.locator(".blitz-strip")
    expect(root.locator("[aria-current]")).to_have_count(1)
    expect(page.locator(READY)).to_have_count(1)
    return root


def card(root: Locator, index: int) -> Locator:
    return root.get_by_role("button").nth(index)


def expect_chosen(root: Locator, index: int) -> None:
    """This card alone is marked, and it is in sight."""
    expect(card(root, index)).to_have_attribute("aria-current", "true")
    expect(root.locator("[aria-current]")).to_have_count(1)
    expect(card(root, index)).to_be_in_viewport(ratio=0.99)


def expect_heard(page: Page, *clicked: int) -> None:
    expect(page.get_by_test_id("stCode")).to_have_text(str([*clicked]))
    expect(page.locator(READY)).to_have_count(1)


def page_scroll(page: Page) -> int:
    found: int = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    return found


def arcs(root: Locator, *, lit: bool = False) -> list[tuple[int, int]]:
    found = root.locator(f"path{'[data-lit]' if lit else ''}").evaluate_all(
        "paths => paths.map(({ dataset }) => [Number(dataset.from), Number(dataset.to)])"
    )
    return sorted((start, end) for start, end in found)


def test_each_click_is_heard_once_and_the_page_may_choose_too(page: Page, server: Server) -> None:
    root = open_strip(page, server)
    root.evaluate("root => { root.isTheSame = true }")
    expect_chosen(root, 0)
    expect_heard(page)
    card(root, 2).click()
    expect_chosen(root, 2)
    expect(card(root, 2)).to_have_css("border-color", "rgb(194, 65, 12)")
    expect(card(root, 2).locator(".title")).to_have_css("font-weight", "700")
    expect_heard(page, 2)
    card(root, LAST).click()
    expect_chosen(root, LAST)
    expect_heard(page, 2, LAST)
    page.get_by_role("button", name="Go to card 3").click()
    expect_chosen(root, 3)
    expect_heard(page, 2, LAST)
    card(root, 3).click()  # the chosen one too
    expect_heard(page, 2, LAST, 3)
    page.get_by_role("button", name="Go to the last card").click()
    expect_chosen(root, LAST)
    assert root.evaluate("root => root.isTheSame")

    page.get_by_text("Show the strip").click()
    expect(root).to_have_count(0)
    page.get_by_text("Show the strip").click()
    expect_chosen(root, LAST)
    card(root, 1).click()
    expect_chosen(root, 1)
    expect_heard(page, 2, LAST, 3, 1)


def test_a_click_outlives_a_script_run_that_is_broken_off(page: Page, server: Server) -> None:
    root = open_strip(page, server)
    page.get_by_text("Break off").click()
    expect(page.locator(READY)).to_have_count(1)
    for clicks in ([4], [4, 6]):
        card(root, clicks[-1]).click()
        expect_heard(page, *clicks)
        expect_chosen(root, clicks[-1])


def test_arrow_keys_move_and_enter_chooses(page: Page, server: Server) -> None:
    root = open_strip(page, server)
    expect(root.locator("[tabindex='0']")).to_have_count(1)
    card(root, 0).focus()
    for key, at in (
        ("ArrowLeft", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("End", LAST), ("ArrowLeft", 16),
    ):  # fmt: skip
        page.keyboard.press(key)
        expect(card(root, at)).to_be_focused()
        expect(card(root, at)).to_be_in_viewport(ratio=0.99)
    expect_heard(page)
    expect(card(root, 0)).to_have_attribute("aria-current", "true")
    page.keyboard.press("Enter")
    expect_heard(page, 16)
    expect_chosen(root, 16)
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    expect_heard(page, 16, 0)
    expect_chosen(root, 0)
    expect(card(root, 0)).to_be_focused()
    expect(root.locator("[tabindex='0']")).to_have_count(1)


def test_ways_past_cards_are_arcs_and_told_in_words(page: Page, server: Server) -> None:
    root = open_strip(page, server)
    ways = [
        (-1, LAST), (1, ADD), (WIDER - 1, DOWNSAMPLE), (WIDER + 4, WIDER_ADD),
    ]  # fmt: skip
    assert arcs(root) == ways
    follows = root.get_by_role("button").evaluate_all(
        "cards => cards.map((card) => card.hasAttribute('data-follows'))"
    )
    assert [at for at, does in enumerate(follows) if not does] == [0, DOWNSAMPLE]
    for at, words in (
        (0, "conv1, Conv2d 7×7, 64 × 112 × 112"),
        (1, '<b>relu</b> & "co", ReLU'),
        (ADD, 'layer0.0.add, Operation, 64 × 56 × 56, also from <b>relu</b> & "co"'),
        (DOWNSAMPLE, "layer1.0.downsample, Operation, 64 × 56 × 56, from layer0.0.relu_1"),
        (WIDER_ADD, "layer1.0.add, Operation, 64 × 56 × 56, also from layer1.0.bn2"),
        (LAST, "both, also from the image"),
    ):
        expect(card(root, at)).to_have_accessible_name(words)
    expect(root.locator(".heading")).to_have_text(["layer0.0", "layer1.0"])
    card(root, ADD).click()
    assert arcs(root, lit=True) == [(1, ADD)]
    # An arc leads from the middle of one card to that of the other, and none crosses another's top.
    arc, start, end = (
        place.bounding_box()
        for place in (root.locator("path[data-lit]"), card(root, 1), card(root, ADD))
    )
    assert arc is not None
    assert start is not None
    assert end is not None
    assert arc["x"] == pytest.approx(start["x"] + start["width"] / 2, abs=12)
    assert arc["x"] + arc["width"] == pytest.approx(end["x"] + end["width"] / 2, abs=12)
    tops = {
        way: root.locator(f"path[data-from='{way[0]}'][data-to='{way[1]}']").bounding_box()
        for way in ways
    }
    heights = {way: round(box["y"]) for way, box in tops.items() if box}
    assert heights[-1, LAST] < heights[WIDER - 1, DOWNSAMPLE] < heights[WIDER + 4, WIDER_ADD]
    assert heights[1, ADD] == heights[WIDER + 4, WIDER_ADD]


@pytest.mark.parametrize("width", [420, 900, 1440])
def test_seventy_cards_are_scrolled_within_the_strip_alone(
    browser: Browser, server: Server, width: int
) -> None:
    with watched_context(browser, width=width) as context:
        page = context.new_page()
        root = open_strip(page, server)
        page.get_by_label("Blocks").fill("9")
        page.get_by_label("Blocks").press("Enter")
        expect(root.get_by_role("button")).to_have_count(70)
        before = page_scroll(page)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        page.get_by_role("button", name="Go to the last card").click()
        expect_chosen(root, 69)
        expect(card(root, 68)).to_be_in_viewport()
        page.get_by_role("button", name="Go to card 3").click()
        expect_chosen(root, 3)
        assert page_scroll(page) == before


def test_a_strip_of_images_has_no_gaps_and_a_click_chooses_an_image(
    page: Page, server: Server
) -> None:
    root = open_strip(page, server, "?show=images")
    expect(root.get_by_role("button")).to_have_count(10)
    first, second = (card(root, at).bounding_box() for at in (0, 1))
    assert first is not None
    assert second is not None
    assert second["x"] - first["x"] - first["width"] < 10
    chosen, number = page.get_by_test_id("stCode"), page.get_by_test_id("stNumberInputField")
    expect(chosen).to_have_text("test image 0: dark")
    card(root, 3).click()
    expect(chosen).to_have_text("test image 3: bright")
    expect(number).to_have_value("3")
    page.get_by_role("button", name="Next").click()
    expect(chosen).to_have_text("test image 4: dark")
    expect_chosen(root, 4)
    number.fill("13")
    number.press("Enter")
    expect(chosen).to_have_text("test image 13: bright")
    expect_chosen(root, 3)
    expect(card(root, 3)).to_have_accessible_name(re.compile("image 13"))
    card(root, 9).click()
    expect(chosen).to_have_text("test image 19: bright")
    number.fill("13")  # back to what the page last asked for
    number.press("Enter")
    expect(chosen).to_have_text("test image 13: bright")
    expect_chosen(root, 3)
