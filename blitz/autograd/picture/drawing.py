"""A picture of a graph: which vertices and edges show, with which words, and where.

Puts together a graph, its folding, the plan of what shows and the layout. What becomes of the
picture, pixels in a browser or a file, is the business of `scene` and `export`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from blitz.autograd.graph import AutogradGraph, shape_text
from blitz.autograd.layout import Direction, Placement, place
from blitz.autograd.picture.folding import Folding, Item, fold, open_first, visible_items
from blitz.autograd.picture.frames import Boxes, rectangles
from blitz.autograd.picture.plan import Plan

Ints = npt.NDArray[np.int32]
Positions = npt.NDArray[np.float32]
LETTER_WIDTH, NOTE_LETTER_WIDTH = 7.6, 6.2  # of the viewer's fonts, 13 and 11 pixels high
PADDING = 26.0
HEIGHT, HEIGHT_WITH_NOTE = 28.0, 42.0
LONGEST_LABEL = 32


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
    """Draw a graph with some groups open; by default as many outer ones as are easy to survey."""
    folding = fold(graph) if folding is None else folding
    chosen = open_first(folding) if opened is None else frozenset(opened)
    plan = Plan(graph, list(visible_items(folding, chosen)))
    vertices = _vertices(graph, folding, plan)
    width, height = _sizes(vertices)
    drawing = Drawing(
        graph=graph,
        folding=folding,
        opened=chosen,
        direction=direction,
        vertices=vertices,
        source=plan.source,
        target=plan.target,
        merged_start=plan.merged_start,
        merged=plan.merged,
        width=width,
        height=height,
        placement=place(
            len(plan), plan.target, plan.source, width=width, height=height, direction=direction
        ),
        frames=(),
    )
    return replace(drawing, frames=_frames(drawing, plan.home))


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


def _vertices(graph: AutogradGraph, folding: Folding, plan: Plan) -> tuple[Vertex, ...]:
    items = [_vertex_of_item(graph, folding, item) for item in plan.items]
    leaves = [_leaf_vertex(graph, leaf) for leaf in plan.leaves]
    return (*items, *leaves, *(_output_vertex(graph, number) for number in plan.outputs))


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


def _output_vertex(graph: AutogradGraph, number: int) -> Vertex:
    name = graph.variables.get(graph.roots[number][0])
    otherwise = "output" if len(graph.roots) == 1 else f"output {number + 1}"
    return Vertex(kind=VertexKind.OUTPUT, label=_short(name or otherwise), output=number)


def _short(text: str) -> str:
    """Text that fits a box: the end of a long one, where names differ."""
    return text if len(text) <= LONGEST_LABEL else "…" + text[1 - LONGEST_LABEL :]


def _sizes(vertices: Sequence[Vertex]) -> tuple[Positions, Positions]:
    """Width and height of each box, in the pixels of the unzoomed picture."""
    width = [
        PADDING + max(LETTER_WIDTH * len(v.label), NOTE_LETTER_WIDTH * len(v.note))
        for v in vertices
    ]
    height = [HEIGHT_WITH_NOTE if v.note else HEIGHT for v in vertices]
    return np.array(width, np.float32), np.array(height, np.float32)


def _frames(drawing: Drawing, home: list[int]) -> tuple[Frame, ...]:
    """Rectangles around open groups with their labels; `home` is the plan's."""
    placement = drawing.placement
    centre = np.stack([placement.x, placement.y], 1)
    half = np.stack([drawing.width, drawing.height], 1) * np.float32(0.5)
    starts = np.array([vertex.item.start if vertex.item else -1 for vertex in drawing.vertices])
    kind = np.array([vertex.kind for vertex in drawing.vertices])
    boxes = Boxes(
        corner=centre - half,
        opposite=centre + half,
        operation=starts[home],
        is_leaf=(kind == VertexKind.PARAMETER) | (kind == VertexKind.INPUT),
    )
    flow = int(drawing.direction == "down")
    found = rectangles(drawing.folding, drawing.opened, boxes, flow)
    return tuple(
        Frame(group=group, label=frame_label(drawing.folding, group), **sides._asdict())
        for group, sides in found.items()
    )


def frame_label(folding: Folding, group: int) -> str:
    """What an open group is called: its label and, of a module, its class."""
    if folding.call[group] >= 0:
        class_name = folding.graph.calls[folding.call[group]].class_name
        label = folding.label(group)
        return label if label.startswith(class_name) else f"{label} · {class_name}"
    return folding.label(group)
