"""The graph of `grad_fn` objects behind tensors, walked and kept as arrays.

Knows the graph and what PyTorch's nodes tell about themselves; nothing about positions, folding or
drawing. Where a module's calls, source lines and variables' names come from: see `recording`.
"""

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, Node, get_gradient_edge

from blitz.autograd.freeing import BAND, free_one_by_one
from blitz.autograd.recording import ModuleCall, Recording, SourceLine, anomaly_line, record

if TYPE_CHECKING:  # they know graphs, so that here they are imported where they are used
    from blitz.autograd.export import Format, Opened
    from blitz.autograd.layout import Direction

Ints = npt.NDArray[np.int32]
Record = TypeVar("Record")
NodeKind = Literal["operation", "parameter", "input"]
KINDS: tuple[NodeKind, ...] = ("operation", "parameter", "input")

# fmt: off
VIEWS = frozenset({
    "Alias", "AsStrided", "Conj", "Diagonal", "Expand", "Imag", "NegView", "Permute", "Real",
    "ReshapeAlias", "Select", "Slice", "Split", "SplitWithSizes", "Squeeze", "T", "Transpose",
    "Unbind", "Unfold", "Unsqueeze", "Values", "View", "ViewAsComplex", "ViewAsReal",
})
# fmt: on
"""Operations whose result shares its operand's memory, by their node's name without its ending."""
IN_PLACE_ON_A_VIEW = "CopySlices"
LAST_FORWARD = np.iinfo(np.int64).max


class NoGraphError(ValueError):
    """None of the tensors has a graph; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphNode:
    """One `grad_fn`, as the graph's arrays describe it."""

    index: int
    name: str
    """PyTorch's own name: AddmmBackward0."""
    kind: NodeKind
    label: str
    """What to call it in a picture: Addmm, or a parameter's name."""
    sequence: int
    """When its forward operation ran; leaves have the greatest number of all."""
    variable: str | None
    """The name of the Python variable that held its result, where it is known."""
    module: str
    """Dotted path of the module whose forward made it; empty outside of modules."""
    shapes: tuple[tuple[int, ...], ...]
    """Shape of each result of the forward operation, which is that of the gradient coming in."""
    dtype: str
    is_view: bool
    is_in_place: bool
    missing_inputs: tuple[int, ...]
    """Positions in `next_functions` that are None: operands that need no gradient."""
    source: SourceLine | None


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphEdge:
    """One entry of a node's `next_functions`: where a gradient goes next."""

    index: int
    source: int
    """The node nearer the output."""
    target: int
    """The node nearer the inputs."""
    input_index: int
    """Position in the source's `next_functions`, so the operand's position too."""
    output_index: int
    """Which result of the target's operation this operand was."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class AutogradGraph:
    """The nodes reachable from some outputs.

    Nodes are numbered in the order of the forward pass, operations first, then leaves in the order
    in which operations take them up. Edges are sorted by source, then by position. The arrays
    have one entry a node (`functions`, `kind`, `type_index`, `sequence`, `call`) or one an edge
    (`source`, `target`, `input_index`, `output_index`). `functions` keeps the nodes alive.
    """

    functions: Sequence[Node]
    types: tuple[str, ...]
    type_index: Ints
    kind: npt.NDArray[np.uint8]
    sequence: npt.NDArray[np.int64]
    call: Ints
    """Index of the innermost module call in `calls`, or −1."""
    calls: tuple[ModuleCall, ...]
    source: Ints
    target: Ints
    input_index: Ints
    output_index: Ints
    edge_start: npt.NDArray[np.int64]
    """[num_nodes + 1]; the edges of node i are edge_start[i] to edge_start[i + 1]."""
    missing: dict[int, tuple[int, ...]]
    """For nodes with None among their next functions: at which positions."""
    roots: tuple[tuple[int, int], ...]
    """Of each output: its node, and which result of that node's operation it is."""
    num_operations: int
    leaf_names: Mapping[int, str]
    variables: Mapping[int, str]
    in_place: frozenset[int]
    outputs: tuple[Tensor | GradientEdge, ...] = field(repr=False)
    recording: Recording = field(repr=False)

    def __len__(self) -> int:
        return len(self.functions)

    @property
    def nodes(self) -> Sequence[GraphNode]:
        """All nodes; each record is made when it is asked for."""
        return _Records(len(self.functions), self._node)

    @property
    def edges(self) -> Sequence[GraphEdge]:
        """All edges; each record is made when it is asked for."""
        return _Records(len(self.source), self._edge)

    def edges_of(self, node: int) -> range:
        """Indices of the edges that go from a node towards the inputs."""
        return range(int(self.edge_start[node]), int(self.edge_start[node + 1]))

    def type_name(self, node: int) -> str:
        """PyTorch's name of a node: AddmmBackward0."""
        return self.types[int(self.type_index[node])]

    def label(self, node: int) -> str:
        """What to call a node in a picture."""
        if node < self.num_operations:
            return operation_label(self.type_name(node))
        name = self.leaf_names.get(node)
        return name if name else f"{KINDS[self.kind[node]]} {_shape_text(self._leaf(node).shape)}"

    def module_path(self, node: int) -> str:
        """Dotted path of the module that made a node; for a parameter, of the one it belongs to."""
        if node >= self.num_operations:
            return self.leaf_names.get(node, "").rpartition(".")[0]
        call = int(self.call[node])
        return self.calls[call].path if call >= 0 else ""

    def shape(self, node: int) -> tuple[int, ...] | None:
        """Shape of the first result of a node's operation, or of a leaf; None where unknown."""
        if node >= self.num_operations:
            return tuple(self._leaf(node).shape)
        metadata = _input_metadata(self.functions[node])
        return tuple(metadata[0].shape) if metadata else None

    def leaf(self, node: int) -> Tensor:
        """The tensor that a leaf's gradient is added to. ValueError for an operation."""
        if node < self.num_operations:
            raise ValueError(f"node {node} is an operation; only leaves have a tensor")
        return self._leaf(node)

    def _leaf(self, node: int) -> Tensor:
        variable: Tensor = self.functions[node].variable  # type: ignore[attr-defined]
        return variable

    def line(self, node: int) -> SourceLine | None:
        """The line of Python that made an operation's node, where it is known."""
        found = self.recording.line_of(int(self.sequence[node]))
        return found or anomaly_line(self.functions[node])

    def _node(self, index: int) -> GraphNode:
        function = self.functions[index]
        name = self.type_name(index)
        metadata = _input_metadata(function)
        is_leaf = index >= self.num_operations
        return GraphNode(
            index=index,
            name=name,
            kind=KINDS[self.kind[index]],
            label=self.label(index),
            sequence=int(self.sequence[index]),
            variable=self.variables.get(index),
            module=self.module_path(index),
            shapes=(tuple(self._leaf(index).shape),)
            if is_leaf
            else tuple(tuple(each.shape) for each in metadata),
            dtype=str(metadata[0].dtype).removeprefix("torch.") if metadata else "",
            is_view=is_view(name),
            is_in_place=index in self.in_place,
            missing_inputs=self.missing.get(index, ()),
            source=None if is_leaf else self.line(index),
        )

    def _edge(self, index: int) -> GraphEdge:
        return GraphEdge(
            index=index,
            source=int(self.source[index]),
            target=int(self.target[index]),
            input_index=int(self.input_index[index]),
            output_index=int(self.output_index[index]),
        )

    # Files. `opened` are groups of `folding.fold` to draw open, "all" of them, or by default as
    # many as are easy to survey; data flow in `direction`. Each returns the text, and writes it
    # where a path is given; OSError says why it cannot.

    def to_html(
        self,
        path: str | Path | None = None,
        *,
        opened: "Opened" = None,
        direction: "Direction" = "right",
    ) -> str:
        """A page of its own to explore the graph in; it needs no network."""
        return self._export("html", path, opened, direction)

    def to_svg(
        self,
        path: str | Path | None = None,
        *,
        opened: "Opened" = None,
        direction: "Direction" = "right",
    ) -> str:
        """A picture without scripts, for light and dark backgrounds."""
        return self._export("svg", path, opened, direction)

    def to_dot(
        self,
        path: str | Path | None = None,
        *,
        opened: "Opened" = None,
        direction: "Direction" = "right",
    ) -> str:
        """Graphviz's language, with open groups as clusters."""
        return self._export("dot", path, opened, direction)

    def to_mermaid(
        self,
        path: str | Path | None = None,
        *,
        opened: "Opened" = None,
        direction: "Direction" = "right",
    ) -> str:
        """A flowchart for Markdown files."""
        return self._export("mermaid", path, opened, direction)

    def to_json(
        self,
        path: str | Path | None = None,
        *,
        opened: "Opened" = None,
        direction: "Direction" = "right",
    ) -> str:
        """All nodes, edges and groups; with `opened` also where they are drawn."""
        return self._export("json", path, opened, direction)

    def _repr_html_(self) -> str:
        """The page in a frame: what a notebook shows of a graph."""
        from blitz.autograd.export import in_a_notebook

        return in_a_notebook(self.to_html())

    def _export(
        self,
        chosen: "Format",
        path: str | Path | None,
        opened: "Opened",
        direction: "Direction",
    ) -> str:
        from blitz.autograd.export import export

        return export(self, chosen, path, opened=opened, direction=direction)


class _Records(Sequence[Record]):
    """Records made from arrays on demand: a million of them cost nothing until looked at."""

    def __init__(self, length: int, make: Callable[[int], Record]) -> None:
        self._range = range(length)
        self._make = make

    def __len__(self) -> int:
        return len(self._range)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        if isinstance(index, slice):
            return [self._make(i) for i in self._range[index]]
        return self._make(self._range[index])

    def __iter__(self) -> Iterator[Record]:
        return map(self._make, self._range)


def operation_label(type_name: str) -> str:
    """A node's name without its ending: AddmmBackward0 → Addmm."""
    return type_name.rstrip("0123456789").removesuffix("Backward") or type_name


def is_view(type_name: str) -> bool:
    """Whether an operation's result shares its operand's memory."""
    return operation_label(type_name) in VIEWS


def _shape_text(shape: Iterable[int]) -> str:
    return "×".join(map(str, shape)) or "scalar"


def _input_metadata(function: Node) -> Sequence[Any]:
    # Shape and dtype of each gradient coming in; a private attribute, absent from some nodes.
    found: Sequence[Any] = getattr(function, "_input_metadata", ())
    return found


# Walking


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
    recording: what `recording.record` learnt while the outputs were made.

    Raises NoGraphError where no output has a graph.
    """
    ends = list(_tensors(outputs))
    rooted = [end for end in ends if isinstance(end, GradientEdge) or end.requires_grad]
    if not rooted:
        raise NoGraphError(_no_graph_message(ends))
    edges = [end if isinstance(end, GradientEdge) else get_gradient_edge(end) for end in rooted]
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


def _tensors(value: Any) -> Iterator[Tensor | GradientEdge]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Tensor | GradientEdge):
            yield item
        elif isinstance(item, Mapping):
            stack.extend(reversed(list(item.values())))
        elif isinstance(item, list | tuple):
            stack.extend(reversed(item))


def _no_graph_message(ends: Sequence[Tensor | GradientEdge]) -> str:
    tensor = next((end for end in ends if isinstance(end, Tensor)), None)
    if tensor is None:
        return "there is no tensor to trace; give the output of a computation"
    dtype = str(tensor.dtype).removeprefix("torch.")
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return f"the tensor has no graph: it holds {dtype}, and only real numbers have gradients"
    return (
        f"the tensor [{_shape_text(tensor.shape)}] has no graph: none of the tensors it was made "
        "from requires grad, or it was made under no_grad or detached"
    )


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
    type_of: dict[str, int] = {}
    types = np.fromiter(
        (type_of.setdefault(node.name(), len(type_of)) for node in nodes), np.int32, len(nodes)
    )
    is_leaf = np.fromiter(
        (not nexts and hasattr(node, "variable")
         for node, nexts in zip(nodes, found.next_functions, strict=True)), bool, len(nodes)
    )  # fmt: skip
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
        types=tuple(name.rpartition("::")[2] for name in type_of),
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
