"""The way to a node in Python, as somebody would type it."""

from collections import deque
from collections.abc import Sequence

from torch import Tensor

from blitz.autograd.graph.graph import AutogradGraph


def walk_to(graph: AutogradGraph, node: int, names: Sequence[str] = ()) -> str:
    """The Python expression that leads from an output to a node, by the shortest way.

    names: what the outputs are called, one for each of `graph.outputs`; otherwise they are output,
    or output_1 and so on. Raises IndexError for a node that the graph does not have.
    """
    if not 0 <= node < len(graph):
        raise IndexError(f"node {node} is not one of the graph's {len(graph)}")
    came_from = _edges_towards(graph, node)
    steps: list[str] = []
    while node in came_from:
        edge = came_from[node]
        steps.append(f".next_functions[{graph.input_index[edge]}][0]")
        node = int(graph.source[edge])
    return _root(graph, node, names) + "".join(reversed(steps))


def _edges_towards(graph: AutogradGraph, node: int) -> dict[int, int]:
    """Of each node met on the way from the outputs: the edge it was first reached by."""
    came_from: dict[int, int] = {}
    queue = deque(root for root, _ in graph.roots)
    seen = set(queue)
    while queue and node not in seen:
        user = queue.popleft()
        for edge in graph.edges_of(user):
            target = int(graph.target[edge])
            if target not in seen:
                seen.add(target)
                came_from[target] = edge
                queue.append(target)
    return came_from


def _root(graph: AutogradGraph, node: int, names: Sequence[str]) -> str:
    number = [root for root, _ in graph.roots].index(node)
    num_outputs = len(graph.outputs)
    name = f"output_{number + 1}" if num_outputs > 1 else "output"
    if len(names) == num_outputs:
        name = names[number]
    if not isinstance(graph.outputs[number], Tensor):
        return f"{name}.node"  # a gradient edge
    if node >= graph.num_operations:
        return f"torch.autograd.graph.get_gradient_edge({name}).node"
    return f"{name}.grad_fn"
