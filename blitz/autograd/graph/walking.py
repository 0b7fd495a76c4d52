"""From tensors along `grad_fn.next_functions` to a graph: its nodes, their order and names."""

import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, Node

from blitz.autograd.graph.ends import edge_of, ends_within, no_graph_message
from blitz.autograd.graph.freeing import BAND, free_one_by_one
from blitz.autograd.graph.graph import (
    IN_PLACE_ON_A_VIEW,
    LAST_FORWARD,
    AutogradGraph,
    Ints,
    NoGraphError,
)
from blitz.autograd.graph.recording import Recording
from blitz.autograd.graph.watching import record


def trace(
    *outputs: Any,
    module: nn.Module | None = None,
    names: Mapping[str, Any] | None = None,
    recording: Recording | None = None,
) -> AutogradGraph:
    """Walk from outputs along `grad_fn.next_functions` to the leaves.

    outputs: tensors or gradient edges, also within lists, tuples and dicts; those without a graph
    are left out.
    module: gives parameters their names. names: tensors by their variables' names.
    recording: what `watching.record` learnt while the outputs were made.

    Raises NoGraphError where no output has a graph.
    """
    ends = ends_within(outputs)
    of_each = [(edge, end) for end in ends if (edge := edge_of(end)) is not None]
    if not of_each:
        raise NoGraphError(no_graph_message(ends))
    edges, rooted = [edge for edge, _ in of_each], [end for _, end in of_each]
    found = _Walk([edge.node for edge in edges])
    graph = _to_graph(found, edges, rooted, module, names or {}, recording or Recording())
    _free_one_by_one(graph)
    return graph


def capture(function: Callable[..., Any], *inputs: Any, **named_inputs: Any) -> AutogradGraph:
    """Call a module or a function, and trace what it returns with all that can be learnt.

    The graph then knows module paths, source lines and variables' names. Exceptions of the
    function pass through; NoGraphError is raised where nothing it returns has a graph.
    """
    with record() as recording:
        outputs = function(*inputs, **named_inputs)
    return trace(outputs, recording=recording)


def _free_one_by_one(graph: AutogradGraph) -> None:
    between = graph.target < graph.num_operations
    source, target = graph.source[between], graph.target[between]
    anchors = np.unique(source[source // BAND > target // BAND])
    free_one_by_one(graph.functions[: graph.num_operations], anchors.tolist(), owner="trace")


class _Walk:
    """All nodes reachable from some, each once, and their next functions."""

    def __init__(self, roots: Sequence[Node]) -> None:
        # Nodes are the keys: their wrappers are made on demand, and an id is nobody's once freed.
        self.number: dict[Node, int] = {}
        self.next_functions: list[tuple[tuple[Node | None, int], ...]] = []
        stack = list(reversed(roots))
        number, found = self.number, self.next_functions
        while stack:
            node = stack.pop()
            if node in number:
                continue
            number[node] = len(found)
            nexts = node.next_functions
            found.append(nexts)
            for following, _ in reversed(nexts):
                if following is not None and following not in number:
                    stack.append(following)


def _sequence(node: Node) -> int:
    number: int = node._sequence_nr()
    # A leaf's number is the maximum of uint64.
    return number if number < LAST_FORWARD else -1


def _to_graph(
    found: _Walk,
    edges: Sequence[GradientEdge],
    outputs: Sequence[Tensor | GradientEdge],
    module: nn.Module | None,
    names: Mapping[str, Any],
    recording: Recording,
) -> AutogradGraph:
    nodes = list(found.number)
    types, type_names = _types(nodes)
    is_leaf = _are_leaves(found)
    source, target, input_index, output_index, missing = _edge_columns(found)
    sequence = np.fromiter(map(_sequence, nodes), np.int64, len(nodes))
    order = _forward_order(sequence, is_leaf, source, target)
    rank = np.empty(len(nodes), np.int32)
    rank[order] = np.arange(len(nodes), dtype=np.int32)

    source, target = rank[source], rank[target]
    by_source = np.lexsort((input_index, source))
    source = source[by_source]
    functions = [nodes[i] for i in order.tolist()]
    num_operations = len(nodes) - int(is_leaf.sum())
    sequence = np.where(is_leaf, LAST_FORWARD, sequence)[order]
    leaf_names, variables = _names(functions, num_operations, module, names, recording)
    call, calls = recording.calls_of(sequence[:num_operations])
    return AutogradGraph(
        functions=functions,
        types=type_names,
        type_index=types[order],
        kind=_kinds(functions, num_operations),
        sequence=sequence,
        call=np.concatenate([call, np.full(len(nodes) - num_operations, -1, np.int32)]),
        calls=calls,
        source=source,
        target=target[by_source],
        input_index=input_index[by_source],
        output_index=output_index[by_source],
        edge_start=np.searchsorted(source, np.arange(len(nodes) + 1)),
        missing={int(rank[number]): places for number, places in missing.items()},
        roots=tuple((int(rank[found.number[edge.node]]), edge.output_nr) for edge in edges),
        num_operations=num_operations,
        leaf_names=leaf_names,
        variables=variables,
        in_place=_in_place(functions[:num_operations], recording),
        outputs=tuple(outputs),
        recording=recording,
    )


def _types(nodes: Sequence[Node]) -> tuple[Ints, tuple[str, ...]]:
    """Of each node the number of its type's name, and these names."""
    number: dict[str, int] = {}
    numbers = (number.setdefault(node.name(), len(number)) for node in nodes)
    column = np.fromiter(numbers, np.int32, len(nodes))
    return column, tuple(name.rpartition("::")[2] for name in number)


def _are_leaves(found: _Walk) -> npt.NDArray[np.bool_]:
    pairs = zip(found.number, found.next_functions, strict=True)
    flags = (not nexts and hasattr(node, "variable") for node, nexts in pairs)
    return np.fromiter(flags, np.bool_, len(found.number))


def _edge_columns(found: _Walk) -> tuple[Ints, Ints, Ints, Ints, dict[int, tuple[int, ...]]]:
    number = found.number
    flat = [
        (at, -1 if node is None else number[node], place, output)
        for at, nexts in enumerate(found.next_functions)
        for place, (node, output) in enumerate(nexts)
    ]
    columns = np.fromiter(itertools.chain.from_iterable(flat), np.int32, 4 * len(flat))
    columns = columns.reshape(-1, 4)
    is_missing = columns[:, 1] < 0
    missing: dict[int, tuple[int, ...]] = {}
    for at, _, place, _ in columns[is_missing].tolist():
        missing[at] = (*missing.get(at, ()), place)
    source, target, input_index, output_index = np.ascontiguousarray(columns[~is_missing].T)
    return source, target, input_index, output_index, missing


def _forward_order(
    sequence: npt.NDArray[np.int64], is_leaf: npt.NDArray[np.bool_], source: Ints, target: Ints
) -> npt.NDArray[np.int64]:
    """Operations as the forward pass ran them, then leaves by the first operation that uses them.

    Sequence numbers are counted thread by thread and may be set by hand; where they do not put
    every operation after its operands, the order is topological, by these numbers otherwise.
    """
    num_nodes = len(sequence)
    discovered = -np.arange(num_nodes)
    operations = np.lexsort((discovered, sequence))
    operations = operations[~is_leaf[operations]]
    rank = np.full(num_nodes, -1, np.int64)
    rank[operations] = np.arange(len(operations))
    between = ~is_leaf[target]
    if (rank[source[between]] <= rank[target[between]]).any():
        operations = _topological(operations, rank, source[between], target[between])
        rank[operations] = np.arange(len(operations))
    first_use = np.full(num_nodes, np.iinfo(np.int64).max)
    np.minimum.at(first_use, target, rank[source])
    leaves = np.flatnonzero(is_leaf)
    return np.concatenate([operations, leaves[np.lexsort((leaves, first_use[leaves]))]])


def _topological(
    operations: npt.NDArray[np.int64], rank: npt.NDArray[np.int64], source: Ints, target: Ints
) -> npt.NDArray[np.int64]:
    """Kahn's algorithm: operands first, by rank where there is a choice."""
    waits_for = np.bincount(source, minlength=len(rank))
    users: dict[int, list[int]] = {}
    for user, operand in zip(source.tolist(), target.tolist(), strict=True):
        users.setdefault(operand, []).append(user)
    ready = [(int(rank[node]), node) for node in operations.tolist() if not waits_for[node]]
    heapq.heapify(ready)
    order = []
    while ready:
        _, node = heapq.heappop(ready)
        order.append(node)
        for user in users.get(node, ()):
            waits_for[user] -= 1
            if not waits_for[user]:
                heapq.heappush(ready, (int(rank[user]), user))
    assert len(order) == len(operations), "autograd's graph has no cycles"
    return np.array(order, np.int64)


def _kinds(functions: Sequence[Node], num_operations: int) -> npt.NDArray[np.uint8]:
    leaves = functions[num_operations:]
    kinds = [1 if isinstance(_variable(leaf), nn.Parameter) else 2 for leaf in leaves]
    return np.concatenate([np.zeros(num_operations, np.uint8), np.array(kinds, np.uint8)])


def _variable(leaf: Node) -> Tensor:
    variable: Tensor = leaf.variable  # type: ignore[attr-defined]
    return variable


def _names(
    functions: Sequence[Node],
    num_operations: int,
    module: nn.Module | None,
    names: Mapping[str, Any],
    recording: Recording,
) -> tuple[dict[int, str], dict[int, str]]:
    """Names of leaves, and names of the variables that held operations' results, by node."""
    of_tensor: dict[int, str] = recording.tensor_names()
    of_node: dict[Node, str] = dict(recording.results)
    for name, value in names.items():
        if isinstance(value, Tensor):
            of_tensor[id(value)] = name
            if value.grad_fn is not None:
                of_node[value.grad_fn] = name
    if module is not None:
        of_tensor |= {id(tensor): name for name, tensor in module.named_parameters()}
    leaves = {
        i: of_tensor[id(_variable(functions[i]))]
        for i in range(num_operations, len(functions))
        if id(_variable(functions[i])) in of_tensor
    }
    variables = {
        i: of_node[functions[i]] for i in range(num_operations) if functions[i] in of_node
    } if of_node else {}  # fmt: skip
    return leaves, variables


def _in_place(operations: Sequence[Node], recording: Recording) -> frozenset[int]:
    written = recording.written
    return frozenset(
        i
        for i, node in enumerate(operations)
        if node in written or node.name().endswith(IN_PLACE_ON_A_VIEW)
    )
