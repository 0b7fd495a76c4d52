"""The graph of `grad_fn` objects behind tensors, walked and kept as arrays.

Knows the graph and what PyTorch's nodes tell about themselves; nothing about positions, folding or
drawing. Where a module's calls, source lines and variables' names come from: see `recording`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import numpy as np
import numpy.typing as npt
from torch import Tensor
from torch.autograd.graph import GradientEdge, Node

from blitz.autograd.graph.recording import ModuleCall, Recording, SourceLine, anomaly_line

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
    """Position in the source's `next_functions`: the operand's among those that can be tensors."""
    output_index: int
    """Which result of the target's operation this operand was."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
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

    def __repr__(self) -> str:
        return f"AutogradGraph({len(self):,} nodes, {len(self.source):,} edges)"

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
        return name if name else f"{KINDS[self.kind[node]]} {shape_text(self._leaf(node).shape)}"

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
    # many as are easy to survey; data flow in `direction`. Each returns the text; where a path is
    # given, it writes the file and returns the path. OSError says why it cannot.

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

        text = export(self, chosen, path, opened=opened, direction=direction)
        # A notebook shows what the last line returns: not a whole page of text.
        return text if path is None else str(path)


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


def shape_text(shape: Iterable[int] | None) -> str:
    """A shape as 1×6×28×28, or scalar; nothing where it is unknown."""
    if shape is None:
        return ""
    sizes = tuple(shape)
    if len(sizes) == 1:
        return f"[{sizes[0]}]"
    return "×".join(map(str, sizes)) or "scalar"


def _input_metadata(function: Node) -> Sequence[Any]:
    # Shape and dtype of each gradient coming in; a private attribute, absent from some nodes.
    found: Sequence[Any] = getattr(function, "_input_metadata", ())
    return found
