"""The order of vertices inside each layer, so that few segments cross.

The second step of Sugiyama, Tagawa and Toda (1981): start from a depth-first search, which
draws trees and nested branches without crossings; then sort layer by layer by the barycentres of
neighbours, down and up in turn; on graphs of moderate size also exchange neighbours, as Gansner
et al. do in "A Technique for Drawing Directed Graphs" (1993). Crossings are counted after each
round and the best order is kept. Knows nothing about coordinates.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blitz.autograd.layout.layering import Ints, LayeredGraph, neighbour_lists

# Work is measured in vertices and segments looked at; small graphs get all attempts.
ELEMENTS_TO_VISIT = 1_500_000
MAX_ATTEMPTS = 32
# Attempts without notable gain after which the rest is given up, and what is notable.
PATIENCE = 5
NOTABLE_GAIN = 0.01
# Attempts that follow the barycentres from wherever they led; later ones start from the best.
FREE_ATTEMPTS = 3
LARGEST_TO_EXCHANGE = 60_000
# How far from a crossing an attempt changes the order of equals.
REACH = 4
# Up to this many segments in a gap, all pairs are compared; beyond, they are merged.
MOST_PAIRWISE = 256


def order_layers(graph: LayeredGraph, discovery: NDArray[np.float64]) -> Ints:
    """All vertices and dummies, sorted by layer and then by place in it. [vertices and dummies]

    `discovery` [vertices and dummies] gives the order to start from.
    """
    order = np.lexsort((discovery, graph.layer))
    best = _positions(graph, order)
    best_crossings = crossings_by_gap(graph, best)
    if not best_crossings.any():
        return order
    num_elements = len(graph.tail) + len(graph.layer)
    attempts = min(MAX_ATTEMPTS, max(1, ELEMENTS_TO_VISIT // num_elements))
    exchange = len(graph.layer) <= LARGEST_TO_EXCHANGE
    sweeps = _Sweeps.start(graph, order, best)
    record, since_record = best_crossings.sum(), 0
    for attempt in range(attempts):
        if attempt >= FREE_ATTEMPTS:
            sweeps.restart(best)
        equals = _layers_to_stir(best_crossings, attempt)
        downwards = attempt % 2 == 0
        sweeps.sort_layers(downwards=downwards, reverse_equals=equals)
        sweeps.sort_layers(downwards=not downwards)
        position = sweeps.positions()
        crossings = crossings_by_gap(graph, position)
        if exchange and crossings.any():
            sweeps.exchange_neighbours(crossings)
            position = sweeps.positions()
            crossings = crossings_by_gap(graph, position)
        best, best_crossings = _best_of_both(graph, best, best_crossings, position, crossings)
        since_record += 1
        if best_crossings.sum() < (1 - NOTABLE_GAIN) * record:
            record, since_record = best_crossings.sum(), 0
        if record == 0 or since_record == PATIENCE:
            break
    return np.lexsort((best, graph.layer))


def _layers_to_stir(crossings: Ints, attempt: int) -> list[int]:
    """Layers near crossings, a different half of them in each attempt, none in the first.

    Equal barycentres leave the order open, and the wrong choice can be a dead end.
    """
    if attempt == 0:
        return []
    around = np.flatnonzero(crossings)[:, None] + np.arange(-REACH, REACH + 2)
    is_near = np.zeros(len(crossings), np.bool_)
    is_near[around.clip(0, len(crossings) - 1)] = True
    near = np.flatnonzero(is_near)
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


def crossings_by_gap(graph: LayeredGraph, position: Ints) -> Ints:
    """How many pairs of segments cross after each layer. [num_layers]

    With the segments of a gap sorted by tail, crossings are the inversions of the heads (Barth,
    Jünger and Mutzel, 2002).
    """
    width = int(position.max(initial=0)) + 1
    key = (graph.layer[graph.tail] * width + position[graph.tail]) * width + position[graph.head]
    key.sort()
    heads = (key % width).astype(np.int32)
    sizes = np.bincount(key // (width * width), minlength=graph.num_layers)
    begin = np.cumsum(sizes) - sizes
    crossings = np.zeros(graph.num_layers, np.int64)
    smallest, largest = 1, int(sizes.max(initial=0))
    while smallest < min(largest, MOST_PAIRWISE):
        gaps = np.flatnonzero((sizes > smallest) & (sizes <= 2 * smallest))
        crossings[gaps] = _pairwise_inversions(heads, begin[gaps], sizes[gaps])
        smallest *= 2
    for gap in np.flatnonzero(sizes > smallest).tolist():
        crossings[gap] = _inversions(heads[begin[gap] : begin[gap] + sizes[gap]])
    return crossings


def _pairwise_inversions(values: NDArray[np.int32], begin: Ints, size: Ints) -> Ints:
    """The inversions in each of some stretches of similar size. [stretches]"""
    widest = int(size.max(initial=1))
    inside = np.arange(widest) < size[:, None]  # [stretches, widest]
    taken = np.minimum(begin[:, None] + np.arange(widest), len(values) - 1)
    table = np.where(inside, values[taken], np.iinfo(np.int32).max)
    total = np.zeros(len(begin), np.int64)
    for distance in range(1, widest):
        total += np.count_nonzero(table[:, :-distance] > table[:, distance:], axis=1)
    return total


def _inversions(values: NDArray[np.int32]) -> int:
    """Pairs in the wrong order, by merging runs of doubling length, all runs at once."""
    length = 1 << (len(values) - 1).bit_length()
    # Padding at the end is larger than all values and causes no inversion.
    span = int(values.max()) + 2
    runs = np.full(length, span - 1)
    runs[: len(values)] = values
    total, half = 0, 1
    while half < length:
        pairs = runs.reshape(-1, 2, half)
        base = np.arange(len(pairs))[:, None] * span
        left = (pairs[:, 0] + base).ravel()
        not_larger = np.searchsorted(left, (pairs[:, 1] + base).ravel(), side="right")
        before = np.repeat(np.arange(len(pairs)) * half, half)
        total += int((half - (not_larger - before)).sum())
        half *= 2
        runs = np.sort(runs.reshape(-1, half), axis=1).ravel()
    return total


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sweeps:
    """The order under work, as lists: layers are small, and arrays cost more than they save."""

    layers: list[list[int]]
    layer: list[int]
    position: list[int]
    up: tuple[list[int], list[int]]
    down: tuple[list[int], list[int]]
    # Layers to look at again: neighbours or the layer itself changed since it was last sorted.
    stale_down: list[bool]
    stale_up: list[bool]

    @staticmethod
    def start(graph: LayeredGraph, order: Ints, position: Ints) -> "_Sweeps":
        """Lists for a graph in a given order."""
        bounds = np.cumsum(np.bincount(graph.layer, minlength=graph.num_layers)).tolist()
        sorted_vertices = order.tolist()
        begins = [0, *bounds[:-1]]
        return _Sweeps(
            layers=[sorted_vertices[a:b] for a, b in zip(begins, bounds, strict=True)],
            layer=graph.layer.tolist(),
            position=position.tolist(),
            up=neighbour_lists(len(order), graph.head, graph.tail),
            down=neighbour_lists(len(order), graph.tail, graph.head),
            stale_down=[a + 1 < b for a, b in zip(begins, bounds, strict=True)] + [False],
            stale_up=[a + 1 < b for a, b in zip(begins, bounds, strict=True)] + [False],
        )

    def positions(self) -> Ints:
        """The place of each vertex in its layer, as it is now."""
        return np.array(self.position, np.int64)

    def restart(self, position: Ints) -> None:
        """Take over another order."""
        moved = np.flatnonzero(position != self.positions())
        touched = {self.layer[vertex] for vertex in moved.tolist()}
        for vertex, place in zip(moved.tolist(), position[moved].tolist(), strict=True):
            self.position[vertex] = place
        for index in sorted(touched):
            self.layers[index].sort(key=self.position.__getitem__)
            self._changed(index)

    def sort_layers(self, *, downwards: bool, reverse_equals: Iterable[int] = ()) -> None:
        """Sort each layer by its barycentres in the layer before it."""
        start, neighbours = self.up if downwards else self.down
        stale = self.stale_down if downwards else self.stale_up
        stir = set(reverse_equals)
        for index in stir:
            stale[index] = len(self.layers[index]) > 1
        position = self.position
        count = len(self.layers)
        for index in range(count) if downwards else reversed(range(count)):
            if not stale[index]:
                continue
            members = self.layers[index]
            keys = self._barycentres(members, start, neighbours)
            if index in stir:
                ranked = sorted(range(len(keys) - 1, -1, -1), key=keys.__getitem__)
            elif keys == sorted(keys):
                stale[index] = False
                continue
            else:
                ranked = sorted(range(len(keys)), key=keys.__getitem__)
            self.layers[index] = members = [members[place] for place in ranked]
            for place, vertex in enumerate(members):
                position[vertex] = place
            self._changed(index)
            stale[index] = False

    def _barycentres(
        self, members: list[int], start: list[int], neighbours: list[int]
    ) -> list[float]:
        """The mean place of each vertex's neighbours on one side.

        A vertex without neighbours there stays beside the one on its left.
        """
        position = self.position
        place_of = position.__getitem__
        keys: list[float] = []
        key = -1.0
        for vertex in members:
            begin, end = start[vertex], start[vertex + 1]
            if end - begin == 1:
                key = position[neighbours[begin]]
            elif end > begin:
                key = sum(map(place_of, neighbours[begin:end])) / (end - begin)
            keys.append(key)
        return keys

    def _changed(self, index: int) -> None:
        """Mark what depends on the order of a layer; index −1 is the spare last element."""
        self.stale_down[index] = self.stale_down[index + 1] = True
        self.stale_up[index] = self.stale_up[index - 1] = True

    def exchange_neighbours(self, crossings: Ints) -> None:
        """Swap neighbours in a layer while that removes crossings; takes those of each gap."""
        crossed = np.flatnonzero(crossings)
        todo = np.union1d(crossed, crossed + 1).tolist()
        for _ in range(4):
            todo = [
                index for index in todo if len(self.layers[index]) > 1 and self._exchange(index)
            ]
            for index in todo:
                self._changed(index)

    def _exchange(self, index: int) -> bool:
        """One pass over a layer."""
        members, position = self.layers[index], self.position
        moved = False
        for place in range(len(members) - 1):
            left, right = members[place], members[place + 1]
            if self._gain(left, right) > 0:
                members[place], members[place + 1] = right, left
                position[left], position[right] = place + 1, place
                moved = True
        return moved

    def _gain(self, left: int, right: int) -> int:
        """How many crossings fewer when two neighbours in a layer are swapped."""
        gain = 0
        position = self.position
        for start, neighbours in (self.up, self.down):
            right_places = [position[v] for v in neighbours[start[right] : start[right + 1]]]
            if right_places:
                for vertex in neighbours[start[left] : start[left + 1]]:
                    place = position[vertex]
                    for other in right_places:
                        if place > other:
                            gain += 1
                        elif place < other:
                            gain -= 1
        return gain
