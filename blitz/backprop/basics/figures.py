"""Charts of the lessons. Records in, Plotly figures out."""

from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from blitz.backprop.basics.activations import ActivationPoint, Softmax
from blitz.backprop.basics.layers import unit_names
from blitz.backprop.basics.losses import LineLoss, LossPoint, takes_probabilities
from blitz.backprop.basics.neuron import Neuron
from blitz.backprop.basics.weight_check import WeightCheck
from blitz.backprop.notation import number_text

ACCENT, BLUE, GREY = "#c2410c", "#3b82f6", "#8b929c"
REACH = 6.0
"""Charts over a linear part go this far to both sides."""
OUTPUT_REACH = 2.0
"""Charts over an output that is no probability go this far to both sides."""
NUM_PLACES = 601

_MARGIN = {"l": 10, "r": 10, "t": 28, "b": 10}
_LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}


def neuron_figure(neuron: Neuron) -> go.Figure:
    """Linear part above, output below, over the same x; the neuron's x marked in both."""
    x = _places(-REACH, REACH)
    name = neuron.activation.name
    figure = make_subplots(
        rows=2,
        shared_xaxes=True,
        vertical_spacing=0.12,
        subplot_titles=("linear part f(x)", f"out = {name} of f(x)"),
    )
    values = (neuron.linear().value, neuron.output().value)
    for row, (curve, value, colour) in enumerate(
        zip(neuron.curves(x), values, (BLUE, ACCENT), strict=True), start=1
    ):
        figure.add_trace(_curve(x, curve, colour), row=row, col=1)
        figure.add_trace(_point(neuron.x, value, colour), row=row, col=1)
    figure.add_vline(neuron.x, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_xaxes(range=[-REACH, REACH], zeroline=True)
    figure.update_xaxes(title="x", row=2, col=1)
    return figure.update_layout(height=440, margin=_MARGIN, showlegend=False)


def weight_check_figure(check: WeightCheck, names: tuple[str, ...]) -> go.Figure:
    """Products laid end to end, their sum below, and the interval that it should lie in."""
    widths = [*(product.value for product in check.products()), check.bias]
    reached = np.cumsum([0.0, *widths])
    result = check.result().value
    values = [*zip((*names, "bias"), widths, strict=True), ("f(x)", result)]
    rows = list(range(len(values)))
    figure = go.Figure(
        [
            go.Bar(
                x=widths,
                base=reached[:-1],
                y=rows[:-1],
                orientation="h",
                width=0.5,
                marker_color=BLUE,
                hoverinfo="skip",
            ),
            go.Scatter(
                x=[result],
                y=rows[-1:],
                mode="markers",
                marker={"color": ACCENT, "size": 15, "symbol": _MARK[check.is_normal]},
                hoverinfo="x",
            ),
        ]
    )
    figure.add_vrect(
        x0=check.lower,
        x1=check.upper,
        fillcolor=GREY,
        opacity=0.18,
        line_width=0,
        layer="below",
        annotation_text="normal",
        annotation_position="top left",
    )
    for end in (check.lower, check.upper):
        figure.add_vline(end, line={"color": GREY, "width": 1.5, "dash": "dash"})
    ends = [*reached, check.lower, check.upper]
    room = (max(ends) - min(ends)) * 0.06
    figure.update_xaxes(range=[min(ends) - room, max(ends) + room], zeroline=True)
    figure.update_yaxes(
        tickvals=rows,
        ticktext=[f"{name}  {number_text(value, 6)}" for name, value in values],
        range=[len(rows) - 0.4, -0.9],
        showgrid=False,
        zeroline=False,
    )
    return figure.update_layout(height=340, margin=_MARGIN, showlegend=False)


_MARK = {True: "circle", False: "x"}


def activation_figure(point: ActivationPoint) -> go.Figure:
    """The function, its derivative, and the tangent at the point."""
    linear = _places(-REACH, REACH)
    output, slope = point.curves(linear)
    if point.activation.has_corner:  # where the derivative jumps its line is broken
        slope = np.where(linear == 0, np.nan, slope)
    value, steepness = point.output().value, point.slope().value
    figure = go.Figure(
        [
            _curve(linear, output, ACCENT, "function"),
            _curve(linear, slope, BLUE, "derivative", dash="dash"),
            _tangent(point.linear, value, steepness, 1.6),
            _point(point.linear, value, ACCENT),
            _point(point.linear, steepness, BLUE),
        ]
    )
    span = float(max(abs(output[0]), abs(output[-1])))
    low = min(float(output.min()), 0.0)
    figure.update_xaxes(title="linear part l", range=[-REACH, REACH], zeroline=True)
    figure.update_yaxes(range=[low - 0.1 * span, 1.15 * max(span, 1.0)], zeroline=True)
    return figure.update_layout(height=400, margin=_MARGIN, legend=_LEGEND)


def softmax_figure(softmax: Softmax) -> go.Figure:
    """The probabilities as bars."""
    values = [output.value for output in softmax.outputs()]
    names = [f"out{n}" for n in range(1, len(values) + 1)]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=names,
            orientation="h",
            marker_color=ACCENT,
            text=[number_text(value) for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    figure.update_xaxes(range=[0, 1.25], tickvals=[0, 0.25, 0.5, 0.75, 1], title="probability")
    figure.update_yaxes(type="category", autorange="reversed")
    return figure.update_layout(height=90 + 40 * len(values), margin=_MARGIN)


def loss_figure(point: LossPoint) -> go.Figure:
    """The error over the output for this target, and the slope as a tangent."""
    is_probability = takes_probabilities(point.loss)
    low, high = (0.0, 1.0) if is_probability else (-OUTPUT_REACH, OUTPUT_REACH)
    outputs = _places(low, high)[1:-1]  # ln 0 has no value
    errors = point.curve(outputs)
    error, slope = point.error().value, point.slope().value
    figure = go.Figure(
        [
            _curve(outputs, errors, ACCENT, "error E"),
            _tangent(point.output, error, slope, (high - low) / 6),
            _point(point.output, error, ACCENT),
        ]
    )
    top = min(float(errors.max()), max(5.0, 1.2 * error)) if is_probability else errors.max()
    figure.add_vline(
        point.target,
        line={"color": GREY, "width": 1.5, "dash": "dash"},
        annotation_text="target t",
        annotation_position="top right" if point.target < (low + high) / 2 else "top left",
    )
    figure.update_xaxes(title="output", range=[low, high], zeroline=True)
    figure.update_yaxes(range=[-0.08 * top, 1.1 * top], zeroline=True)
    return figure.update_layout(height=400, margin=_MARGIN, legend=_LEGEND)


def line_loss_figure(line: LineLoss) -> go.Figure:
    """Points, the line, and the vertical distances that the loss adds up."""
    x, y = (np.array(column) for column in zip(*line.points, strict=True))
    room = max(0.1 * float(np.ptp(x)), 0.5)
    ends = np.array([x.min() - room, x.max() + room])
    distances = _segments(x, y, x, line.weight * x + line.bias)
    figure = go.Figure(
        [
            _curve(ends, line.weight * ends + line.bias, ACCENT, "w·x + b"),
            go.Scatter(
                x=distances[0],
                y=distances[1],
                mode="lines",
                line={"color": GREY, "width": 2, "dash": "dot"},
                name="distances",
                hoverinfo="skip",
            ),
            go.Scatter(
                x=x,
                y=y,
                mode="markers",
                marker={"color": BLUE, "size": 10},
                name="points",
                text=[number_text(term.value) for term in line.terms()],
                hovertemplate="x %{x}, y %{y}<br>distance %{text}<extra></extra>",
            ),
        ]
    )
    figure.update_xaxes(title="x", zeroline=True)
    figure.update_yaxes(title="y", zeroline=True)
    return figure.update_layout(height=400, margin=_MARGIN, legend=_LEGEND)


def layers_figure(sizes: tuple[int, ...]) -> go.Figure:
    """Units in columns, inputs on the left, a line for each weight."""
    columns = unit_names(sizes)
    heights = [np.arange(size) - (size - 1) / 2 for size in sizes]
    figure = go.Figure()
    for place, (before, after) in enumerate(pairwise(heights)):
        from_y, to_y = (grid.ravel() for grid in np.meshgrid(before, after))
        lines = _segments(np.full_like(from_y, place), from_y, np.full_like(to_y, place + 1), to_y)
        line = {"color": GREY, "width": 1}
        figure.add_trace(
            go.Scatter(x=lines[0], y=lines[1], mode="lines", line=line, hoverinfo="skip")
        )
    for place, (names, of_units) in enumerate(zip(columns, heights, strict=True)):
        kind = "input" if place == 0 else f"{sizes[place - 1]} weights, 1 bias"
        figure.add_trace(
            go.Scatter(
                x=np.full(len(names), place),
                y=of_units,
                mode="markers+text",
                marker={"color": _column_colour(place, len(sizes)), "size": 30},
                text=names,
                textfont={"color": "#ffffff", "size": 12},
                hovertemplate=f"%{{text}}: {kind}<extra></extra>",
            )
        )
    figure.update_xaxes(
        range=[-0.4, len(sizes) - 0.6],
        tickvals=list(range(len(sizes))),
        ticktext=["input", *["hidden"] * (len(sizes) - 2), "output"],
        showgrid=False,
        zeroline=False,
    )
    tallest = max(sizes) / 2
    figure.update_yaxes(range=[tallest + 0.1, -tallest - 0.1], visible=False)
    height = 110 + 44 * max(sizes)
    return figure.update_layout(height=height, margin=_MARGIN, showlegend=False)


def _column_colour(place: int, num_columns: int) -> str:
    """Inputs blue, hidden units grey, outputs in the accent."""
    if place == 0:
        return "#2563eb"
    return ACCENT if place == num_columns - 1 else "#5b6470"


def _places(low: float, high: float) -> NDArray[np.float64]:
    return np.linspace(low, high, NUM_PLACES)


def _curve(x: Any, y: Any, colour: str, name: str = "", dash: str = "solid") -> go.Scatter:
    line = {"color": colour, "width": 2.5, "dash": dash}
    return go.Scatter(x=x, y=y, mode="lines", line=line, name=name, hoverinfo="x+y")


def _point(x: float, y: float, colour: str) -> go.Scatter:
    marker = {"color": colour, "size": 12, "line": {"color": "#ffffff", "width": 2}}
    return go.Scatter(x=[x], y=[y], mode="markers", marker=marker, showlegend=False)


def _tangent(x: float, y: float, slope: float, half_width: float) -> go.Scatter:
    """A piece of the tangent through (x, y)."""
    ends = np.array([-half_width, half_width])
    line = {"color": GREY, "width": 2}
    return go.Scatter(
        x=x + ends, y=y + slope * ends, mode="lines", line=line, name="tangent", hoverinfo="skip"
    )


def _segments(
    from_x: Any, from_y: Any, to_x: Any, to_y: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Separate lines as one trace, with a gap after each."""
    gap = np.full(len(from_x), np.nan)
    x, y = np.stack([from_x, to_x, gap], axis=1), np.stack([from_y, to_y, gap], axis=1)
    return x.ravel(), y.ravel()
