"""Where the parts of a network lie in a picture.

Layers are columns from left to right, the error is the last one. Coordinates are pixels of the
narrowest picture that can be read; a wider one stretches them sideways. y points upwards.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blitz.backprop.network import Network

Array = NDArray[np.float64]

WIDTH = 560.0
HEIGHT = 360.0
MAX_LABELLED_WEIGHTS = 24
"""Of larger networks the weights have no writing on their lines."""

LEFT, RIGHT, TOP, BOTTOM = 34.0, 30.0, 42.0, 46.0
"""From the edge of the picture to the middle of the outermost units."""
ERROR_COLUMN = 0.75
"""The error's distance from the outputs, in columns."""
MAX_UNIT_GAP = 160.0
MAX_RADIUS = 20.0
LABEL_SIZE = (68.0, 18.0)
"""Room for the writing on a weight's line."""
MAX_LARGE_LABELS = 12
"""Of larger networks the writing is the weight's name and value alone."""
LARGE_LABEL_SIZE = (92.0, 32.0)
VALUE_SIZE = (48.0, 30.0)
"""Room for the writing beneath a unit."""
MARK_SIZE = (12.0, 12.0)
"""Room for a click."""
TIMES = np.linspace(0.18, 0.82, 33)
"""How far along its line a weight's mark may lie."""
SWEEPS = 8
HARDLY = 1e3
"""How much a mark is pushed from where it cannot be read."""


class Point(NamedTuple):
    """A place in the picture."""

    x: float
    y: float


class Line(NamedTuple):
    """From one place to another; `names` are the parts that are on it."""

    start: Point
    end: Point
    names: tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Positions:
    """Places by name.

    units: inputs, units and "E". weights: a mark on each one's line, where it can be clicked.
    biases: a mark near the unit, or one for a layer that shares its bias. lines: of weights, both
    of whose names are the weight's; from biases to units; from outputs to "E". radius: of a unit.
    """

    units: dict[str, Point]
    weights: dict[str, Point]
    biases: dict[str, Point]
    lines: tuple[Line, ...]
    radius: float


def positions(network: Network) -> Positions:
    """Places of all parts; the same for all networks of one shape."""
    columns = [network.input_names(), *network.unit_names(), ("E",)]
    columns_x = _columns(len(network.sizes))
    unit_gap, column_gap = _unit_gap(max(network.sizes)), columns_x[1] - columns_x[0]
    radius = min(MAX_RADIUS, 0.26 * unit_gap, 0.16 * column_gap)
    units = {
        name: Point(x, y)
        for x, names in zip(columns_x, columns, strict=True)
        for name, y in zip(names, _column(len(names)), strict=True)
    }
    biases = dict(_biases(network, units, radius))
    weight_lines = _weight_lines(network, units)
    weights: dict[str, Point] = {}
    size = _mark_size(network.num_weights)
    for lines, bias_names in zip(weight_lines, network.bias_names(), strict=True):
        taken = [biases[name] for name in bias_names]
        marks = _marks(lines, taken, radius, size)
        weights.update(zip((line.names[0] for line in lines), marks, strict=True))
    all_lines = (
        *(line for layer in weight_lines for line in layer),
        *_bias_lines(network, units, biases),
        *(Line(units[name], units["E"], (name, "E")) for name in network.unit_names()[-1]),
    )
    return Positions(units=units, weights=weights, biases=biases, lines=all_lines, radius=radius)


def _mark_size(num_weights: int) -> tuple[float, float]:
    if num_weights > MAX_LABELLED_WEIGHTS:
        return MARK_SIZE
    return LABEL_SIZE if num_weights > MAX_LARGE_LABELS else LARGE_LABEL_SIZE


def _unit_gap(num_units: int) -> float:
    return min(MAX_UNIT_GAP, (HEIGHT - TOP - BOTTOM) / max(num_units - 1, 1))


def _columns(num_layers: int) -> list[float]:
    """x of the inputs, of each layer, and of the error."""
    gap = (WIDTH - LEFT - RIGHT) / (num_layers - 1 + ERROR_COLUMN)
    return [*(LEFT + gap * place for place in range(num_layers)), WIDTH - RIGHT]


def _column(num_units: int) -> list[float]:
    """y of a layer's units, the first on top."""
    middle, gap = (HEIGHT - TOP + BOTTOM) / 2, _unit_gap(num_units)
    return [middle + gap * ((num_units - 1) / 2 - unit) for unit in range(num_units)]


def _biases(
    network: Network, units: dict[str, Point], radius: float
) -> Iterator[tuple[str, Point]]:
    before = units[network.input_names()[0]].x
    for layer, names, own in zip(
        network.layers, network.unit_names(), network.bias_names(), strict=True
    ):
        first = units[names[0]]
        if layer.shares_bias:
            yield own[0], Point((before + first.x) / 2, HEIGHT - 18)
        else:
            for name, bias in zip(names, own, strict=True):
                unit = units[name]
                yield bias, Point(unit.x - radius - 4, unit.y + 0.75 * radius + 5)
        before = first.x


def _weight_lines(network: Network, units: dict[str, Point]) -> list[list[Line]]:
    return [
        [
            Line(units[source], units[unit], (weight, weight))
            for unit, weights in zip(names, of_layer, strict=True)
            for source, weight in zip(sources, weights, strict=True)
        ]
        for names, sources, of_layer in zip(
            network.unit_names(), network.source_names(), network.weight_names(), strict=True
        )
    ]


def _bias_lines(
    network: Network, units: dict[str, Point], biases: dict[str, Point]
) -> Iterator[Line]:
    for layer, names, own in zip(
        network.layers, network.unit_names(), network.bias_names(), strict=True
    ):
        for place, name in enumerate(names):
            bias = own[layer.bias_of(place)]
            yield Line(biases[bias], units[name], (bias, name))


# Marks on lines that cross


def _marks(
    lines: Sequence[Line], taken: Sequence[Point], radius: float, size: tuple[float, float]
) -> Iterator[Point]:
    """A place on each line, away from those on the other lines and from places already taken."""
    left = lines[0].start.x  # layers of one shape look alike wherever they are
    ends = tuple((0.0, line.start.y, round(line.end.x - left, 3), line.end.y) for line in lines)
    places = tuple((round(point.x - left, 3), point.y) for point in taken)
    for time, line in zip(_times(ends, places, radius, size), lines, strict=True):
        x, y = (a + time * (b - a) for a, b in zip(line.start, line.end, strict=True))
        yield Point(x, y)


@lru_cache(maxsize=64)
def _times(
    ends: tuple[tuple[float, ...], ...],
    taken: tuple[tuple[float, float], ...],
    radius: float,
    size: tuple[float, float],
) -> tuple[float, ...]:
    """How far along its line each mark lies.

    Marks repel each other, and lines that cross theirs a little: one after the other moves to where
    it is pushed least. Distances count in the size of a mark.
    """
    starts, stops = np.array(ends)[:, :2], np.array(ends)[:, 2:]  # [num_lines, xy]
    # [num_lines, times, xy]
    ways = starts[:, None] + TIMES[:, None] * (stops - starts)[:, None]
    own = 1e-2 * TIMES + _crossed(ways, starts, stops)
    for unit in (starts, stops):
        away = ways - unit[:, None]
        own += HARDLY * _covered(away, radius, size) ** 2
        own[_length(away) < radius + 7] = np.inf
    own += _push(ways[:, :, None], np.array(taken), size).sum(-1)
    lines = np.arange(len(ends))
    chosen = np.where(lines % 2, len(TIMES) // 4, len(TIMES) // 2)
    for _ in range(SWEEPS):
        before = chosen.copy()
        for line in lines:
            push = _push(ways[line][:, None], ways[lines, chosen], size)  # [times, num_lines]
            push[:, line] = 0.0
            chosen[line] = (own[line] + push.sum(-1)).argmin()
        if (chosen == before).all():
            break
    return tuple(TIMES[chosen].tolist())


def _covered(away: Array, radius: float, size: tuple[float, float]) -> Array:
    """How far a mark reaches over a unit, or over what is written beneath it; 1 in its middle."""
    width, height = size
    x, y = np.abs(away[..., 0]), away[..., 1]
    beneath, above = radius + VALUE_SIZE[1] + height / 2, radius + height / 2
    reach = max(radius, VALUE_SIZE[0] / 2) + width / 2
    covered: Array = np.where((-beneath < y) & (y < above), np.maximum(1 - x / reach, 0), 0)
    return covered


def _push(points: Array, others: Array, size: tuple[float, float]) -> Array:
    """Falls off so fast that only the nearest ones count."""
    squares: Array = (((points - others) / size) ** 2).sum(-1)
    return 1 / (squares * squares * squares + 1e-9)


def _length(vectors: Array) -> Array:
    lengths: Array = np.hypot(vectors[..., 0], vectors[..., 1])
    return lengths


def _crossed(ways: Array, starts: Array, stops: Array) -> Array:
    """How near each place of a line is to the nearest other line, [num_lines, times]."""
    along = (stops - starts) / _length(stops - starts)[:, None]
    offset = ways[:, :, None] - starts  # [num_lines, times, other, xy]
    across = np.abs(offset[..., 0] * along[:, 1] - offset[..., 1] * along[:, 0])
    lines = np.arange(len(starts))
    across[lines, :, lines] = np.inf
    near: Array = 1 / (1 + across.min(-1))
    return near
