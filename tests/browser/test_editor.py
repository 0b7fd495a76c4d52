"""The editor in a real browser: typing, marks, suggestions, and texts from outside."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Serve, watched_context

READY = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
START = "x = torch.ones(4, 4)\nx @ x.T"


@pytest.fixture(scope="module")
def page(browser: Browser, serve: Serve) -> Iterator[Page]:
    """One page for all tests: each begins with a text of its own."""
    server = serve(Path(__file__).with_name("editor_app.py"))
    with watched_context(browser) as context:
        page = context.new_page()
        page.goto(server.url)
        yield page


def begin(page: Page, source: str = START) -> Locator:
    """The text field with this text, which the script knows, and the caret at its end."""
    area = page.get_by_role("textbox", name="Program")
    area.fill(source)
    expect_taken(page, source)
    area.focus()
    page.keyboard.press("Control+End")
    return area


def part(page: Page, name: str) -> Locator:
    return page.locator(f".blitz-editor [data-part={name}]")


def expect_taken(page: Page, source: str) -> None:
    """The script has this text, and it is the last one it was told."""
    expect(page.get_by_test_id("stCode").first).to_have_text(source)
    expect(page.locator(READY)).to_have_count(1)


def expect_options(page: Page, *names: str) -> None:
    expect(page.get_by_role("option")).to_have_text([re.compile(f"^{name}\\b") for name in names])


def box_of(locator: Locator) -> tuple[float, float, float, float]:
    box = locator.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


def test_what_is_typed_runs_by_itself_and_at_once(page: Page) -> None:
    area = begin(page)
    before = int(page.get_by_test_id("stCode").last.inner_text().split()[0])
    # Keys that follow each other soon are one run.
    area.evaluate(
        """(area) => {
          for (const key of " + 1") {
            area.setRangeText(key, area.value.length, area.value.length, "end");
            area.dispatchEvent(new InputEvent("input", { bubbles: true }));
          }
        }"""
    )
    expect_taken(page, f"{START} + 1")
    runs = page.get_by_test_id("stCode").last
    expect(runs).to_have_text(f"{before + 1} runs")
    page.keyboard.press("Control+Enter")
    expect(runs).to_have_text(f"{before + 2} runs")
    expect(area).to_have_value(f"{START} + 1")
    page.keyboard.type("2")
    page.get_by_role("button", name="Run the script again").click()
    expect_taken(page, f"{START} + 12")


def test_undo_takes_back_letters_tabs_and_suggestions(page: Page) -> None:
    area = begin(page, "x")
    page.keyboard.press("Tab")
    expect(area).to_have_value("x    ")
    page.keyboard.press("Control+z")
    expect(area).to_have_value("x")
    page.keyboard.type(".cum")
    page.keyboard.insert_text("s")
    expect_options(page, "cumsum")
    page.keyboard.press("Enter")
    expect(area).to_have_value("x.cumsum")
    page.keyboard.press("Control+z")
    expect(area).to_have_value("x.cums")
    page.keyboard.press("Control+Shift+z")
    expect(area).to_have_value("x.cumsum")


def test_escape_then_tab_leaves_and_shift_tab_always(page: Page) -> None:
    area = begin(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(area).not_to_be_focused()
    area.focus()
    page.keyboard.press("Shift+Tab")
    expect(area).not_to_be_focused()
    expect(area).to_have_value(START)
    area.focus()
    page.keyboard.press("Tab")
    expect(area).to_be_focused()
    assert "    " in area.input_value()


def test_a_new_line_is_as_deep_as_the_one_before(page: Page) -> None:
    area = begin(page, "with torch.no_grad():")
    page.keyboard.press("Enter")
    page.keyboard.type("y = 1")
    page.keyboard.press("Enter")
    page.keyboard.type("z = 2")
    expect(area).to_have_value("with torch.no_grad():\n    y = 1\n    z = 2")
    expect(part(page, "gutter").locator("div")).to_have_text(["1", "2", "3"])


def test_the_field_lies_upon_its_coloured_copy(page: Page) -> None:
    source = "# é 🙂 x\nx = F.relu('torch' + x.torch) * 2.5e-3\nNone"
    area = begin(page, source)
    copy = part(page, "copy")
    assert box_of(area) == pytest.approx(box_of(copy), abs=0.5)
    for style in ("font-family", "font-size", "line-height", "padding", "letter-spacing"):
        script = f"node => getComputedStyle(node).getPropertyValue('{style}')"
        assert area.evaluate(script) == copy.evaluate(script)
    for kind, texts in (
        ("comment", ["# é 🙂 x"]), ("string", ["'torch'"]), ("number", ["2.5e-3"]),
        ("module", ["F"]), ("keyword", ["None"]),
    ):  # fmt: skip
        expect(copy.locator(f".{kind}")).to_have_text(texts)
    longer = source + "\n" * 40 + "y" * 400
    page.keyboard.insert_text(longer.removeprefix(source))
    expect(area).to_have_value(longer)
    assert box_of(area) == pytest.approx(box_of(copy), abs=0.5)
    frame = page.locator(".blitz-editor-frame")
    assert frame.evaluate("node => node.scrollLeft > 0 && node.scrollTop > 0"), "caret in sight"
    page.keyboard.press("Control+Home")
    page.wait_for_function(
        "node => node.scrollLeft < 20 && node.scrollTop < 20", arg=frame.element_handle()
    )
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_the_failing_piece_is_underlined_and_told(page: Page) -> None:
    area = begin(page, "x = 1\ny = '🙂' + wrong * 2")
    fault = part(page, "copy").locator(".fault")
    expect(fault).to_have_text("wrong")
    assert "wavy" in fault.evaluate("node => getComputedStyle(node).textDecorationLine + ' ' "
                                    "+ getComputedStyle(node).textDecorationStyle")  # fmt: skip
    expect(area).to_have_attribute("aria-invalid", "true")
    expect(area).to_have_accessible_description(re.compile("^line 1: this is wrong Runs as"))
    marker = part(page, "gutter").locator(".fault")
    expect(marker).to_have_text("2")
    expect(marker).to_have_attribute("title", "line 1: this is wrong")
    x, y, width, height = box_of(fault)
    assert abs(box_of(marker)[1] + box_of(marker)[3] / 2 - y - height / 2) < 3
    page.mouse.move(x + width / 2, y + height / 2)
    expect(area).to_have_attribute("title", "line 1: this is wrong")
    page.mouse.move(x + width + 30, y + height / 2)
    expect(area).to_have_attribute("title", "")


def test_the_mark_moves_with_its_piece_and_goes_when_it_is_touched(page: Page) -> None:
    area = begin(page, "wrong")
    fault = part(page, "copy").locator(".fault")
    expect(fault).to_have_text("wrong")
    page.keyboard.press("Home")
    page.keyboard.type("slow = 1\n")  # what is seen is the browser's own doing
    assert fault.all_text_contents() == ["wrong"]
    assert part(page, "gutter").locator(".fault").all_text_contents() == ["2"]
    page.keyboard.press("ArrowRight")
    page.keyboard.type("_")
    assert fault.count() == 0
    expect(area).to_have_value("slow = 1\nw_rong")


def test_what_is_missing_at_a_lines_end_is_marked_there(page: Page) -> None:
    begin(page, "x = 1\ny = (")
    fault = part(page, "copy").locator(".fault")
    expect(fault).to_have_text("")
    assert box_of(fault)[2] > 4
    expect(part(page, "gutter").locator(".fault")).to_have_text("2")


def test_the_chosen_piece_is_marked(page: Page) -> None:
    begin(page)
    pieces = part(page, "copy").locator(".marked")
    assert "".join(pieces.all_text_contents()) == "x @ x.T"


def test_no_letter_is_lost_while_the_script_answers(page: Page) -> None:
    area = begin(page, "")
    text = "slow = 1; " + "".join(f"a{number} = torch.ones({number}) " for number in range(6))
    for letter in text:
        page.keyboard.type(letter, delay=20)
        if letter == ")":  # the text is on its way, and the next letters come at once
            page.keyboard.press("Control+Enter")
    expect(area).to_have_value(text)
    expect_taken(page, text)
    expect(area).to_have_value(text)
    expect(area).to_be_focused()


def test_a_text_from_outside_replaces_what_was_typed(page: Page) -> None:
    area = begin(page, f"{START} # slow")
    other = "y = torch.zeros(2)  # lesson"
    page.keyboard.type(" # mine")
    page.get_by_role("button", name="Another lesson").click()
    expect(area).to_have_value(other)
    expect(page.get_by_test_id("stCode").first).to_have_text(other)
    expect(page.locator(READY)).to_have_count(1)
    expect(area).to_have_value(other)
    area.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("!")
    expect_taken(page, f"{other}!")
    page.get_by_role("button", name="Another lesson").click()
    expect(area).to_have_value(other)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("y = torch.", ("arange", "cat", "ones", "ones_like")),
        ("y = torch.ON", ("ones", "ones_like")),
        ("torch.linalg.", ("norm",)),
        ("F.", ("relu",)),
        ("np.on", ("ones",)),
        ("x.su", ("sum", "cumsum")),
        ("(x + 1).sh", ("shape",)),
        ("x[0].add", ("add", "add_")),
        ("12.", ()),
        ("# x.su", ()),
        ("'torch.o", ()),
        ("torch.relu", ()),
        ("sum", ()),
    ],
)
def test_names_that_fit_are_suggested(page: Page, typed: str, names: tuple[str, ...]) -> None:
    area = page.get_by_role("textbox", name="Program")
    area.fill("")
    page.keyboard.type(typed)
    expect_options(page, *names)


def test_a_suggestion_is_chosen_by_keyboard_or_pointer(page: Page) -> None:
    area = begin(page, "")
    page.keyboard.type("torch.on")
    options = page.get_by_role("option")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(options.first).to_have_text("ones(*size, dtype=None)")
    page.keyboard.press("ArrowDown")
    expect(options.last).to_have_attribute("aria-selected", "true")
    chosen = options.last.get_attribute("id")
    assert chosen is not None
    expect(area).to_have_attribute("aria-activedescendant", chosen)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    expect(area).to_have_value("torch.ones_like")
    expect(options).to_have_count(0)
    page.keyboard.type("(x.")
    options.filter(has_text="cumsum").click()
    expect(area).to_have_value("torch.ones_like(x.cumsum")
    expect(area).to_be_focused()
    page.keyboard.type("().sum")
    expect(options.first).to_contain_text("sum")
    page.keyboard.press("Enter")  # the name stands there in full
    expect(area).to_have_value("torch.ones_like(x.cumsum().sum\n")
    page.keyboard.type("x.s")
    expect(options).to_have_count(3)
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    page.keyboard.press("Enter")
    expect(area).to_have_value("torch.ones_like(x.cumsum().sum\nx.s\n")


def test_the_list_of_suggestions_stays_within_the_page(page: Page) -> None:
    begin(page, "")
    page.set_viewport_size({"width": 420, "height": 800})
    page.keyboard.type("y = torch.zeros(1) + torch.linalg.")
    expect_options(page, "norm")
    x, _, width, _ = box_of(part(page, "suggestions"))
    assert x >= 0
    assert x + width <= 420
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.set_viewport_size({"width": 1440, "height": 1000})


def test_a_text_that_is_too_long_is_kept_and_not_run(page: Page) -> None:
    area = begin(page, "")
    count = part(page, "count")
    area.fill("#" * 1_700)
    expect(count).to_have_text("")
    area.fill("🙂" * 1_900)
    expect(count).to_have_text("1,900 of 2,000 characters")
    expect_taken(page, "🙂" * 1_900)
    before = box_of(page.locator(".blitz-editor"))[3]
    area.fill("#" * 2_001)
    expect(count).to_have_text("Too long to run: 2,001 characters, and at most 2,000")
    page.keyboard.press("Control+Enter")
    assert box_of(page.locator(".blitz-editor"))[3] == before
    page.get_by_role("button", name="Run the script again").click()
    expect_taken(page, "🙂" * 1_900)
    expect(area).to_have_value("#" * 2_001)
    area.focus()
    page.keyboard.press("Control+End")
    page.keyboard.press("Backspace")
    expect_taken(page, "#" * 2_000)


def test_an_editor_that_comes_back_shows_the_text(page: Page) -> None:
    area = begin(page)
    page.keyboard.type(" + 3")
    expect_taken(page, f"{START} + 3")
    page.get_by_text("Show the editor").click()
    expect(area).to_have_count(0)
    page.get_by_text("Show the editor").click()
    expect(area).to_have_value(f"{START} + 3")
    area.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("4")
    expect_taken(page, f"{START} + 34")


def test_both_themes_are_followed(page: Page) -> None:
    area = begin(page)
    keyword = part(page, "copy").locator(".module").first
    script = "node => getComputedStyle(node).color"
    light = keyword.evaluate(script)
    page.keyboard.type("1")
    page.emulate_media(color_scheme="dark")
    expect(keyword).not_to_have_css("color", light)
    expect(area).to_have_value(f"{START}1")
    expect(area).to_be_focused()
    page.emulate_media(color_scheme="light")
