"""The backpropagation page through the whole product: a browser and a server, both real."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, TimeoutError, expect

from blitz.backprop.address import encode
from blitz.backprop.presets import PRESETS, preset_named
from tests.browser.conftest import REPOSITORY, Serve, Server, watched_context

IDLE = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
HEADER = 35
ROW = 35
"""Pixels of Streamlit's tables."""
ATTEMPTS = 10
WORKED = PRESETS[0].scenario
STEPS = [step.name for step in WORKED.explain().steps]


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(REPOSITORY / "app.py")


def open_page(page: Page, server: Server, address: str = "") -> None:
    page.goto(f"{server.url}/backprop{address}")
    wait(page)


def wait(page: Page) -> None:
    expect(page.locator(IDLE)).to_have_count(1)
    expect(page.locator(".js-plotly-plot").first).to_be_visible()


def present(page: Page) -> Locator:
    """The step in the list that is marked."""
    return page.locator("li[aria-current=step]")


def listed(page: Page, name: str) -> Locator:
    """A step of the worked example in the list."""
    return page.locator(f"li[data-step='{STEPS.index(name)}']")


def type_into_last_column(
    page: Page, table: str, *, row: int, text: str, makes: tuple[str, str]
) -> None:
    """Put a number into a table's last column, until a step has the value that this makes.

    row: counted from 0. makes: the step's name, and its value.
    """
    field = page.locator(".gdg-input")
    step, value = makes
    for _ in range(ATTEMPTS):  # a table that is drawn anew takes its open field with it
        press_in_last_column(page, table, row=row, key="Enter", shown=field)
        with suppress(TimeoutError, AssertionError):
            field.fill(text, timeout=5_000)
            page.keyboard.press("Enter")
            expect(listed(page, step)).to_contain_text(value, timeout=15_000)
            return
    pytest.fail(f"{step} did not become {value}")


def empty_last_column(page: Page, table: str, *, row: int) -> None:
    """Empty a cell of a table's last column, and see that the page says so."""
    told = page.get_by_text("is empty; expected a number")
    # Not again before it is sure that the first time was lost: it would empty a later table, too.
    press_in_last_column(page, table, row=row, key="Delete", shown=told, patience_ms=45_000)


def press_in_last_column(
    page: Page, table: str, *, row: int, key: str, shown: Locator, patience_ms: int = 5_000
) -> None:
    """Press a key in a cell until what it brings is shown.

    A table that was just put there may not take a click yet, or not keep it.
    """
    found = page.locator(f"[class*=st-key-{table}] [data-testid=stDataFrame]").first
    for _ in range(ATTEMPTS):
        found.scroll_into_view_if_needed()
        box = settled_box(page, found)
        page.mouse.click(box["x"] + box["width"] - 30, box["y"] + HEADER + ROW * (row + 0.5))
        with suppress(TimeoutError):  # a click on the chosen cell opens it; Enter would close it
            shown.wait_for(timeout=500)
            return
        page.keyboard.press(key)
        with suppress(TimeoutError):
            shown.wait_for(timeout=patience_ms)
            return


def settled_box(page: Page, found: Locator) -> FloatRect:
    """Where something is, once it stays there.

    A line that goes from above a table moves it up by just about a row.
    """
    before = None
    for _ in range(100):
        box = found.bounding_box()
        if box is not None and box == before:
            return box
        before = box
        page.wait_for_timeout(100)
    pytest.fail("it does not stay in its place")


def test_it_opens_with_the_numbers_of_the_worked_example(page: Page, server: Server) -> None:
    open_page(page, server)
    expect(page.get_by_role("heading", name="Two, two, two")).to_be_visible()
    for name, value in (("l_h1", "0.385"), ("out_h1", "0.59508"), ("E", "0.096867")):
        expect(listed(page, name)).to_contain_text(value)
    in_diagram = page.locator(".js-plotly-plot text")
    for text in ("i1", "0.1", "w1 = 0.05", "b1 = 0.35"):
        expect(in_diagram.filter(has_text=re.compile(f"^{re.escape(text)}"))).not_to_have_count(0)


def test_the_step_is_in_the_address_and_comes_back(page: Page, server: Server) -> None:
    open_page(page, server)
    listed(page, "∂E/∂w5").click()
    expect(page).to_have_url(re.compile(f"step={STEPS.index('∂E/∂w5')}"))
    expect(page.get_by_text("The chain rule for w5")).to_be_visible()
    page.reload()
    wait(page)
    expect(page.get_by_text("The chain rule for w5")).to_be_visible()
    expect(present(page)).to_contain_text("∂E/∂w5")


def test_a_changed_weight_changes_everything_and_another_browser_sees_it(
    page: Page, server: Server, browser: Browser
) -> None:
    open_page(page, server)
    # 0.05 · 0.1 + 0.65 · 0.2 + 0.35
    type_into_last_column(page, "backprop_layer_0", row=0, text="0.65", makes=("l_h1", "0.485"))
    expect(page).to_have_url(re.compile("network="))
    with watched_context(browser) as other:
        second = other.new_page()
        second.goto(page.url)
        wait(second)
        expect(listed(second, "l_h1")).to_contain_text("0.485")


def test_an_emptied_cell_is_told_and_nothing_is_lost(page: Page, server: Server) -> None:
    open_page(page, server)
    type_into_last_column(page, "backprop_layer_0", row=0, text="0.65", makes=("l_h1", "0.485"))
    empty_last_column(page, "backprop_layer_0", row=0)
    expect(page.get_by_text("w2 is empty; expected a number")).to_be_visible()
    expect(listed(page, "l_h1")).to_contain_text("0.485")
    type_into_last_column(page, "backprop_layer_0", row=0, text="0.15", makes=("l_h1", "0.385"))
    expect(page.get_by_text("is empty")).to_have_count(0)


def test_a_refused_cell_shows_what_counts_after_the_next_change(page: Page, server: Server) -> None:
    open_page(page, server)
    type_into_last_column(page, "backprop_layer_0", row=0, text="0.65", makes=("l_h1", "0.485"))
    empty_last_column(page, "backprop_layer_0", row=0)
    page.locator("[class*=st-key-backprop_field_rate]").get_by_test_id(
        "stNumberInputStepUp"
    ).click()
    expect(page.get_by_text("is empty; expected a number")).to_have_count(0)
    wait(page)
    # 0.1 · 0.1 + 0.7 · 0.2 + 0.35
    type_into_last_column(page, "backprop_layer_0", row=1, text="0.7", makes=("l_h2", "0.5"))
    expect(listed(page, "l_h1")).to_contain_text("0.485")


def test_updates_are_made_and_scrubbed(page: Page, server: Server) -> None:
    open_page(page, server, "?panel=Training")
    page.get_by_role("button", name="10,000").click()
    expect(page.get_by_text("10,000 of 10,000")).to_be_visible()
    # After so many updates both outputs are at their targets, 0.85 and 0.3.
    expect(listed(page, "out_o1")).to_contain_text("0.85")
    expect(listed(page, "out_o2")).to_contain_text("0.3")
    slider = page.get_by_role("slider", name="Update shown")
    slider.focus()
    slider.press("Home")
    expect(page.get_by_text("0 of 10,000", exact=True)).to_be_visible()
    expect(listed(page, "out_o1")).to_contain_text("0.70231")
    expect(page).to_have_url(re.compile("updates=10000"))


def test_the_graph_of_the_same_network_opens(page: Page, server: Server) -> None:
    scenario = preset_named("xor").scenario
    open_page(page, server, f"?network={encode(scenario)}&panel=Take+away")
    page.get_by_role("link", name="Open its graph").click()
    expect(page).to_have_url(re.compile(r"/autograd\?network="))
    expect(page.locator(".blitz-graph")).to_be_visible()
    expect(page.get_by_text("w1 = ").first).to_be_visible()


def test_a_script_is_downloaded(page: Page, server: Server) -> None:
    open_page(page, server, "?panel=Take+away")
    with page.expect_download() as found:
        page.get_by_role("button", name="Download backprop.py").click()
    assert "import math" in found.value.path().read_text(encoding="utf-8")


def test_the_back_button_of_the_browser_goes_back(page: Page, server: Server) -> None:
    open_page(page, server)
    page.get_by_role("button", name="XOR", exact=True).click()
    expect(page.get_by_role("heading", name="XOR")).to_be_visible()
    wait(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Two, two, two")).to_be_visible()


@pytest.mark.parametrize("width", [500, 900, 1920])
def test_nothing_is_wider_than_the_page(browser: Browser, server: Server, width: int) -> None:
    with watched_context(browser, width=width) as context:
        page = context.new_page()
        open_page(page, server, "?example=vanishing")
        overflow = page.evaluate(
            "() => { const m = document.querySelector('[data-testid=stMain]');"
            " return m.scrollWidth - m.clientWidth }"
        )
        assert overflow <= 0


def test_it_is_dark_where_the_browser_is(browser: Browser, server: Server) -> None:
    with watched_context(browser, color_scheme="dark") as context:
        page = context.new_page()
        open_page(page, server)
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(20, 23, 28)")
        color = page.locator(".js-plotly-plot").evaluate("plot => plot._fullLayout.font.color")
        assert color == "#e6e8eb"  # the theme's


def test_a_cell_is_chosen_by_the_first_click_after_the_player(page: Page, server: Server) -> None:
    open_page(page, server)
    page.get_by_role("button", name="Last step").click()
    expect(present(page)).to_have_attribute("data-step", str(len(STEPS) - 1))
    expect(page).to_have_url(re.compile(f"step={len(STEPS) - 1}"))
    wait(page)
    table = page.locator("[class*=st-key-backprop_layer_0] [data-testid=stDataFrame]").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] - 30, box["y"] + HEADER + ROW / 2
    page.mouse.move(x, y)
    # Streamlit's tables miss what is pressed in the very frame in which the pointer arrives.
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    page.mouse.click(x, y)
    expect(table.locator("[role=gridcell][aria-selected=true]")).to_have_text("0.15")
