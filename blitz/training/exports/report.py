"""A comparison of runs as one HTML file, which opens anywhere and needs no network."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from blitz.datasets import dataset_title
from blitz.training.comparing import Spread, different_settings, group_by_seed, run_titles
from blitz.training.exports.figures import plotly_script
from blitz.training.exports.markup import number, paragraph, section, table
from blitz.training.exports.report_answers import answers_section
from blitz.training.exports.report_curves import curves_section
from blitz.training.runs import Run, storable
from blitz.training.store import RunStore

_STYLE = """
:root { color-scheme: light; font: 16px/1.5 system-ui, sans-serif; color: #1f2328; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.2; }
h1 { color: #c2410c; }
h2 { margin-top: 2.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #d9d4cb; text-align: left; }
td { vertical-align: top; white-space: nowrap; }
td:first-child, .results td:last-child {
  min-width: 9rem; max-width: 22rem; white-space: normal; overflow-wrap: anywhere;
}
@media (min-width: 50rem) { td:first-child { min-width: 15rem; } }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; padding: 0; list-style: none; }
.legend li { display: flex; align-items: center; gap: .5rem; min-width: 0; }
.legend svg { flex: none; }
.matrix { max-width: 36rem; }
small { color: #57606a; }
"""


def comparison_report(runs: Sequence[Run], store: RunStore, runs_folder: Path) -> str:
    """The page: results, settings in which the runs differ, curves, and answers on test images.

    runs_folder: where the folders of the runs lie, which hold their answers.
    """
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    titles = run_titles(runs)
    names = [titles[run.id] for run in runs]
    curves = curves_section(runs, names, store)
    answers = answers_section(runs, names, runs_folder)
    results = [[name, *_results(run)] for run, name in zip(runs, names, strict=True)]
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Comparison of {len(runs)} runs</title>
<style>{_STYLE}</style>
<script>{plotly_script() if curves or answers else ""}</script>
</head>
<body>
<h1>Comparison of {len(runs)} runs</h1>
<p>Made by Blitz, {made}.</p>
<div class="results">
{section("Results", table(_RESULTS, results))}
</div>
{section("Mean and spread over seeds", _seeds(runs, titles))}
{section("Settings that differ", _differences(runs, names))}
{section("Curves", curves or paragraph("Nothing was recorded."))}
{section("Answers on the test images", answers)}
</body>
</html>
"""
    return storable(page)  # names of classes and files need not be valid Unicode


_RESULTS = (
    "run", "status", "data set", "network", "accuracy", "best accuracy", "test loss", "steps",
    "seconds", "images a second", "note",
)  # fmt: skip


def _results(run: Run) -> list[str]:
    return [
        run.status,
        dataset_title(run.config.dataset),
        run.config.model,
        number(run.accuracy, ".2%"),
        number(run.best_accuracy, ".2%"),
        number(run.loss, ".4f"),
        f"{run.step:,}",
        number(run.seconds, ",.1f"),
        number(run.images_per_second, ",.0f"),
        run.note,
    ]


def _seeds(runs: Sequence[Run], titles: dict[str, str]) -> str:
    rows = [
        [
            ", ".join(titles[run.id] for run in group.runs),
            group.accuracy.num_runs if group.accuracy else 0,
            _spread(group.accuracy, ".2%"),
            _spread(group.best_accuracy, ".2%"),
            _spread(group.loss, ".4f"),
        ]
        for group in group_by_seed(runs)
        if len(group.runs) > 1
    ]
    header = ("runs", "finished", "accuracy", "best accuracy", "test loss")
    note = "Mean ± standard deviation over runs that differ in their seed alone."
    return table(header, rows) + paragraph(note) if rows else ""


def _spread(spread: Spread | None, form: str) -> str:
    if spread is None:
        return "–"
    deviation = "" if spread.deviation is None else f" ± {number(spread.deviation, form)}"
    return f"{number(spread.mean, form)}{deviation}"


def _differences(runs: Sequence[Run], names: Sequence[str]) -> str:
    different = different_settings(runs)
    if different.empty:
        return paragraph("None: all runs have the same settings.")
    values = different.T.copy()
    if "dataset" in values:
        values["dataset"] = values["dataset"].map(dataset_title)
    rows = [[name, *row] for name, row in zip(names, values.to_numpy().tolist(), strict=True)]
    return table(["run", *values.columns], rows)
