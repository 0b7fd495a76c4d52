"""The parallel coordinates of a sweep: where lines run, what is written, what is told."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from blitz.training.config import TrainConfig
from blitz.training.runs import Run
from blitz.training.sweep_figures.axes import NEAREST, accuracy_axis, setting_axis
from blitz.training.sweep_figures.figures import STUB, sweep_figure


def run(number: int, accuracy: float | None = None, **settings: Any) -> Run:
    return Run(
        id=str(number), number=number, name=f"run <b>{number}", status="finished", message="",
        config=TrainConfig(**settings), device="cpu", host="", attempt=1,
        created_at=datetime(2026, 1, 1, tzinfo=UTC), started_at=None, ended_at=None,
        heartbeat_age=0.0, step=0, total_steps=0, epoch=0.0, seconds=0.0, loss=None,
        accuracy=accuracy, best_accuracy=accuracy, images_per_second=None, details=None, note="",
        tags=(), is_pinned=False, sweep="sweep", halving=None, parent=None, parent_step=None,
        deleted_at=None,
    )  # fmt: skip


def titles(figure: Any) -> list[str]:
    return [note.text for note in figure.layout.annotations if note.yanchor == "bottom"]


# Axes


def test_learning_rates_lie_by_their_order_of_magnitude() -> None:
    axis = setting_axis("lr", [0.001, 0.1, 0.01])
    assert axis.places == pytest.approx((0.0, 1.0, 0.5))
    assert [text for _, text in axis.ticks] == ["0.001", "0.01", "0.1"]


def test_numbers_lie_as_far_apart_as_they_are() -> None:
    assert setting_axis("batch_size", [10, 20, 50]).places == pytest.approx((0.0, 0.25, 1.0))
    # The logarithm of no weight decay is not a number.
    assert setting_axis("weight_decay", [0.0, 0.1, 0.4]).places == pytest.approx((0.0, 0.25, 1.0))


def test_values_too_near_to_be_read_and_choices_are_spread_evenly() -> None:
    axis = setting_axis("momentum", [0.0, 0.5, 0.98, 0.99])
    assert axis.places == pytest.approx((0.0, 1 / 3, 2 / 3, 1.0))
    choices = setting_axis("optimizer", ["sgd", "adam", "sgd"])
    assert choices.places == (1.0, 0.0, 1.0)
    assert choices.ticks == ((0.0, "adam"), (1.0, "sgd"))
    sizes = setting_axis("image_size", [32, None, 64])
    assert [text for _, text in sizes.ticks] == ["as it is", "32", "64"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("lr", [1e-4 * 1.3**index for index in range(30)]),
        ("lr", [0.001 * 1.01**index for index in range(300)]),
        ("lr", [0.0011 + index * 1e-5 for index in range(20)]),
        ("momentum", [0.03 * index for index in range(33)]),
        ("seed", [7 * index + 3 for index in range(256)]),
        ("seed", [2**60 + index for index in range(256)]),
        ("batch_size", list(range(100, 113))),
    ],
)
def test_of_many_values_a_few_round_ones_are_written_that_do_not_touch(
    name: str, values: list[float]
) -> None:
    ticks = setting_axis(name, values).ticks
    places = [place for place, _ in ticks]
    assert 2 <= len(ticks) <= 10
    assert len({text for _, text in ticks}) == len(ticks)
    assert all(0 <= place <= 1 for place in places)
    gaps = [above - below for below, above in pairwise(places)]
    assert min(gaps, default=1.0) > NEAREST


def test_accuracies_from_the_lowest_to_the_highest_known() -> None:
    axis = accuracy_axis([0.5, None, 0.9, 0.7])
    assert axis.places[:3] == (0.0, None, 1.0)
    assert axis.places[3] == pytest.approx(0.5)
    assert [text for _, text in axis.ticks] == ["50.0%", "60.0%", "70.0%", "80.0%", "90.0%"]
    assert accuracy_axis([0.9, 0.9]).ticks == ((0.5, "90.00%"),)
    assert accuracy_axis([None, None]).ticks == ()


# The figure


def test_one_line_a_run_through_the_settings_that_differ() -> None:
    runs = [run(1, 0.5, lr=0.1, optimizer="sgd"), run(2, 0.9, lr=0.01, optimizer="adam")]
    figure = sweep_figure(runs)
    assert titles(figure) == ["learning<br>rate", "optimiser", "best<br>accuracy"]
    lowest, best = figure.data  # the best is drawn last, over the others
    assert (lowest.y[0], lowest.y[-1]) == (1.0, 0.0)
    assert (best.y[0], best.y[-1]) == (0.0, 1.0)
    assert best.line.width > lowest.line.width
    assert best.line.color != lowest.line.color
    assert best.x[-1] == 2


def test_a_run_that_was_not_tested_is_drawn_up_to_its_last_setting() -> None:
    runs = [run(1, 0.5, lr=0.1), run(2, None, lr=0.01), run(3, math.nan, lr=0.02)]
    figure = sweep_figure(runs)
    untested = [line for line in figure.data if line.line.dash == "dot"]
    assert len(untested) == 2
    for line in untested:
        assert line.x[-1] == pytest.approx(STUB)
        assert "not tested (finished)" in line.hovertext


def test_equal_runs_are_told_apart_by_their_numbers() -> None:
    figure = sweep_figure([run(7, 0.5), run(9, 0.6)])
    assert titles(figure) == ["run", "best<br>accuracy"]
    assert {"#7", "#9"} <= {note.text for note in figure.layout.annotations}
    assert len(sweep_figure([run(1)]).data) == 1


def test_what_is_told_of_a_run_is_text_and_no_markup() -> None:
    runs = [run(1, 0.5, lr=0.1), replace(run(2, lr=0.2), name="x" * 200)]
    told = {line.hovertext for line in sweep_figure(runs).data}
    assert any(
        text.startswith("<b>run &lt;b&gt;1</b><br>learning rate 0.1<br>best accuracy 50.00%")
        for text in told
    )
    assert max(map(len, told)) < 150
