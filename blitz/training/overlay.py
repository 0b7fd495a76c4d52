"""One measured quantity of a run as a curve to be drawn over those of other runs.

A run that was forked from another is placed where it left its parent's curve. Reads the store;
does not know which runs are compared, who asks, or how curves look.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from blitz.training.curves import Axis, Curve, thin
from blitz.training.runs import Run, ValueColumn
from blitz.training.store import RunStore

Metric = Literal[
    "train_loss",
    "test_loss",
    "train_accuracy",
    "test_accuracy",
    "learning_rate",
    "images_per_second",
]
_SOURCES: dict[Metric, tuple[ValueColumn, bool]] = {
    "train_loss": ("loss", False),
    "test_loss": ("loss", True),
    "train_accuracy": ("accuracy", False),
    "test_accuracy": ("accuracy", True),
    "learning_rate": ("learning_rate", False),
    "images_per_second": ("images_per_second", False),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class OverlaidCurve:
    """A run's curve, whole or what came after the row that a reader knows."""

    last_id: int
    is_whole: bool
    curve: Curve
    branch: tuple[float, float] | None
    """The point of the parent's curve at which this one begins."""

    def to_json(self) -> dict[str, Any]:
        """The curve as plain values."""
        return {
            "last_id": self.last_id,
            "is_whole": self.is_whole,
            "branch": self.branch,
            **self.curve.to_json(),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Fork:
    """Where a run left another one."""

    parent: str
    step: int


def fork_of(run: Run) -> Fork | None:
    """Where a run was forked; None for one that began by itself."""
    if run.parent is None or run.parent_step is None:
        return None
    return Fork(parent=run.parent, step=run.parent_step)


def is_evaluated_only(run: Run) -> bool:
    """Whether the run's weights were only evaluated: what it has of a curve is one point."""
    return run.status == "finished" and not run.total_steps


def overlaid_curve(
    store: RunStore,
    run_id: str,
    fork: Fork | None,
    metric: Metric,
    axis: Axis,
    *,
    after_id: int = 0,
    span: tuple[float, float] | None = None,
    max_points: int,
) -> OverlaidCurve:
    """The run's curve, within `span` of the axis, with about `max_points` points at most."""
    column, is_test = _SOURCES[metric]
    points = store.points(run_id, x=axis, y=column, is_test=is_test, after_id=after_id)
    branch, start = None, 0.0
    if fork is not None:
        start = _beginning(store, fork, axis)
        y = store.value_at(fork.parent, fork.step, column, is_test=is_test)
        branch = (start, y) if y is not None and math.isfinite(y) else None
    x = points.x + start  # a fork counts its steps from 0
    shown = np.isfinite(points.y) & np.isfinite(x)
    if span is not None:
        shown &= (x >= span[0]) & (x <= span[1])
    return OverlaidCurve(
        last_id=points.last_id,
        is_whole=points.is_whole,
        curve=thin(x[shown], points.y[shown], max_points),
        branch=branch,
    )


def _beginning(store: RunStore, fork: Fork, axis: Axis) -> float:
    """Where on the axis a fork begins, counted from where its first ancestor began.

    The part before an ancestor that is gone is not known and left out.
    """
    begin = 0.0
    seen: set[str] = set()
    found: Fork | None = fork
    while found is not None and found.parent not in seen:
        seen.add(found.parent)
        position = store.position_at(found.parent, found.step)
        begin += float(getattr(position, axis)) if position else 0.0
        parent = store.get_run(found.parent)
        found = fork_of(parent) if parent else None
    return begin
