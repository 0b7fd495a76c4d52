"""A picture of a graph: which vertices and edges show, with which words, and where.

Puts together a graph, its folding and the layout. What becomes of the picture, pixels in a browser
or a file, is the business of `scene` and `export`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from blitz.autograd.graph import AutogradGraph, shape_text
from blitz.autograd.layout import Direction, Placement, place
from blitz.autograd.picture.folding import Folding, Item, fold, open_first, visible_items

Ints = npt.NDArray[np.int32]
Positions = npt.NDArray[np.float32]
LETTER_WIDTH, NOTE_LETTER_WIDTH = 7.6, 6.2  # of the viewer's fonts, 13 and 11 pixels high
PADDING = 26.0
HEIGHT, HEIGHT_WITH_NOTE = 28.0, 42.0
LONGEST_LABEL = 32
MOST_FRAMES = 300
FRAME_MARGIN, FRAME_TOP = 8.0, 24.0


class VertexKind(IntEnum):
    """What a vertex stands for."""

    OPERATION = 0
    PARAMETER = 1
    INPUT = 2
    GROUP = 3
    OUTPUT = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Vertex:
    """One box: an operation, a leaf at one of its uses, a closed group, or an output."""

    kind: VertexKind
    label: str
    note: str = ""
    node: int = -1
    """The graph's node; −1 for groups and outputs."""
    item: Item | None = None
    """Of operations and groups: the operations that the vertex stands for."""
    output: int = -1
    """Of an output: which of the graph's roots it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """A rectangle around an open group."""

    group: int
    label: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Drawing:
    """What shows of a graph with some groups open.

    Edges go as the graph's do, from the side of the output to that of the inputs; the routes in
    `placement` run the other way, with the data.
    """

    graph: AutogradGraph
    folding: Folding
    opened: frozenset[int]
    direction: Direction
    vertices: tuple[Vertex, ...]
    source: Ints
    target: Ints
    merged_start: npt.NDArray[np.int64]
    """[num_edges + 1]; edge e stands for the graph's edges merged[merged_start[e]:…[e + 1]]."""
    merged: Ints
    width: npt.NDArray[np.float32]
    height: npt.NDArray[np.float32]
    placement: Placement
    frames: tuple[Frame, ...]

    def edges_merged(self, edge: int) -> Ints:
        """The graph's edges that one drawn edge stands for; none for an output's."""
        return self.merged[self.merged_start[edge] : self.merged_start[edge + 1]]

    def vertex_of(self, node: int) -> int | None:
        """The first vertex that shows a node, itself or within a group."""
        for index, vertex in enumerate(self.vertices):
            item = vertex.item
            if vertex.node == node or (item and item.start <= node < item.stop):
                return index
        return None


def draw(
    graph: AutogradGraph,
    *,
    folding: Folding | None = None,
    opened: Collection[int] | None = None,
    direction: Direction = "right",
) -> Drawing:
    """Draw a graph with some groups open; by default as many outer ones as are easy to survey.

    Leaves are drawn once in each layer that uses them: a parameter used at every depth would
    otherwise draw lines over everything.
    """
    folding = fold(graph) if folding is None else folding
    chosen = open_first(folding) if opened is None else frozenset(opened)
    items = list(visible_items(folding, chosen))
    plan = _Plan(graph, folding, items)
    width, height = _sizes(plan.vertices)
    source, target = plan.columns()
    placement = place(
        len(plan.vertices), target, source, width=width, height=height, direction=direction
    )
    return Drawing(
        graph=graph,
        folding=folding,
        opened=chosen,
        direction=direction,
        vertices=tuple(plan.vertices),
        source=source,
        target=target,
        merged_start=plan.merged_start,
        merged=plan.merged,
        width=width,
        height=height,
        placement=placement,
        frames=_frames(plan, chosen, placement, width, height, flow=int(direction == "down")),
    )


def layered_layout(graph: AutogradGraph, *, direction: Direction = "right") -> Positions:
    """A place for every node, with all groups open. float32 [num_nodes, 2]

    A leaf that is drawn at several uses has the place of the first.
    """
    folding = fold(graph)
    drawing = draw(graph, folding=folding, opened=range(len(folding)), direction=direction)
    nodes = np.array([vertex.node for vertex in drawing.vertices])
    shown = np.flatnonzero(nodes >= 0)[::-1]  # of several, the first is written last
    positions = np.empty((len(graph), 2), np.float32)
    positions[nodes[shown], 0] = drawing.placement.x[shown]
    positions[nodes[shown], 1] = drawing.placement.y[shown]
    return positions


class _Plan:
    """Vertices and edges that show, before they have a place."""

    def __init__(self, graph: AutogradGraph, folding: Folding, items: list[Item]) -> None:
        self.graph, self.folding = graph, folding
        self.vertices = [_vertex_of_item(graph, folding, item) for item in items]
        lengths = [item.stop - item.start for item in items]
        self.of_operation = np.repeat(np.arange(len(items), dtype=np.int32), lengths)
        self.home: list[int] = list(range(len(items)))
        """Of each vertex, the one it is framed with: itself, or its first user for a leaf."""
        self._pairs: list[npt.NDArray[np.int64]] = []
        self._edges: list[npt.NDArray[np.int64]] = []
        self._add_operations()
        self._add_leaves()
        self._merge()
        self._add_outputs()

    def columns(self) -> tuple[Ints, Ints]:
        pairs = np.concatenate([self.pairs, self.output_pairs])
        return pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32)

    def _add_operations(self) -> None:
        graph = self.graph
        (between,) = np.nonzero(graph.target < graph.num_operations)
        ends = np.stack(
            [self.of_operation[graph.source[between]], self.of_operation[graph.target[between]]], 1
        ).astype(np.int64)
        crossing = ends[:, 0] != ends[:, 1]
        self._pairs.append(ends[crossing])
        self._edges.append(between[crossing])

    def _add_leaves(self) -> None:
        """A vertex for each leaf and layer of users; parameters of closed groups stay inside."""
        graph = self.graph
        (to_leaf,) = np.nonzero(graph.target >= graph.num_operations)
        users = self.of_operation[graph.source[to_leaf]]
        leaves = graph.target[to_leaf]
        is_group = np.array([v.kind == VertexKind.GROUP for v in self.vertices], bool)
        shows = ~(is_group[users] & (graph.kind[leaves] == 1)) if len(users) else np.zeros(0, bool)
        layer = self._layers()
        seen: dict[tuple[int, int], int] = {}
        pairs = []
        for leaf, user in zip(leaves[shows].tolist(), users[shows].tolist(), strict=True):
            key = (leaf, layer[user])
            if key not in seen:
                seen[key] = len(self.vertices)
                self._add_leaf(leaf, user)
            pairs.append((user, seen[key]))
        shown = {leaf for leaf, _ in seen}
        for node in dict.fromkeys(node for node, _ in graph.roots):
            if node >= graph.num_operations and node not in shown:  # an output that is a leaf
                self._add_leaf(node, len(self.vertices))
        self._pairs.append(np.array(pairs, np.int64).reshape(-1, 2))
        self._edges.append(to_leaf[shows])

    def _add_leaf(self, leaf: int, user: int) -> None:
        self.vertices.append(_leaf_vertex(self.graph, leaf))
        self.home.append(user)

    def _layers(self) -> list[int]:
        """Of each item, how many others the longest way from an input passes."""
        layer = [0] * len(self.vertices)
        pairs = self._pairs[0]
        pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]  # items stand in forward order
        for user, operand in pairs.tolist():
            if layer[operand] >= layer[user]:
                layer[user] = layer[operand] + 1
        return layer

    def _merge(self) -> None:
        """Edges between the same two vertices become one."""
        pairs, edges = np.concatenate(self._pairs), np.concatenate(self._edges)
        size = max(1, len(self.vertices))
        keys, inverse = np.unique(pairs[:, 0] * size + pairs[:, 1], return_inverse=True)
        self.pairs = np.stack([keys // size, keys % size], 1)
        order = np.argsort(inverse, kind="stable")
        self.merged = edges[order].astype(np.int32)
        counts = np.bincount(inverse, minlength=len(keys))
        self.merged_start = np.concatenate([[0], np.cumsum(counts)])

    def _add_outputs(self) -> None:
        graph, pairs = self.graph, []
        for number, (node, _) in enumerate(graph.roots):
            if node < graph.num_operations:
                user = int(self.of_operation[node])
                pairs.append((len(self.vertices), user))
                self.home.append(len(self.vertices))
                self.vertices.append(_output_vertex(graph, number, node))
        self.output_pairs = np.array(pairs, np.int64).reshape(-1, 2)
        end = self.merged_start[-1]
        self.merged_start = np.concatenate([self.merged_start, np.full(len(pairs), end)])


def _vertex_of_item(graph: AutogradGraph, folding: Folding, item: Item) -> Vertex:
    if item.group < 0:
        return Vertex(
            kind=VertexKind.OPERATION,
            label=_short(graph.label(item.start)),
            note=shape_text(graph.shape(item.start)),
            node=item.start,
            item=item,
        )
    label, note = folding.label(item.group), folding.note(item.group)
    count = item.last_step - item.first_step + 1
    if item.first_step and count > 1:
        note = f"× {count:,}"
        if count < len(folding.steps[item.group]):
            note = f"{item.first_step:,} to {item.last_step:,} · {note}"
    return Vertex(kind=VertexKind.GROUP, label=_short(label), note=_short(note), item=item)


def _leaf_vertex(graph: AutogradGraph, leaf: int) -> Vertex:
    kind = VertexKind.PARAMETER if graph.kind[leaf] == 1 else VertexKind.INPUT
    name = graph.leaf_names.get(leaf)
    shape = shape_text(graph.leaf(leaf).shape)
    label = name or ("parameter" if kind == VertexKind.PARAMETER else "tensor")
    return Vertex(kind=kind, label=_short(label), note=shape, node=leaf)


def _output_vertex(graph: AutogradGraph, number: int, node: int) -> Vertex:
    name = graph.variables.get(node)
    otherwise = "output" if len(graph.roots) == 1 else f"output {number + 1}"
    return Vertex(kind=VertexKind.OUTPUT, label=_short(name or otherwise), output=number)


def _short(text: str) -> str:
    """Text that fits a box: the end of a long one, where names differ."""
    return text if len(text) <= LONGEST_LABEL else "…" + text[1 - LONGEST_LABEL :]


def _sizes(vertices: list[Vertex]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Width and height of each box, in the pixels of the unzoomed picture."""
    width = [
        PADDING + max(LETTER_WIDTH * len(v.label), NOTE_LETTER_WIDTH * len(v.note))
        for v in vertices
    ]
    height = [HEIGHT_WITH_NOTE if v.note else HEIGHT for v in vertices]
    return np.array(width, np.float32), np.array(height, np.float32)


def _frames(
    plan: _Plan,
    opened: frozenset[int],
    placement: Placement,
    width: npt.NDArray[np.float32],
    height: npt.NDArray[np.float32],
    flow: int,
) -> tuple[Frame, ...]:
    """Rectangles around open groups, where nothing else lies within them; outer ones first.

    A leaf stands a layer before its user, often beside the last operation of the group before. So
    along the flow a frame reaches from the first to the last operation, and leaves of others may
    lie within.
    """
    if len(opened) > MOST_FRAMES or not opened:
        return ()
    corner = np.stack([placement.x - width / 2, placement.y - height / 2], 1)
    opposite = np.stack([placement.x + width / 2, placement.y + height / 2], 1)
    home = np.array([v.item.start if v.item else -1 for v in plan.vertices])[plan.home]
    kind = np.array([v.kind for v in plan.vertices])
    counts = (kind != VertexKind.PARAMETER) & (kind != VertexKind.INPUT)
    frames: list[Frame] = []
    for group in sorted(opened, key=lambda group: _depth(plan.folding, group), reverse=True):
        first, end = plan.folding.start[group], plan.folding.stop[group]
        inside = (home >= first) & (home < end)
        if not inside.any():
            continue
        low, high = corner[inside].min(0), opposite[inside].max(0)
        low[flow] = corner[inside & counts, flow].min()
        high[flow] = opposite[inside & counts, flow].max()
        touches = (opposite > low).all(1) & (corner < high).all(1)
        if not (touches & counts & ~inside).any():
            within = [f for f in frames if first <= plan.folding.start[f.group] < end]
            frames.append(_frame(plan.folding, group, low, high, within))
    return tuple(reversed(frames))


def _depth(folding: Folding, group: int) -> tuple[int, int]:
    """How many groups a group is in, and its number."""
    around = folding.around(int(folding.start[group]))
    return around.index(group), group


def _frame(
    folding: Folding, group: int, low: Positions, high: Positions, within: list[Frame]
) -> Frame:
    """A frame around vertices and the frames within it, with room for its label on top."""
    return Frame(
        group=group,
        label=frame_label(folding, group),
        left=min([float(low[0]), *(frame.left for frame in within)]) - FRAME_MARGIN,
        top=min([float(low[1]), *(frame.top for frame in within)]) - FRAME_TOP,
        right=max([float(high[0]), *(frame.right for frame in within)]) + FRAME_MARGIN,
        bottom=max([float(high[1]), *(frame.bottom for frame in within)]) + FRAME_MARGIN,
    )


def frame_label(folding: Folding, group: int) -> str:
    """What an open group is called: its label and, of a module, its class."""
    if folding.call[group] >= 0:
        class_name = folding.graph.calls[folding.call[group]].class_name
        label = folding.label(group)
        return label if label.startswith(class_name) else f"{label} · {class_name}"
    return folding.label(group)
