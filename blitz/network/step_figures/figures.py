"""The loss over steps that go right and wrong. Records in, a Plotly figure out."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from blitz.look import CLEAR, COLOURS, DASHES, LEGEND_BELOW
from blitz.network.experiments import LossCurve

HEIGHT = 340
ROOM = 10.0
"""How far above the highest steady loss the axis ends."""


def losses_figure(curves: Sequence[LossCurve]) -> go.Figure:
    """Losses on a logarithmic axis; a cross where one diverged or left the picture.

    It leaves at the top, or the others would be one flat line. A loss of 0 is a gap.
    """
    figure = go.Figure()
    steady = [loss for curve in curves if curve.ended_at is None for loss in curve.losses]
    positive = [loss for loss in steady or curves[0].losses[:1] if loss > 0] or [1.0]
    top, bottom = ROOM * max(positive), min(positive)
    for curve, colour, dash in zip(curves, COLOURS, DASHES, strict=False):
        finite = curve.losses[: curve.ended_at]
        figure.add_scatter(
            x=list(range(len(finite))), y=finite, name=curve.title, mode="lines",
            line={"color": colour, "dash": dash, "width": 2.5},
            hovertemplate="step %{x}<br>loss %{y:.5g}",
        )  # fmt: skip
        if curve.ended_at is not None and finite:
            place = next((i for i, loss in enumerate(finite) if loss > top), len(finite) - 1)
            figure.add_scatter(
                x=[place], y=[min(finite[place], top)], mode="markers+text", showlegend=False,
                text=[f"not finite at step {curve.ended_at}"], textposition="middle right",
                marker={"symbol": "x", "size": 11, "color": colour}, hoverinfo="skip",
                cliponaxis=False,
            )  # fmt: skip
    figure.update_layout(
        height=HEIGHT,
        **CLEAR,
        legend=LEGEND_BELOW,
        xaxis={"title": "updates made", "rangemode": "tozero"},
        yaxis={"title": "loss", "type": "log", "exponentformat": "power", "dtick": "D2",
               "range": [math.log10(bottom) - 0.1, math.log10(top)]},
    )  # fmt: skip
    return figure
