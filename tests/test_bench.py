"""The benchmarks work and keep their promises; how fast anything is, is not tested."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from bench import (
    backprop,
    compare,
    graph_tools,
    graphs,
    kernels,
    network,
    pages,
    report,
    server,
    session_protocol,
    sweep,
    table,
    training,
)
from bench.graph_cases import CASES
from bench.graph_dot import dot_crossings
from bench.graph_tools import Result
from blitz.autograd import trace
from blitz.autograd.export import to_dot
from blitz.autograd.layout import count_crossings
from blitz.autograd.picture.drawing import draw
from blitz.datasets import load_dataset
from blitz.training import TrainConfig
from tests.images import squares
from tests.training.test_replayed import ReplayingTrainer

# The tutorial's loop forks its workers, as its DataLoader does.
FORK_WARNING = "ignore:.*use of fork\\(\\) may lead to deadlocks:DeprecationWarning"
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads would wait for each other wherever something else needs a core."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    path = tmp_path / "noise.zip"
    server.write_noise(path, num_train=640, num_test=20)
    return path


# Training


@pytest.mark.filterwarnings(FORK_WARNING)
def test_both_loops_take_the_same_steps() -> None:
    ten = tuple("0123456789")  # classes of the tutorial's network, of which two have images
    dataset = replace(squares(num_train=60, image_size=32, channels=3), classes=ten)
    theirs = training.tutorial_loop(dataset, 4, CPU)
    ours = training.our_losses(dataset, 4, CPU)
    assert ours == pytest.approx(theirs.losses, abs=1e-5)
    assert theirs.losses[-1] < theirs.losses[0]  # there was something to learn


def test_replays_are_measured_against_nothing_but_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "GPU_SECONDS", 0.5)
    config = TrainConfig(dataset="squares", model="net", epochs=10_000, batch_size=8, device="cpu")
    figures = training.figures_of_replays(ReplayingTrainer(config, squares()))
    assert figures["ours"] > 0
    assert figures["floor"] > 0
    assert figures["kernels"] > 0


def test_kernels_are_counted() -> None:
    matrix = torch.ones(8, 8)
    calls = {k.name: k.calls for k in kernels.kernels_of(lambda: matrix @ matrix + 1, CPU)}
    assert calls["aten::mm"] == 1
    assert calls["aten::add"] == 1


@pytest.mark.filterwarnings(FORK_WARNING)
def test_training_prints_a_table_and_the_promised_json(
    noise: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("BLITZ_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "argv", ["bench.training", "--quick", "--dataset", str(noise)])
    training.main()
    title, _header, *rows, last = capsys.readouterr().out.splitlines()
    assert title.startswith("noise")
    assert [row.split()[0] for row in rows] == ["4", "64"]
    values = json.loads(last)
    promised = {"ratio_batch_4", "ratio_batch_64", "floor_ratio_batch_4", "loss_difference"}
    assert promised <= values.keys()
    assert all(values[key] > 0 for key in promised - {"loss_difference"})
    assert 0 <= values["loss_difference"] < 1e-4


# Pages


def test_table_has_each_budget_and_names_the_missed_ones() -> None:
    figures = {key: budget.limit for key, budget in pages.BUDGETS.items()}
    kept = pages.table(figures | {"first_page_home_s": 1.25})
    for budget in pages.BUDGETS.values():
        [line] = [line for line in kept if line.startswith(budget.title)]
        assert line.endswith(f" {budget.limit:g}")
    assert kept[-1].split() == ["first_page_home_s", "1.25"]
    missed = pages.table(figures | {"next_page_s": 1.01, "beside_page_ratio": 0.96})
    titles = [line for line in missed if line.endswith("missed")]
    assert [line.split(",")[0].split(" over")[0] for line in titles] == [
        "next page",
        "run beside its page",
    ]


def test_figures_say_whence_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "figures.json"
    arguments = report.command_line("What it measures.\n\nAt length.").parse_args(["-o", str(path)])
    report.finish(arguments, {"first_s": 1.23456, "count": 12345, "note": "a note", "none": None})
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert json.loads(path.read_text()) == line
    assert (line["first_s"], line["count"], line["note"], line["none"]) == (
        1.235, 12345, "a note", None,
    )  # fmt: skip
    assert line["machine"].startswith(f"{os.cpu_count()} cores, ")
    assert f"torch {torch.__version__}" in line["versions"]
    assert line["date"] == f"{datetime.now(UTC):%Y-%m-%d}"
    assert line["load"] >= 0


def test_the_readmes_table_is_made_from_the_results() -> None:
    readme = table.README.read_text(encoding="utf-8")
    assert table.with_table(readme, table.markdown(table.read_figures())) == readme
    with pytest.raises(ValueError, match="expected <!-- made by"):
        table.with_table("no marks", "")


def test_percentile_leaves_a_twentieth_above_it() -> None:
    assert pages.percentile_95(range(101)) == pytest.approx(95)


def test_bare_loop_trains_on_noise(noise: Path, tmp_path: Path) -> None:
    dataset = load_dataset(str(noise), folder=tmp_path)
    assert dataset.train_images.shape == (640, 3, 32, 32)
    assert dataset.test_images.shape == (20, 3, 32, 32)
    assert dataset.num_classes == 10
    config = TrainConfig(dataset=str(noise), model="net", epochs=2, device="cpu")
    speed = pages.bare_speed(config, tmp_path)
    assert speed.steps > 0
    assert speed.wall > 0


def test_a_session_without_a_browser_changes_fields_of_the_form() -> None:
    with (
        server.installation() as place,
        server.running_server(place.settings) as url,
        session_protocol.open_session(url) as session,
    ):
        times = pages.rerun_milliseconds(session, "train_epochs", (3, 4), count=2)
        assert len(times) == 2
        assert min(times) > 0


# Network


def test_a_pass_is_recorded_beside_a_bare_one() -> None:
    figures = network.passes(1)
    assert figures["flow_ratio"] == figures["flow_s"] / figures["forward_s"]
    assert figures["forward_s"] > 0


# Sweeps and comparisons


def test_members_train_on_as_many_images_together_as_one_after_another(noise: Path) -> None:
    dataset = load_dataset(str(noise))
    case = sweep.Case(members=4, batch_size=4, images=64)
    alone, joint, ratio = sweep.measure(case, dataset, CPU, repeats=1)
    assert min(alone, joint) > 0
    assert ratio == joint / alone


def test_what_is_compared_was_recorded_like_any_run() -> None:
    with server.installation() as place:
        ids = compare.fill(place, 3, rows=2_000)
        assert [run.id for run in reversed(place.store.list_runs())] == ids
        for run_id in ids:
            metrics = place.store.metrics_after(run_id)
            assert len(metrics) == 2_000
            assert metrics.is_test.sum() == 2
            assert len(place.store.points(run_id, x="step", y="loss", is_test=False).x) == 1_998


# Graphs


def test_graphs_measures_ours_in_a_process_of_its_own() -> None:
    result = graphs.elsewhere("ours", "lstm_cell", graphs.QUICK)
    assert result.nodes is not None
    assert result.nodes > 10
    assert result.total is not None
    assert result.total > 0
    assert result.note == ""


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_crossings_of_dots_picture_are_counted() -> None:
    x = [torch.ones(1, requires_grad=True) for _ in range(3)]
    rows = [torch.stack([a * 1 for a in x]).sum() for _ in range(3)]
    drawing = draw(trace(*rows), opened=[])
    # Three leaves in a column, each used by three operations in the next: nine pairs of lines that
    # have to cross, however either is ordered.
    assert count_crossings(drawing.placement, drawing.target, drawing.source) == 9
    picture = subprocess.run(
        ["dot", "-Tjson"], input=to_dot(drawing).encode(), capture_output=True, check=True
    )
    assert dot_crossings(drawing, picture.stdout) == 9


def test_graphs_says_what_is_missing_and_what_crashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchviz", None)
    assert graph_tools.run("torchviz", "lstm_cell", 5.0, 1).note == "not installed"
    line = graphs.row("torchviz", "lstm_cell", Result(note="not installed"))
    assert line.endswith("–  not installed")


def test_graphs_sums_up_under_flat_keys() -> None:
    results = {
        ("ours", "resnet18"): Result(trace=1.0, layout=2.0, crossings=6),
        ("dot", "resnet18"): Result(trace=0.0, crossings=4),
        ("ours", "inception_a"): Result(trace=1.0, layout=2.0, crossings=3),
        ("ours", "chain100k"): Result(trace=1.0, layout=2.0),
        ("ours", "wide100k"): Result(trace=1.0, layout=4.0),
    }
    figures = graphs.summary(results)
    assert figures["resnet18"] == 3.0
    assert figures["nodes100k"] == 5.0
    assert figures["densenet201"] is None
    assert figures["crossings_resnet18"] == 1.5
    assert figures["crossings_inception"] == 3.0
    assert figures["dot_resnet18"] is None
    json.dumps(figures, allow_nan=False)


def test_cases_of_graphs_are_known() -> None:
    for extent in (graphs.FULL, graphs.QUICK):
        assert {*extent.ours} <= CASES.keys()
        assert {case for _, case in extent.others} <= {*extent.ours}
        assert {tool for tool, _ in extent.others} <= graph_tools.TOOLS.keys()


# Backpropagation


def test_our_updates_and_autograds_end_at_the_same_weights() -> None:
    assert backprop.weights_difference(200) < 1e-14
    start = backprop.WORKED.network.layers[0].weights
    assert backprop.autograd_updates(200)[0].tolist() != [list(row) for row in start]
