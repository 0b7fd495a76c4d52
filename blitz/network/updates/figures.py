"""Update rules side by side. Records in, Plotly figures out."""

import numpy as np
import plotly.graph_objects as go
import torch

from blitz.look import CLEAR, COLOURS, DASHES, LEGEND_BELOW, SYMBOLS
from blitz.network.updates.comparison import UpdateComparison

HEIGHT = 340
MOST_POINTS = 400


def path_figure(comparison: UpdateComparison) -> go.Figure:
    """How far the chosen weight is from where it began, after each update under each rule.

    On a logarithmic axis: the rules' steps differ by powers of ten. No distance is a gap.
    """
    figure = go.Figure()
    for result, colour, dash, symbol in zip(
        comparison.results, COLOURS, DASHES, SYMBOLS, strict=True
    ):
        first = result.element[0].numbers["w"]
        values = np.array([step.numbers["new"] for step in result.element])
        distances = np.abs(values - first)
        figure.add_scatter(
            x=np.arange(1, len(values) + 1), y=np.where(distances > 0, distances, np.nan),
            customdata=values, name=result.rule.title, mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2},
            marker={"symbol": symbol, "size": 8, "color": colour},
            hovertemplate="after update %{x}<br>w = %{customdata:.9g}<br>moved by %{y:.4g}",
        )  # fmt: skip
    _lay_out(figure)
    figure.update_xaxes(title="updates with the same gradient", dtick=1)
    figure.update_yaxes(title="|w − first w|", type="log", exponentformat="power", dtick=1)
    return figure


def sizes_figure(comparison: UpdateComparison) -> go.Figure:
    """Each element's first update over its gradient, both as magnitudes on logarithmic axes.

    Elements whose gradient is 0 have no place on it. Of many elements a few hundred are shown,
    evenly spread over the magnitudes.
    """
    gradients = comparison.gradient.reshape(-1).abs()
    order = gradients.argsort()
    order = order[gradients[order] > 0]
    places = torch.linspace(0, len(order) - 1, min(MOST_POINTS, len(order))).round().long()
    chosen = order[places] if len(order) else order
    x = gradients[chosen].numpy()
    figure = go.Figure()
    # "By hand" would lie on SGD's points.
    for result, colour, symbol in list(
        zip(comparison.results, COLOURS, SYMBOLS, strict=True)
    )[1:]:  # fmt: skip
        sizes = result.first_update.reshape(-1)[chosen].abs().numpy()
        figure.add_scatter(
            x=x, y=np.where(sizes > 0, sizes, np.nan), name=result.rule.title, mode="markers",
            marker={"symbol": symbol, "size": 6, "color": colour, "opacity": 0.75},
            hovertemplate="|g| = %{x:.3g}<br>|update| = %{y:.3g}",
        )  # fmt: skip
    _lay_out(figure)
    for axis, title in ((figure.update_xaxes, "|gradient|"), (figure.update_yaxes, "|update|")):
        axis(title=title, type="log", exponentformat="power", dtick=1)
    return figure


def _lay_out(figure: go.Figure) -> None:
    figure.update_layout(
        height=HEIGHT,
        **CLEAR,
        legend=LEGEND_BELOW,
    )
