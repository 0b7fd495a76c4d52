"""How soon a network is seen layer by layer, and what looking costs.

    python -m bench.network [--quick] [-o FILE]

ResNet-18 on images of 3×224×224 with random weights. The floor of a walk is the bare forward pass;
both are measured side by side in this process. In a browser (a real server, a real Chromium, both
on this machine) each walk is of another image, so that nothing is kept from the one before.

The last line is JSON, medians: seconds of a recorded pass as flow_s and of a bare one as forward_s,
flow_ratio, the first over the second; seconds from a click on Next until all cards of the new walk
and the pictures of its open layer are drawn as next_image_s, and from opening an address until that
is so, in a browser that has been there before, as open_s; and the largest number of bytes that a
walk sent through the websocket, in MB, as sent_mb.
"""

from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

import torch

from bench.browser import new_page, running_browser
from bench.report import report, seconds
from bench.server import installation, running_server
from blitz.network.flow import run_flow
from blitz.network.plan import NetworkPlan, build

if TYPE_CHECKING:  # a requirement of development alone
    from playwright.sync_api import Browser, Page

PLAN = NetworkPlan(model="resnet18", channels=3, image_size=224, num_classes=10)
ADDRESS = "network?dataset=digits&model=resnet18&image_size=224&image={image}"
NUM_STEPS = 70
BUDGETS = {"next_image_s": 1.5, "open_s": 1.5, "sent_mb": 2.0}
# The walk is of the image that the page names, its cards are there, its pictures drawn.
IS_SHOWN = """
([image, cards]) => {
  const app = document.querySelector('[data-testid=stApp]');
  const strip = document.querySelector('[aria-label^="Steps from the image"]');
  const charts = [...document.querySelectorAll('.js-plotly-plot')];
  return app?.dataset.testScriptState === 'notRunning'
    && document.body.innerText.includes(`test image ${image}:`)
    && strip?.querySelectorAll('button').length === cards
    && charts.length >= 3 && charts.every((chart) => chart.querySelector('.main-svg'));
}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """How often each is repeated."""

    passes: int
    walks: int


FULL = Extent(passes=15, walks=9)
QUICK = Extent(passes=3, walks=3)


def measure(extent: Extent) -> dict[str, float]:
    """All figures, under the names of the JSON."""
    with running_browser() as browser:
        opened, changed, sent = walks(browser, extent.walks)
    return {
        **passes(extent.passes),
        "open_s": median(opened),
        "next_image_s": median(changed),
        "sent_mb": max(sent) / 1e6,
    }


def passes(repeats: int) -> dict[str, float]:
    """A recorded pass beside a bare one, turn by turn."""
    model = build(PLAN)
    images = torch.rand(1, 3, 224, 224)

    def bare() -> None:
        with torch.no_grad():
            model(images)

    recorded, floor = [], []
    for turn in range(repeats + 1):
        ours, theirs = seconds(lambda: run_flow(model, images)), seconds(bare)
        if turn:
            recorded.append(ours)
            floor.append(theirs)
    return {
        "flow_s": median(recorded),
        "forward_s": median(floor),
        "flow_ratio": median(recorded) / median(floor),
    }


def walks(browser: "Browser", count: int) -> tuple[list[float], list[float], list[int]]:
    """Seconds of opening a page, seconds of going to the next image, bytes of each."""
    opened: list[float] = []
    changed: list[float] = []
    sent: list[int] = []
    with (
        installation() as place,
        running_server(place.settings) as url,
        new_page(browser) as page,
    ):
        # The server imports, the model is built, the browser gets its scripts.
        open_walk(page, url, 300)
        sizes = count_bytes(page)
        for turn in range(count):
            opened.append(seconds(partial(open_walk, page, url, 2 * turn)))
            sent.append(sum(sizes))
            sizes.clear()
            changed.append(seconds(partial(go_on, page, 2 * turn + 1)))
            sent.append(sum(sizes))
            sizes.clear()
    return opened, changed, sent


def open_walk(page: "Page", url: str, image: int) -> None:
    """Open the page of an image's walk."""
    page.goto(f"{url}/{ADDRESS.format(image=image)}", wait_until="commit")
    wait_for_walk(page, image)


def go_on(page: "Page", image: int) -> None:
    """Click on Next, and wait for the walk of the image after."""
    page.get_by_role("button", name="Next").click()
    wait_for_walk(page, image)


def wait_for_walk(page: "Page", image: int) -> None:
    """Until the walk of this image is drawn."""
    page.wait_for_function(IS_SHOWN, arg=[image, 1 + NUM_STEPS], polling="raf")


def count_bytes(page: "Page") -> list[int]:
    """The sizes of the messages that the page is sent from now on."""
    sizes: list[int] = []
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda message: sizes.append(len(message))),
    )
    return sizes


def main() -> None:
    report(__doc__, lambda is_quick: measure(QUICK if is_quick else FULL), BUDGETS)


if __name__ == "__main__":
    main()
