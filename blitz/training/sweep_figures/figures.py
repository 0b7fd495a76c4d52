"""A sweep as parallel coordinates. Runs in, a Plotly figure out."""

import html
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
from plotly.colors import find_intermediate_color

from blitz.training.comparing import different_settings
from blitz.training.store import Run
from blitz.training.sweep_figures.axes import Axis, accuracy_axis, setting_axis
from blitz.training.sweeps import field_title, value_text

HEIGHT = 380
LOWEST, MIDDLE, HIGHEST = (37, 99, 235), (143, 143, 156), (234, 88, 12)
"""Red, green and blue of accuracies: these show on a white page as on a dark one."""
UNKNOWN = "#8a8a8a"
MANY = 40
"""Runs from which lines are drawn thin."""
POINTS, FEW_POINTS = 24, 10
"""Of a line between two axes: it is bent, and can be pointed at wherever there is a point.
Few of each where there are many lines."""
STUB = 0.3
"""How far from its last setting to its accuracy the line of a run goes that was not tested yet."""
LONGEST_NAME, LONGEST_VALUE = 40, 14
"""Characters of a run's name in its label, and of a value beside an axis."""
TITLE_PIXELS, VALUE_PIXELS, GAP = 7, 6, 10
"""Width of a character of each, and what is left free beside a text."""


def sweep_figure(runs: Sequence[Run]) -> go.Figure:
    """One line a run through the settings that differ, to its best accuracy so far.

    Settings on which all agree are left out. A run that was not tested yet is a dotted line that
    ends before the accuracy; the best one's line is the widest.
    """
    names = list(different_settings(runs).index)
    axes = [setting_axis(name, [getattr(run.config, name) for run in runs]) for name in names]
    if not axes:  # equal runs are told apart by their numbers
        axes = [_number_axis(runs)]
    axes.append(accuracy_axis([_accuracy(run) for run in runs]))
    reached = [-1.0 if place is None else place for place in axes[-1].places]
    order = sorted(range(len(runs)), key=reached.__getitem__)
    figure = go.Figure(
        [_line(runs[index], index, axes, names, index == order[-1], len(runs)) for index in order]
    )
    _lay_out(figure, axes)
    return figure


def _accuracy(run: Run) -> float | None:
    accuracy = run.best_accuracy
    return accuracy if accuracy is not None and math.isfinite(accuracy) else None


def _number_axis(runs: Sequence[Run]) -> Axis:
    last = len(runs) - 1
    places = tuple(index / last if last else 0.5 for index in range(len(runs)))
    ticks = tuple((place, f"#{run.number}") for place, run in zip(places, runs, strict=True))
    return Axis(title="run", places=places, ticks=ticks[:: max(len(ticks) // 10, 1)])


# Lines


def _line(
    run: Run, index: int, axes: Sequence[Axis], names: Sequence[str], is_best: bool, num_runs: int
) -> go.Scatter:
    places = [axis.places[index] for axis in axes]
    known = [place for place in places if place is not None]
    x, y = _bent(known, num_points=FEW_POINTS if num_runs > MANY else POINTS)
    is_tested = places[-1] is not None
    if not is_tested:  # on its way
        x, y = [*x, x[-1] + STUB / 2, x[-1] + STUB], [*y, y[-1], y[-1]]
    width = 1.2 if num_runs > MANY else 2
    return go.Scatter(
        x=x,
        y=y,
        mode="lines",
        line={
            "color": _colour(places[-1]),
            "width": 4 if is_best and is_tested else width,
            "dash": "solid" if is_tested else "dot",
        },
        opacity=0.9 if is_best or num_runs <= MANY else 0.7,
        hoverinfo="text",
        hovertext=_told(run, names),
        hoverlabel={"align": "left"},
        showlegend=False,
    )


def _colour(place: float | None) -> str:
    if place is None:
        return UNKNOWN
    half = (LOWEST, MIDDLE) if place < 0.5 else (MIDDLE, HIGHEST)
    mixed = find_intermediate_color(*half, 2 * place if place < 0.5 else 2 * place - 1)
    return f"rgb({', '.join(str(round(part)) for part in mixed)})"


def _bent(places: Sequence[float], num_points: int) -> tuple[list[float], list[float]]:
    """Points of a line that arrives at each axis at a right angle."""
    x, y = [0.0], [places[0]]
    for index, (before, after) in enumerate(pairwise(places)):
        for point in range(1, num_points + 1):
            part = point / num_points
            x.append(round(index + part, 4))
            y.append(round(before + (after - before) * part * part * (3 - 2 * part), 4))
    return x, y


def _told(run: Run, names: Sequence[str]) -> str:
    accuracy = _accuracy(run)
    reached = "not tested" if accuracy is None else f"best accuracy {accuracy:.2%}"
    settings = [
        f"{field_title(name)} {value_text(name, getattr(run.config, name))}" for name in names
    ]
    name = _cut(run.name, LONGEST_NAME)
    lines = [f"<b>{html.escape(name)}</b>", *map(html.escape, settings)]
    return "<br>".join([*lines, f"{reached} ({run.status})"])


# Axes


def _lay_out(figure: go.Figure, axes: Sequence[Axis]) -> None:
    left, right = max(14 + _values_width(axes[0]), 40), 62
    hidden = {"visible": False, "fixedrange": True}
    figure.update_layout(
        height=HEIGHT,
        # Where there is less room, the view of the figure scrolls.
        meta={"least_width": left + right + (len(axes) - 1) * _spacing(axes)},
        margin={"l": left, "r": right, "t": 56, "b": 16},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        hovermode="closest",
        xaxis=hidden | {"range": [-0.01, len(axes) - 0.99]},
        yaxis=hidden | {"range": [-0.04, 1.04]},
        shapes=[_axis_line(index) for index in range(len(axes))],
        annotations=[
            note
            for index, axis in enumerate(axes)
            for note in _notes(index, axis, is_last=index == len(axes) - 1)
        ],
    )


def _spacing(axes: Sequence[Axis]) -> int:
    """Pixels between axes at which no title touches another, and no value the axis before it."""
    titles = [max(map(len, _title_lines(axis.title))) * TITLE_PIXELS for axis in axes]
    between = [(one + other) // 2 for one, other in pairwise(titles)]
    values = [_values_width(axis) for axis in axes[1:-1]]
    return max([*between, *values]) + GAP


def _values_width(axis: Axis) -> int:
    longest = max((len(_cut(text, LONGEST_VALUE)) for _, text in axis.ticks), default=0)
    return longest * VALUE_PIXELS


def _axis_line(index: int) -> dict[str, Any]:
    line = {"color": "rgba(128, 128, 128, 0.7)", "width": 1}
    return {"type": "line", "x0": index, "x1": index, "y0": 0, "y1": 1, "line": line}


def _notes(index: int, axis: Axis, *, is_last: bool) -> list[dict[str, Any]]:
    """The title above an axis, and the values beside it."""
    common = {"x": index, "showarrow": False}
    side = {"xanchor": "left", "xshift": 4} if is_last else {"xanchor": "right", "xshift": -4}
    title = {
        "text": "<br>".join(_title_lines(axis.title)), "y": 1, "yanchor": "bottom", "yshift": 14,
        "font": {"weight": 600},
    }  # fmt: skip
    values = [
        {
            "text": html.escape(_cut(text, LONGEST_VALUE)),
            "y": place,
            "font": {"size": 11, "shadow": "auto"},
        }
        for place, text in axis.ticks
    ]
    return [common | title, *(common | side | value for value in values)]


def _title_lines(title: str) -> list[str]:
    """The title in at most two lines, as equally long as can be."""
    words = title.split()
    breaks = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    if not breaks:
        return [title]
    return list(min(breaks, key=lambda lines: max(map(len, lines))))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
