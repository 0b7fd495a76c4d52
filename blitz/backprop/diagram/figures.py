"""A network as a Plotly figure. Records in, a figure out.

It shows what stays the same through all steps. Colours are for either theme; whoever shows it
finds a trace by its name and lights the way of a step. Units, weights and biases carry their name
as customdata: they are what can be clicked.
"""

from collections.abc import Iterable, Sequence

import plotly.graph_objects as go

from blitz.backprop.diagram.positions import (
    HEIGHT,
    MAX_LABELLED_WEIGHTS,
    MAX_LARGE_LABELS,
    WIDTH,
    Line,
    Point,
    Positions,
    positions,
)
from blitz.backprop.network import Network

POSITIVE, NEGATIVE = "#2a9d8f", "#b5679f"  # told apart with every kind of colour vision
NEUTRAL = "#8a8f98"
LINE_WIDTHS = (0.8, 1.5, 2.6)
"""Of weights up to a third, up to two thirds, and up to the whole of the largest one."""


def network_figure(network: Network) -> go.Figure:
    """Layers as columns, units as circles, weights as lines between them, biases as squares.

    Traces: "positive" and "negative" lines of weights, the thicker the larger; "links" from biases
    and to the error; "lit" and "subject", empty, for lines of a step; "weights", invisible marks on
    the lines, with their names where there is room; "values", places beside units and biases for
    what is known of them; "biases"; "units".
    """
    places = positions(network)
    weights = dict(zip(network.parameter_names(), network.parameters(), strict=True))
    figure = go.Figure(
        [
            *_weight_lines(places.lines[: network.num_weights], weights),
            _lines("links", places.lines[network.num_weights :], NEUTRAL, 1.0),
            _lines("lit", (), NEUTRAL, 2.5),
            _lines("subject", (), NEUTRAL, 4.5),
            _weights(network, places),
            _values(network, places),
            _biases(places),
            _units(places),
        ]
    )
    axis = {"visible": False, "fixedrange": True}
    figure.update_layout(
        template="none",
        height=int(HEIGHT),
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        xaxis={**axis, "range": [0, WIDTH]},
        yaxis={**axis, "range": [0, HEIGHT]},
        showlegend=False,
        dragmode=False,
        hovermode="closest",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure


def _weight_lines(lines: Sequence[Line], weights: dict[str, float]) -> list[go.Scatter]:
    """A trace for each sign and thickness."""
    largest = max(abs(weights[line.names[0]]) for line in lines) or 1.0
    groups: dict[tuple[bool, float], list[Line]] = {
        (is_positive, width): [] for is_positive in (True, False) for width in LINE_WIDTHS
    }
    for line in lines:
        weight = weights[line.names[0]]
        size = min(int(abs(weight) / largest * len(LINE_WIDTHS)), len(LINE_WIDTHS) - 1)
        groups[weight >= 0, LINE_WIDTHS[size]].append(line)
    return [
        _lines("positive", group, POSITIVE, width)
        if is_positive
        else _lines("negative", group, NEGATIVE, width, dash="4px,3px")
        for (is_positive, width), group in groups.items()
        if group
    ]


def _lines(
    name: str, lines: Iterable[Line], color: str, width: float, dash: str = "solid"
) -> go.Scatter:
    drawn = list(lines)
    return go.Scatter(
        name=name,
        mode="lines",
        x=[x for line in drawn for x in (_rounded(line.start.x), _rounded(line.end.x), None)],
        y=[y for line in drawn for y in (_rounded(line.start.y), _rounded(line.end.y), None)],
        line={"color": color, "width": width, "dash": dash},
        hoverinfo="skip",
    )


def _weights(network: Network, places: Positions) -> go.Scatter:
    is_labelled = network.num_weights <= MAX_LABELLED_WEIGHTS
    return _parts(
        "weights",
        places.weights,
        mode="text" if is_labelled else "none",
        text=list(places.weights) if is_labelled else None,
        textfont={"size": 11 if network.num_weights <= MAX_LARGE_LABELS else 10},
    )


def _biases(places: Positions) -> go.Scatter:
    marker = {"size": 8, "symbol": "square", "color": NEUTRAL, "opacity": 1, "line": {"width": 1}}
    return _parts("biases", places.biases, mode="markers", marker=marker)


def _units(places: Positions) -> go.Scatter:
    return _parts(
        "units",
        places.units,
        mode="markers+text",
        text=list(places.units),
        textfont={"size": 13 if places.radius > 15 else 10},
        marker={
            "size": [1.6 * places.radius if name == "E" else 2 * places.radius
                     for name in places.units],
            "color": NEUTRAL,
            "opacity": 1,
            "line": {"width": 1.5, "color": NEUTRAL},
        },
    )  # fmt: skip


def _values(network: Network, places: Positions) -> go.Scatter:
    """Beneath units, and at biases where there is room."""
    size = 12 if places.radius > 15 else 10
    points = {name: Point(x, y - places.radius) for name, (x, y) in places.units.items()}
    sides, sizes = ["bottom center"] * len(points), [size] * len(points)
    if network.num_weights <= MAX_LABELLED_WEIGHTS:
        for layer, names in zip(network.layers, network.bias_names(), strict=True):
            beside = (8, 0) if layer.shares_bias else (0, 5)
            for name in names:
                x, y = places.biases[name]
                points[name] = Point(x + beside[0], y + beside[1])
            sides += ["middle right" if layer.shares_bias else "top center"] * len(names)
            sizes += [min(size, 11)] * len(names)
    values = _parts(
        "values",
        points,
        mode="text",
        text=["\u00a0"] * len(points),  # texts that are empty at first stay undrawn
        textposition=sides,
        textfont={"size": sizes},
    )
    return values.update(hoverinfo="skip")


def _parts(name: str, points: dict[str, Point], **style: object) -> go.Scatter:
    """Parts of the network, each with its name to be clicked."""
    return go.Scatter(
        name=name,
        x=[_rounded(point.x) for point in points.values()],
        y=[_rounded(point.y) for point in points.values()],
        customdata=list(points),
        hoverinfo="none",
        cliponaxis=False,
        **style,
    )


def _rounded(pixels: float) -> float:
    return round(pixels, 1)
