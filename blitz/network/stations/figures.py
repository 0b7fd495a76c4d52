"""Tensors of a station as pictures."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from blitz.look import CLEAR, STOPS

MOST_MAPS = 6
MOST_COLUMNS = 6
SIDE = 150


def heat_maps(values: NDArray[np.float32]) -> go.Figure:
    """The first maps of [number, height, width] beside each other, on one scale around zero."""
    maps = values[:MOST_MAPS]
    figure = make_subplots(rows=1, cols=len(maps), horizontal_spacing=0.02)
    for index, values_of_one in enumerate(maps):
        figure.add_trace(
            go.Heatmap(
                z=values_of_one,
                coloraxis="coloraxis",
                hovertemplate=f"[{index}, %{{y}}, %{{x}}]  %{{z:.6g}}<extra></extra>",
            ),
            row=1,
            col=index + 1,
        )
    largest = float(np.abs(maps).max()) or 1.0
    figure.update_layout(
        coloraxis={"colorscale": STOPS, "cmin": -largest, "cmax": largest},
        height=SIDE + 20,
        **CLEAR,
    )
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, autorange="reversed", scaleanchor="x", constrain="domain")
    for index in range(1, len(maps)):
        axis = f"x{index + 1}"
        figure.update_yaxes(scaleanchor=axis, row=1, col=index + 1)
    return figure
