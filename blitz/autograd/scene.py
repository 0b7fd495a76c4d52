"""A drawing, and a replay on it, as the bytes that the viewer reads.

What each array means is said in viewer/00_viewer_interface.js; how they are packed, in `packing`.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

import numpy as np
import numpy.typing as npt

from blitz.autograd.drawing import Drawing, Vertex
from blitz.autograd.graph import AutogradGraph, is_view
from blitz.autograd.packing import pack

Ints = npt.NDArray[np.int32]
MARK_VIEW, MARK_IN_PLACE, MARK_ERROR, MARK_NOT_FINITE, MARK_NO_GRADIENT = 1, 2, 4, 8, 16
FACTS = ("Module", "Variable", "Line")


class Texts:
    """Texts that arrays refer to by number, each kept once."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}

    def add(self, text: str | None) -> int:
        """The number of a text; −1 for none."""
        return self._number.setdefault(text, len(self._number)) if text else -1

    def column(self, texts: Sequence[str | None]) -> Ints:
        """Numbers of texts. int32 [len(texts)]"""
        return np.fromiter(map(self.add, texts), np.int32, len(texts))

    def all(self) -> list[str]:
        """The texts by number."""
        return list(self._number)


def pack_drawing(
    drawing: Drawing, *, title: str = "", marks: Mapping[int, int] | None = None
) -> bytes:
    """Pack a drawing for the viewer. marks: further mark bits of nodes, such as MARK_ERROR."""
    vertices, texts, placement = drawing.vertices, Texts(), drawing.placement
    marked = {} if marks is None else dict(marks)
    columns = {
        "vertex_label": texts.column([v.label or "·" for v in vertices]),
        "vertex_note": texts.column([v.note for v in vertices]),
        **_facts(drawing, texts),
    }
    counts = np.diff(drawing.merged_start)
    frames = np.array([(f.left, f.top, f.right, f.bottom) for f in drawing.frames], np.float32)
    frames = frames.reshape(-1, 4)
    arrays = {
        "vertex_x": placement.x,
        "vertex_y": placement.y,
        "vertex_width": drawing.width,
        "vertex_height": drawing.height,
        "vertex_kind": np.array([v.kind for v in vertices], np.uint8),
        "vertex_node": np.array([v.node for v in vertices], np.int32),
        "vertex_mark": np.array([_mark(drawing.graph, v, marked) for v in vertices], np.uint8),
        **columns,
        "edge_source": drawing.source,
        "edge_target": drawing.target,
        "edge_route_start": placement.route_start,
        "route": placement.route.reshape(-1),
        "edge_count": np.maximum(counts, 1).astype(np.int32),
        "frame_x0": frames[:, 0],
        "frame_y0": frames[:, 1],
        "frame_x1": frames[:, 2],
        "frame_y1": frames[:, 3],
        "frame_label": texts.column([frame.label for frame in drawing.frames]),
        "frame_group": np.array([frame.group for frame in drawing.frames], np.int32),
    }
    header = {
        "texts": texts.all(),
        "facts": list(FACTS),
        "title": title,
        "direction": drawing.direction,
    }
    return pack({name: np.ascontiguousarray(array) for name, array in arrays.items()}, header)


def _facts(drawing: Drawing, texts: Texts) -> dict[str, Ints]:
    rows = [_facts_of(drawing.graph, vertex) for vertex in drawing.vertices]
    return {
        f"fact_{number}": texts.column([row[number] for row in rows])
        for number in range(len(FACTS))
    }


def _facts_of(graph: AutogradGraph, vertex: Vertex) -> tuple[str | None, str | None, str | None]:
    node = vertex.node
    if node < 0:
        return None, None, None
    module, variable = graph.module_path(node), graph.variables.get(node)
    if node >= graph.num_operations:
        return module, variable, None
    line = graph.line(node)
    text = f"{PurePath(line.file).name}:{line.line}  {line.text}" if line else None
    return module, variable, text


def _mark(graph: AutogradGraph, vertex: Vertex, marked: Mapping[int, int]) -> int:
    if vertex.node < 0:
        item = vertex.item
        inside = [m for node, m in marked.items() if item and item.start <= node < item.stop]
        return int(np.bitwise_or.reduce(inside)) if inside else 0
    node = vertex.node
    mark = marked.get(node, 0)
    if node < graph.num_operations:
        mark |= MARK_VIEW if is_view(graph.type_name(node)) else 0
        mark |= MARK_IN_PLACE if node in graph.in_place else 0
        mark |= MARK_NO_GRADIENT if node in graph.missing else 0
    return mark
