"""The tensors page through the whole product: a browser, a server, its workers, all real."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import REPOSITORY, Serve, Server, watched_context

IDLE = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(REPOSITORY / "app.py")


def open_page(page: Page, server: Server, address: str = "") -> Locator:
    """The editor's text field, with a program in it."""
    page.goto(f"{server.url}/tensors{address}")
    expect(page.locator(IDLE)).to_have_count(1)
    area = page.get_by_role("textbox", name="Program")
    expect(area).not_to_have_value("")  # the text comes after the field
    return area


def expect_shape(page: Page, name: str, shape: str) -> None:
    """The card of a variable tells this shape."""
    card = page.get_by_role("article", name=name, exact=True)
    expect(card).to_contain_text(re.compile(re.escape(shape).replace(r"\ ", r"\s")))


def test_what_is_typed_is_run_shown_and_kept_in_the_address(
    page: Page, server: Server, browser: Browser
) -> None:
    area = open_page(page, server)
    area.fill("abc = torch.full((2, 3), 7.5)\nabc.sum()")
    expect_shape(page, "abc", "[2, 3]")
    page.wait_for_function("location.search.includes('program=')")
    with watched_context(browser, width=420, color_scheme="dark") as context:
        other = context.new_page()
        other.goto(page.url)
        again = other.get_by_role("textbox", name="Program")
        expect(again).to_have_value("abc = torch.full((2, 3), 7.5)\nabc.sum()")
        expect_shape(other, "abc", "[2, 3]")
        assert other.evaluate("document.documentElement.scrollWidth") <= 420


def test_an_error_is_marked_where_it_is_and_mended_by_typing(page: Page, server: Server) -> None:
    area = open_page(page, server)
    area.fill("x = torch.ones(2, 3)\nx @ x")
    expect(page.get_by_role("alert")).to_contain_text("mat1 and mat2 shapes")
    expect_shape(page, "x", "[2, 3]")
    area.fill("x = torch.ones(2, 3)\nx @ x.T")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect_shape(page, "result", "[2, 2]")


def test_a_lesson_its_operations_and_the_way_back(page: Page, server: Server) -> None:
    area = open_page(page, server)
    first = area.input_value()
    page.get_by_role("button", name="cat and stack").click()
    expect(page.get_by_role("heading", name="cat and stack")).to_be_visible()
    expect(area).to_have_value(re.compile(r"torch\.stack"))
    expect(page).to_have_url(re.compile("lesson=joining"))
    page.get_by_test_id("stMain").get_by_text("Operations", exact=True).click()
    expect(page.get_by_text("stack makes a new axis 1 of 3")).to_be_visible()
    page.get_by_text("3: torch.cat", exact=False).click()
    expect(page.get_by_text("cat joins along the existing axis 1: 4 + 4 + 4 = 12")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Tensor playground")).to_be_visible()
    expect(area).to_have_value(first)


def test_a_programs_graph_opens_on_the_autograd_page_where_it_can_be_typed_on(
    page: Page, server: Server
) -> None:
    area = open_page(page, server)
    area.fill("w = torch.ones(3, requires_grad=True)\n(w * 2).sum()")
    page.get_by_test_id("stMain").get_by_text("Take away", exact=True).click()
    page.get_by_role("link", name="Open its graph").click()
    expect(page.get_by_role("heading", name="Your own program")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^3 nodes"))).to_be_visible()
    page.get_by_role("textbox", name="Program").fill(
        "w = torch.ones(3, requires_grad=True)\n(w * 2).exp().sum()"
    )
    expect(page.get_by_text(re.compile(r"^4 nodes"))).to_be_visible()
