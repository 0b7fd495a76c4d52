"""Charts of how runs differ. Records in, Plotly figures out.

Blue is where the second of two runs is better, orange where it is worse; what is alike shows the
page's own background.
"""

import html
import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from blitz.look import AFTER, BEFORE, CLEAR, CLEAR_STOPS, shortened
from blitz.training.figures import confusion_figure

FRAME = (("#111111", 6), ("#ffffff", 2))
"""Colours and widths of a frame, white within black: it shows on any colour."""
MOST_COUNTS = 20
"""Classes up to which a number fits into a cell."""
MOST_TICKS = 40
"""Names along an axis that can be read, one below the other."""
NAME = 14
"""Signs of a name along an axis; all of it is told where the mouse is."""
LETTER_WIDTH = 7
"""In pixels, roughly."""
CELL = 26
"""Height of a cell in pixels."""
FEWEST_BINS, MOST_BINS = 10, 60


def confusion_difference_figure(
    classes: Sequence[str],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    *,
    chosen: tuple[int, int] | None = None,
    width: int = 440,
) -> go.Figure:
    """The second confusion matrix less the first, truth downwards and prediction to the right.

    first, second int64 [truth, prediction], of the same images. Numbers are of images; colour is
    what the second made better or worse, as a fraction of a class's images: more on the diagonal
    and less beside it is better. chosen: truth and prediction of the cell to be framed. width: of
    the place where it is shown, in pixels.
    """
    names = _literal(classes)
    difference = second - first
    fraction = difference / np.maximum(first.sum(axis=1, keepdims=True), 1)
    better = np.where(np.eye(len(classes), dtype=bool), fraction, -fraction)
    told = [
        [
            f"{names[truth]} taken for {names[prediction]}: "
            f"{first[truth, prediction]:,} and {second[truth, prediction]:,}"
            for prediction in range(len(classes))
        ]
        for truth in range(len(classes))
    ]
    figure = go.Figure(_heat_map(better, told))
    if len(classes) <= MOST_COUNTS:
        figure.add_trace(_numbers(difference, "+,"))
    _frame(figure, chosen)
    _lay_out(figure, columns=classes, rows=classes, titles=("prediction", "truth"), width=width)
    return figure


def framed_confusion_figure(
    classes: Sequence[str],
    confusion: NDArray[np.int64],
    *,
    chosen: tuple[int, int] | None = None,
    width: int = 440,
) -> go.Figure:
    """One run's matrix, to stand beside the difference: a click changes nothing but the frame."""
    figure = confusion_figure(classes, confusion)
    figure.update_traces(textfont_size=11, selector={"type": "heatmap"})
    _frame(figure, chosen)
    _lay_out(figure, columns=classes, rows=classes, titles=("prediction", "truth"), width=width)
    figure.update_layout(clickmode="event")
    return figure


def class_difference_figure(
    classes: Sequence[str],
    names: Sequence[str],
    difference: NDArray[np.float64],
    *,
    width: int = 440,
) -> go.Figure:
    """How much more of each class (row) each run (column) classifies correctly than another run.

    difference float64 [classes, runs], from −1 to 1, NaN for a class without images. width: of the
    place where it is shown, in pixels.
    """
    columns, rows = _literal(names), _literal(classes)
    points = 100 * difference
    told = [
        [f"{rows[y]}, {columns[x]}: {points[y, x]:+.2f} points" for x in range(len(columns))]
        for y in range(len(rows))
    ]
    figure = go.Figure(_heat_map(difference, told))
    if len(names) <= MOST_COUNTS:
        figure.add_trace(_numbers(points, "+.1f"))
    _lay_out(figure, columns=names, rows=classes, titles=("", ""), width=width)
    return figure


def weights_figure(first: NDArray[np.float32], second: NDArray[np.float32]) -> go.Figure:
    """How the values of two runs' tensors, called A and B, spread over the same bins."""
    # In float64 also the nearest and the furthest of float32 numbers have bins between them.
    finite = [each[np.isfinite(each)].ravel().astype(np.float64) for each in (first, second)]
    num_bins = min(MOST_BINS, max(FEWEST_BINS, math.isqrt(first.size)))
    edges = np.histogram_bin_edges(np.concatenate(finite), num_bins)
    middles = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure()
    for name, values, colour, dash in zip(
        "AB", finite, (BEFORE, AFTER), ("solid", "dash"), strict=True
    ):
        counts, _ = np.histogram(values, edges)
        figure.add_scatter(
            x=middles, y=counts, name=name, mode="lines",
            line={"shape": "hvh", "color": colour, "dash": dash, "width": 2},
            hovertemplate="around %{x:.3g}<br>%{y:,} weights<extra>" + name + "</extra>",
        )  # fmt: skip
    figure.update_layout(
        CLEAR, height=240, xaxis={"title": "value"},
        yaxis={"title": "weights", "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.15, "x": 0},
    )  # fmt: skip
    return figure


def _heat_map(values: NDArray[np.float64], told: list[list[str]]) -> go.Heatmap:
    """values [rows, columns] in colour, better above 0; told: what hovering says."""
    most = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    return go.Heatmap(
        z=values.astype(np.float32),
        zmin=-most,
        zmax=most,
        colorscale=[list(stop) for stop in CLEAR_STOPS],
        hovertext=told,
        hovertemplate="%{hovertext}<extra></extra>",
        xgap=1,
        ygap=1,
        showscale=False,
    )


def _numbers(numbers: NDArray[np.int64] | NDArray[np.float64], form: str) -> go.Scatter:
    """A number in each cell; what is 0 or unknown stays empty.

    In the colour of the page's text, which a heat map's own texts do not take.
    """
    rows, columns = np.nonzero(np.nan_to_num(numbers))
    return go.Scatter(
        x=columns,
        y=rows,
        mode="text",
        text=[f"{number:{form}}" for number in numbers[rows, columns].tolist()],
        textfont={"size": 11},
        hoverinfo="skip",
        showlegend=False,
    )


def _frame(figure: go.Figure, cell: tuple[int, int] | None) -> None:
    if cell is None:
        return
    truth, prediction = cell
    for colour, width in FRAME:
        figure.add_shape(
            type="rect",
            x0=prediction - 0.46,
            x1=prediction + 0.46,
            y0=truth - 0.46,
            y1=truth + 0.46,
            line={"color": colour, "width": width},
        )


def _lay_out(
    figure: go.Figure,
    *,
    columns: Sequence[str],
    rows: Sequence[str],
    titles: tuple[str, str],
    width: int,
) -> None:
    """Axes of names, and a frame: cells without a colour are part of the matrix, too."""
    short = [shortened(name, NAME) for name in columns]
    longest = LETTER_WIDTH * max(map(len, short), default=0)
    is_turned = longest * len(short) > width - 80
    figure.update_layout(
        CLEAR,
        height=max(240, 60 + (longest * 3 // 4 if is_turned else 20) + CELL * len(rows)),
        dragmode=False,
        xaxis=_axis(columns, titles[0]) | {"tickangle": -45 if is_turned else 0},
        yaxis=_axis(rows, titles[1]) | {"autorange": None, "range": [len(rows) - 0.5, -0.5]},
    )


def _axis(names: Sequence[str], title: str) -> dict[str, object]:
    step = -(-len(names) // MOST_TICKS)
    return {
        "title": title,
        "tickvals": list(range(0, len(names), step)),
        "ticktext": _literal([shortened(name, NAME) for name in names[::step]]),
        # A name that is turned reaches beyond the axis; it is not left out for that.
        "ticklabeloverflow": "allow",
        "range": [-0.5, len(names) - 0.5],
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        "showline": True,
        "mirror": True,
    }


def _literal(names: Sequence[str]) -> list[str]:
    """Names as they are: Plotly takes <b> and its like in a text for markup."""
    return [html.escape(name, quote=False) for name in names]
