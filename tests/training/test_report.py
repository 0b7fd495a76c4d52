"""The report of a comparison: one page that shows names as they are and needs nothing else."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from blitz.settings import Settings
from blitz.training.comparing import mcnemar_p_value
from blitz.training.config import TrainConfig
from blitz.training.curves import Curve
from blitz.training.evaluation import Predictions
from blitz.training.events import EpochFinished, Position, StepsDone
from blitz.training.exports.figures import Line, curves_figure
from blitz.training.exports.report import comparison_report
from blitz.training.exports.report_curves import ordinary_limit
from blitz.training.predictions import save_predictions
from blitz.training.store import Run, RunStore

HOSTILE = '=1+1,"<script>alert(1)</script>"</script>\n🦊<b>'


def make_run(
    store: RunStore,
    name: str,
    *,
    dataset: str = "digits",
    losses: tuple[float, ...] = (1.0, 0.5, 0.25),
    status: str = "finished",
    total_steps: int = 3,
    parent: Run | None = None,
    **settings: Any,
) -> Run:
    """A run of a row a step, and a test at the end of the only epoch; without losses, of neither.

    A fork leaves its parent at the end. total_steps=0: weights that were only evaluated.
    """
    config = TrainConfig(dataset=dataset, model="mlp", device="cpu", **settings)
    number = len(store.list_runs())
    run = store.create_run(
        name=name, config=config, device="cpu", token=str(number),
        parent=parent.id if parent else None, parent_step=parent.step if parent else None,
    )  # fmt: skip
    store.change_status(run.id, {"starting"}, "running")
    steps = [
        StepsDone(
            at=at(step), loss=loss, accuracy=0.25, learning_rate=config.lr,
            images_per_second=80.0, memory_bytes=0,
        )
        for step, loss in enumerate(losses, start=1)
    ]  # fmt: skip
    if status == "finished":
        store.append_metrics(run.id, [*(steps if total_steps else []), end_of_epoch(len(steps))])
        store.update_run(run.id, loss=0.5, accuracy=0.75)
    else:
        store.append_metrics(run.id, steps)
    store.update_run(run.id, step=len(steps), total_steps=total_steps)
    store.change_status(run.id, {"running"}, status)  # type: ignore[arg-type]
    found = store.get_run(run.id)
    assert found is not None
    return found


def at(step: int) -> Position:
    return Position(step=step, epoch=step / 3, images=4 * step, seconds=0.5 * step)


def end_of_epoch(step: int) -> EpochFinished:
    return EpochFinished(at=at(step), loss=0.5, accuracy=0.75, class_correct=(1,),
                         class_total=(2,), is_best=True)  # fmt: skip


class Page(HTMLParser):
    """The texts of a page, the scripts apart, and whatever it would load."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.loaded: list[str] = []
        self._open = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = tag
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        kept = {"script": self.scripts, "style": []}.get(self._open, self.texts)
        kept.append(data)

    def row(self, title: str) -> list[str]:
        """The texts from the last place where this one stands."""
        place = len(self.texts) - 1 - self.texts[::-1].index(title)
        return self.texts[place:]


def read_charts(page: Page) -> list[list[dict[str, Any]]]:
    """The traces of each chart, as its script gives them to Plotly."""
    charts = []
    for script in page.scripts:
        found = re.search(r"Plotly\.newPlot\(\s*\"[^\"]+\",\s*", script)
        if found and len(script) < 1_000_000:
            traces, _ = json.JSONDecoder().raw_decode(script[found.end() :])
            charts.append(traces)
    return charts


@pytest.fixture
def folder(settings: Settings) -> Path:
    return settings.runs_folder


def test_the_report_needs_nothing_else_and_shows_names_literally(
    home_store: RunStore, folder: Path
) -> None:
    runs = [make_run(home_store, HOSTILE), make_run(home_store, "plain", lr=0.01)]
    content = comparison_report(runs, home_store, folder)
    page = Page(content)
    assert page.loaded == []
    assert page.texts.count(HOSTILE) == 3  # results, settings, legend
    assert "<script>alert" not in content
    is_library = [len(script) > 1_000_000 for script in page.scripts]
    assert is_library.count(True) == 1
    assert len(read_charts(page)) == 4


def test_names_are_no_markup_on_a_chart_and_do_not_crowd_it_out() -> None:
    curve = Curve(x=np.array([1.0]), y=np.array([2.0]))
    names = ["<b>x</b> & y", "a long name that goes on and on " * 6]
    lines = [Line(name=name, place=place, curve=curve) for place, name in enumerate(names)]
    figure = curves_figure(lines, "")
    # As Plotly must get a text to show it as it is.
    assert figure.data[0].name == "&lt;b&gt;x&lt;/b&gt; &amp; y"
    assert len(figure.data[1].name) < 50
    assert figure.layout.showlegend is False


def test_the_report_names_the_settings_that_differ_and_no_others(
    home_store: RunStore, folder: Path
) -> None:
    runs = [make_run(home_store, "first", lr=0.001), make_run(home_store, "second", lr=0.01)]
    texts = Page(comparison_report(runs, home_store, folder)).texts
    heading = texts.index("Settings that differ")
    found = [text for text in texts[heading + 1 : texts.index("Curves")] if text.strip()]
    assert found == ["run", "lr", "first", "0.001", "second", "0.01"]


def test_of_a_path_there_is_the_last_part_whatever_it_is_made_of(
    home_store: RunStore, folder: Path
) -> None:
    own = make_run(home_store, "own", dataset=os.fsdecode(b"/home/secret/\xff.zip"))
    other = make_run(home_store, "other")
    for run, labels in ((own, [0]), (other, [0, 1])):
        keep_answers(folder, run, labels, labels)
    content = comparison_report([own, other], home_store, folder)
    content.encode()
    assert "secret" not in content
    assert {"?.zip", "Digits"} <= set(Page(content).texts)


def test_runs_of_one_name_are_told_apart_by_their_numbers(
    home_store: RunStore, folder: Path
) -> None:
    runs = [make_run(home_store, "same"), make_run(home_store, "same")]
    texts = Page(comparison_report(runs, home_store, folder)).texts
    assert {"same · 1", "same · 2"} <= set(texts)


def test_a_report_of_nothing_recorded_has_no_charts(home_store: RunStore, folder: Path) -> None:
    run = make_run(home_store, "new", losses=(), status="failed")
    page = Page(comparison_report([run], home_store, folder))
    assert "Nothing was recorded." in page.texts
    assert "None: all runs have the same settings." in page.texts
    assert read_charts(page) == []
    home_store.hide_run(run.id)  # meanwhile it was deleted
    assert comparison_report([run], home_store, folder)


def test_a_run_looks_the_same_in_all_charts(home_store: RunStore, folder: Path) -> None:
    # The first has no test results: it is in two of the four charts.
    runs = [make_run(home_store, "a", status="diverged"), make_run(home_store, "b")]
    charts = read_charts(Page(comparison_report(runs, home_store, folder)))
    assert [[line["name"] for line in chart] for chart in charts] == [
        ["b"], ["b"], ["a", "b"], ["a", "b"],
    ]  # fmt: skip
    looks = {(line["name"], line["line"]["color"]) for chart in charts for line in chart}
    assert len(looks) == 2


def test_fifty_runs_look_different() -> None:
    curve = Curve(x=np.array([1.0, 2.0]), y=np.array([1.0, 2.0]))
    lines = [Line(name=str(place), place=place, curve=curve) for place in range(50)]
    drawn = curves_figure(lines, "").data
    assert len({(line.line.color, line.line.dash) for line in drawn}) == 50


def test_a_fork_begins_on_its_parents_curve(home_store: RunStore, folder: Path) -> None:
    parent = make_run(home_store, "parent")
    fork = make_run(home_store, "fork", parent=parent, losses=(0.2, 0.1))
    [train_loss] = read_charts(Page(comparison_report([parent, fork], home_store, folder)))[2:3]
    branch = next(line for line in train_loss if line.get("name") == "fork")
    assert (branch["x"], branch["y"]) == ([3, 4, 5], [0.25, 0.2, 0.1])


def test_weights_that_were_only_evaluated_are_a_level(home_store: RunStore, folder: Path) -> None:
    runs = [
        make_run(home_store, "trained"),
        make_run(home_store, "given", total_steps=0, losses=()),
    ]
    page = Page(comparison_report(runs, home_store, folder))
    accuracy, _, train_loss, _ = read_charts(page)
    given = next(line for line in accuracy if line["name"] == "given")
    assert (given["x"][0], given["x"][-1], set(given["y"])) == (0, 3, {0.75})
    assert [line["name"] for line in train_loss] == ["trained"]
    assert "evaluated once: 75.0%" in page.texts


def test_one_diverged_run_does_not_flatten_the_others(home_store: RunStore, folder: Path) -> None:
    runs = [
        make_run(home_store, "a"),
        make_run(home_store, "b", losses=(1.0, 2e8), status="diverged"),
    ]
    page = Page(comparison_report(runs, home_store, folder))
    assert "Above the picture: b (up to 2e+08)." in page.texts
    script = next(script for script in page.scripts if "200000000" in script)
    assert '"range":[0,1.05]' in script


@pytest.mark.parametrize(
    ("medians", "limit"),
    [((0.02, 2.3), 10), ((2.3, 2e8), 23), ((5.0,), 50), ((1e4, 2e8), 1e5)],
)
def test_what_is_ordinary_is_decided_by_half_of_the_runs(
    medians: tuple[float, ...], limit: float
) -> None:
    lines = [
        Line(name="", place=0, curve=Curve(x=np.arange(3.0), y=np.array([0.5, 1, 2]) * median))
        for median in medians
    ]
    assert ordinary_limit(lines, 10, 10) == pytest.approx(limit)


def test_runs_that_differ_in_their_seed_alone_have_mean_and_spread(
    home_store: RunStore, folder: Path
) -> None:
    runs = [make_run(home_store, f"seed {seed}", seed=seed) for seed in range(3)]
    for run, accuracy in zip(runs, (0.5, 0.6, 0.7), strict=True):
        home_store.update_run(run.id, accuracy=accuracy)
    runs = [run for run in map(home_store.get_run, [run.id for run in runs]) if run is not None]
    page = Page(comparison_report(runs, home_store, folder))
    assert page.row("seed 0, seed 1, seed 2")[1:3] == ["3", "60.00% ± 10.00%"]
    alone = Page(comparison_report(runs[:1], home_store, folder))
    assert "Mean and spread over seeds" not in alone.texts


def keep_answers(folder: Path, run: Run, predicted: list[int], labels: list[int]) -> None:
    probabilities = torch.nn.functional.one_hot(torch.tensor(predicted), 3).float()
    truth = torch.tensor(labels)
    confusion = torch.zeros(3, 3, dtype=torch.int64)  # is not kept
    answers = Predictions(probabilities=probabilities, loss=0.5, confusion=confusion)
    (folder / run.id).mkdir(parents=True, exist_ok=True)
    save_predictions(folder / run.id, answers, truth, step=3)


def test_classes_and_images_are_compared_with_those_of_the_first(
    home_store: RunStore, folder: Path
) -> None:
    first, second, silent, other = (make_run(home_store, name) for name in ("a", "b", "c", "d"))
    keep_answers(folder, first, [0, 0, 1, 0, 0], [0, 0, 1, 1, 2])
    keep_answers(folder, second, [0, 1, 1, 1, 2], [0, 0, 1, 1, 2])
    keep_answers(folder, other, [0], [0])
    page = Page(comparison_report([first, second, silent, other], home_store, folder))
    classes = page.texts[page.texts.index("Accuracy of each class") :]
    assert classes[1:13] == [
        "run", "0", "1", "2", "a", "100.0%", "50.0%", "0.0%",
        "b", "50.0% (-50.0)", "100.0% (+50.0)", "100.0% (+100.0)",
    ]  # fmt: skip
    images = page.texts[page.texts.index("p") + 1 :]
    # Right: a on images 0, 1 and 2, b on 0, 2, 3 and 4.
    assert images[:6] == ["b", "2", "1", "2", "0", f"{mcnemar_p_value(1, 2):.3f}"]
    assert "c is left out: it has no answers on the test images." in page.texts
    assert any(text.startswith("d is left out: test images: 5 and 1") for text in page.texts)
    assert "b less a" in page.texts
    assert len(read_charts(page)) == 5
