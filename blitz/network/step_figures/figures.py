"""The loss over steps that go right and wrong. Records in, a Plotly figure out."""

from collections.abc import Sequence

import plotly.graph_objects as go

from blitz.network.experiments import LossCurve
from blitz.network.lines import COLOURS, DASHES

HEIGHT = 340


def losses_figure(curves: Sequence[LossCurve]) -> go.Figure:
    """Losses on a logarithmic axis; a cross where one was finite for the last time.

    A loss of 0 is a gap.
    """
    figure = go.Figure()
    for curve, colour, dash in zip(curves, COLOURS, DASHES, strict=False):
        finite = curve.losses[: curve.ended_at]
        figure.add_scatter(
            x=list(range(len(finite))), y=finite, name=curve.title, mode="lines",
            line={"color": colour, "dash": dash, "width": 2.5},
            hovertemplate="step %{x}<br>loss %{y:.5g}",
        )  # fmt: skip
        if curve.ended_at is not None and finite:
            figure.add_scatter(
                x=[len(finite) - 1], y=[finite[-1]], mode="markers+text", showlegend=False,
                text=[f"not finite at step {curve.ended_at}"], textposition="middle right",
                marker={"symbol": "x", "size": 11, "color": colour}, hoverinfo="skip",
                cliponaxis=False,
            )  # fmt: skip
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": -0.25, "x": 0},
        xaxis={"title": "updates made", "rangemode": "tozero"},
        yaxis={"title": "loss", "type": "log", "exponentformat": "power"},
    )
    return figure
