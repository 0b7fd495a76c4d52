"""Pictures of operations in a real browser: cells, what lights up, and the arithmetic."""

from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Serve, Server


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(Path(__file__).with_name("operation_page.py"))


def open_pictures(page: Page, server: Server, *names: str) -> list[Locator]:
    """The pictures of these operations, all on one page."""
    page.goto(f"{server.url}/?{urlencode([('operation', name) for name in names])}")
    roots = page.locator(".blitz-operation")
    expect(roots).to_have_count(len(names))
    return [roots.nth(number) for number in range(len(names))]


def cell(root: Locator, tensor: int | str, place: int) -> Locator:
    return root.locator(f"[data-tensor='{tensor}'] [data-cell='{place}']")


def lit(root: Locator, tensor: int | str) -> Locator:
    return root.locator(f"[data-tensor='{tensor}'] [data-lit]")


def expect_line(root: Locator, text: str) -> None:
    expect(root.get_by_role("status")).to_have_text(text)


def test_an_element_shows_what_it_is_made_of(page: Page, server: Server) -> None:
    broadcast, matmul, total, column, cat, pad, assignment = open_pictures(
        page, server, "broadcast", "matmul", "sum", "column", "cat", "pad", "assignment"
    )
    cell(broadcast, "result", 8).click()
    expect_line(broadcast, "result[2, 0]: 3 + 10 = 13")
    expect(lit(broadcast, "result")).to_have_text(["13"])
    cell(matmul, "result", 2).click()
    expect_line(matmul, "result[1, 0]: 3·3 + (−4)·4 = −7")
    expect(lit(matmul, 0)).to_have_text(["3", "−4"])
    expect(lit(matmul, 1)).to_have_text(["3", "4"])
    cell(total, "result", 0).click()
    expect_line(total, "result[0], of 4 elements: 0 + 1 + 2 + 3 = 6")
    cell(column, "result", 1).click()
    expect_line(column, "result[1] = x[1, 1] = 5")
    expect(column.locator("[data-tensor='0'] [data-taken]")).to_have_text(["1", "5", "9"])
    # Each element of what is joined has the colour of its operand.
    for place, number in ((0, "0"), (2, "1"), (7, "2")):
        expect(cell(cat, "result", place)).to_have_attribute("data-from", number)
    cell(pad, "result", 0).click()
    expect_line(pad, "result[0, 0] = 0: made by the operation")
    expect(assignment.locator("[data-tensor='result'] [data-taken]")).to_have_text(["−1"] * 3)


def test_an_operand_shows_where_its_elements_go(page: Page, server: Server) -> None:
    broadcast, column = open_pictures(page, server, "broadcast", "column")
    cell(broadcast, 1, 1).hover()
    expect_line(broadcast, "y[1] = 20 goes into 3 elements of the result")
    expect(lit(broadcast, "result")).to_have_text(["21", "22", "23"])
    cell(column, 0, 0).hover()
    expect_line(column, "x[0, 0] = 0 goes nowhere")


def test_keys_and_buttons_walk_through_the_result(page: Page, server: Server) -> None:
    root, short = open_pictures(page, server, "broadcast", "matmul")
    cell(root, "result", 0).click()
    for key, place in (("ArrowRight", 1), ("ArrowDown", 5), ("ArrowLeft", 4), ("End", 11)):
        page.keyboard.press(key)
        expect(root).to_have_attribute("data-place", str(place))
        expect(cell(root, "result", place)).to_be_focused()
    for name, place in (("First element", 0), ("Next element", 1), ("Element before", 0)):
        root.get_by_role("button", name=name).click()
        expect(root).to_have_attribute("data-place", str(place))
    short.get_by_role("button", name="Play").click()
    expect(short).to_have_attribute("data-place", "3")
    expect(short.get_by_role("button", name="Play")).to_be_visible()


def test_a_large_tensor_shows_that_elements_are_left_out(page: Page, server: Server) -> None:
    [root] = open_pictures(page, server, "large")
    expect(root).to_contain_text("[60, 50] and [50] broadcast to [60, 50]")
    expect(root.locator("[data-tensor='0']")).to_contain_text("⋯")
    expect(root.get_by_role("button")).to_have_count(0)
