"""The autograd page through the whole product: a browser and a server, both real."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from blitz.autograd.examples import load_example
from blitz.autograd.picture.drawing import VertexKind, draw
from blitz.autograd.picture.packing import unpack
from blitz.autograd.picture.scene import pack_drawing
from blitz.autograd.program import program_graph, run_program
from tests.browser.conftest import REPOSITORY, Serve, Server, double_click, watched_context
from tests.browser.test_graph_view import READY, data, place, wait_until_still


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(REPOSITORY / "app.py")


def open_example(page: Page, server: Server, name: str) -> Locator:
    """The viewer, once it shows the example's graph."""
    page.goto(f"{server.url}/autograd?example={name}")
    root = page.locator(".blitz-graph")
    expect(root).to_have_attribute("data-painted-key", re.compile(f"^{name}-"))
    expect(page.locator(READY)).to_have_count(1)
    wait_until_still(root)
    return root


def first_drawing(name: str) -> tuple[bytes, dict[str, int]]:
    """What the page draws of an example at first, and the vertex of each label."""
    program = load_example(name)
    drawing = draw(program_graph(program, run_program(program)), direction="down")
    labels = {vertex.label: index for index, vertex in reversed(list(enumerate(drawing.vertices)))}
    return pack_drawing(drawing), labels


def click(page: Page, root: Locator, name: str, label: str) -> int:
    """Click a box; which vertex it is."""
    drawing, labels = first_drawing(name)
    page.mouse.click(*place(root, drawing, labels[label]))
    return labels[label]


def test_a_clicked_leaf_shows_the_gradient_of_the_worked_example(
    page: Page, server: Server
) -> None:
    root = open_example(page, server, "polynomial")
    click(page, root, "polynomial", "a")
    expect(page.get_by_role("heading", name="a", exact=True)).to_be_visible()
    expect(page.get_by_role("cell", name="36", exact=True)).to_be_visible()
    expect(page.get_by_role("cell", name="81", exact=True)).to_be_visible()


def test_the_canvas_and_the_panel_agree_about_what_is_selected(page: Page, server: Server) -> None:
    root = open_example(page, server, "polynomial")
    for label in ("a", "Sub", "b", "Mul"):
        vertex = click(page, root, "polynomial", label)
        heading = label if label in "ab" else f"{label}Backward0"
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        expect(page.locator(READY)).to_have_count(1)
        expect(root).to_have_attribute("data-selected", str(vertex))
    page.keyboard.press("Escape")
    expect(page.get_by_text("Click a box or an edge")).to_be_visible()
    expect(page.locator(READY)).to_have_count(1)
    expect(root).to_have_attribute("data-selected", "-1")


def test_the_chain_rule_is_walked_by_clicks_on_next_functions(page: Page, server: Server) -> None:
    root = open_example(page, server, "net_mse")
    search = root.get_by_role("searchbox")
    search.fill("MseLoss")
    search.press("Enter")
    expect(page.get_by_role("heading", name="MseLossBackward0")).to_be_visible()
    page.get_by_role("button", name="AddmmBackward0").first.click()
    expect(page.get_by_text("loss.grad_fn.next_functions[0][0]")).to_be_visible()
    # The trap: entry 0 is the bias, not the ReLU before the layer.
    page.get_by_role("button", name=re.compile(r"\[0\].*fc3\.bias")).click()
    expect(page.get_by_role("heading", name="fc3.bias")).to_be_visible()


def test_the_backward_pass_is_played_step_by_step(page: Page, server: Server) -> None:
    root = open_example(page, server, "polynomial")
    root.get_by_role("button", name="To the beginning").click()
    expect(root).to_have_attribute("data-step", "-1")
    following = root.get_by_role("button", name="One step on")
    following.click()  # the output gets its gradient
    following.click()
    expect(root).to_have_attribute("data-step", "1")
    expect(root).to_contain_text("SubBackward0")
    root.get_by_role("button", name="To the end").click()
    # the output, four operations and two leaves have run
    expect(root).to_have_attribute("data-step", "7")


def test_a_thousand_steps_are_folded_and_open_at_any(page: Page, server: Server) -> None:
    open_example(page, server, "lstm")
    steps = page.locator(".st-key-graph_lstm_steps input")
    steps.fill("1000")
    steps.press("Enter")
    expect(page.get_by_text("15,005 nodes")).to_be_visible()
    root = page.locator(".blitz-graph")
    search = root.get_by_role("searchbox")
    search.fill("1,000")
    search.press("Enter")
    step = page.get_by_role("spinbutton", name="Step", exact=True)
    step.fill("501")
    step.press("Enter")
    expect(page.locator(READY)).to_have_count(1)
    page.get_by_role("button", name="Open this step").click()
    # 15 operations, 4 parameters, the steps before and after, the sum and the output
    expect(page.get_by_text("23 boxes shown")).to_be_visible()


def test_a_double_click_opens_a_folded_module_and_fold_closes_it(
    page: Page, server: Server
) -> None:
    root = open_example(page, server, "resnet18")
    before = data(root, "painted-key")
    drawing, _ = first_drawing("resnet18")
    arrays, _ = unpack(drawing)
    # The view begins at the output: of the folded blocks the last one is in it.
    [*_, block] = np.flatnonzero(arrays["vertex_kind"] == VertexKind.GROUP).tolist()
    double_click(page, *place(root, drawing, block))
    expect(root).not_to_have_attribute("data-painted-key", before)
    page.get_by_role("button", name="Fold", exact=True).click()
    expect(root).to_have_attribute("data-painted-key", before)


def test_a_program_that_stops_half_way_shows_what_was_built_and_where(
    page: Page, server: Server
) -> None:
    root = open_example(page, server, "in_place_error")
    expect(page.get_by_text(re.compile("Line 15: RuntimeError"))).to_be_visible()
    expect(page.get_by_text(re.compile("Backward stops here"))).to_be_visible()
    page.get_by_role("button", name="Show it").click()
    expect(page.get_by_role("heading", name="ExpBackward0")).to_be_visible()
    expect(root).not_to_have_attribute("data-selected", "-1")


def test_the_first_non_finite_operation_is_named_and_shown(page: Page, server: Server) -> None:
    open_example(page, server, "non_finite")
    expect(page.get_by_text(re.compile("first operation on the way back"))).to_be_visible()
    page.get_by_role("button", name="Show it").click()
    expect(page.get_by_role("heading", name=re.compile("Backward0"))).to_be_visible()


def test_the_picture_is_taken_away(page: Page, server: Server, tmp_path: Path) -> None:
    open_example(page, server, "polynomial")
    page.get_by_text("Export", exact=True).click()
    for label, start in (("SVG", "<"), ("JSON", "{"), ("Mermaid", "flowchart")):
        with page.expect_download() as download:
            page.get_by_role("button", name=label).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        assert path.read_text(encoding="utf-8").lstrip().startswith(start)


def test_why_a_frozen_parameter_has_no_gradient(page: Page, server: Server) -> None:
    open_example(page, server, "frozen_resnet")
    page.get_by_text("Why?", exact=True).click()
    field = page.get_by_role("combobox", name=re.compile("Tensor"))
    field.fill("conv1.weight")
    page.get_by_role("option").first.click()
    expect(page.get_by_text(re.compile("model.conv1.weight is a parameter"))).to_be_visible()
    expect(page.get_by_text("model.conv1.weight.requires_grad_(True)")).to_be_visible()


def test_the_page_fits_a_narrow_window_in_the_dark(browser: Browser, server: Server) -> None:
    with watched_context(browser, width=900, color_scheme="dark") as context:
        page = context.new_page()
        root = open_example(page, server, "net_mse")
        assert data(root, "theme") == "dark"
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0


def test_home_leads_to_the_page(page: Page, server: Server) -> None:
    page.goto(server.url)
    page.get_by_role("link", name="Autograd graph").last.click()
    expect(page.locator(".blitz-graph")).to_have_attribute(
        "data-painted-key", re.compile("^polynomial-")
    )
