"""Which ways a gradient has from some outputs to a tensor. Why it has none: see `reasons`."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor
from torch.autograd.graph import Node

from blitz.autograd.backward.backward_errors import FREED
from blitz.autograd.graph import trace
from blitz.autograd.graph.ends import edge_of
from blitz.autograd.operations.derivatives import derivative


class Ways:
    """The graph of some outputs, and which of its nodes a gradient reaches without being zeroed."""

    def __init__(self, outputs: Sequence[Tensor]) -> None:
        ends = [end for end in outputs if edge_of(end) is not None]
        self._graph = trace(ends) if ends else None
        functions = self._graph.functions if self._graph else ()
        self.number = {node: i for i, node in enumerate(functions)}

    def node_of(self, tensor: Tensor) -> Node | None:
        """The operation that made a tensor, or the leaf it is; None where it is not reached."""
        if tensor.grad_fn is not None:
            return tensor.grad_fn if tensor.grad_fn in self.number else None
        graph = self._graph
        leaves = range(graph.num_operations, len(graph)) if graph else ()
        found = [node for node in leaves if graph and graph.leaf(node) is tensor]
        return graph.functions[found[0]] if graph and found else None

    def zero_before(self, node: Node) -> Node | None:
        """An operation with a derivative of zero, where every way to a node has one."""
        graph = self._graph
        assert graph is not None, "the node is in the graph"
        zeros = [type_index for type_index, name in enumerate(graph.types) if _is_zero(name)]
        is_zero: list[bool] = np.isin(graph.type_index, zeros).tolist()
        targets: list[int] = graph.target.tolist()
        alive = {root for root, _ in graph.roots}
        above: dict[int, int] = {}
        # Later operations have greater numbers: whoever gives a node its gradient comes before it.
        for user in range(graph.num_operations - 1, -1, -1):
            zero = user if is_zero[user] else above.get(user)
            for edge in graph.edges_of(user):
                if user in alive and not is_zero[user]:
                    alive.add(targets[edge])
                elif zero is not None:
                    above.setdefault(targets[edge], zero)
        own = self.number[node]
        return None if own in alive or own not in above else graph.functions[above[own]]


def _is_zero(type_name: str) -> bool:
    found = derivative(type_name)
    return found is not None and found.formula.startswith("grad x = 0")


def is_freed(node: Node) -> bool | None:
    """Whether backward has freed what a node saved; None for nodes that save no tensors."""
    names = [name for name in dir(type(node)) if name.startswith("_raw_saved_")]
    for name in names:
        try:
            raw = getattr(node, name)
        except RuntimeError as raised:
            return bool(FREED.search(str(raised)))
        if isinstance(raw, list | tuple):
            continue
        if raw.data is not None:
            return False
        try:
            if getattr(node, name.replace("_raw", "", 1)) is None:
                continue
        except RuntimeError as raised:
            if FREED.search(str(raised)):
                return True
    return None
