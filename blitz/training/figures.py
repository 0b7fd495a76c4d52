"""Charts of a finished run. Records in, Plotly figures out."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

ACCENT = "#c2410c"


def class_accuracy_figure(classes: Sequence[str], confusion: NDArray[np.int64]) -> go.Figure:
    """Bars of the fraction classified correctly, the worst class on top.

    confusion int64 [truth, prediction].
    """
    totals = confusion.sum(axis=1)
    correct = confusion.diagonal()
    accuracy = correct / np.maximum(totals, 1)
    names = _literal(classes)
    order = np.argsort(-accuracy, kind="stable").tolist()
    figure = go.Figure(
        go.Bar(
            x=accuracy[order],
            y=[names[i] for i in order],
            orientation="h",
            marker_color=ACCENT,
            text=[f"{accuracy[i]:.1%}" for i in order],
            customdata=np.stack([correct[order], totals[order]], axis=1),
            hovertemplate="%{y}: %{customdata[0]:,} of %{customdata[1]:,} correct<extra></extra>",
        )
    )
    figure.update_layout(
        height=90 + 26 * len(classes),
        margin={"l": 10, "r": 10, "t": 10, "b": 40},
        xaxis={"range": [0, 1.02], "tickformat": ".0%", "title": "accuracy on the test images"},
        yaxis={"type": "category", "automargin": True, "dtick": 1},
    )
    return figure


def confusion_figure(classes: Sequence[str], confusion: NDArray[np.int64]) -> go.Figure:
    """The confusion matrix, truth downwards and prediction to the right; cells can be clicked.

    Colour is the fraction of a class's images, so that classes of different size compare. A
    heatmap takes no clicks, so an invisible marker lies on every cell: x prediction, y truth.
    """
    num_classes = len(classes)
    names = _literal(classes)
    fraction = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    places = list(range(num_classes))
    columns, rows = (grid.ravel().tolist() for grid in np.meshgrid(places, places))
    shows_counts = num_classes <= 20
    figure = go.Figure(
        [
            go.Heatmap(
                z=fraction.astype(np.float32),
                zmin=0,
                zmax=1,
                colorscale="Cividis",
                text=confusion if shows_counts else None,
                texttemplate="%{text:,}" if shows_counts else None,
                hoverinfo="skip",
                xgap=1,
                ygap=1,
                showscale=False,
            ),
            go.Scatter(
                x=columns,
                y=rows,
                mode="markers",
                marker={"symbol": "square", "size": 26, "opacity": 0, "color": ACCENT},
                selected={"marker": {"opacity": 0.6}},
                unselected={"marker": {"opacity": 0}},
                text=[
                    f"{names[row]} taken for {names[column]}: {confusion[row, column]:,}"
                    for row, column in zip(rows, columns, strict=True)
                ],
                hovertemplate="%{text}<extra></extra>",
                showlegend=False,
            ),
        ]
    )
    ticks = {"tickvals": places, "ticktext": names, "automargin": True}
    figure.update_layout(
        height=max(420, 130 + 30 * num_classes),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        clickmode="event+select",
        dragmode=False,
        xaxis={"title": "prediction", "side": "bottom", "showgrid": False, "zeroline": False}
        | ticks,
        yaxis={"title": "truth", "autorange": "reversed", "showgrid": False, "zeroline": False}
        | ticks,
    )
    return figure


def _literal(names: Sequence[str]) -> list[str]:
    """Names as they are: Plotly takes <b> and its like in a text for markup."""
    return [html.escape(name, quote=False) for name in names]
