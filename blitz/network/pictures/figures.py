"""Plotly figures of activations, weights and probabilities. Records in, figures out."""

import html
import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from blitz.look import AFTER, BEFORE, CLEAR, MARK, STOPS
from blitz.network.layers import Window
from blitz.network.pictures.mosaic import Mosaic, Tile
from blitz.network.pictures.plain_figure import PlainFigure

Box = tuple[float, float, float, float]

CELL_LIMIT = 26
"""Largest side of a cell in pixels: a 5×5 kernel need not fill the page."""
PICTURE_WIDTH, LETTER_WIDTH = 400, 6
"""In pixels, roughly: whether a label has room over its tile."""
MOST_CROSSES = 2_000


def plotly_figure(figure: PlainFigure) -> go.Figure:
    """The same as an object of Plotly's, checked and with Plotly's own template."""
    return go.Figure(figure.data, figure.layout)


def mosaic_figure(
    mosaic: Mosaic,
    *,
    limit: float | None = None,
    marks: Sequence[Box] = (),
    width: int = 440,
    names: Sequence[str] = ("channel", "row", "column"),
) -> PlainFigure:
    """The tiles in one heat map, whose cells can be clicked.

    limit: the magnitude that gets the strongest colour; without one each tile has its own. marks:
    outlines. width: of the place where it is shown, in pixels. names: of an element's indices.
    """
    rows, columns = mosaic.shape
    colour, data = _cells(mosaic, limit, len(names))
    traces: list[dict[str, object]] = [
        {
            "type": "heatmap", "z": colour, "customdata": data,
            "zmin": -(limit or 1.0), "zmax": limit or 1.0, "colorscale": STOPS,
            "hoverongaps": False, "hovertemplate": _hover(names, limit is not None),
            "showscale": limit is not None, "colorbar": _colour_bar(limit or 1.0),
        }
    ]  # fmt: skip
    lost = np.argwhere(_lost_cells(mosaic))[:MOST_CROSSES]
    if len(lost):
        traces.append(
            {
                "type": "scatter", "x": lost[:, 1], "y": lost[:, 0], "mode": "markers",
                "marker": {
                    "symbol": "x-thin", "size": 7, "line": {"width": 1.5, "color": "#d62728"},
                },
                "hovertemplate": "NaN<extra></extra>", "showlegend": False,
            }
        )  # fmt: skip
    side = min(CELL_LIMIT, (width - (70 if limit is not None else 16)) / columns)
    return PlainFigure(
        data=traces,
        layout={
            **_layout(math.ceil(rows * side) + 16),
            "annotations": _labels(mosaic),
            "shapes": [line for box in marks for line in _outline(box)],
            "xaxis": {"visible": False, "range": [-0.5, columns - 0.5], "constrain": "domain"},
            "yaxis": {
                "visible": False, "range": [rows - 0.5, -0.5], "scaleanchor": "x",
                "constrain": "domain",
            },
        },
    )  # fmt: skip


def bars_figure(
    values: np.ndarray,
    *,
    names: Sequence[str] | None = None,
    mark: int | None = None,
    axis: str = "unit",
    height: int = 240,
) -> PlainFigure:
    """A vector as bars: orange above 0, blue below, one of them outlined."""
    finite = np.where(np.isfinite(values), values, 0.0).astype(np.float32)
    # Plotly takes <b> and its like in a text for markup.
    labels = [html.escape(name, quote=False) for name in names] if names is not None else None
    bars = {
        "type": "bar", "x": np.arange(len(values)), "y": finite,
        "marker": {
            "color": np.where(finite >= 0, AFTER, BEFORE).tolist(),
            "line": {
                "width": [3 if i == mark else 0 for i in range(len(values))], "color": MARK,
            },
        },
        "customdata": labels or [str(index) for index in range(len(values))],
        "text": ["" if math.isfinite(value) else "NaN" if math.isnan(value) else "∞"
                 for value in values.tolist()],
        "hovertemplate": f"{axis} %{{customdata}}<br>%{{y:.4g}}<extra></extra>",
    }  # fmt: skip
    places: dict[str, object] = {"title": {"text": axis}}
    if labels:
        places = {"tickvals": list(range(len(labels))), "ticktext": labels}
    return PlainFigure(data=[bars], layout={**_layout(height), "bargap": 0.15, "xaxis": places})


def window_figure(window: Window, *, width: int = 460) -> PlainFigure:
    """A window, the kernel on it and their products, number by number, side by side."""
    parts = [("window", window.inputs)]
    if window.weights is not None:
        parts += [("kernel", window.weights), ("product", window.products)]
    rows, columns = window.inputs.shape
    traces: list[dict[str, object]] = []
    texts: list[dict[str, object]] = []
    for place, (name, values) in enumerate(parts):
        left = place * (columns + 1)
        limit = float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0
        traces.append({
            "type": "heatmap", "z": values / limit, "zmin": -1, "zmax": 1,
            "x": np.arange(left, left + columns), "y": np.arange(rows),
            "colorscale": STOPS, "showscale": False, "xgap": 1, "ygap": 1, "customdata": values,
            "hovertemplate": f"{name}<br>%{{customdata:.6g}}<extra></extra>",
            "text": [[f"{value:.2f}" for value in row] for row in values.tolist()],
            "texttemplate": "%{text}", "textfont": {"size": 11 if columns <= 5 else 9},
        })  # fmt: skip
        middle = left + (columns - 1) / 2
        texts.append({"x": middle, "y": -0.6, "yanchor": "bottom", "text": name})
    for place, sign in enumerate(("×", "=")[: len(parts) - 1], start=1):
        between = place * (columns + 1) - 1
        texts.append({"x": between, "y": (rows - 1) / 2, "text": sign, "font": {"size": 16}})
    outline: list[dict[str, object]] = []
    if window.winner is not None:
        row, column = window.winner
        outline = _outline((column - 0.5, row - 0.5, column + 0.5, row + 0.5))
    across = len(parts) * (columns + 1) - 1
    side = min(42, width / across)
    return PlainFigure(
        data=traces,
        layout={
            **_layout(math.ceil(rows * side) + 40),
            "annotations": [{**text, "showarrow": False} for text in texts],
            "shapes": outline,
            "xaxis": {"visible": False, "range": [-0.5, width / side - 0.5]},
            "yaxis": {"visible": False, "range": [rows - 0.5, -1.3]},
        },
    )


def before_after_figure(before: np.ndarray, after: np.ndarray) -> PlainFigure:
    """How values spread before and after an operation."""
    finite = np.concatenate([each[np.isfinite(each)].ravel() for each in (before, after)])
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    edges = np.linspace(low, high if high > low else low + 1, 61)
    middles = (edges[:-1] + edges[1:]) / 2
    traces = []
    for name, values, colour in (("before", before, BEFORE), ("after", after, AFTER)):
        counts, _ = np.histogram(values[np.isfinite(values)], edges)
        pattern = "" if name == "before" else "/"
        traces.append({
            "type": "bar", "x": middles, "y": counts, "name": name, "opacity": 0.65,
            "marker": {"color": colour, "pattern": {"shape": pattern}},
            "hovertemplate": "around %{x:.3g}<br>%{y:,} values<extra>" + name + "</extra>",
        })  # fmt: skip
    return PlainFigure(
        data=traces,
        layout={
            **_layout(240), "barmode": "overlay", "bargap": 0,
            "legend": {"orientation": "h", "y": 1.12, "x": 0},
            "xaxis": {"title": {"text": "value"}},
            "yaxis": {"title": {"text": "elements"}, "type": "log"},
        },
    )  # fmt: skip


def _cells(mosaic: Mosaic, limit: float | None, num_indices: int) -> tuple[np.ndarray, np.ndarray]:
    """What is coloured, and each cell's indices; with tiles of their own scales its value as well.

    Indices alone fit into two bytes each: half of what is sent.
    """
    rows, columns = mosaic.shape
    colour = np.full((rows, columns), np.nan, dtype=np.float32)
    has_values = limit is None
    kind = np.float32 if has_values else np.int16
    data = np.zeros((rows, columns, num_indices + has_values), dtype=kind)
    for tile in mosaic.tiles:
        area = _area(mosaic, tile)
        finite = np.where(np.isfinite(tile.values), tile.values, 0)
        strongest = limit or float(np.abs(finite).max()) or 1.0
        shown = np.clip(tile.values, -strongest, strongest)
        colour[area] = shown / strongest if has_values else shown
        for position, index in enumerate(tile.leading):
            data[area][..., position] = index
        data[area][..., num_indices - 2] = mosaic.rows[:, None]
        data[area][..., num_indices - 1] = mosaic.columns[None, :]
        if has_values:
            data[area][..., num_indices] = tile.values
    return colour, data


def _lost_cells(mosaic: Mosaic) -> np.ndarray:
    """Where a value is NaN; the gaps between tiles are not."""
    lost = np.zeros(mosaic.shape, dtype=bool)
    for tile in mosaic.tiles:
        lost[_area(mosaic, tile)] = np.isnan(tile.values)
    return lost


def _area(mosaic: Mosaic, tile: Tile) -> tuple[slice, slice]:
    top, left = mosaic.corner(tile)
    return slice(top, top + len(mosaic.rows)), slice(left, left + len(mosaic.columns))


def _hover(names: Sequence[str], is_value_shown: bool) -> str:
    places = [f"{name} %{{customdata[{index}]:.0f}}" for index, name in enumerate(names)]
    value = "%{z:.5g}" if is_value_shown else f"%{{customdata[{len(names)}]:.5g}}"
    return " · ".join(places) + f"<br>{value}<extra></extra>"


def _colour_bar(limit: float) -> dict[str, object]:
    return {
        "thickness": 10,
        "outlinewidth": 0,
        "tickvals": [-limit, 0, limit],
        "ticktext": [f"{-limit:.3g}", "0", f"{limit:.3g}"],
    }


def _labels(mosaic: Mosaic) -> list[dict[str, object]]:
    longest = max(len(tile.label) for tile in mosaic.tiles)
    pitch = PICTURE_WIDTH / (1 + max(tile.place[1] for tile in mosaic.tiles))
    tiles = mosaic.tiles if pitch >= LETTER_WIDTH * longest else ()
    corners = [(tile.label, *mosaic.corner(tile)) for tile in tiles if tile.label]
    return [
        {
            "x": left - 0.5, "y": top - 0.5, "xanchor": "left", "yanchor": "bottom", "text": label,
            "showarrow": False, "font": {"size": 9}, "borderpad": 0,
        }
        for label, top, left in corners
    ]  # fmt: skip


def _outline(box: Box) -> list[dict[str, object]]:
    x0, y0, x1, y1 = box
    # Two lines, so that one of them shows on any colour.
    return [
        {
            "type": "rect", "x0": x0, "y0": y0, "x1": x1, "y1": y1,
            "line": {"width": width, "color": colour},
        }
        for width, colour in ((4, "#ffffff"), (2, MARK))
    ]  # fmt: skip


def _layout(height: int) -> dict[str, object]:
    return {"height": max(height, 90), **CLEAR}
