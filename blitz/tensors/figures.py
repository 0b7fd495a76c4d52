"""Charts of one tensor. Records in, Plotly figures out; text and axes take the page's colours."""

import math

import numpy as np
import plotly.graph_objects as go

from blitz.look import STOPS
from blitz.tensors.summaries import Statistics, Values

BAR = "#3b82f6"
ACCENT = "#c2410c"
QUANTILES = ((0.25, "¼"), (0.5, "median"), (0.75, "¾"))
SEQUENTIAL = "Cividis"
HEIGHT = 280
MOST_TICKS = 12


def histogram(statistics: Statistics) -> go.Figure:
    """How the elements spread, with marks at the mean, the median and the quartiles.

    Quantiles are read off the bars: they are right to the width of one.
    """
    low, high = float(statistics.minimum), float(statistics.maximum)
    edges = np.linspace(low, high, len(statistics.counts) + 1)
    width = (high - low) / len(statistics.counts) or 1.0
    middles = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure(
        go.Bar(
            x=middles, y=np.array(statistics.counts), width=width, marker_color=BAR,
            customdata=np.stack([edges[:-1], edges[1:]], axis=1),
            hovertemplate="%{customdata[0]:.4g} to %{customdata[1]:.4g}<br>%{y:,} elements"
            "<extra></extra>",
        )
    )  # fmt: skip
    for share, label in QUANTILES:
        figure.add_vline(
            x=quantile(statistics, share), line={"dash": "dot", "width": 1.5, "color": BAR},
            annotation={"text": label, "yanchor": "bottom"}, annotation_position="top",
        )  # fmt: skip
    figure.add_vline(
        x=statistics.mean, line={"width": 2, "color": ACCENT},
        annotation={"text": "mean", "font": {"color": ACCENT}, "yanchor": "top"},
        annotation_position="bottom right",
    )  # fmt: skip
    figure.update_layout(_layout(), bargap=0.05, showlegend=False)
    figure.update_xaxes(title="value")
    figure.update_yaxes(title="elements", rangemode="tozero")
    return figure


def quantile(statistics: Statistics, share: float) -> float:
    """Where the share of the elements below is this, along straight lines within each bar."""
    total = np.concatenate([[0], np.cumsum(statistics.counts)])
    edges = np.linspace(float(statistics.minimum), float(statistics.maximum), len(total))
    return float(np.interp(share * total[-1], total, edges))


def heat_map(values: Values) -> go.Figure:
    """A tensor of two axes as coloured cells, row 0 at the top; complex ones by magnitude.

    Rows and columns carry the indices that they have in the whole tensor, thinned or not. Numbers
    on both sides of 0 are coloured around it.

    Raises ValueError for any other number of axes.
    """
    if len(values.shape) != 2:
        raise ValueError(f"shape: {list(values.shape)} was given; a heat map has two axes")
    elements = values.elements
    elements = np.abs(elements) if elements.dtype.kind == "c" else elements.astype(np.float64)
    finite = elements[np.isfinite(elements)]
    furthest = float(np.abs(finite).max()) if finite.size else 1.0
    is_signed = bool(finite.size) and finite.min() < 0 < finite.max()
    colours = (
        {"colorscale": STOPS, "zmin": -furthest, "zmax": furthest}
        if is_signed
        else {"colorscale": SEQUENTIAL}
    )
    rows, columns = (np.array(kept, dtype=np.int64) for kept in values.kept)
    figure = go.Figure(
        go.Heatmap(
            z=np.where(np.isfinite(elements), elements, np.nan), xgap=1, ygap=1, **colours,
            customdata=np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1),
            hovertemplate="[%{customdata[0]}, %{customdata[1]}] = %{z:.5g}<extra></extra>",
            colorbar={"thickness": 12, "outlinewidth": 0},
        )
    )  # fmt: skip
    figure.update_layout(_layout())
    figure.update_xaxes(title="column", showgrid=False, **_ticks(columns))
    figure.update_yaxes(title="row", showgrid=False, autorange="reversed", **_ticks(rows))
    for axis, kept in (("x", columns), ("y", rows)):
        for place in np.flatnonzero(np.diff(kept) > 1):
            _mark_gap(figure, axis, float(place) + 0.5)
    return figure


def _ticks(kept: np.ndarray) -> dict[str, object]:
    """Places in the picture that are named by their indices in the tensor."""
    step = max(math.ceil(len(kept) / MOST_TICKS), 1)
    places = np.arange(0, len(kept), step)
    return {"tickvals": places.tolist(), "ticktext": [str(kept[place]) for place in places]}


def _mark_gap(figure: go.Figure, axis: str, place: float) -> None:
    """A dashed line where rows or columns are left out."""
    add = figure.add_vline if axis == "x" else figure.add_hline
    add(**{axis: place}, line={"dash": "dash", "width": 2, "color": ACCENT})


def _layout() -> dict[str, object]:
    return {
        "height": HEIGHT,
        "margin": {"l": 8, "r": 8, "t": 28, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    }
