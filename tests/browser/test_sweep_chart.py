"""The chart of a sweep in a real browser: all that is written on it can be read."""

from collections.abc import Iterator
from contextlib import closing
from itertools import combinations

import pytest
from playwright.sync_api import Browser, FloatRect, expect

from blitz.training.config import TrainConfig
from blitz.training.events import EpochFinished, Position
from blitz.training.store import RunStore
from tests.browser.conftest import REPOSITORY, Serve, Server, watched_context

# Two runs that differ in sixteen settings, some with long names and long values.
ONE = TrainConfig(device="cpu")
OTHER = TrainConfig(
    device="cpu", lr=0.01, optimizer="nesterov", schedule="triangular", loss="mse",
    label_smoothing=0.2, weight_decay=0.00133, norm_bias_lr=64.0, averaging="lookahead",
    augment="flip-and-shift", whiten=True, test_flips=True, batch_size=1_024, epochs=10,
    image_size=64, patience=3, seed=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def server(serve: Serve) -> Iterator[Server]:
    server = serve(REPOSITORY / "app.py")
    with closing(RunStore(server.settings.database_url)) as store:
        for number, config in enumerate((ONE, OTHER)):
            run = store.create_run(name="r", config=config, device="cpu", token=f"{number}")
            end = EpochFinished(
                at=Position(step=1, epoch=1.0, images=1, seconds=1.0), loss=0.5,
                accuracy=0.5 + number / 10, class_correct=(1,), class_total=(2,), is_best=True,
            )  # fmt: skip
            store.change_status(run.id, {"starting"}, "running")
            store.append_metrics(run.id, [end])
            store.change_status(run.id, {"running"}, "finished")
        yield server


BOXES = """parts => parts.map((part) => {
  const { x, y, width, height } = part.getBoundingClientRect();
  return { x, y, width, height };
})"""


def overlap(one: FloatRect, other: FloatRect) -> bool:
    return (
        one["x"] < other["x"] + other["width"]
        and other["x"] < one["x"] + one["width"]
        and one["y"] < other["y"] + other["height"]
        and other["y"] < one["y"] + one["height"]
    )


@pytest.mark.parametrize("width", [420, 1440])
def test_no_text_lies_on_another_or_on_an_axis_however_many_settings_differ(
    server: Server, browser: Browser, width: int
) -> None:
    with closing(RunStore(server.settings.database_url)) as store:
        ids = ",".join(run.id for run in store.list_runs())
    with watched_context(browser, width=width) as context:
        page = context.new_page()
        page.goto(f"{server.url}/compare?panel=Sweep&runs={ids}")
        chart = page.get_by_role("img", name="parallel coordinates of 2 runs")
        texts, axes = chart.locator(".annotation-text"), chart.locator(".shapelayer path")
        # A title and two values of each setting, and a title and five accuracies.
        expect(texts).to_have_count(16 * 3 + 6)
        expect(axes).to_have_count(17)
        boxes, lines = texts.evaluate_all(BOXES), axes.evaluate_all(BOXES)
        assert not [pair for pair in combinations(boxes, 2) if overlap(*pair)]
        assert not [(box, line) for box in boxes for line in lines if overlap(box, line)]
        # What there is no room for is scrolled to.
        chart.evaluate("chart => chart.scrollTo(chart.scrollWidth, 0)")
        place = chart.bounding_box()
        assert place is not None
        last = max(box["x"] + box["width"] for box in texts.evaluate_all(BOXES))
        assert place["x"] < last <= place["x"] + place["width"] <= width
