"""The stepper in a real browser: moving, playing, pointing, and what the script hears of it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, WebSocket, expect

from blitz.backprop.diagram.positions import HEIGHT, WIDTH, positions
from blitz.backprop.steps import Step
from tests.browser.conftest import Serve, Server, wait_for, watched_context
from tests.browser.stepper_networks import scenario

READY = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(Path(__file__).with_name("stepper_app.py"))


def open_stepper(page: Page, server: Server, network: str = "lecture") -> Locator:
    """The root element of the stepper, once its diagram is drawn."""
    page.goto(f"{server.url}/?network={network}")
    root = page.locator(".blitz-stepper")
    expect(root.locator("[data-lit]")).to_have_count(1)
    expect(page.locator(READY)).to_have_count(1)
    return root


def steps_of(network: str = "lecture") -> tuple[Step, ...]:
    return scenario(network, 0.05).explain().steps


def place_of(name: str, network: str = "lecture") -> int:
    return [step.name for step in steps_of(network)].index(name)


def expect_place(root: Locator, place: int) -> None:
    """All parts of the stepper show this step."""
    expect(root).to_have_attribute("data-place", str(place))
    expect(root.locator("[data-part=count]")).to_contain_text(f"step {place + 1} of ")
    expect(root.get_by_role("slider")).to_have_value(str(place))
    expect(root.locator("[aria-current]")).to_have_attribute("data-step", str(place))
    expect(root.locator("[aria-current]")).to_be_in_viewport()


def present_place(root: Locator) -> int:
    return int(root.get_attribute("data-place") or 0)


def expect_events(page: Page, *expected: str) -> None:
    expect(page.get_by_test_id("stCode")).to_have_text("\n".join(expected) or "no event")


def expect_last_event(page: Page, expected: str) -> None:
    expect(page.get_by_test_id("stCode")).to_have_text(re.compile(f"(^|\n){expected}$"))


def pixels_of(root: Locator, name: str, network: str = "lecture") -> tuple[float, float]:
    """Where a part of the network is on the page."""
    places = positions(scenario(network, 0.05).network)
    x, y = (places.units | places.weights | places.biases)[name]
    box = root.locator("[data-part=plot]").bounding_box()
    assert box is not None
    return box["x"] + x / WIDTH * box["width"], box["y"] + (HEIGHT - y) / HEIGHT * box["height"]


def trace(root: Locator, name: str) -> dict[str, Any]:
    """A trace as Plotly has it."""
    found: dict[str, Any] = json.loads(
        root.locator("[data-part=plot]").evaluate(
            "(plot, name) => JSON.stringify(plot.data.find((trace) => trace.name === name))", name
        )
    )
    return found


def press(root: Locator, name: str) -> None:
    root.get_by_role("button", name=name, exact=True).click()


def test_the_buttons_move_and_the_script_hears_of_it(page: Page, server: Server) -> None:
    root = open_stepper(page, server)
    last = len(steps_of()) - 1
    expect_place(root, 0)
    expect_events(page)
    expect(root.get_by_role("button", name="One step back")).to_be_disabled()
    heard = []
    for name, place in (
        ("Next step", 1), ("Next step", 2), ("One step back", 1), ("Last step", last),
        ("First step", 0),
    ):  # fmt: skip
        press(root, name)
        expect_place(root, place)
        heard.append(f"{place} still")
        expect_events(page, *heard)
        is_last = expect(root.get_by_role("button", name="Next step"))
        is_last.to_be_disabled() if place == last else is_last.to_be_enabled()


def test_the_keyboard_moves_wherever_the_focus_is(page: Page, server: Server) -> None:
    root = open_stepper(page, server)
    last = len(steps_of()) - 1
    for focused in (root, root.get_by_role("slider"), root.locator("[data-part=list]")):
        focused.focus()
        for key, place in (
            ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", last), ("Home", 0)
        ):  # fmt: skip
            page.keyboard.press(key)
            expect_place(root, place)
    root.get_by_role("combobox").select_option("1")
    root.focus()
    page.keyboard.press(" ")
    expect(root).to_have_attribute("data-playing", "true")
    page.keyboard.press(" ")
    expect(root).to_have_attribute("data-playing", "false")


def test_playing_goes_to_the_end_and_the_script_keeps_up(page: Page, server: Server) -> None:
    root = open_stepper(page, server)
    root.evaluate("root => { root.isTheSame = true }")
    last = len(steps_of()) - 1
    press(root, "Last step")
    expect_events(page, f"{last} still")
    root.get_by_role("combobox").select_option("1")  # slow enough to be seen under way
    press(root, "Play")  # at the end it begins anew
    wait_for(page, lambda: 1 <= present_place(root) < last)
    expect(page.get_by_test_id("stCode")).to_contain_text("playing")
    press(root, "Pause")
    expect_last_event(page, f"{present_place(root)} still")
    root.get_by_role("slider").fill(str(last - 9))
    root.get_by_role("combobox").select_option("10")
    press(root, "Play")
    expect_place(root, last)
    expect(root).to_have_attribute("data-playing", "false")
    expect_last_event(page, f"{last} still")
    lines = page.get_by_test_id("stCode").inner_text().splitlines()
    _, *heard = [int(line.split()[0]) for line in lines]
    assert heard == sorted(heard)
    assert root.evaluate("root => root.isTheSame")


def test_playing_pauses_in_a_hidden_tab(page: Page, server: Server) -> None:
    root = open_stepper(page, server)
    press(root, "Play")
    page.evaluate(
        "() => { Object.defineProperty(document, 'hidden', { value: true });"
        "document.dispatchEvent(new Event('visibilitychange')) }"
    )
    expect(root).to_have_attribute("data-playing", "false")


def test_a_row_and_the_slider_lead_to_their_step(page: Page, server: Server) -> None:
    root = open_stepper(page, server)
    place = place_of("∂E/∂w5")
    before = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    root.locator(f"[data-step='{place}']").click()
    expect_place(root, place)
    expect(root.locator("[data-part=result]")).to_have_text("∂E/∂w5 = −0.018375")
    root.get_by_role("slider").fill("54")
    expect_place(root, 54)
    expect_last_event(page, "54 still")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == before


@pytest.mark.parametrize(
    ("name", "leads"),
    [
        ("w6", ["∂E/∂w6", "w6⁺", "∂E/∂w6"]),
        ("b1", ["∂E/∂b1", "b1⁺"]),
        ("h2", ["l_h2", "∂E/∂out_h2"]),
        ("o1", ["l_o1", "∂E/∂out_o1"]),
        ("E", ["E"]),
    ],
)
def test_a_click_in_the_diagram_leads_to_the_chain_or_the_sum(
    page: Page, server: Server, name: str, leads: list[str]
) -> None:
    root = open_stepper(page, server)
    for step in leads:
        page.mouse.click(*pixels_of(root, name))
        expect_place(root, place_of(step))
        expect_last_event(page, f"{place_of(step)} still")


def test_any_weight_of_a_large_network_can_be_clicked(page: Page, server: Server) -> None:
    large = "8-8-8-8-8-8"
    root = open_stepper(page, server, large)
    for name in ("w1", "w29", "w64", "w131", "w200", "w320"):
        page.mouse.click(*pixels_of(root, name, large))
        expect_place(root, place_of(f"∂E/∂{name}", large))


def test_the_way_of_a_step_is_lit(page: Page, server: Server) -> None:
    root = open_stepper(page, server)
    plot = root.locator("[data-part=plot]")
    network = scenario("lecture", 0.05).network
    places = positions(network)
    colors = set()
    for place, step in enumerate(steps_of()):
        root.get_by_role("slider").fill(str(place))
        expect(root).to_have_attribute("data-place", str(place))
        assert set((plot.get_attribute("data-lit") or "").split()) == set(step.uses)
        lit = trace(root, "lit")
        colors.add((step.kind.is_forward, lit["line"]["color"]))
        ends = [(line.start, line.end) for line in places.lines if {*line.names} <= {*step.uses}]
        drawn = list(zip(lit["x"][0::3], lit["x"][1::3], strict=True))
        assert drawn == [(round(start.x, 1), round(end.x, 1)) for start, end in ends]
        units = trace(root, "units")
        wide = [width > 1.2 for width in units["marker"]["line"]["width"]]
        assert [name in step.uses for name in units["customdata"]] == wide
    assert len(colors) == 2, "one colour on the way forward, one on the way back"


def test_the_diagram_tells_what_is_known_by_then(page: Page, server: Server) -> None:
    root = open_stepper(page, server)

    def text_of(name: str, part: str) -> str:
        texts = trace(root, name)
        found: str = texts["text"][texts["customdata"].index(part)]
        return found

    assert text_of("values", "i2") == "0.2"
    assert text_of("values", "h1") == "l 0.385"
    assert text_of("values", "h2") == ""
    assert text_of("weights", "w5") == "w5 = 0.25"
    root.get_by_role("slider").fill(str(place_of("out_h1")))
    assert text_of("values", "h1") == "0.5951"
    root.get_by_role("slider").fill(str(place_of("w5⁺")))
    assert text_of("weights", "w5") == "w5 = 0.25 → 0.2684<br>∂ −0.01838"
    assert text_of("values", "E") == "0.09687"
    page.mouse.move(*pixels_of(root, "w5"))
    expect(root.locator("[data-part=tooltip]")).to_have_text(
        "w5 = 0.25\n∂l_o1/∂w5 = 0.59508\n∂E/∂w5 = −0.018375\nw5⁺ = 0.26838"
    )
    page.mouse.move(0, 0)
    expect(root.locator("[data-part=tooltip]")).to_be_hidden()


def test_the_script_sends_the_stepper_elsewhere_also_while_it_plays(
    page: Page, server: Server
) -> None:
    root = open_stepper(page, server)
    root.get_by_role("slider").fill("20")
    expect_events(page, "20 still")
    page.get_by_role("button", name="Go to the fourth step").click()
    expect_place(root, 3)
    expect_events(page, "20 still")
    root.get_by_role("combobox").select_option("2")
    press(root, "Play")
    wait_for(page, lambda: present_place(root) >= 5)
    page.get_by_role("button", name="Go to the fourth step").click()
    expect(root).to_have_attribute("data-playing", "false")
    expect(page.locator(READY)).to_have_count(1)
    expect_place(root, 3)
    page.get_by_role("button", name="Run the script again").click()
    expect(page.locator(READY)).to_have_count(1)
    expect_place(root, 3)


def test_another_calculation_is_shown_at_the_same_step(page: Page, server: Server) -> None:
    root = open_stepper(page, server)
    root.evaluate("root => { root.isTheSame = true }")
    root.get_by_role("slider").fill("4")
    page.get_by_label("First weight").fill("0.5")
    page.get_by_label("First weight").press("Enter")
    expect(root).to_have_attribute("data-calculation", "lecture 0.5")
    expect_place(root, 4)
    # l_h1 = 0.5 · 0.1 + 0.15 · 0.2 + 0.35
    expect(root.locator("[data-step='0'] .value")).to_have_text("0.43")
    expect(root.locator("[data-part=plot]")).to_contain_text("w1 = 0.5")
    expect_events(page, "4 still")
    assert root.evaluate("root => root.isTheSame")


def test_a_stepper_that_comes_back_shows_the_step_it_left(page: Page, server: Server) -> None:
    root = open_stepper(page, server)
    root.get_by_role("slider").fill("7")
    expect_events(page, "7 still")
    page.get_by_text("Show the stepper").click()
    expect(root).to_have_count(0)
    page.get_by_text("Show the stepper").click()
    expect_place(root, 7)
    press(root, "Next step")
    expect_events(page, "7 still", "8 still")


def test_a_large_calculation_is_sent_once_and_small(page: Page, server: Server) -> None:
    received: list[int] = []

    def count(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: received.append(len(frame)))

    page.on("websocket", count)
    root = open_stepper(page, server, "8-8-8-8-8-8")
    expect(root.locator("li")).to_have_count(len(steps_of("8-8-8-8-8-8")))
    assert sum(received) < 400_000
    received.clear()
    press(root, "Last step")
    expect_last_event(page, "1544 still")
    expect(page.locator(READY)).to_have_count(1)
    assert sum(received) < 20_000


def test_both_themes_are_followed(page: Page, server: Server) -> None:
    root = open_stepper(page, server)
    root.evaluate("root => { root.isTheSame = true }")
    root.get_by_role("slider").fill("5")
    light = trace(root, "lit")["line"]["color"], trace(root, "units")["marker"]["color"]
    page.emulate_media(color_scheme="dark")
    expect(root.locator("[data-part=kind]")).to_have_css("color", "rgb(255, 138, 76)")
    wait_for(page, lambda: trace(root, "lit")["line"]["color"] != light[0])
    dark = trace(root, "lit")["line"]["color"], trace(root, "units")["marker"]["color"]
    assert all(a != b for a, b in zip(light[1], dark[1], strict=True))
    assert root.evaluate("root => root.isTheSame")
    expect_place(root, 5)


@pytest.mark.parametrize(("width", "is_beside"), [(500, False), (760, False), (1440, True)])
def test_the_list_is_beside_the_diagram_where_there_is_room(
    browser: Browser, server: Server, width: int, is_beside: bool
) -> None:
    with watched_context(browser, width=width) as context:
        root = open_stepper(context.new_page(), server, "8-8-8-8-8-8")
        assert not root.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        whole, plot, steps = (
            root.locator(part).bounding_box()
            for part in (".blitz-stepper-frame", "[data-part=plot]", "[data-part=list]")
        )
        assert whole is not None
        assert plot is not None
        assert steps is not None
        assert (steps["x"] >= plot["x"] + plot["width"]) == is_beside
        assert (steps["y"] >= plot["y"] + plot["height"]) != is_beside
        for control in root.locator(".blitz-stepper-player > *").all():
            box = control.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= whole["x"] + whole["width"] + 1


def test_list_and_player_do_not_wait_for_plotly(page: Page, server: Server) -> None:
    held: list[Route] = []
    page.route("**/api/plotly.js*", lambda route: held.append(route))
    page.goto(server.url)
    root = page.locator(".blitz-stepper")
    expect_place(root, 0)
    expect(root.locator("[aria-current]")).to_have_css("border-left-color", "rgb(194, 65, 12)")
    plot = root.locator("[data-part=plot]")
    in_place = "plot => getComputedStyle(plot, '::before').content"
    assert plot.evaluate(in_place) == '"Drawing …"'
    press(root, "Next step")
    expect_place(root, 1)
    wait_for(page, lambda: bool(held))
    held[0].continue_()
    expect(root.locator("[data-lit]")).to_have_count(1)
    assert plot.evaluate(in_place) == "none"
