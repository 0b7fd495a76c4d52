"""The charts of a report, as pieces of a page that opens without a network."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from blitz.look import shortened
from blitz.training.curves import Curve

COLOURS = (
    "#0072b2", "#d55e00", "#007a5a", "#b0497f", "#8a6100", "#3a8ec2", "#6a51a3", "#5f5f5f",
)  # fmt: skip
"""Okabe and Ito's, told apart with every kind of colour vision, the pale ones darkened."""
_DASHES = {
    "solid": "none", "dash": "8 5", "dot": "2 3", "dashdot": "8 4 2 4", "longdash": "14 5",
    "longdashdot": "14 4 2 4", "2px,7px": "2 7",
}  # fmt: skip
"""Dashes by Plotly's name and as SVG has them."""
LEVEL_DASH = "6px,4px"
_CONFIG = {"displayModeBar": False, "responsive": True}
_MOST_MARKERS = 60
_NAME = 48


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One run in a chart."""

    name: str
    place: int
    """Of the run among all of the report: it decides how its lines look."""
    curve: Curve
    branch: tuple[float, float] | None = None
    """The point of another curve at which this one begins."""
    level: float | None = None
    """What was measured once, without training; it stands for a curve."""


def curves_figure(
    lines: Sequence[Line],
    format: Literal["", ".0%"],
    *,
    shape: Literal["linear", "vh"] = "linear",
    top: float | None = None,
) -> go.Figure:
    """The lines over steps; names are told on hover, a legend is the page's.

    shape: "vh" where a row tells of the steps that end at it, as one of the learning rate does.
    top: where the picture ends, if not at the highest point.
    """
    figure = go.Figure()
    end = max((float(line.curve.x[-1]) for line in lines if len(line.curve.x)), default=1.0)
    for line in lines:
        x, y, dash = _points(line, max(1.0, end))
        colour = COLOURS[line.place % len(COLOURS)]
        # Plotly takes <b> and its like in a text for markup.
        name = html.escape(shortened(line.name, _NAME), quote=False)
        has_markers = line.level is None and len(x) <= _MOST_MARKERS
        figure.add_scatter(
            x=x,
            y=y,
            name=name,
            mode="lines+markers" if has_markers else "lines",
            line={"color": colour, "dash": dash, "shape": shape},
        )
        if line.branch is not None and line.level is None:
            figure.add_scatter(
                x=[line.branch[0]],
                y=[line.branch[1]],
                mode="markers",
                marker={"symbol": "circle-open", "size": 11, "color": colour, "line_width": 2},
                hoverinfo="skip",
            )
    figure.update_layout(
        height=360,
        showlegend=False,
        template="plotly_white",
        hoverlabel={"namelength": -1},
        margin={"l": 55, "r": 10, "t": 10, "b": 45},
        xaxis={"title": "step", "rangemode": "tozero"},
        yaxis={"tickformat": format} | ({} if top is None else {"range": [0, top]}),
    )
    return figure


def _points(line: Line, end: float) -> tuple[list[float], list[float], str]:
    if line.level is not None:
        x = [end * part / 50 for part in range(51)]  # what is hovered over is a point
        return x, [line.level] * len(x), LEVEL_DASH
    begin = [] if line.branch is None else [line.branch]
    dashes = list(_DASHES)
    dash = dashes[line.place // len(COLOURS) % len(dashes)]
    x = [*(x for x, _ in begin), *line.curve.x.tolist()]
    return x, [*(y for _, y in begin), *line.curve.y.tolist()], dash


def swatch(place: int, *, is_level: bool) -> str:
    """A piece of the line that the run at this place has in all charts, as SVG."""
    dash = list(_DASHES.values())[place // len(COLOURS) % len(_DASHES)]
    return (
        '<svg viewBox="0 0 40 6" width="40" height="6" aria-hidden="true">'
        f'<path d="M0 3H40" stroke="{COLOURS[place % len(COLOURS)]}" stroke-width="3" '
        f'stroke-dasharray="{"6 4" if is_level else dash}"/></svg>'
    )


def figure_html(figure: go.Figure) -> str:
    """The figure as a part of a page that holds `plotly_script` once."""
    part: str = figure.to_html(
        full_html=False, include_plotlyjs=False, config=_CONFIG, default_width="100%"
    )
    return part


def plotly_script() -> str:
    """plotly.js as the installed package has it."""
    script: str = get_plotlyjs()
    return script
