"""A run's recorded rows as curves that a browser can draw: thinned, finite, ready for JSON.

Reads `MetricColumns` and `Run`; does not know where they are stored, who asks, or how curves look.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from tsdownsample import MinMaxDownsampler

from blitz.training.store import MetricColumns, Run

Floats = npt.NDArray[np.float64]
Axis = Literal["step", "epoch", "seconds", "images"]

MAX_POINTS = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class BinMeans:
    """Means of consecutive rows, from which a smoothed curve is drawn where rows were left out.

    The smallest and largest value of a bin show how far a curve swings; an average over them
    would be pulled to the middle of the swing, and one step of an average per point kept would
    smooth less the fewer points are left out. A bin's mean with the number of its rows gives
    the average over all rows, thinned or not, nearly as it is.
    """

    x: Floats
    """Position of the last row of each bin."""
    y: Floats
    counts: npt.NDArray[np.int64]
    """Rows in each bin."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """Points of one measured quantity, in the order of training; every value is finite."""

    x: Floats
    y: Floats
    means: BinMeans | None = None
    """None where every row is there."""

    def to_json(self) -> dict[str, Any]:
        """The curve as lists."""
        means = self.means and {
            "x": self.means.x.tolist(),
            "y": self.means.y.tolist(),
            "counts": self.means.counts.tolist(),
        }
        return {"x": self.x.tolist(), "y": self.y.tolist(), "means": means}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunCurves:
    """The curves of one run over the same axis."""

    train_loss: Curve
    train_accuracy: Curve
    test_loss: Curve
    test_accuracy: Curve
    learning_rate: Curve
    images_per_second: Curve

    def to_json(self) -> dict[str, Any]:
        """The curves by name."""
        return {field.name: getattr(self, field.name).to_json() for field in fields(self)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a run is and how it is doing; None where nothing was measured yet."""

    step: int
    total_steps: int
    epoch: float
    epochs: int
    seconds: float
    seconds_left: float | None
    """Training time to come, at the mean speed so far."""
    images_per_second: float | None
    memory_bytes: float | None
    train_loss: float | None
    train_accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None

    def to_json(self) -> dict[str, Any]:
        """The values by name."""
        return asdict(self)


def run_curves(
    columns: MetricColumns,
    axis: Axis,
    *,
    span: tuple[float, float] | None = None,
    max_points: int = MAX_POINTS,
) -> RunCurves:
    """The curves over `axis`, within `span` of it, with about `max_points` points each at most."""
    x = np.asarray(getattr(columns, axis), dtype=np.float64)
    inside = np.ones(len(x), dtype=bool) if span is None else (x >= span[0]) & (x <= span[1])

    def curve(values: npt.NDArray[Any], of_test: bool) -> Curve:
        y = np.asarray(values, dtype=np.float64)
        shown = inside & (columns.is_test == of_test) & np.isfinite(y) & np.isfinite(x)
        return thin(x[shown], y[shown], max_points)

    return RunCurves(
        train_loss=curve(columns.loss, False),
        train_accuracy=curve(columns.accuracy, False),
        test_loss=curve(columns.loss, True),
        test_accuracy=curve(columns.accuracy, True),
        learning_rate=curve(columns.learning_rate, False),
        images_per_second=curve(columns.images_per_second, False),
    )


def thin(x: Floats, y: Floats, max_points: int) -> Curve:
    """The curve with the lowest and highest point of each bin of rows, its first and its last.

    x, y: [rows], finite. A curve of at most `max_points` rows comes back whole.
    """
    if len(y) <= max_points:
        return Curve(x=x, y=y)
    num_bins = max(1, max_points // 2)
    thinner = MinMaxDownsampler()
    extremes = thinner.downsample(np.ascontiguousarray(y), n_out=2 * num_bins)
    kept = np.unique(np.concatenate([[0], extremes.astype(np.int64), [len(y) - 1]]))
    return Curve(x=x[kept], y=y[kept], means=_bin_means(x, y, num_bins))


def _bin_means(x: Floats, y: Floats, num_bins: int) -> BinMeans:
    edges = np.linspace(0, len(y), num_bins + 1).astype(np.int64)
    counts = np.diff(edges)
    return BinMeans(x=x[edges[1:] - 1], y=np.add.reduceat(y, edges[:-1]) / counts, counts=counts)


def progress(run: Run, columns: MetricColumns) -> Progress:
    """Where the run is, from its record and its last rows."""
    last_train = _last(~columns.is_test)
    last_test = _last(columns.is_test)

    def value(values: npt.NDArray[Any], row: int | None) -> float | None:
        return None if row is None else finite_or_none(float(values[row]))

    # The rows are newer than the run's record, which is written less often.
    step, epoch, seconds = run.step, run.epoch, run.seconds
    if last_train is not None and columns.step[last_train] > step:
        step = int(columns.step[last_train])
        epoch = float(columns.epoch[last_train])
        seconds = float(columns.seconds[last_train])
    steps_left = max(0, run.total_steps - step)
    return Progress(
        step=step,
        total_steps=run.total_steps,
        epoch=epoch,
        epochs=run.config.epochs,
        seconds=seconds,
        seconds_left=steps_left * seconds / step if step else None,
        images_per_second=value(columns.images_per_second, last_train),
        memory_bytes=value(columns.memory_bytes, last_train),
        train_loss=value(columns.loss, last_train),
        train_accuracy=value(columns.accuracy, last_train),
        test_loss=value(columns.loss, last_test),
        test_accuracy=value(columns.accuracy, last_test),
    )


def _last(rows: npt.NDArray[np.bool_]) -> int | None:
    found = np.flatnonzero(rows)
    return int(found[-1]) if len(found) else None


def finite_or_none(value: float) -> float | None:
    """The value, or None for NaN and infinities, which JSON does not have."""
    return value if math.isfinite(value) else None


def select_rows(
    columns: MetricColumns, select: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
) -> MetricColumns:
    """The same selection of rows from every column."""
    return MetricColumns(
        **{field.name: select(getattr(columns, field.name)) for field in fields(columns)}
    )


def join_rows(first: MetricColumns, second: MetricColumns) -> MetricColumns:
    """The rows of both, one after the other."""
    return MetricColumns(
        **{
            field.name: np.concatenate([getattr(first, field.name), getattr(second, field.name)])
            for field in fields(first)
        }
    )
