"""An order of the vertices within layers that is improved layer by layer.

Barycentres and exchanges of neighbours; when to stop, and from where to begin again, is the
business of `ordering`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from blitz.autograd.layout.layering import Ints, LayeredGraph, neighbour_lists


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweeps:
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
    def start(graph: LayeredGraph, order: Ints, position: Ints) -> "Sweeps":
        """Lists for a graph in a given order."""
        bounds = np.cumsum(np.bincount(graph.layer, minlength=graph.num_layers)).tolist()
        sorted_vertices = order.tolist()
        begins = [0, *bounds[:-1]]
        return Sweeps(
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

    def sort_both_ways(
        self, layers: list[int], *, downwards_first: bool, reverse_equals: Iterable[int]
    ) -> None:
        """Sort some layers, ascending, by barycentres down and up, or up and down."""
        self._sort(layers, downwards=downwards_first, reverse_equals=reverse_equals)
        self._sort(layers, downwards=not downwards_first)

    def _sort(
        self, layers: list[int], *, downwards: bool, reverse_equals: Iterable[int] = ()
    ) -> None:
        """Sort each of some layers by its barycentres in the layer before it."""
        start, neighbours = self.up if downwards else self.down
        stale = self.stale_down if downwards else self.stale_up
        stir = set(reverse_equals)
        for index in stir:
            stale[index] = len(self.layers[index]) > 1
        position = self.position
        for index in layers if downwards else reversed(layers):
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
            begin, middle = start[left], start[right]
            if start[left + 1] - begin == 1 == start[right + 1] - middle:  # most often
                place, other = position[neighbours[begin]], position[neighbours[middle]]
                gain += (place > other) - (place < other)
                continue
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
