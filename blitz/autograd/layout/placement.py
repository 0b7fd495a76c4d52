"""Layered drawings of directed graphs: places for vertices, bends for edges.

The method of Sugiyama, Tagawa and Toda (1981) in four steps: layers (`layering`), order within
layers (`ordering`), coordinates across the flow (`coordinates`), and here the coordinates along
it and the bends. Works on plain arrays and knows nothing about autograd or drawing. What is left to
chance has a fixed seed, and nothing recurses: the same graph gives the same bytes, at any depth.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blitz.autograd.layout.coordinates import Slots, assign_coordinates
from blitz.autograd.layout.layering import (
    Ints,
    LayeredGraph,
    assign_layers,
    back_edges,
    distinct_edges,
    insert_dummies,
)
from blitz.autograd.layout.ordering import discovery_order, order_layers

Direction = Literal["right", "down"]  # where the forward pass flows
Floats = NDArray[np.float64]

# A bare line needs less room than a box: the extent of a dummy is 0, its gap this share.
DUMMY_GAP = 0.5
# Pairs of drawn segments compared at a time.
PAIRS_AT_ONCE = 2_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """Where a graph is drawn.

    Edges leave and enter a vertex along the flow and slant only between layers, outside the
    bands that hold boxes; so no edge with bends passes through a box that is not its own.
    """

    x: NDArray[np.float32]  # [n] centres of vertices
    y: NDArray[np.float32]  # [n]
    route_start: NDArray[
        np.int32
    ]  # [m + 1] edge e bends at route[route_start[e]:route_start[e + 1]]
    route: NDArray[np.float32]  # [k, 2] bends between the two ends, from the tail to the head


def place(
    num_vertices: int,
    tail: NDArray[np.integer[Any]],
    head: NDArray[np.integer[Any]],
    *,
    width: NDArray[np.floating[Any]],
    height: NDArray[np.floating[Any]],
    direction: Direction = "right",
    layer_gap: float = 48.0,
    vertex_gap: float = 20.0,
) -> Placement:
    """Place vertices so that edges flow in one direction, cross rarely and bend little.

    `tail` and `head` are [m] vertex numbers, `width` and `height` [n] box sizes; gaps are the
    least distances between boxes of neighbouring layers and within a layer. Repeated edges share
    one line, self-loops get no bends, and the edges that close a cycle run against the flow.
    Raises `ValueError` for arrays that do not fit each other.
    """
    _check(num_vertices, tail, head, width, height)
    along, across = (width, height) if direction == "right" else (height, width)
    graph, tails, heads, turned = _layered(
        num_vertices, tail.astype(np.int64), head.astype(np.int64)
    )
    order = order_layers(graph, discovery_order(graph, *distinct_edges(num_vertices, tails, heads)))
    centre = _centres_across(graph, order, across.astype(np.float64), vertex_gap)
    begin, end = _bands(graph, along.astype(np.float64), layer_gap)
    flow = ((begin + end) / 2)[graph.layer[:num_vertices]]
    route_start, route = _routes(graph, tails, heads, turned, centre, begin, end)
    x, y = flow.astype(np.float32), centre[:num_vertices].astype(np.float32)
    if direction == "down":
        x, y, route = y, x, route[:, ::-1]
    return Placement(
        x=x,
        y=y,
        route_start=route_start.astype(np.int32),
        route=np.ascontiguousarray(route, np.float32),
    )


def _check(
    num_vertices: int,
    tail: NDArray[np.integer[Any]],
    head: NDArray[np.integer[Any]],
    width: NDArray[np.floating[Any]],
    height: NDArray[np.floating[Any]],
) -> None:
    if tail.shape != head.shape or tail.ndim != 1:
        raise ValueError(f"tail and head must be [m]; received {tail.shape} and {head.shape}")
    if width.shape != (num_vertices,) or height.shape != (num_vertices,):
        raise ValueError(
            f"width and height must be [{num_vertices}]; received {width.shape} and {height.shape}"
        )
    for name, ends in (("tail", tail), ("head", head)):
        if len(ends) and (ends.min() < 0 or ends.max() >= num_vertices):
            raise ValueError(
                f"{name} must hold vertex numbers from 0 to {num_vertices - 1}; "
                f"received {ends.min()} to {ends.max()}"
            )


def _layered(
    num_vertices: int, tail: Ints, head: Ints
) -> tuple[LayeredGraph, Ints, Ints, NDArray[np.bool_]]:
    """The layered graph, the edges as they flow in it, and which of them were turned round."""
    turned = np.zeros(len(tail), np.bool_)
    distinct = distinct_edges(num_vertices, tail, head)
    layering = assign_layers(num_vertices, *distinct)
    if layering is None:
        turned = back_edges(num_vertices, tail, head)
        tail, head = np.where(turned, head, tail), np.where(turned, tail, head)
        distinct = distinct_edges(num_vertices, tail, head)
        layering = assign_layers(num_vertices, *distinct)
        assert layering is not None, "turning the back edges of a search leaves no cycle"
    return insert_dummies(num_vertices, layering, *distinct), tail, head, turned


def _centres_across(graph: LayeredGraph, order: Ints, extent: Floats, gap: float) -> Floats:
    """Centres across the flow. [vertices and dummies]"""
    num_dummies = len(graph.layer) - graph.num_vertices
    room = np.concatenate((extent + gap, np.full(num_dummies, gap * DUMMY_GAP)))
    slot = np.empty(len(order), np.int64)
    slot[order] = np.arange(len(order))
    centre = assign_coordinates(
        Slots(
            layer=graph.layer[order],
            tail=slot[graph.tail],
            head=slot[graph.head],
            keep_straight=(graph.tail >= graph.num_vertices) & (graph.head >= graph.num_vertices),
            reach=graph.reach,
            room=room[order],
        )
    )
    return centre[slot]


def _bands(graph: LayeredGraph, extent: Floats, gap: float) -> tuple[Floats, Floats]:
    """Where the band of each layer begins and ends along the flow. Two of [num_layers]"""
    thickness = np.zeros(graph.num_layers)
    np.maximum.at(thickness, graph.layer[: graph.num_vertices], extent)
    end = np.cumsum(thickness + gap) - gap
    return end - thickness, end


def _routes(
    graph: LayeredGraph,
    tail: Ints,
    head: Ints,
    turned: NDArray[np.bool_],
    centre: Floats,
    begin: Floats,
    end: Floats,
) -> tuple[Ints, Floats]:
    """Bends [k, 2] as (along, across), and where those of each edge start [m + 1].

    An edge bends where it leaves a band and where it enters the next, if it slants in between.
    """
    span = graph.layer[head] - graph.layer[tail]
    has_dummies = span - 1 <= graph.row_length[tail]
    num_gaps = np.where(has_dummies, span, 0)
    edge = np.repeat(np.arange(len(tail)), num_gaps)
    first_gap = np.cumsum(num_gaps) - num_gaps
    step = np.arange(len(edge)) - first_gap[edge]
    backwards = turned[edge]
    step = np.where(backwards, span[edge] - 1 - step, step)
    dummy = graph.row_start[tail[edge]] + step
    upper = np.where(step == 0, tail[edge], dummy - 1)
    lower = np.where(step == span[edge] - 1, head[edge], dummy)
    layer = graph.layer[tail[edge]] + step
    leave = np.stack((end[layer], centre[upper]), axis=1)  # [gaps, 2]
    enter = np.stack((begin[layer + 1], centre[lower]), axis=1)
    bends = np.stack((leave, enter), axis=1)  # [gaps, 2 bends, 2]
    bends[backwards] = bends[backwards][:, ::-1]
    slants = leave[:, 1] != enter[:, 1]
    counts = 2 * np.bincount(edge[slants], minlength=len(tail))
    return np.concatenate(([0], np.cumsum(counts))), bends[slants].reshape(-1, 2)


def count_crossings(
    placement: Placement, tail: NDArray[np.integer[Any]], head: NDArray[np.integer[Any]]
) -> int:
    """How often the lines of two different edges cross, drawn from centre to bends to centre.

    Counts pairs of straight pieces that properly cross: pieces that only touch, share an end or
    lie on each other do not count.
    """
    points, edge = _pieces(placement, tail, head)
    low, high = points.min(axis=1), points.max(axis=1)  # [pieces, 2]
    by_x = np.argsort(low[:, 0], kind="stable")
    points, edge, low, high = points[by_x], edge[by_x], low[by_x], high[by_x]
    # Sorted by where they begin, a piece can meet only those that begin before it ends.
    reach = np.searchsorted(low[:, 0], high[:, 0], side="right")
    num_pairs = np.maximum(reach - np.arange(len(edge)) - 1, 0)
    total = np.concatenate(([0], np.cumsum(num_pairs)))
    crossings, done = 0, 0
    while done < len(edge):
        stop = int(np.searchsorted(total, total[done] + PAIRS_AT_ONCE, side="right")) - 1
        stop = max(stop, done + 1)
        first = np.repeat(np.arange(done, stop), num_pairs[done:stop])
        second = first + 1 + np.arange(len(first)) - (total[first] - total[done])
        near = (low[first, 1] <= high[second, 1]) & (low[second, 1] <= high[first, 1])
        near &= edge[first] != edge[second]
        crossings += _proper_crossings(points[first[near]], points[second[near]])
        done = stop
    return crossings


def _pieces(
    placement: Placement, tail: NDArray[np.integer[Any]], head: NDArray[np.integer[Any]]
) -> tuple[Floats, Ints]:
    """The straight pieces of all edges [pieces, 2 ends, 2] and the edge of each [pieces]."""
    num_bends = np.diff(placement.route_start)
    edge = np.repeat(np.arange(len(tail)), num_bends + 2)
    last = np.cumsum(num_bends + 2) - 1
    corner = np.ones(len(edge), np.bool_)
    corner[last] = corner[last - num_bends - 1] = False
    centres = np.stack((placement.x, placement.y), axis=1)
    points = np.empty((len(edge), 2))
    points[corner] = placement.route
    points[last - num_bends - 1], points[last] = centres[tail], centres[head]
    inner = np.flatnonzero(edge[1:] == edge[:-1])
    return np.stack((points[inner], points[inner + 1]), axis=1), edge[inner]


def _proper_crossings(first: Floats, second: Floats) -> int:
    """How many pairs of pieces [pairs, 2, 2] have each other's ends on two different sides."""
    split_first = _side(second, first[:, 0]) * _side(second, first[:, 1]) < 0
    split_second = _side(first, second[:, 0]) * _side(first, second[:, 1]) < 0
    return int((split_first & split_second).sum())


def _side(piece: Floats, point: Floats) -> Floats:
    """The sign tells on which side of a piece a point lies; 0 on its line. [pairs]"""
    along, to_point = piece[:, 1] - piece[:, 0], point - piece[:, 0]
    return np.sign(along[:, 0] * to_point[:, 1] - along[:, 1] * to_point[:, 0])
