"""The curves of a report, as pieces of a page that opens without a network."""

import html
from collections.abc import Sequence
from typing import Literal

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from blitz.training.curves import Curve

COLOURS = (
    "#c2410c", "#2563eb", "#059669", "#9333ea", "#ca8a04", "#0891b2", "#db2777", "#4b5563",
)  # fmt: skip
_DASHES = ("solid", "dash", "dot", "dashdot")
_CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["sendChartToCloud"]}


def curves_figure(
    curves: Sequence[tuple[str, Curve]], title: str, format: Literal["", ".0%"]
) -> go.Figure:
    """One line a run, with its name; colours come again with another dash."""
    figure = go.Figure()
    for index, (name, curve) in enumerate(curves):
        round_, place = divmod(index, len(COLOURS))
        figure.add_scatter(
            x=curve.x,
            y=curve.y,
            # Plotly takes <b> and its like in a text for markup.
            name=html.escape(name, quote=False),
            mode="lines+markers" if len(curve.x) <= 60 else "lines",
            line={"color": COLOURS[place], "dash": _DASHES[round_ % len(_DASHES)]},
        )
    figure.update_layout(
        title=title,
        height=380,
        showlegend=True,
        template="plotly_white",
        margin={"l": 60, "r": 10, "t": 50, "b": 45},
        xaxis={"title": "step"},
        yaxis={"tickformat": format},
    )
    return figure


def figure_html(figure: go.Figure) -> str:
    """The figure as a part of a page that holds `plotly_script` once."""
    part: str = figure.to_html(full_html=False, include_plotlyjs=False, config=_CONFIG)
    return part


def plotly_script() -> str:
    """plotly.js as the installed package has it."""
    script: str = get_plotlyjs()
    return script
