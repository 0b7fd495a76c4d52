"""Vertices in layers: which layer each vertex belongs to, and dummies where an edge passes one.

The first half of the method of Sugiyama, Tagawa and Toda (1981): every edge ends up pointing to
a later layer, and a long edge becomes a row of short segments. Knows nothing about the order
inside a layer, nor about coordinates or sizes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# An edge that stays up for its whole length would add a dummy in every layer it passes. One
# vertex used at each depth is common (a shared weight), so the sum is kept linear in the graph:
# up to 4 for each vertex and edge, and 1 for each of those in large graphs, beyond a start.
DUMMIES_PER_ELEMENT = 4
DUMMIES_TO_START_WITH = 200_000


@dataclass(frozen=True, kw_only=True, slots=True)
class LayeredGraph:
    """A graph whose segments all join neighbouring layers.

    Vertices 0 … num_vertices − 1 are the caller's, the rest are dummies. The dummies of one tail
    are one row with consecutive numbers, shared by all its edges as far as they go together:
    an edge that spans s layers uses the first s − 1 of them.
    """

    num_vertices: int
    num_layers: int
    layer: Ints  # [vertices and dummies]
    tail: Ints  # [segments]
    head: Ints  # [segments], layer[head] == layer[tail] + 1
    reach: Floats  # [segments] the length of the longest path that runs through the segment
    row_start: Ints  # [num_vertices] the first dummy of each tail
    row_length: Ints  # [num_vertices]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layering:
    """The layer of each vertex, and the longest paths that end and begin there."""

    layer: Ints  # [num_vertices], from 0
    depth: Floats  # [num_vertices] vertices on the longest path from a source, itself included
    height: Floats  # [num_vertices] vertices on the longest path to a sink, itself included


def neighbour_lists(num_vertices: int, key: Ints, value: Ints) -> tuple[list[int], list[int]]:
    """The values of each key as plain lists: `values[start[v]:start[v + 1]]` belong to v.

    Lists, because loops over a few neighbours at a time are faster on them than on arrays.
    """
    values = value[np.argsort(key, kind="stable")]
    counts = np.bincount(key, minlength=num_vertices)
    start = np.concatenate(([0], np.cumsum(counts)))
    return start.tolist(), values.tolist()


def distinct_edges(num_vertices: int, tail: Ints, head: Ints) -> tuple[Ints, Ints]:
    """Every pair (tail, head) once, in order of first occurrence, without self-loops."""
    _, first = np.unique(tail * num_vertices + head, return_index=True)
    first = np.sort(first)
    first = first[tail[first] != head[first]]
    return tail[first], head[first]


def back_edges(num_vertices: int, tail: Ints, head: Ints) -> Bools:
    """Which edges close a cycle in a depth-first search; without them the graph has none. [m]"""
    start = np.concatenate(([0], np.cumsum(np.bincount(tail, minlength=num_vertices)))).tolist()
    edges = np.argsort(tail, kind="stable").tolist()
    heads = head.tolist()
    closing = np.zeros(len(heads), np.bool_)
    cursor = start[:-1]
    new, open_, done = 0, 1, 2
    state = [new] * num_vertices
    for root in range(num_vertices):
        if state[root] != new:
            continue
        state[root] = open_
        stack = [root]
        while stack:
            vertex = stack[-1]
            if cursor[vertex] == start[vertex + 1]:
                state[vertex] = done
                stack.pop()
                continue
            edge = edges[cursor[vertex]]
            cursor[vertex] += 1
            if state[heads[edge]] == open_:
                closing[edge] = True
            elif state[heads[edge]] == new:
                state[heads[edge]] = open_
                stack.append(heads[edge])
    return closing


def assign_layers(num_vertices: int, tail: Ints, head: Ints) -> Layering | None:
    """Layers by longest path, then slack closed towards the consumers; None if there is a cycle.

    Takes distinct edges.
    """
    start, heads = neighbour_lists(num_vertices, tail, head)
    waiting = np.bincount(head, minlength=num_vertices).tolist()
    layer = [0] * num_vertices
    length = _path_lengths(num_vertices)
    depth = length.copy()
    # Edges into a vertex whose tails would stay behind if it moved to a later layer.
    held_by = [0] * num_vertices
    order = [vertex for vertex in range(num_vertices) if not waiting[vertex]]
    for vertex in order:  # grows while it is read: a queue
        begin, end = start[vertex], start[vertex + 1]
        follows = end - begin == 1 and not held_by[vertex]
        reached = depth[vertex]
        for successor in heads[begin:end]:
            if reached + length[successor] > depth[successor]:
                depth[successor] = reached + length[successor]
            if not follows:
                held_by[successor] += 1
            waiting[successor] -= 1
            if not waiting[successor]:
                # The queue is sorted by layer, so the last tail to come is the deepest.
                layer[successor] = layer[vertex] + 1
                order.append(successor)
    if len(order) < num_vertices:
        return None
    height = _close_slack(order, layer, held_by, start, heads, length)
    return Layering(layer=np.array(layer, np.int64), depth=np.array(depth), height=np.array(height))


def _path_lengths(num_vertices: int) -> list[float]:
    """What each vertex adds to a path: 1, and less than 1 in total to tell equal paths apart.

    With a single longest path, all segments agree about which of them continue it.
    """
    golden_ratio = (1 + 5**0.5) / 2
    scattered = np.arange(num_vertices) * golden_ratio % 1
    lengths: list[float] = (1 + scattered / (num_vertices + 1)).tolist()
    return lengths


def _close_slack(
    order: list[int],
    layer: list[int],
    held_by: list[int],
    start: list[int],
    heads: list[int],
    length: list[float],
) -> list[float]:
    """Move vertices next to their first consumer where that makes edges shorter in total.

    A vertex gains one layer on each outgoing edge and loses one on each incoming edge whose tail
    does not come along; leaves, and branches that hang on nothing else, always move.
    Returns the height of each vertex, which the same walk from the end gives.
    """
    height = length.copy()
    for vertex in reversed(order):
        begin, end = start[vertex], start[vertex + 1]
        if end - begin == 1:
            successor = heads[begin]
            height[vertex] += height[successor]
            if not held_by[vertex]:
                layer[vertex] = layer[successor] - 1
        elif end > begin:
            successors = heads[begin:end]
            height[vertex] += max([height[successor] for successor in successors])
            if end - begin > held_by[vertex]:
                layer[vertex] = min([layer[successor] for successor in successors]) - 1
    return height


def insert_dummies(num_vertices: int, layering: Layering, tail: Ints, head: Ints) -> LayeredGraph:
    """Split edges over more than one layer into segments; takes distinct edges.

    Edges for which the allowance of dummies does not reach, the longest ones, are left out.
    """
    layer = layering.layer
    span = layer[head] - layer[tail]
    by_tail = np.lexsort((span, tail))
    tail, head, span = tail[by_tail], head[by_tail], span[by_tail]
    taking_part = _within_allowance(num_vertices, tail, span)
    tail, head, span = tail[taking_part], head[taking_part], span[taking_part]

    row_length = np.zeros(num_vertices, np.int64)
    row_length[tail] = span - 1  # spans ascend within a tail, and the last assignment holds
    row_start = num_vertices + np.cumsum(row_length) - row_length
    owner = np.repeat(np.arange(num_vertices), row_length)
    dummy = num_vertices + np.arange(len(owner))
    place_in_row = dummy - row_start[owner]
    previous = np.where(place_in_row == 0, owner, dummy - 1)
    last = np.where(span == 1, tail, row_start[tail] + span - 2)
    all_layers = np.concatenate((layer, layer[owner] + 1 + place_in_row))
    along_row = layering.depth[owner]  # a row by itself continues no path
    reach = np.concatenate((along_row, layering.depth[tail] + layering.height[head]))
    return LayeredGraph(
        num_vertices=num_vertices,
        num_layers=int(layer.max(initial=-1)) + 1,
        layer=all_layers,
        tail=np.concatenate((previous, last)),
        head=np.concatenate((dummy, head)),
        reach=reach,
        row_start=row_start,
        row_length=row_length,
    )


def _within_allowance(num_vertices: int, tail: Ints, span: Ints) -> Bools:
    """Which edges, sorted by tail and span, get their dummies: the shortest first. [m]"""
    extra = span - 1
    same_tail = tail[1:] == tail[:-1]
    extra[1:][same_tail] = np.diff(span)[same_tail]  # the row so far is there already
    shortest_first = np.argsort(span, kind="stable")
    num_elements = num_vertices + len(tail)
    allowance = min(DUMMIES_PER_ELEMENT * num_elements, DUMMIES_TO_START_WITH + num_elements)
    taking_part = np.zeros(len(tail), np.bool_)
    taking_part[shortest_first] = np.cumsum(extra[shortest_first]) <= allowance
    return taking_part
