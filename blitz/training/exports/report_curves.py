"""A report's curves: one legend for all charts, in which a run looks the same everywhere."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Literal

import numpy as np

from blitz.training.exports.figures import Line, curves_figure, figure_html, swatch
from blitz.training.exports.markup import number, paragraph
from blitz.training.overlay import Metric, fork_of, is_evaluated_only, overlaid_curve
from blitz.training.runs import Run
from blitz.training.store import RunStore

MAX_POINTS = 1_000
ORDINARY: Mapping[Metric, tuple[float, float]] = {
    "test_loss": (10, 10),
    "train_loss": (10, 10),
    "learning_rate": (100, 0),
}
"""Ordinary is what is at most so many times as high as the median of half of the runs or more, or
not above the second number: what a loss is at most before anything is learned, by a wide margin."""
_CHARTS: tuple[tuple[Metric, str, Literal["", ".0%"]], ...] = (
    ("test_accuracy", "Accuracy on the test images", ".0%"),
    ("test_loss", "Loss on the test images", ""),
    ("train_loss", "Loss in training", ""),
    ("learning_rate", "Learning rate", ""),
)


def curves_section(runs: Sequence[Run], names: Sequence[str], store: RunStore) -> str:
    """The legend and the charts of what was recorded; empty where nothing was."""
    charts = [
        _chart(lines, metric, title, format)
        for metric, title, format in _CHARTS
        if (lines := _lines(runs, names, store, metric))
    ]
    return "\n".join([_legend(runs, names), *charts]) if charts else ""


def _chart(lines: Sequence[Line], metric: Metric, title: str, format: Literal["", ".0%"]) -> str:
    top, note = None, ""
    limit = ordinary_limit(lines, *ORDINARY[metric]) if metric in ORDINARY else math.inf
    above = [line for line in lines if line.curve.y.max() > limit]
    if above:
        kept = np.concatenate([line.curve.y for line in lines])
        top = 1.05 * float(kept[kept <= limit].max())
        told = ", ".join(f"{line.name} (up to {line.curve.y.max():.2g})" for line in above)
        note = paragraph(f"Above the picture: {told}.")
    shape: Literal["linear", "vh"] = "vh" if metric == "learning_rate" else "linear"
    figure = curves_figure(lines, format, shape=shape, top=top)
    return f"<h3>{escape(title)}</h3>\n{figure_html(figure)}{note}"


def _lines(
    runs: Sequence[Run], names: Sequence[str], store: RunStore, metric: Metric
) -> list[Line]:
    lines = []
    for place, (run, name) in enumerate(zip(runs, names, strict=True)):
        found = overlaid_curve(store, run.id, fork_of(run), metric, "step", max_points=MAX_POINTS)
        level = _level(run, metric)
        if len(found.curve.x) and (level is not None or not is_evaluated_only(run)):
            line = Line(name=name, place=place, curve=found.curve, branch=found.branch, level=level)
            lines.append(line)
    return lines


def _level(run: Run, metric: Metric) -> float | None:
    if not is_evaluated_only(run):
        return None
    return {"test_accuracy": run.accuracy, "test_loss": run.loss}.get(metric)


def ordinary_limit(lines: Sequence[Line], factor: float, always: float) -> float:
    """The highest value that is drawn: one run that diverged would make the others a flat line."""
    medians = sorted(float(np.quantile(line.curve.y, 0.5, method="lower")) for line in lines)
    return max(always, factor * medians[(len(medians) - 1) // 2])


def _legend(runs: Sequence[Run], names: Sequence[str]) -> str:
    entries = []
    for place, (run, name) in enumerate(zip(runs, names, strict=True)):
        is_level = is_evaluated_only(run)
        note = f" <small>evaluated once: {number(run.accuracy, '.1%')}</small>" if is_level else ""
        line = swatch(place, is_level=is_level)
        entries.append(f"<li>{line}<span>{escape(name)}{note}</span></li>")
    return f'<ul class="legend">{"".join(entries)}</ul>'
