"""The order of vertices inside each layer, so that few segments cross.

The second step of Sugiyama, Tagawa and Toda (1981): start from a depth-first search, which
draws trees and nested branches without crossings; then sort layer by layer by the barycentres of
neighbours, down and up in turn; on graphs of moderate size also exchange neighbours, as Gansner
et al. do in "A Technique for Drawing Directed Graphs" (1993). Crossings are counted after each
round and the best order is kept. Knows nothing about coordinates.
"""

import numpy as np
from numpy.typing import NDArray

from blitz.autograd.layout.crossings import crossings_by_gap
from blitz.autograd.layout.layering import Ints, LayeredGraph, neighbour_lists
from blitz.autograd.layout.sweeps import Sweeps

# Work is measured in vertices and segments looked at, in sorting and in exchanging alike; what is
# left of it when few layers have crossings goes into more attempts.
ELEMENTS_TO_VISIT = 1_000_000
MAX_ATTEMPTS = 64
# Attempts without notable gain after which the rest is given up, and what is notable.
PATIENCE = 7
NOTABLE_GAIN = 0.01
# Attempts that follow the barycentres through all layers from wherever they led; later ones start
# from the best order and sort the layers near crossings alone.
FREE_ATTEMPTS = 2
SORTED_AROUND = 8
# How far from a crossing an attempt changes the order of equals.
STIRRED_AROUND = 4
LARGEST_TO_EXCHANGE = 60_000


def order_layers(graph: LayeredGraph, discovery: NDArray[np.float64]) -> Ints:
    """All vertices and dummies, sorted by layer and then by place in it. [vertices and dummies]

    `discovery` [vertices and dummies] gives the order to start from.
    """
    order = np.lexsort((discovery, graph.layer))
    best = _positions(graph, order)
    best_crossings = crossings_by_gap(graph, best)
    if not best_crossings.any():
        return order
    sizes = _sizes(graph)
    sweeps = Sweeps.start(graph, order, best)
    record, since_record, visited = best_crossings.sum(), 0, 0
    for attempt in range(MAX_ATTEMPTS):
        layers = np.arange(graph.num_layers)
        if attempt >= FREE_ATTEMPTS:
            sweeps.restart(best)
            layers = _layers_near(best_crossings, SORTED_AROUND)
        visited += sizes[layers].sum()
        if attempt and visited > ELEMENTS_TO_VISIT:
            break
        sweeps.sort_both_ways(
            layers.tolist(),
            downwards_first=attempt % 2 == 0,
            reverse_equals=_layers_to_stir(best_crossings, attempt),
        )
        crossings = crossings_by_gap(graph, sweeps.positions())
        effort = sizes[_layers_near(crossings, 0)].sum()
        if 0 < effort <= LARGEST_TO_EXCHANGE:
            visited += effort
            sweeps.exchange_neighbours(crossings)
            crossings = crossings_by_gap(graph, sweeps.positions())
        position = sweeps.positions()
        best, best_crossings = _best_of_both(graph, best, best_crossings, position, crossings)
        since_record += 1
        if best_crossings.sum() < (1 - NOTABLE_GAIN) * record:
            record, since_record = best_crossings.sum(), 0
        if record == 0 or since_record == PATIENCE:
            break
    return np.lexsort((best, graph.layer))


def _sizes(graph: LayeredGraph) -> Ints:
    """How many vertices and incoming segments each layer has. [num_layers]"""
    of_ends = np.concatenate((graph.layer, graph.layer[graph.head]))
    return np.bincount(of_ends, minlength=graph.num_layers)


def _layers_near(crossings: Ints, reach: int) -> Ints:
    """The layers on both sides of gaps with crossings, and so many further ones each way."""
    around = np.flatnonzero(crossings)[:, None] + np.arange(-reach, reach + 2)
    is_near = np.zeros(len(crossings), np.bool_)
    is_near[around.clip(0, len(crossings) - 1)] = True
    return np.flatnonzero(is_near)


def _layers_to_stir(crossings: Ints, attempt: int) -> list[int]:
    """Layers near crossings, a different half of them in each attempt, none in the first.

    Equal barycentres leave the order open, and the wrong choice can be a dead end.
    """
    if attempt == 0:
        return []
    near = _layers_near(crossings, STIRRED_AROUND)
    stirred: list[int] = near[np.random.default_rng(attempt).random(len(near)) < 0.5].tolist()
    return stirred


def _best_of_both(
    graph: LayeredGraph, first: Ints, first_crossings: Ints, second: Ints, second_crossings: Ints
) -> tuple[Ints, Ints]:
    """The better of two orders, stretch by stretch between layers in which they agree.

    A deep graph is many small problems in a row; one that got better must not be given up
    because another got worse.
    """
    differs = np.bincount(graph.layer, first != second, minlength=graph.num_layers) > 0
    # Gap i lies between layers i and i + 1: a stretch of gaps ends where layer i + 1 agrees.
    stretch = np.cumsum(~differs)
    gain = np.bincount(stretch, first_crossings - second_crossings)
    take_second = (gain > 0)[stretch]
    crossings = np.where(take_second, second_crossings, first_crossings)
    return np.where((take_second & differs)[graph.layer], second, first), crossings


def discovery_order(graph: LayeredGraph, tail: Ints, head: Ints) -> NDArray[np.float64]:
    """When a depth-first search from the ends, against the flow, comes upon each vertex.

    A row of dummies counts as found when the first edge along it is examined. Takes distinct
    edges; returns [vertices and dummies].
    """
    num_vertices = graph.num_vertices
    start, tails = neighbour_lists(num_vertices, head, tail)
    is_long = (graph.layer[head] - graph.layer[tail] > 1)[np.argsort(head, kind="stable")].tolist()
    found, row_found = [-1] * num_vertices, [-1] * num_vertices
    cursor = start[:-1]
    ends = np.flatnonzero(np.bincount(tail, minlength=num_vertices) == 0)
    clock = 0
    for end in ends.tolist():
        found[end] = clock = clock + 1
        stack = [end]
        while stack:
            vertex = stack[-1]
            edge = cursor[vertex]
            if edge == start[vertex + 1]:
                stack.pop()
                continue
            cursor[vertex] = edge + 1
            clock += 1
            above = tails[edge]
            if is_long[edge] and row_found[above] < 0:
                row_found[above] = clock
            if found[above] < 0:
                found[above] = clock
                stack.append(above)
    rows = np.repeat(np.array(row_found, np.float64), graph.row_length)
    return np.concatenate((np.array(found, np.float64), rows))


def _positions(graph: LayeredGraph, order: Ints) -> Ints:
    """The place of each vertex in its layer, from 0. [vertices and dummies]"""
    counts = np.bincount(graph.layer, minlength=graph.num_layers)
    layer_start = np.cumsum(counts) - counts
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order)) - layer_start[graph.layer[order]]
    return position
