import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from blitz.training import TrainConfig
from blitz.training.curves import join_rows, progress, run_curves, select_rows, thin
from blitz.training.events import EpochFinished, Position, StepsDone
from blitz.training.store import MetricColumns, Run, RunStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}")
    yield store
    store.close()


@pytest.fixture
def run(store: RunStore) -> Run:
    return store.create_run(name="a run", config=TrainConfig(epochs=4), device="cpu", token="1")


def steps(step: int, loss: float = 1.0) -> StepsDone:
    at = Position(step=step, epoch=step / 100, images=64 * step, seconds=step / 20)
    return StepsDone(
        at=at,
        loss=loss,
        accuracy=0.5,
        learning_rate=0.1,
        images_per_second=1280.0,
        memory_bytes=1000,
    )


def evaluated(step: int, loss: float) -> EpochFinished:
    at = Position(step=step, epoch=step / 100, images=64 * step, seconds=step / 20)
    return EpochFinished(
        at=at, loss=loss, accuracy=0.75, class_correct=(3,), class_total=(4,), is_best=True
    )


def recorded(store: RunStore, run: Run, rows: Sequence[StepsDone | EpochFinished]) -> MetricColumns:
    store.append_metrics(run.id, rows)
    return store.metrics_after(run.id)


def noise(num_rows: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.random.default_rng(0).exponential(size=num_rows)


def test_a_short_curve_comes_back_whole() -> None:
    x, y = np.arange(100.0), noise(100)
    curve = thin(x, y, max_points=100)
    assert curve.means is None
    np.testing.assert_array_equal(curve.x, x)
    np.testing.assert_array_equal(curve.y, y)


def test_thinning_keeps_the_ends_and_the_extremes_of_every_part() -> None:
    x, y = np.arange(100_000.0), noise(100_000)
    curve = thin(x, y, max_points=2_000)
    assert len(curve.x) <= 2_002
    assert curve.x[0] == 0
    assert curve.x[-1] == 99_999
    np.testing.assert_array_equal(curve.y, y[curve.x.astype(int)])
    assert np.all(np.diff(curve.x) > 0)
    for first in range(0, 100_000, 1_000):  # several bins each
        shown = curve.y[(curve.x >= first) & (curve.x < first + 1_000)]
        assert shown.max() == y[first : first + 1_000].max()
        assert shown.min() == y[first : first + 1_000].min()


def test_an_average_over_bin_means_is_the_average_over_all_rows() -> None:
    def average(values: Sequence[float], counts: Sequence[int], weight: float) -> list[float]:
        total, mass, averages = 0.0, 0.0, []
        for value, count in zip(values, counts, strict=True):
            kept = weight**count
            total, mass = total * kept + value * (1 - kept), mass * kept + (1 - kept)
            averages.append(total / mass)
        return averages

    x = np.arange(20_000.0)
    y = np.exp(-x / 5_000) + 0.2 * noise(20_000)
    means = thin(x, y, max_points=2_000).means
    assert means is not None
    assert means.counts.sum() == 20_000
    exact = np.array(average(y.tolist(), [1] * len(y), 0.999))[means.x.astype(int)]
    binned = average(means.y.tolist(), means.counts.tolist(), 0.999)
    np.testing.assert_allclose(binned, exact, atol=0.01)


def test_training_and_test_rows_are_separate_curves(store: RunStore, run: Run) -> None:
    columns = recorded(store, run, [steps(1, 3.0), steps(2, 2.0), evaluated(2, 2.5)])
    curves = run_curves(columns, "images")
    assert curves.train_loss.x.tolist() == [64, 128]
    assert curves.train_loss.y.tolist() == [3.0, 2.0]
    assert curves.test_loss.x.tolist() == [128]
    assert curves.test_loss.y.tolist() == [2.5]
    assert curves.test_accuracy.y.tolist() == [0.75]
    assert curves.learning_rate.y.tolist() == [0.1, 0.1]


def test_a_span_keeps_only_what_lies_in_it(store: RunStore, run: Run) -> None:
    columns = recorded(store, run, [steps(step) for step in range(1, 50)])
    curves = run_curves(columns, "step", span=(10, 20))
    assert curves.train_loss.x.tolist() == list(range(10, 21))


def test_values_that_are_not_finite_never_reach_json(store: RunStore, run: Run) -> None:
    columns = recorded(store, run, [steps(1, 2.0), steps(2, float("nan")), steps(3, float("inf"))])
    curves = run_curves(columns, "step")
    assert curves.train_loss.x.tolist() == [1]
    state = progress(run, columns)
    assert state.train_loss is None
    json.dumps([curves.to_json(), state.to_json()], allow_nan=False)


def test_time_left_goes_on_at_the_speed_so_far(store: RunStore, run: Run) -> None:
    store.update_run(run.id, total_steps=400)
    described = store.get_run(run.id)
    assert described is not None
    state = progress(described, recorded(store, run, [steps(100)]))
    assert (state.step, state.seconds) == (100, 5.0)
    assert state.seconds_left == pytest.approx(15.0)
    assert (state.epoch, state.epochs) == (1.0, 4)


def test_a_run_without_rows_has_no_numbers(store: RunStore, run: Run) -> None:
    state = progress(run, store.metrics_after(run.id))
    assert state.step == 0
    assert state.seconds_left is None
    assert state.train_loss is None
    assert state.test_accuracy is None


def test_rows_taken_apart_and_joined_are_the_same(store: RunStore, run: Run) -> None:
    columns = recorded(store, run, [steps(step, step / 7) for step in range(1, 9)])
    first = select_rows(columns, lambda values: values[:3])
    second = select_rows(columns, lambda values: values[3:])
    joined = join_rows(first, second)
    assert len(first) == 3
    np.testing.assert_array_equal(joined.loss, columns.loss)
    np.testing.assert_array_equal(joined.id, columns.id)
