"""A comparison of runs as one HTML file, which opens anywhere and needs no network."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from html import escape
from typing import Any, Literal

from blitz.training.config import TrainConfig
from blitz.training.curves import Curve
from blitz.training.exports.figures import curves_figure, figure_html, plotly_script
from blitz.training.overlay import Metric, fork_of, overlaid_curve
from blitz.training.store import Run, RunStore

MAX_POINTS = 1_000
_CHARTS: tuple[tuple[Metric, str, Literal["", ".0%"]], ...] = (
    ("test_accuracy", "Accuracy on the test images", ".0%"),
    ("test_loss", "Loss on the test images", ""),
    ("train_loss", "Loss in training", ""),
    ("learning_rate", "Learning rate", ""),
)
_STYLE = """
:root { color-scheme: light; font: 16px/1.5 system-ui, sans-serif; color: #1f2328; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; }
h1 { color: #c2410c; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #d9d4cb; text-align: left; }
"""


def comparison_report(runs: Sequence[Run], store: RunStore) -> str:
    """The page: a table of the runs, the settings in which they differ, their curves."""
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    names = _names(runs)
    charts = [
        figure_html(curves_figure(curves, title, format))
        for metric, title, format in _CHARTS
        if (curves := _curves(runs, names, store, metric))
    ]
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Comparison of {len(runs)} runs</title>
<style>{_STYLE}</style>
<script>{plotly_script() if charts else ""}</script>
</head>
<body>
<h1>Comparison of {len(runs)} runs</h1>
<p>Made by Blitz, {made}.</p>
<h2>Results</h2>
{_table(_RESULTS, [[name, *_results(run)] for run, name in zip(runs, names, strict=True)])}
<h2>Settings that differ</h2>
{_differences(runs, names)}
<h2>Curves</h2>
{"".join(charts) or "<p>Nothing was recorded.</p>"}
</body>
</html>
"""


def _names(runs: Sequence[Run]) -> list[str]:
    """The runs' names; where several have the same, with their numbers."""
    names = [run.name for run in runs]
    return [
        f"{run.name} (#{run.number})" if names.count(run.name) > 1 else run.name for run in runs
    ]


def _curves(
    runs: Sequence[Run], names: Sequence[str], store: RunStore, metric: Metric
) -> list[tuple[str, Curve]]:
    found = [
        overlaid_curve(store, run.id, fork_of(run), metric, "step", max_points=MAX_POINTS).curve
        for run in runs
    ]
    return [(name, curve) for name, curve in zip(names, found, strict=True) if len(curve.x)]


_RESULTS = (
    "run", "status", "data set", "network", "accuracy", "best accuracy", "test loss", "steps",
    "seconds", "images a second", "note",
)  # fmt: skip


def _results(run: Run) -> list[str]:
    return [
        run.status,
        run.config.dataset,
        run.config.model,
        _number(run.accuracy, ".2%"),
        _number(run.best_accuracy, ".2%"),
        _number(run.loss, ".4f"),
        f"{run.step:,}",
        _number(run.seconds, ",.1f"),
        _number(run.images_per_second, ",.0f"),
        run.note,
    ]


def _number(value: float | None, format: str) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:{format}}"


def _differences(runs: Sequence[Run], names: Sequence[str]) -> str:
    values = {
        field.name: [getattr(run.config, field.name) for run in runs]
        for field in fields(TrainConfig)
    }
    different = [[name, *row] for name, row in values.items() if len(set(row)) > 1]
    if not different:
        return "<p>None: all runs have the same settings.</p>"
    return _table(["setting", *names], different)


def _table(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    def line(tag: str, cells: Iterable[Any]) -> str:
        return "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells)

    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return (
        f'<div class="wide"><table><thead><tr>{line("th", header)}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
