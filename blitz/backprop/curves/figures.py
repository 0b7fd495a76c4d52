"""Charts of many updates. Records in, Plotly figures out; text and axes take the page's colours."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from blitz.backprop.curves.paths import Path, most_moved, thin
from blitz.backprop.curves.response import Response
from blitz.backprop.curves.surface import Surface
from blitz.backprop.notation import number_text
from blitz.backprop.passes import Array
from blitz.backprop.training import History

ACCENT = "#c2410c"
BLUE = "#3b82f6"
PAIR = ((ACCENT, "solid"), (BLUE, "dash"))
"""For one curve and another beside it."""
# Okabe and Ito's colours, three of them darker or lighter: told apart by colour-blind people, and
# 3 : 1 against a white and a dark page.
LINE_COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#3b9ad9", "#8a6d00")
MAX_LINES = 2 * len(LINE_COLOURS)
MAX_POINTS = 2_000
MAX_LINE_POINTS = 600
MAX_TARGETS = 400
"""Places of an error curve that can be hovered over and clicked."""
DECADES = 2.0
"""Errors that span more powers of ten are coloured by their logarithm."""
MAX_DECADES = 6
"""All errors farther below the largest have one colour: else a single valley takes all colours."""
LARGEST_TICK = 1e300
HEIGHT = 340


# Over updates


def error_figure(histories: Mapping[str, History], shown: int) -> go.Figure:
    """The error over updates of one history or two, by label; the first one's has a marker.

    shown: after how many updates the marker is. Every point that can be clicked has the number of
    updates as its x. On a logarithmic axis an error of 0 is a gap.
    """
    figure = go.Figure()
    for (label, history), (colour, dash) in zip(histories.items(), PAIR, strict=False):
        figure.add_traces(_error_traces(label, history, colour, dash))
    first = next(iter(histories.values()))
    figure.add_trace(_shown_marker(first, shown))
    last = max(history.num_updates for history in histories.values())
    figure.update_layout(
        _layout(showlegend=len(histories) > 1),
        xaxis=_updates_axis(last),
        yaxis={"title": "E", "exponentformat": "power"} | _error_axis(histories),
        clickmode="event+select",
        dragmode=False,
    )
    return figure


def _error_axis(histories: Mapping[str, History]) -> dict[str, Any]:
    """Logarithmic where there are errors above 0, and no tick where 64-bit numbers have ended."""
    errors = np.concatenate([history.errors for history in histories.values()])
    positive = errors[errors > 0]
    if not positive.size:
        return {"type": "linear"}
    axis: dict[str, Any] = {"type": "log"}
    if positive.max() > LARGEST_TICK:
        lowest = math.log10(positive.min())
        axis |= {"range": [lowest - 10, 309], "tickvals": [10.0**n for n in range(0, 301, 100)]}
    return axis


def _error_traces(label: str, history: History, colour: str, dash: str) -> list[go.Scatter]:
    """The line; places to hover over and click; a cross where the history diverged."""
    kept = thin(history.errors, MAX_POINTS)
    targets = np.unique(np.linspace(0, history.num_updates, MAX_TARGETS).round().astype(np.int64))
    traces = [
        go.Scatter(
            x=kept, y=history.errors[kept], mode="lines", name=label, legendgroup=label,
            line={"color": colour, "dash": dash, "width": 2}, hoverinfo="skip",
        ),
        go.Scatter(
            x=targets, y=history.errors[targets], mode="markers", name=label, legendgroup=label,
            marker={"size": 10, "opacity": 0, "color": colour}, showlegend=False,
            selected={"marker": {"opacity": 0}}, unselected={"marker": {"opacity": 0}},
            hovertemplate="update %{x:,}<br>E = %{y:.9g}",
        ),
    ]  # fmt: skip
    if history.diverged_at is not None:
        traces.append(
            go.Scatter(
                x=[history.num_updates], y=[history.errors[-1]], mode="markers+text",
                marker={"symbol": "x", "size": 11, "color": colour}, text=["diverged"],
                textposition="bottom left", legendgroup=label, showlegend=False, hoverinfo="skip",
            )
        )  # fmt: skip
    return traces


def _shown_marker(history: History, shown: int) -> go.Scatter:
    error = float(history.errors[shown])
    # Beside a falling curve there is room above it to the right and below it to the left.
    to_the_right = shown <= history.num_updates / 2
    above = to_the_right == (error <= history.errors[0])
    place = f"{'top' if above else 'bottom'} {'right' if to_the_right else 'left'}"
    return go.Scatter(
        x=[shown], y=[error], mode="markers+text", showlegend=False, hoverinfo="skip",
        marker={"size": 12, "color": ACCENT, "line": {"width": 2, "color": "white"}},
        text=[f"<b>{shown:,}</b>: E = {number_text(error, 4)}"], textposition=place,
        cliponaxis=False,
    )  # fmt: skip


def parameters_figure(names: Sequence[str], path: Path, shown: int) -> go.Figure:
    """The parameters over updates, those that moved most where there are more than twelve.

    names: of all parameters of the path. A vertical line is at the update shown.
    """
    places = sorted(most_moved(path, range(len(names)), MAX_LINES))
    figure = go.Figure()
    for number, place in enumerate(places):
        values = path.values[:, place]
        kept = thin(values, MAX_LINE_POINTS)
        second_round, colour = divmod(number, len(LINE_COLOURS))
        figure.add_trace(
            go.Scatter(
                x=path.updates[kept], y=values[kept], name=names[place], mode="lines",
                line={
                    "color": LINE_COLOURS[colour],
                    "dash": "dash" if second_round else "solid",
                    "width": 2,
                },
                hovertemplate=f"{names[place]} = %{{y:.9g}}<br>update %{{x:,}}<extra></extra>",
            )
        )  # fmt: skip
    figure.add_vline(x=shown, line={"color": ACCENT, "width": 1.5, "dash": "dot"})
    figure.update_layout(
        _layout(showlegend=True),
        xaxis=_updates_axis(int(path.updates[-1])),
        yaxis={"title": "value", "exponentformat": "power", "zeroline": True},
        dragmode=False,
    )
    return figure


# The surface


def surface_figure(surface: Surface) -> go.Figure:
    """The error over two parameters in colours, with the path taken and the present point."""
    x_name, y_name = surface.x_name, surface.y_name
    place = f"{x_name} = %{{x:.6g}}<br>{y_name} = %{{y:.6g}}"
    colours, bar = _colours(surface.errors)
    x, y, error = surface.present
    path = surface.path[_corners(surface.path)]
    figure = go.Figure(
        [
            go.Contour(
                x=surface.x, y=surface.y, z=colours, colorscale="Cividis", ncontours=24,
                contours={"coloring": "heatmap"}, connectgaps=False,
                line={"width": 0.6, "color": "rgba(255, 255, 255, 0.45)"}, colorbar=bar,
                customdata=surface.errors,
                hovertemplate=f"{place}<br>E = %{{customdata:.6g}}<extra></extra>",
            ),
            _way(path, "black", 4.5),
            _way(path, "white", 2),
            go.Scatter(
                x=path[:1, 0], y=path[:1, 1], mode="markers", hoverinfo="skip",
                marker={"symbol": "square", "size": 9, "color": "white",
                        "line": {"width": 1.5, "color": "black"}},
            ),
            go.Scatter(
                x=[x], y=[y], mode="markers",
                marker={"size": 14, "color": ACCENT, "line": {"width": 2, "color": "white"}},
                hovertemplate=f"{place}<br>E = {number_text(error, 6)}<extra></extra>",
            ),
        ]
    )  # fmt: skip
    figure.update_layout(
        _layout(showlegend=False),
        height=460,
        xaxis={"title": x_name, "range": _ends(surface.x), "showgrid": False, "zeroline": False},
        yaxis={"title": y_name, "range": _ends(surface.y), "showgrid": False, "zeroline": False},
        dragmode=False,
    )
    return figure


def _way(path: Array, colour: str, width: float) -> go.Scatter:
    return go.Scatter(
        x=path[:, 0], y=path[:, 1], mode="lines", hoverinfo="skip",
        line={"color": colour, "width": width},
    )  # fmt: skip


def _corners(path: Array) -> Array:
    """Points of a path to draw: its turns along either axis, and both ends."""
    places = [thin(path[:, column], MAX_LINE_POINTS) for column in range(2)]
    found: Array = np.unique(np.concatenate(places))
    return found


def _colours(errors: Array) -> tuple[Array, dict[str, Any]]:
    """What is drawn for each error, and the colour bar: a logarithm where errors span decades."""
    positive = errors[errors > 0]
    if not positive.size:
        return errors, {"title": "E"}
    low, high = np.log10(positive.min()), np.log10(positive.max())
    if high - low <= DECADES:
        return errors, {"title": "E", "exponentformat": "power"}
    is_cut = low < math.floor(high) - MAX_DECADES or bool((errors == 0).any())
    low = max(math.ceil(low), math.floor(high) - MAX_DECADES) if is_cut else low
    logarithms = np.log10(np.maximum(errors, 10**low))
    powers = range(math.ceil(low), math.floor(high) + 1)
    labels = [f"10<sup>{power}</sup>".replace("-", "−") for power in powers]
    labels[0] = f"≤ {labels[0]}" if is_cut else labels[0]
    return logarithms, {"title": "E", "tickvals": list(powers), "ticktext": labels}


def _ends(values: Array) -> list[float]:
    return [float(values[0]), float(values[-1])]


# Gradients


def response_figure(found: Response, name: str) -> go.Figure:
    """An output over one input as a curve, over two in colours, with samples and targets."""
    one_input = len(found.axes) == 1
    figure = go.Figure(_curve(found, name) if one_input else _map(found, name))
    figure.update_layout(
        _layout(showlegend=False),
        xaxis={"title": "i1", "zeroline": False},
        yaxis={"title": name if one_input else "i2", "zeroline": False},
        dragmode=False,
    )
    return figure


def _curve(found: Response, name: str) -> list[go.Scatter]:
    hover = f"i1 = %{{x:.4g}}<br>{name} = %{{y:.6g}}<extra></extra>"
    target = "i1 = %{x:.4g}<br>target %{y:.6g}<extra></extra>"
    return [
        go.Scatter(x=found.axes[0], y=found.values, line={"color": ACCENT}, hovertemplate=hover),
        go.Scatter(
            x=found.inputs[:, 0], y=found.targets, mode="markers", hovertemplate=target,
            marker={"size": 10, "color": BLUE, "line": {"width": 1.5, "color": "white"}},
        ),
    ]  # fmt: skip


def _map(found: Response, name: str) -> list[go.Contour | go.Scatter]:
    """Samples have the colour that the map would have if it were right."""
    place = "i1 = %{x:.4g}<br>i2 = %{y:.4g}"
    shown = np.concatenate([found.values.ravel(), found.targets])
    low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
    return [
        go.Contour(
            x=found.axes[0], y=found.axes[1], z=found.values, zmin=low, zmax=high,
            colorscale="Cividis", ncontours=24, contours={"coloring": "heatmap"},
            line={"width": 0.6, "color": "rgba(255, 255, 255, 0.45)"}, colorbar={"title": name},
            hovertemplate=f"{place}<br>{name} = %{{z:.6g}}<extra></extra>",
        ),
        go.Scatter(
            x=found.inputs[:, 0], y=found.inputs[:, 1], mode="markers", customdata=found.targets,
            marker={"size": 13, "color": found.targets, "cmin": low, "cmax": high,
                    "colorscale": "Cividis", "line": {"width": 2, "color": "white"}},
            hovertemplate=f"{place}<br>target %{{customdata:.6g}}<extra></extra>",
        ),
    ]  # fmt: skip


def gradients_figure(sizes: Mapping[str, Array]) -> go.Figure:
    """The mean |∂E/∂w| of each layer as bars, of one network or two, by label.

    The axis is logarithmic; a size of 0, which has no place on it, is written as 0 at its foot.
    """
    together = np.concatenate(list(sizes.values()))
    positive = together[(together > 0) & np.isfinite(together)]
    low, high = (positive.min(), positive.max()) if positive.size else (0.1, 1.0)
    foot, top = math.log10(low) - 0.5, math.log10(high) + 0.5
    figure = go.Figure()
    for (label, values), (colour, _) in zip(sizes.items(), PAIR, strict=False):
        figure.add_trace(
            go.Bar(
                x=[f"{number}" for number in range(1, len(values) + 1)],
                y=[value if value > 0 else 10**foot for value in values.tolist()],
                name=label, marker_color=colour, textposition="outside", cliponaxis=False,
                constraintext="none", textangle=0, textfont_size=11,
                text=[number_text(value, 2) for value in values.tolist()],
                hovertemplate="layer %{x}: %{text}",
            )
        )  # fmt: skip
    figure.update_layout(
        _layout(showlegend=len(sizes) > 1),
        barmode="group",
        xaxis={"title": "layer", "type": "category"},
        yaxis={
            "title": "mean |∂E/∂w|", "type": "log", "range": [foot, top], "dtick": 1,
            "exponentformat": "power",
        },
        dragmode=False,
    )  # fmt: skip
    return figure


def _updates_axis(last: int) -> dict[str, Any]:
    room = 0.02 * max(last, 1)
    return {"title": "update", "range": [-room, last + room], "separatethousands": True,
            "zeroline": False}  # fmt: skip


def _layout(*, showlegend: bool) -> dict[str, Any]:
    return {
        "height": HEIGHT,
        "margin": {"l": 10, "r": 10, "t": 30, "b": 10},
        "showlegend": showlegend,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None},
        "hovermode": "closest",
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
    }
