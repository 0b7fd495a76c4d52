"""The train page's form in a real browser: what typed numbers become, and what stays open."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import REPOSITORY, Serve, Server
from tests.browser.test_train import button, fill_in, open_form

RULE = "was given; expected a whole number from"


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(REPOSITORY / "app.py")


def open_more(page: Page, server: Server) -> None:
    open_form(page, server)
    page.get_by_text("More", exact=True).click()
    expect(page.get_by_label("Processes", exact=True)).to_be_visible()


def choose(page: Page, field: str, option: str) -> None:
    page.get_by_label(field, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


@pytest.mark.parametrize(
    ("label", "typed", "told"),
    [
        ("Processes", "2.5", f"2.5 {RULE} 1 to 64"),
        ("Processes", "1e9", f"1000000000 {RULE} 1 to 64"),
        ("Seed", "99999999999999999999", f"1e+20 {RULE} 0 to 9,007,199,"),
    ],
)
def test_a_number_is_refused_as_it_was_typed(
    page: Page, server: Server, label: str, typed: str, told: str
) -> None:
    open_more(page, server)
    fill_in(page, label, "-1")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(f"-1 {RULE}")
    fill_in(page, label, typed)
    expect(alert).to_contain_text(told)
    expect(button(page, "Start")).to_have_count(0)
    fill_in(page, label, "1")
    expect(button(page, "Start")).to_be_visible()
    expect(alert).to_have_count(0)


def test_a_recipe_for_gpus_says_by_itself_what_it_takes_and_more_stays_open(
    page: Page, server: Server
) -> None:
    open_more(page, server)
    choose(page, "Preset", "CIFAR-10 in seconds")
    choose(page, "Device", "cpu")  # where there is a GPU the preset says nothing
    expect(page.get_by_text("Made for a GPU, where it takes seconds")).to_be_visible()
    expect(page.get_by_label("Processes", exact=True)).to_be_visible()
    # Nothing else is touched.
    expect(page.get_by_text("floating-point operations")).to_be_visible()
    expect(page.get_by_label("Processes", exact=True)).to_be_visible()
