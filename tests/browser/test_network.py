"""The network page through the whole product: a browser and a server, both real."""

import io
import re

import pytest
import torch
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Locator, Page, expect

from bench.network import walks
from blitz.datasets import load_dataset
from blitz.models import Net
from blitz.network.pictures.mosaic import feature_maps
from tests.browser.conftest import REPOSITORY, Serve, Server, watched_context

IDLE = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
PLACE_OF_CELL = """
(element, [x, y]) => {
  const plot = element.querySelector(".js-plotly-plot");
  const { xaxis, yaxis } = plot._fullLayout;
  const box = plot.getBoundingClientRect();
  return [
    box.x + xaxis._offset + xaxis.d2p(x), box.y + yaxis._offset + yaxis.d2p(y),
  ];
}
"""


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(REPOSITORY / "app.py")


def open_page(page: Page, server: Server, address: str = "") -> Locator:
    """The strip of steps."""
    page.goto(f"{server.url}/network{address}")
    expect(page.locator(IDLE)).to_have_count(1)
    strip = page.get_by_role("group", name="Steps from the image")
    expect(strip.get_by_role("button").first).to_be_visible()
    return strip


def picture(page: Page) -> bytes:
    """A file with a white ring on black, of another size than any network takes."""
    image = Image.new("RGB", (90, 60), "black")
    ImageDraw.Draw(image).ellipse((25, 10, 65, 50), outline="white", width=6)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_a_pixel_that_is_clicked_shows_its_arithmetic(page: Page, server: Server) -> None:
    strip = open_page(page, server, "?image=2")
    strip.get_by_role("button", name="conv1").click()
    chart = page.locator(".st-key-network-picture-out")
    expect(chart.locator(".heatmaplayer image")).to_have_count(1)
    chart.scroll_into_view_if_needed()
    # The cell of channel 0, row 3, column 7: as in any picture of six maps of 28×28.
    y = feature_maps(torch.zeros(6, 28, 28)).gap + 3
    place = chart.evaluate(PLACE_OF_CELL, [7, y])
    page.mouse.move(*place)
    # A click is on what Plotly knows to be under the pointer.
    expect(chart.locator(".hoverlayer")).to_contain_text("channel 0 · row 3 · column 7")
    page.mouse.click(*place)
    expect(page.get_by_role("spinbutton", name="Column")).to_have_value("7")
    expect(page.get_by_role("spinbutton", name="Channel")).to_have_value("0")
    expect(page.get_by_role("spinbutton", name="Row")).to_have_value("3")
    expect(page.locator(IDLE)).to_have_count(1)  # what is told comes after the fields
    images = load_dataset("digits", folder=server.settings.data_folder).test_images
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        expected = Net().conv1(images[2:3].float() / 255 * 2 - 1)[0, 0, 3, 7].item()
    told = page.get_by_text("The network has", exact=False)
    value = re.search(r"has (exactly this: )?(-?[\d.e-]+)", told.inner_text())
    assert value is not None
    assert float(value[2].rstrip(".")) == pytest.approx(expected, rel=1e-5)


def test_a_click_on_a_layer_counts_though_a_number_was_just_typed(
    page: Page, server: Server
) -> None:
    strip = open_page(page, server)
    page.get_by_role("spinbutton", name="Number").fill("20")  # and no Enter
    strip.get_by_role("button", name="fc2").click()
    expect(page.get_by_role("heading", name="fc2")).to_be_visible()
    expect(page.get_by_text("test image 20:", exact=False).first).to_be_visible()


def test_layers_views_and_stations_are_places_to_come_back_to(page: Page, server: Server) -> None:
    strip = open_page(page, server)
    strip.get_by_role("button", name="softmax").click()
    expect(page.get_by_role("heading", name="softmax")).to_be_visible()
    expect(page.get_by_text("All of them add up to 1")).to_be_visible()
    expect(page).to_have_url(re.compile("layer=13"))
    page.get_by_role("button", name="A training step").click()
    expect(page.get_by_role("heading", name="A training step")).to_be_visible()
    page.get_by_role("button", name="Whole step").click()
    expect(page.get_by_text("10 parameters changed by the optimiser", exact=False)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="softmax")).to_be_visible()
    expect(page.locator(IDLE)).to_have_count(1)


def test_another_image_is_in_the_address_and_stays_when_the_page_runs_anew(
    page: Page, server: Server
) -> None:
    open_page(page, server)
    page.get_by_role("button", name="Next").click()
    expect(page).to_have_url(re.compile("image=1"))
    seed = page.get_by_role("spinbutton", name="Seed")
    seed.fill("7")
    seed.press("Enter")
    expect(page).to_have_url(re.compile("seed=7"))
    expect(page).to_have_url(re.compile("image=1"))
    page.get_by_role("button", name="Previous").click()
    expect(page).not_to_have_url(re.compile("image="))
    page.reload()
    expect(page.get_by_role("spinbutton", name="Number")).to_have_value("0")
    expect(seed).to_have_value("7")


def test_an_uploaded_picture_goes_through_the_network_and_a_broken_one_is_refused(
    page: Page, server: Server
) -> None:
    open_page(page, server, "?layer=0")
    page.get_by_test_id("stMain").get_by_text("Upload", exact=True).click()
    chooser = page.locator("input[type=file]")
    chooser.set_input_files({"name": "ring.png", "mimeType": "image/png", "buffer": picture(page)})
    expect(page.get_by_text("Given as 3 × 60 × 60, made to fit 1 × 32 × 32")).to_be_visible()
    expect(page.get_by_text("Answer:")).to_be_visible()
    chooser.set_input_files(
        {"name": "x.png", "mimeType": "image/png", "buffer": b"<svg><script>1</script></svg>"}
    )
    expect(page.get_by_role("alert")).to_contain_text("not a known image format")


def test_a_digit_drawn_with_the_mouse_goes_through_the_network(page: Page, server: Server) -> None:
    open_page(page, server, "?layer=0")
    page.get_by_test_id("stMain").get_by_text("Draw", exact=True).click()
    canvas = page.locator(".blitz-drawing canvas")
    expect(canvas).to_be_visible()
    expect(page.get_by_text("Answer:")).to_have_count(0)
    expect(page.locator(IDLE)).to_have_count(1)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    for x, y, press in ((0.5, 0.1, True), (0.5, 0.9, False)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=8)
        if press:
            page.mouse.down()
    page.mouse.up()
    expect(page.get_by_text("your drawing", exact=True).first).to_be_visible()
    expect(page.get_by_text("Answer:")).to_be_visible()
    expect(page.get_by_text("Given as 1 × 96 × 96, made to fit 1 × 32 × 32")).to_be_visible()


def test_the_same_network_opens_as_a_graph_and_in_the_form_to_train_it(
    page: Page, server: Server
) -> None:
    open_page(page, server, "?model=net3x3&width=2")
    page.get_by_role("link", name="Its graph").click()
    expect(page.get_by_role("heading", name=re.compile(r"Net \(3×3\)"))).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="conv1")).to_be_visible()
    page.get_by_role("link", name="Train it").click()
    expect(page.get_by_role("heading", name="Train a classifier")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Width")).to_have_value("2")
    expect(page.locator(IDLE)).to_have_count(1)
    page.go_back()
    expect(page.get_by_role("heading", name="conv1")).to_be_visible()


def test_a_resnet_fits_a_narrow_dark_page(server: Server, browser: Browser) -> None:
    with watched_context(browser, width=420, color_scheme="dark") as context:
        page = context.new_page()
        strip = open_page(page, server, "?model=resnet18&image_size=64&layer=10")
        expect(strip.get_by_role("button")).to_have_count(71)
        expect(page.get_by_role("heading", name="add", exact=True)).to_be_visible()
        expect(page.get_by_text("and in 1 × 64 × 16 × 16", exact=False)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 420


def test_a_walk_through_resnet_sends_less_than_two_megabytes(browser: Browser) -> None:
    opened, changed, sent = walks(browser, 1)
    assert len(opened) == len(changed) == 1
    assert len(sent) == 2
    assert min(sent) > 50_000
    assert max(sent) < 2_000_000
