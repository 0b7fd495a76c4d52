"""The compare page through the whole product: a browser, a server, training processes, all real."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import REPOSITORY, Serve, Server

IDLE = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
RUN_MS = 300_000
"""The longest that a sweep of four short runs may take."""


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(REPOSITORY / "app.py")


def open_page(page: Page, server: Server, address: str = "") -> None:
    page.goto(f"{server.url}/compare{address}")
    expect(page.locator(IDLE)).to_have_count(1)


def rows(page: Page) -> Locator:
    return page.locator(".blitz-runs tbody tr[data-id]")


def test_a_sweep_of_four_runs_to_its_end_and_is_compared_deleted_and_brought_back(
    page: Page, server: Server
) -> None:
    open_page(page, server, "?panel=Sweep")
    field = page.get_by_role("textbox", name="Learning rate", exact=True)
    field.fill("0.001, oops")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("'oops' was given; expected numbers")
    field.fill("0.001, 0.003, 0.01, 0.03")
    field.press("Enter")
    epochs = page.get_by_role("spinbutton", name="Epochs of each")
    epochs.fill("2")
    epochs.press("Enter")
    expect(page.get_by_text("sweep · lr 0.003")).to_be_visible()
    expect(page.get_by_text("and 1 more")).to_be_visible()
    expect(page.locator(IDLE)).to_have_count(1)
    page.get_by_role("button", name="Start the sweep").dblclick()  # is one sweep
    expect(rows(page)).to_have_count(4)
    done = rows(page).locator("[data-column=status]").filter(has_text="finished")
    expect(done).to_have_count(4, timeout=RUN_MS)
    expect(page.get_by_role("button", name="4 selected")).to_be_visible()
    # The chart filled by itself.
    expect(page.get_by_text("4 of 4 done")).to_be_visible()
    chart = page.get_by_role("img", name="parallel coordinates of 4 runs; best accuracy")
    expect(chart.locator(".scatterlayer .trace")).to_have_count(4)
    main = page.get_by_test_id("stMain")
    main.get_by_text("Curves", exact=True).click()
    expect(page.locator(".scatterlayer .trace").first).to_be_visible()
    main.get_by_text("Settings", exact=True).click()
    expect(page).to_have_url(re.compile("panel=Settings"))
    # Another tab at this address shows the same.
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("button", name="4 selected")).to_be_visible()
    rows(page).first.get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(rows(page)).to_have_count(3)
    expect(rows(other)).to_have_count(3)
    page.get_by_role("button", name="Undo").click()
    expect(rows(page)).to_have_count(4)
    expect(rows(other)).to_have_count(4)
    other.close()
