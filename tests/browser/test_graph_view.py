from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from blitz.autograd.picture.packing import unpack
from tests.browser.conftest import Serve, Server, double_click, wait_for, watched_context
from tests.browser.graph_drawings import DRAWINGS, large_drawing

READY = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(Path(__file__).with_name("graph_view_app.py"))


def open_graph(page: Page, server: Server, drawing: str = "folded", extra: str = "") -> Locator:
    """The root element of the viewer, once it has painted this drawing."""
    page.goto(f"{server.url}/?drawing={drawing}{extra}")
    root = page.locator(".blitz-graph")
    expect(root).to_have_attribute("data-painted-key", drawing)
    expect(page.locator(READY)).to_have_count(1)
    wait_until_still(root)
    return root


def data(root: Locator, name: str) -> str:
    return root.get_attribute(f"data-{name}") or ""


def events(page: Page) -> list[str]:
    """What `graph_view` returned, in order."""
    text = page.get_by_test_id("stCode").inner_text()
    return [] if text == "no event" else text.splitlines()


def expect_events(page: Page, *expected: str) -> None:
    expect(page.get_by_test_id("stCode")).to_have_text("\n".join(expected) or "no event")


def camera(root: Locator) -> tuple[float, float, float]:
    x, y = data(root, "center").split(",")
    return float(x), float(y), float(data(root, "scale"))


def place(root: Locator, drawing: bytes, vertex: int) -> tuple[float, float]:
    """Where the middle of a vertex is on the page."""
    arrays, _ = unpack(drawing)
    return place_of(root, float(arrays["vertex_x"][vertex]), float(arrays["vertex_y"][vertex]))


def place_of(root: Locator, x: float, y: float) -> tuple[float, float]:
    box = root.locator("[data-part=overlay]").bounding_box()
    assert box is not None
    middle_x, middle_y, scale = camera(root)
    return (
        box["x"] + box["width"] / 2 + (x - middle_x) * scale,
        box["y"] + box["height"] / 2 + (y - middle_y) * scale,
    )


def click(page: Page, root: Locator, vertex: int, drawing: str = "folded") -> None:
    page.mouse.click(*place(root, DRAWINGS[drawing](), vertex))


def wait_until_still(root: Locator) -> None:
    """Until the camera has flown: it moves with every frame but the first."""
    root.evaluate(
        """root => new Promise((done) => {
            let [before, still] = ["", 0];
            const look = () => {
                const now = `${root.dataset.center} ${root.dataset.scale}`;
                still = now === before ? still + 1 : 0;
                before = now;
                if (still < 5) requestAnimationFrame(look);
                else done();
            };
            look();
        })"""
    )


def rerun(page: Page) -> None:
    """Run the script again, to its end."""
    runs = page.get_by_test_id("stCaptionContainer")
    before = int(runs.inner_text())
    page.get_by_role("button", name="Run the script again").click()
    expect(runs).not_to_have_text(str(before))
    expect(page.locator(READY)).to_have_count(1)


def test_a_click_on_a_vertex_an_edge_and_nothing_arrives_once_and_in_order(
    page: Page, server: Server
) -> None:
    root = open_graph(page, server)
    click(page, root, 2)
    expect_events(page, "select folded 2")
    expect(root).to_have_attribute("data-selected", "2")
    expect(root.locator("[data-part=status]")).to_contain_text("ReluBackward0 (operation)")
    page.mouse.click(*place_of(root, 500, 0))  # the edge from there to the next operation
    expect_events(page, "select folded 2", "select-edge folded 2")
    expect(root).to_have_attribute("data-selected-edge", "2")
    page.mouse.click(*place_of(root, 0, 160))
    expected = ["select folded 2", "select-edge folded 2", "select folded -1"]
    expect_events(page, *expected)
    rerun(page)
    expect_events(page, *expected)


def test_clicks_while_the_script_is_busy_are_not_lost(page: Page, server: Server) -> None:
    root = open_graph(page, server)
    for vertex in (2, 3, 4):
        click(page, root, vertex)
    double_click(page, *place(root, DRAWINGS["folded"](), 1))
    wait_for(page, lambda: events(page)[-1:] == ["open folded 1"])
    seen = events(page)
    assert seen[0] == "select folded 2"
    assert seen.count("open folded 1") == 1
    order = ["select folded 2", "select folded 3", "select folded 4", "select folded 1"]
    assert [event for event in order if event in seen[:-1]] == seen[:-1]


def test_a_double_click_opens_a_group_in_its_place_and_its_cross_closes_it(
    page: Page, server: Server
) -> None:
    root = open_graph(page, server)
    double_click(page, *place(root, DRAWINGS["folded"](), 1))
    expect(root).to_have_attribute("data-painted-key", "opened")
    expect_events(page, "select folded 1", "open folded 1")
    wait_until_still(root)
    _, _, scale = camera(root)
    # The cross is at the upper left corner of the frame, in pixels of the view.
    x, y = place_of(root, 120, -50)
    size = min(13.0, max(10.5, 12 * scale))
    page.mouse.click(x + 6 + size * 0.55, y + size * 0.95)
    expect(root).to_have_attribute("data-painted-key", "folded")
    assert events(page)[-1] == "close opened 17"


def test_what_stays_keeps_its_place_when_a_group_is_opened(page: Page, server: Server) -> None:
    root = open_graph(page, server)
    for _ in range(3):
        page.get_by_role("button", name="Zoom out").click()
        wait_until_still(root)
    before = place(root, DRAWINGS["folded"](), 0)
    double_click(page, *place(root, DRAWINGS["folded"](), 1))
    expect(root).to_have_attribute("data-painted-key", "opened")
    wait_until_still(root)
    after = place(root, DRAWINGS["opened"](), 0)
    assert after == pytest.approx(before, abs=1.5)


def test_the_search_counts_and_flies(page: Page, server: Server) -> None:
    root = open_graph(page, server, "large5000")
    box = root.get_by_role("searchbox")
    box.fill("operation7backward0")
    expect(root).to_have_attribute("data-matches", "84")
    expect(root.locator("[data-part=count]")).to_have_text("84 found")
    box.press("Enter")
    expect(root.locator("[data-part=count]")).to_have_text("1 of 84")
    expect(root).to_have_attribute("data-selected", "7")
    wait_for(page, lambda: camera(root)[2] >= 0.85)  # a scale at which it can be read
    box.press("ArrowDown")
    expect(root).to_have_attribute("data-selected", "67")
    box.press("ArrowUp")
    box.press("ArrowUp")
    expect(root.locator("[data-part=count]")).to_have_text("84 of 84")
    box.fill("source that nobody wrote")
    expect(root.locator("[data-part=count]")).to_have_text("0 found")


def test_the_search_looks_into_facts(page: Page, server: Server) -> None:
    root = open_graph(page, server)
    root.get_by_role("searchbox").fill("NET.PY:23")
    root.get_by_role("searchbox").press("Enter")
    expect(root).to_have_attribute("data-selected", "3")


def test_the_keyboard_walks_along_the_edges(page: Page, server: Server) -> None:
    root = open_graph(page, server)
    canvas = root.get_by_role("application", name="A small network: 9 boxes, 8 edges")
    canvas.focus()
    walk = [
        ("ArrowRight", "4"),  # the first press selects what is nearest to the middle
        ("ArrowRight", "3"),
        ("ArrowLeft", "2"),
        ("ArrowDown", "4"),
        ("ArrowDown", "5"),
        ("ArrowUp", "4"),
        ("ArrowRight", "3"),
        ("ArrowRight", "7"),
    ]
    for key, expected in walk:
        canvas.press(key)
        expect(root).to_have_attribute("data-selected", expected)
        expect(page.locator(READY)).to_have_count(1)
    canvas.press("Escape")
    expect(root).to_have_attribute("data-selected", "-1")
    wait_for(page, lambda: events(page)[-1:] == ["select folded -1"])
    canvas.press("/")
    expect(root.get_by_role("searchbox")).to_be_focused()
    scale = camera(root)[2]
    canvas.press("+")
    wait_for(page, lambda: camera(root)[2] == pytest.approx(1.4 * scale, rel=1e-3))
    canvas.press("0")
    wait_for(page, lambda: camera(root)[2] == pytest.approx(scale, rel=1e-3))


def test_a_group_is_opened_and_closed_from_the_keyboard(page: Page, server: Server) -> None:
    root = open_graph(page, server)
    click(page, root, 1)
    root.locator("[data-part=overlay]").press("Enter")
    expect(root).to_have_attribute("data-painted-key", "opened")
    root.get_by_role("button", name="Table").click()
    root.get_by_role("button", name="TBackward0", exact=True).press("Enter")
    root.locator("[data-part=overlay]").press("Backspace")
    expect(root).to_have_attribute("data-painted-key", "folded")


def test_everything_before_and_after_is_highlighted(page: Page, server: Server) -> None:
    root = open_graph(page, server)
    click(page, root, 3)
    root.get_by_role("button", name="Towards inputs").click()
    expect(root).to_have_attribute("data-highlighted", "6")  # with itself
    root.get_by_role("button", name="Towards output").click()
    expect(root).to_have_attribute("data-highlighted", "3")
    # The input is drawn twice and is one node: it leads to the output on both ways.
    click(page, root, 8)
    expect(root).to_have_attribute("data-highlighted", "7")
    root.get_by_role("button", name="Towards output").click()
    expect(root).to_have_attribute("data-highlighted", "")


def test_the_shortest_path_is_shown_or_that_there_is_none(page: Page, server: Server) -> None:
    root = open_graph(page, server)
    status = root.locator("[data-part=status]")
    click(page, root, 0)
    page.keyboard.down("Shift")
    click(page, root, 3)
    page.keyboard.up("Shift")
    expect(status).to_have_text("Shortest path between x and AddmmBackward0: 3 edges")
    expect(root).to_have_attribute("data-highlighted", "4")
    click(page, root, 4)
    root.get_by_role("button", name="Path").click()
    expect(status).to_have_text("Path from fc2.weight: choose its end")
    click(page, root, 5)
    expect(status).to_have_text("There is no path between fc2.weight and fc2.bias")


def test_the_table_has_the_same_vertices_and_selects(page: Page, server: Server) -> None:
    root = open_graph(page, server, "large5000")
    root.get_by_role("button", name="Table").click()
    rows = root.locator("tbody tr")
    expect(rows).to_have_count(200)
    expect(root.get_by_text("rows 1 to 200 of 5,000")).to_be_visible()
    root.get_by_role("button", name="Next", exact=True).click()
    expect(root.get_by_text("rows 201 to 400 of 5,000")).to_be_visible()
    first = rows.first.get_by_role("button").first
    first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect_events(page, "select large5000 201")
    expect(rows.nth(1)).to_have_attribute("aria-current", "true")
    root.get_by_role("searchbox").fill("operation7backward0")
    expect(rows).to_have_count(84)
    root.get_by_role("searchbox").fill("")
    expect(root.get_by_text("rows 201 to 400 of 5,000")).to_be_visible()


def test_the_playback_goes_step_by_step(page: Page, server: Server) -> None:
    root = open_graph(page, server, extra="&playback=1")
    bar = root.get_by_role("group", name="Playback of the backward pass")
    expect(root).to_have_attribute("data-step", "5")
    expect(bar.locator("[data-part=step]")).to_have_text("backward pass done: 5 steps")
    expect(bar.get_by_role("button", name="One step on")).to_be_disabled()
    bar.get_by_role("button", name="To the beginning").click()
    expect(root).to_have_attribute("data-step", "-1")
    bar.get_by_role("button", name="One step on").click()
    expect(bar.locator("[data-part=step]")).to_have_text("step 1 of 5")
    bar.get_by_role("button", name="One step on").click()
    bar.get_by_role("button", name="One step back").click()
    expect(root).to_have_attribute("data-step", "0")
    bar.get_by_role("slider").fill("3")
    expect(bar.locator("[data-part=step]")).to_have_text("step 4 of 5")
    bar.get_by_role("combobox").select_option("25")
    bar.get_by_role("button", name="Play", exact=True).click()
    expect(root).to_have_attribute("data-step", "5")
    expect(root).to_have_attribute("data-playing", "false")
    legend = root.locator("[data-part=legend]")
    expect(legend).to_contain_text("1e−6")
    expect(legend).to_contain_text("NaN or ∞")


def test_an_edge_tells_its_gradient(page: Page, server: Server) -> None:
    root = open_graph(page, server, extra="&playback=1")
    page.mouse.move(*place_of(root, 500, 0))
    tooltip = root.locator("[data-part=tooltip]")
    expect(tooltip).to_contain_text("ReluBackward0 → AddmmBackward0")
    expect(tooltip).to_contain_text("0.01000")
    expect(tooltip).to_contain_text("25.0%")
    page.mouse.move(*place(root, DRAWINGS["folded"](), 0))
    expect(tooltip).to_contain_text("drawn 2 times, one node")


def test_a_png_of_the_view_and_of_the_whole_is_downloaded(
    page: Page, server: Server, tmp_path: Path
) -> None:
    root = open_graph(page, server)
    box = root.locator("[data-part=overlay]").bounding_box()
    assert box is not None
    for name, size in (("This view", (2 * box["width"], 2 * box["height"])), ("Whole graph", None)):
        root.locator("summary").click()
        with page.expect_download() as waiting:
            root.get_by_role("button", name=name).click()
        assert waiting.value.suggested_filename == "A-small-network.png"
        path = tmp_path / "picture.png"
        waiting.value.save_as(path)
        content = path.read_bytes()
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = (int.from_bytes(content[at : at + 4]) for at in (16, 20))
        if size:
            assert (width, height) == pytest.approx(size, abs=2)
        else:  # at scale 1, with a margin of 24 around
            assert (width, height) == (2 * (1130 + 48), 2 * (200 + 48))


def test_a_script_run_changes_nothing_of_the_view(page: Page, server: Server) -> None:
    root = open_graph(page, server, extra="&playback=1")
    root.evaluate("root => { root.isTheSame = true }")
    root.get_by_role("searchbox").fill("fc2")
    root.get_by_role("button", name="One step back").click()
    root.get_by_role("button", name="Zoom in").click()
    click(page, root, 3)
    expect_events(page, "select folded 3")
    wait_until_still(root)
    before = {name: data(root, name) for name in ("center", "scale", "selected", "matches", "step")}
    rerun(page)
    page.get_by_text("With the backward pass").click()
    expect(root.locator("[data-part=playback]")).to_be_hidden()
    page.get_by_text("With the backward pass").click()
    expect(root.locator("[data-part=playback]")).to_be_visible()
    after = {name: data(root, name) for name in before}
    assert after == {**before, "step": "5"}, "a playback that was away begins anew"
    assert root.evaluate("root => root.isTheSame")


def test_the_script_selects_a_vertex_and_a_person_another_one(page: Page, server: Server) -> None:
    root = open_graph(page, server)
    page.get_by_label("Select").fill("4")
    page.get_by_label("Select").press("Enter")
    expect(root).to_have_attribute("data-selected", "4")
    expect_events(page)  # what the script did is no event
    click(page, root, 5)
    expect_events(page, "select folded 5")
    expect(root).to_have_attribute("data-selected", "5")
    rerun(page)  # the page asks for the same as before, and so for nothing new
    expect(root).to_have_attribute("data-selected", "5")


def test_a_view_that_comes_back_works_as_before(page: Page, server: Server) -> None:
    root = open_graph(page, server)
    click(page, root, 2)
    expect_events(page, "select folded 2")
    page.get_by_text("Show the graph").click()
    expect(root).to_have_count(0)
    page.get_by_text("Show the graph").click()
    expect(root).to_have_attribute("data-painted-key", "folded")
    click(page, root, 3)
    expect_events(page, "select folded 2", "select folded 3")


def test_dragging_the_wheel_and_fingers_move_the_camera(page: Page, server: Server) -> None:
    root = open_graph(page, server)
    x, y, scale = camera(root)
    start_x, start_y = place_of(root, 500, 230)
    page.mouse.move(start_x, start_y)
    page.mouse.down()
    page.mouse.move(start_x + 30, start_y + 10)
    page.mouse.move(start_x + 60, start_y + 20)
    page.mouse.up()
    wait_for(
        page,
        lambda: camera(root) == pytest.approx((x - 60 / scale, y - 20 / scale, scale), abs=0.1),
    )
    expect_events(page)  # a drag is no click
    under = place(root, DRAWINGS["folded"](), 2)
    page.mouse.move(*under)
    page.mouse.wheel(0, -120)
    wait_for(page, lambda: camera(root)[2] > 1.1 * scale)
    assert place(root, DRAWINGS["folded"](), 2) == pytest.approx(under, abs=1)


def test_both_themes_are_followed_without_building_anew(page: Page, server: Server) -> None:
    root = open_graph(page, server)
    root.evaluate("root => { root.isTheSame = true }")

    def corner() -> list[int]:
        color: list[int] = root.evaluate(
            "root => [...root.querySelector('[data-part=scene]').getContext('2d')"
            ".getImageData(3, 3, 1, 1).data]"
        )
        return color

    assert corner() == [255, 255, 255, 255]
    page.emulate_media(color_scheme="dark")
    expect(root).to_have_attribute("data-theme", "dark")
    wait_for(page, lambda: corner() == [0x14, 0x17, 0x1C, 255])
    assert root.evaluate("root => root.isTheSame")


@pytest.mark.parametrize("width", [380, 700, 1440])
def test_the_view_fits_the_width_of_the_window(
    browser: Browser, server: Server, width: int
) -> None:
    with watched_context(browser, width=width) as context:
        page = context.new_page()
        root = open_graph(page, server, extra="&playback=1")
        root.get_by_role("button", name="Table").click()
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        box = root.bounding_box()
        assert box is not None
        for control in root.locator(".blitz-graph-tools button, .blitz-graph-playback > *").all():
            inner = control.bounding_box()
            if inner is not None:
                assert inner["x"] >= box["x"]
                assert inner["x"] + inner["width"] <= box["x"] + box["width"] + 1


def test_nothing_to_draw_is_said(page: Page, server: Server) -> None:
    root = open_graph(page, server, "empty")
    expect(root.get_by_text("nothing to draw")).to_be_visible()
    root.locator("[data-part=overlay]").press("ArrowRight")
    root.get_by_role("button", name="Table").click()
    expect(root.get_by_text("no rows")).to_be_visible()
    expect_events(page)


def test_texts_stay_texts_and_what_has_no_place_is_left_out(page: Page, server: Server) -> None:
    root = open_graph(page, server, "broken")
    root.get_by_role("button", name="Table").click()
    expect(root.locator("tbody tr")).to_have_count(2)
    expect(root.locator("tbody img, tbody b")).to_have_count(0)
    expect(root.get_by_role("button", name="<img src=x onerror=alert(1)>")).to_be_visible()
    page.mouse.move(*place(root, DRAWINGS["broken"](), 0))
    expect(root.locator("[data-part=tooltip]")).to_contain_text("<b>bold</b>")


def test_a_hundred_thousand_vertices_appear_and_answer_a_click(page: Page, server: Server) -> None:
    root = open_graph(page, server, "large100000")
    wait_for(page, lambda: data(root, "first-paint-ms") != "")
    expect_events(page)  # painting asks nothing of the script
    packed = large_drawing(100_000)
    root.get_by_role("searchbox").fill("layers.7.block.3")
    root.get_by_role("searchbox").press("Enter")
    wait_until_still(root)
    vertex = int(data(root, "selected"))
    expect_events(page, f"select large100000 {vertex}")
    page.mouse.click(*place(root, packed, vertex + 1))
    expect_events(page, f"select large100000 {vertex}", f"select large100000 {vertex + 1}")
