"""The store with as many runs and rows as the Compare page shows at once."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from blitz.training.config import TrainConfig
from blitz.training.curves import thin
from blitz.training.events import Position, StepsDone
from blitz.training.overlay import Fork, fork_of, overlaid_curve
from blitz.training.runs import Run
from blitz.training.store import RunStore

NUM_RUNS = 1_000
NUM_ROWS = 10_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunStore]:
    """A thousand runs on SQLite, the newest of them with ten thousand rows."""
    folder: Path = tmp_path_factory.mktemp("scale")
    url = f"sqlite:///{folder / 'runs.sqlite'}"
    store = RunStore(url)
    config = TrainConfig()
    first = store.create_run(name="first", config=config, device="cpu", token="0")
    engine = create_engine(url)
    with engine.begin() as connection:
        columns = [
            name
            for _, name, *_ in connection.execute(text("PRAGMA table_info(runs)"))
            if name not in ("number", "id", "token")
        ]
        copied = ", ".join(columns)
        connection.execute(
            text(
                "WITH RECURSIVE counted (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted "
                f"WHERE i < {NUM_RUNS - 1}) INSERT INTO runs (id, token, {copied}) "
                f"SELECT 'run ' || i, i, {copied} FROM runs, counted WHERE id = '{first.id}'"
            )
        )
    engine.dispose()
    newest = store.list_runs(1)[0]
    store.append_metrics(newest.id, [row(step) for step in range(1, NUM_ROWS + 1)])
    yield store
    store.close()


@pytest.fixture
def newest(store: RunStore) -> Run:
    return store.list_runs(1)[0]


def row(step: int) -> StepsDone:
    return StepsDone(
        at=Position(step=step, epoch=step / 1000, images=4 * step, seconds=step / 100),
        loss=2 / (1 + step / 500) + (step * 7919 % 101) / 1000,
        accuracy=0.5,
        learning_rate=0.1,
        images_per_second=400.0,
        memory_bytes=0,
    )


def test_all_of_a_thousand_runs_are_listed_with_what_is_said_of_them(store: RunStore) -> None:
    runs = store.list_runs(NUM_RUNS)
    assert len({run.id for run in runs}) == NUM_RUNS
    assert [run.number for run in runs] == list(range(NUM_RUNS, 0, -1))


def test_points_are_the_columns_of_the_rows(store: RunStore, newest: Run) -> None:
    rows = store.metrics_after(newest.id)
    points = store.points(newest.id, x="seconds", y="loss", is_test=False)
    np.testing.assert_array_equal(points.x, rows.seconds)
    np.testing.assert_array_equal(points.y, rows.loss)
    assert points.is_whole
    assert points.last_id == rows.id[-1]
    later = store.points(newest.id, x="step", y="loss", is_test=False, after_id=int(rows.id[-3]))
    assert not later.is_whole
    assert later.x.tolist() == [NUM_ROWS - 1, NUM_ROWS]


def test_points_after_a_row_that_is_gone_are_all_points(store: RunStore, newest: Run) -> None:
    points = store.points(newest.id, x="step", y="loss", is_test=False, after_id=10**12)
    assert points.is_whole
    assert len(points.x) == NUM_ROWS


def test_a_run_without_rows_has_no_points(store: RunStore) -> None:
    points = store.points("run 1", x="step", y="loss", is_test=False)
    assert (points.last_id, len(points.x), points.is_whole) == (0, 0, True)


def test_a_thinned_curve_has_the_lowest_and_highest_row(store: RunStore, newest: Run) -> None:
    whole = store.points(newest.id, x="step", y="loss", is_test=False)
    overlaid = overlaid_curve(store, newest.id, None, "train_loss", "step", max_points=200)
    assert len(overlaid.curve.x) <= 202
    assert overlaid.curve.y.min() == whole.y.min()
    assert overlaid.curve.y.max() == whole.y.max()
    np.testing.assert_array_equal(overlaid.curve.y, thin(whole.x, whole.y, 200).y)


def test_a_span_is_the_part_of_the_axis_between_two_numbers(store: RunStore, newest: Run) -> None:
    overlaid = overlaid_curve(
        store, newest.id, None, "train_loss", "images", span=(400, 440), max_points=100
    )
    assert overlaid.curve.x.tolist() == list(range(400, 441, 4))


def test_a_fork_is_drawn_from_where_it_left_its_parent(store: RunStore, newest: Run) -> None:
    fork = store.create_run(
        name="fork", config=TrainConfig(), device="cpu", token="fork",
        parent=newest.id, parent_step=5000,
    )  # fmt: skip
    assert fork_of(fork) == Fork(parent=newest.id, step=5000)
    store.append_metrics(fork.id, [row(1), row(6000)])  # later than the step it left at, too
    overlaid = overlaid_curve(store, fork.id, fork_of(fork), "train_loss", "epoch", max_points=9)
    assert overlaid.curve.x.tolist() == pytest.approx([5.001, 11.0])
    assert overlaid.branch == pytest.approx((5.0, row(5000).loss))
    again = store.create_run(
        name="fork of the fork", config=TrainConfig(), device="cpu", token="again",
        parent=fork.id, parent_step=6000,
    )  # fmt: skip
    store.append_metrics(again.id, [row(10)])
    overlaid = overlaid_curve(store, again.id, fork_of(again), "train_loss", "step", max_points=9)
    assert overlaid.curve.x.tolist() == [11_010]
    assert overlaid.branch == pytest.approx((11_000, row(6000).loss))
    store.delete_run(fork.id)
    overlaid = overlaid_curve(store, again.id, fork_of(again), "train_loss", "step", max_points=9)
    assert (overlaid.curve.x.tolist(), overlaid.branch) == ([10], None)
    store.delete_run(again.id)
