"""Charts of how runs differ. Records in, Plotly figures out."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from blitz.training.figures import confusion_figure

SCALE = ((0.0, "#2166ac"), (0.5, "#b8b8b8"), (1.0, "#d95f02"))
"""Blue below 0, grey at 0, orange above: with any kind of colour blindness these are told apart,
and on a white page as on a dark one."""
FRAME = (("#111111", 6), ("#ffffff", 2))
"""Colours and widths of a frame, white within black: it shows on any colour."""
CLEAR = {"paper_bgcolor": "rgba(0, 0, 0, 0)", "plot_bgcolor": "rgba(0, 0, 0, 0)"}
"""The page's own background shows through."""
MOST_COUNTS = 20
"""Classes up to which a number fits into a cell."""


def confusion_difference_figure(
    classes: Sequence[str],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    *,
    chosen: tuple[int, int] | None = None,
) -> go.Figure:
    """The second confusion matrix less the first, truth downwards and prediction to the right.

    first, second int64 [truth, prediction], of the same images. Colour is the difference as a
    fraction of a class's images. chosen: truth and prediction of the cell to be framed.
    """
    names = _literal(classes)
    difference = second - first
    fraction = difference / np.maximum(first.sum(axis=1, keepdims=True), 1)
    shows_counts = len(classes) <= MOST_COUNTS
    figure = go.Figure(
        _heat_map(
            fraction,
            shown=_signed(difference, "+,") if shows_counts else None,
            told=[
                [
                    f"{names[truth]} taken for {names[prediction]}: "
                    f"{first[truth, prediction]:,} and {second[truth, prediction]:,}"
                    for prediction in range(len(classes))
                ]
                for truth in range(len(classes))
            ],
        )
    )
    _frame(figure, chosen)
    _lay_out(figure, columns=names, rows=names, titles=("prediction", "truth"))
    return figure


def framed_confusion_figure(
    classes: Sequence[str],
    confusion: NDArray[np.int64],
    *,
    chosen: tuple[int, int] | None = None,
) -> go.Figure:
    """One run's matrix, to stand beside the difference: a click changes nothing but the frame."""
    figure = confusion_figure(classes, confusion)
    figure.update_layout(clickmode="event", **CLEAR)
    _frame(figure, chosen)
    return figure


def class_difference_figure(
    classes: Sequence[str], names: Sequence[str], difference: NDArray[np.float64]
) -> go.Figure:
    """How much more of each class (row) each run (column) classifies correctly than another run.

    difference float64 [classes, runs], from −1 to 1, NaN for a class without images.
    """
    columns, rows = _literal(names), _literal(classes)
    points = 100 * difference
    figure = go.Figure(
        _heat_map(
            difference,
            shown=_signed(points, "+.1f") if len(names) <= MOST_COUNTS else None,
            told=[
                [
                    f"{rows[y]}, {columns[x]}: {points[y, x]:+.2f} points"
                    for x in range(len(columns))
                ]
                for y in range(len(rows))
            ],
        )
    )
    _lay_out(figure, columns=columns, rows=rows, titles=("", ""))
    return figure


def _heat_map(
    values: NDArray[np.float64], *, shown: list[list[str]] | None, told: list[list[str]]
) -> go.Heatmap:
    """values [rows, columns] in colour; told: what hovering says, shown: what a cell says."""
    most = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    return go.Heatmap(
        z=values.astype(np.float32),
        zmin=-most,
        zmax=most,
        colorscale=[list(stop) for stop in SCALE],
        text=shown,
        texttemplate="%{text}" if shown is not None else None,
        hovertext=told,
        hovertemplate="%{hovertext}<extra></extra>",
        xgap=1,
        ygap=1,
        showscale=False,
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
    figure: go.Figure, *, columns: list[str], rows: list[str], titles: tuple[str, str]
) -> None:
    figure.update_layout(
        height=max(240, 130 + 30 * len(rows)),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        dragmode=False,
        xaxis=_axis(columns, titles[0]),
        yaxis=_axis(rows, titles[1]) | {"autorange": "reversed"},
        **CLEAR,
    )


def _axis(names: list[str], title: str) -> dict[str, object]:
    return {
        "title": title,
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
    }


def _signed(numbers: NDArray[np.int64] | NDArray[np.float64], form: str) -> list[list[str]]:
    """Numbers as texts; what is 0 or unknown stays empty."""
    return [
        [f"{number:{form}}" if number and number == number else "" for number in row]
        for row in numbers.tolist()
    ]


def _literal(names: Sequence[str]) -> list[str]:
    """Names as they are: Plotly takes <b> and its like in a text for markup."""
    return [html.escape(name, quote=False) for name in names]
