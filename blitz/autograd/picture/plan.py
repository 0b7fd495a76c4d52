"""Which vertices and edges show of a graph, as numbers: before they have words or places.

Takes what shows in forward order; what a vertex is called and how large it is, is the business of
`drawing`.
"""

import numpy as np
import numpy.typing as npt

from blitz.autograd.graph import AutogradGraph
from blitz.autograd.picture.folding import Item

Ints = npt.NDArray[np.int32]
Pairs = npt.NDArray[np.int64]
"""[k, 2]: the source and target of edges."""


class Plan:
    """Vertices and edges that show: first the items, then the leaves, then the outputs.

    Leaves are drawn once in each layer that uses them: a parameter used at every depth would
    otherwise draw lines over everything.
    """

    def __init__(self, graph: AutogradGraph, items: list[Item]) -> None:
        self.items = items
        self.leaves: list[int] = []
        """The graph's node of each vertex for a leaf."""
        self.outputs: list[int] = []
        """Which of the graph's roots each vertex for an output is."""
        self.home: list[int] = list(range(len(items)))
        """Of each vertex, the one it is framed with: itself, or its first user for a leaf."""
        lengths = [item.stop - item.start for item in items]
        self._of_operation = np.repeat(np.arange(len(items), dtype=np.int32), lengths)
        between, between_edges = self._between_items(graph)
        to_leaves, to_leaves_edges = self._add_leaves(graph, self._layers(between))
        self._merge(
            np.concatenate([between, to_leaves]), np.concatenate([between_edges, to_leaves_edges])
        )
        self._add_outputs(graph)

    def __len__(self) -> int:
        return len(self.home)

    def _between_items(self, graph: AutogradGraph) -> tuple[Pairs, Ints]:
        """Edges from one item to another, and the graph's edges that they stand for."""
        (between,) = np.nonzero(graph.target < graph.num_operations)
        of_operation = self._of_operation
        ends = [of_operation[graph.source[between]], of_operation[graph.target[between]]]
        pairs = np.stack(ends, 1).astype(np.int64)
        crossing = pairs[:, 0] != pairs[:, 1]
        return pairs[crossing], between[crossing].astype(np.int32)

    def _layers(self, pairs: Pairs) -> list[int]:
        """Of each item, how many others the longest way from an input passes."""
        layer = [0] * len(self.items)
        pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]  # items stand in forward order
        for user, operand in pairs.tolist():
            if layer[operand] >= layer[user]:
                layer[user] = layer[operand] + 1
        return layer

    def _add_leaves(self, graph: AutogradGraph, layer: list[int]) -> tuple[Pairs, Ints]:
        """A vertex for each leaf and layer of users; parameters of closed groups stay inside."""
        (to_leaf,) = np.nonzero(graph.target >= graph.num_operations)
        users, leaves = self._of_operation[graph.source[to_leaf]], graph.target[to_leaf]
        is_group = np.array([item.group >= 0 for item in self.items], bool)
        shows = ~(is_group[users] & (graph.kind[leaves] == 1))
        seen: dict[tuple[int, int], int] = {}
        pairs = []
        for leaf, user in zip(leaves[shows].tolist(), users[shows].tolist(), strict=True):
            key = (leaf, layer[user])
            if key not in seen:
                seen[key] = len(self)
                self._add_leaf(leaf, user)
            pairs.append((user, seen[key]))
        shown = {leaf for leaf, _ in seen}
        for node in dict.fromkeys(node for node, _ in graph.roots):
            if node >= graph.num_operations and node not in shown:  # an output that is a leaf
                self._add_leaf(node, len(self))
        return np.array(pairs, np.int64).reshape(-1, 2), to_leaf[shows].astype(np.int32)

    def _add_leaf(self, leaf: int, user: int) -> None:
        self.leaves.append(leaf)
        self.home.append(user)

    def _merge(self, pairs: Pairs, edges: Ints) -> None:
        """Edges between the same two vertices become one."""
        size = max(1, len(self))
        keys, inverse = np.unique(pairs[:, 0] * size + pairs[:, 1], return_inverse=True)
        self.source = (keys // size).astype(np.int32)
        self.target = (keys % size).astype(np.int32)
        self.merged = edges[np.argsort(inverse, kind="stable")]
        counts = np.bincount(inverse, minlength=len(keys))
        self.merged_start = np.concatenate([[0], np.cumsum(counts)])

    def _add_outputs(self, graph: AutogradGraph) -> None:
        """A vertex for each output that an operation made, and its edge, which stands for none."""
        first = len(self)
        targets = []
        for number, (node, _) in enumerate(graph.roots):
            if node < graph.num_operations:
                targets.append(int(self._of_operation[node]))
                self.outputs.append(number)
                self.home.append(len(self))
        sources = np.arange(first, len(self), dtype=np.int32)
        self.source = np.concatenate([self.source, sources])
        self.target = np.concatenate([self.target, np.array(targets, np.int32)])
        none = np.full(len(targets), self.merged_start[-1])
        self.merged_start = np.concatenate([self.merged_start, none])
