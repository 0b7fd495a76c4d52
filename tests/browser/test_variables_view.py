"""The variables view in a real browser: pictures, links through memory, and what stays in place."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Serve, Server


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(Path(__file__).with_name("variables_app.py"))


def open_view(page: Page, server: Server, program: str) -> Locator:
    """The root element of the view, once its cards are drawn."""
    page.goto(f"{server.url}/?program={program}")
    root = page.locator(".blitz-variables[data-drawn]")
    expect(root).to_have_count(1)
    return root


def card(root: Locator, name: str) -> Locator:
    return root.locator(f".blitz-variables-card[data-variable='{name}']")


def strip(root: Locator) -> Locator:
    return root.locator(".blitz-variables-strip").first


def readout(part: Locator) -> Locator:
    return part.locator(".readout")


def picture(part: Locator) -> Locator:
    return part.locator(".blitz-variables-picture")


def test_an_element_is_lit_wherever_its_memory_is_seen(page: Page, server: Server) -> None:
    # x = arange(12) as 3 × 4, y = x.T, part = x[:, 1:3], wide = x[:, 1:2] expanded to 3 × 4
    root = open_view(page, server, "views")
    root.evaluate("root => { root.isTheSame = true }")
    picture(card(root, "x")).focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    expect(readout(card(root, "x"))).to_have_text("x[2, 1] = 9.0 · memory place 9")
    expect(readout(card(root, "y"))).to_have_text("y[1, 2] = 9.0 · memory place 9")
    expect(readout(card(root, "part"))).to_have_text("part[2, 0] = 9.0 · memory place 9")
    expect(readout(card(root, "wide"))).to_have_text("wide[2, :] = 9.0 · memory place 9")
    expect(readout(strip(root))).to_have_text(
        "place 9 (bytes 36 to 39): x[2, 1], y[1, 2], part[2, 0], wide[2, :], n[2, 1]"
    )
    for name, lit in (("x", 1), ("y", 1), ("part", 1), ("wide", 4), ("n", 1)):
        expect(card(root, name).locator(".lights i")).to_have_count(lit)
    page.keyboard.press("Escape")
    expect(root.locator(".lights i")).to_have_count(0)

    # From the strip to the views; what nobody but some look at is lit in those alone.
    picture(strip(root)).focus()
    page.keyboard.press("Home")
    expect(readout(strip(root))).to_have_text("place 0 (bytes 0 to 3): x[0, 0], y[0, 0], n[0, 0]")
    expect(card(root, "part").locator(".lights i")).to_have_count(0)
    expect(readout(card(root, "part"))).to_have_text("")

    # By pointer: the middle of the second column of `part`.
    box = picture(card(root, "part")).locator("> div").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] - 8)
    expect(readout(card(root, "x"))).to_have_text("x[2, 2] = 10.0 · memory place 10")

    # Another program in the same cards: what was opened stays open, and nothing is made anew.
    page.mouse.move(0, 0)
    details = card(root, "x").locator("details")
    details.locator("summary").click()
    expect(details.locator("dd").first).to_have_text("(4, 1)")
    page.get_by_label("Shift").fill("5")
    page.get_by_label("Shift").press("Enter")
    expect(picture(card(root, "x"))).to_have_attribute(
        "aria-label", re.compile(r"^x, \[3, 4\], torch.float32, cpu: tensor\(\[\[-5., -4.")
    )
    expect(details.locator("dd").first).to_be_visible()
    assert root.evaluate("root => root.isTheSame")


def test_every_kind_of_value_has_its_picture_and_its_words(page: Page, server: Server) -> None:
    root = open_view(page, server, "kinds")
    special = card(root, "special")
    expect(special.locator("[data-mark]")).to_have_text(["1 NaN", "1 +∞", "1 −∞"])
    picture(special).focus()
    page.keyboard.press("ArrowRight")
    expect(readout(special)).to_have_text("special[0, 1] = NaN · memory place 1")
    for name, text in (
        ("scalar", "scalar = 3.25 · memory place 0"),
        ("mask", "mask[0, 0] = False · memory place 0"),
        ("z", "z[0] = 1+2j · memory place 0"),
        ("large", f"large[0] = {2**62 + 1} · memory place 0"),
        ("", "result[0, 0] = 0.1 · memory place 0"),
    ):
        picture(card(root, name)).focus()
        expect(readout(card(root, name))).to_have_text(text)
    expect(card(root, "none").locator(".body")).to_have_text("No elements: axis 0 has size 0.")
    expect(card(root, "names").locator("pre")).to_have_text("('a', 1, None)")
    expect(card(root, "scalar").locator(".flags")).to_have_text("requires grad")
    painted = "root => root.querySelector('canvas').toDataURL()"
    light = special.evaluate(painted)
    page.emulate_media(color_scheme="dark")
    expect(root).to_have_attribute("data-shade", "dark")
    assert special.evaluate(painted) != light
    for width in (900, 420):
        page.set_viewport_size({"width": width, "height": 1000})
        expect(special).to_be_visible()
        assert not root.evaluate("root => root.scrollWidth > root.clientWidth")
