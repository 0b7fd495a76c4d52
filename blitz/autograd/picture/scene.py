"""A drawing, and a replay on it, as the bytes that the viewer reads.

What each array means is said in viewer/00_viewer_interface.js; how they are packed, in `packing`.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from blitz.autograd.backward.measures import has_values, measure
from blitz.autograd.backward.replay import Replay
from blitz.autograd.graph import AutogradGraph, shape_text
from blitz.autograd.graph.graph import is_view
from blitz.autograd.picture.drawing import Drawing, Vertex, VertexKind
from blitz.autograd.picture.packing import pack

Ints = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]
EDGE_NUMBERS = ("edge_norm", "edge_min", "edge_max", "edge_mean", "edge_zeros")
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


# The backward pass on a drawing


def pack_playback(drawing: Drawing, replay: Replay) -> bytes:
    """Pack a replay as steps of a drawing: each vertex that shows runs as a whole.

    Step 0 gives the outputs their gradients; a group begins with its first operation and ends with
    its last; all copies of a leaf run together.
    """
    begin, end = _times(drawing, replay)
    moments = np.unique(begin[begin >= 0])
    texts = Texts()
    arrays = {
        "vertex_start": _steps(moments, begin),
        "vertex_end": _steps(moments, end),
        **_edge_columns(drawing, replay, moments, texts),
        "step_text": texts.column(_step_texts(drawing, replay, begin, moments)),
    }
    return pack(arrays, {"texts": texts.all(), "num_steps": len(moments) + 1})


def _times(drawing: Drawing, replay: Replay) -> tuple[Times, Times]:
    """When the nodes of each vertex ran first and last; −1 never, −2 for outputs. Two of [n]"""
    order = replay.order.astype(np.int64)
    begin = np.full(len(drawing.vertices), -1)
    end = begin.copy()
    for index, vertex in enumerate(drawing.vertices):
        if vertex.kind == VertexKind.OUTPUT:
            begin[index] = end[index] = -2
        elif vertex.item:
            ran = order[vertex.item.start : vertex.item.stop]
            ran = ran[ran >= 0]
            if len(ran):
                begin[index], end[index] = ran.min(), ran.max()
        else:
            begin[index] = end[index] = order[vertex.node]
    return begin, end


def _steps(moments: Times, times: Times) -> npt.NDArray[np.float32]:
    """The step that each time falls into: 0 for outputs, NaN for never."""
    steps = np.searchsorted(moments, times, side="right").astype(np.float32)
    return np.where(times == -1, np.float32(np.nan), steps)


def _edge_columns(
    drawing: Drawing, replay: Replay, moments: Times, texts: Texts
) -> dict[str, npt.NDArray[Any]]:
    """Numbers of the gradients along drawn edges; of several merged, those of all together."""
    count = len(drawing.source)
    time = np.full(count, -1)
    columns = {name: np.full(count, np.nan) for name in EDGE_NUMBERS}
    is_finite = np.ones(count, np.bool_)
    flags, shapes = np.zeros(count, np.uint8), np.full(count, -1, np.int32)
    found, order = replay.gradients, replay.order
    for edge in range(count):
        merged = [e for e in drawing.edges_merged(edge).tolist() if found.flowed[e]]
        if not merged:
            if drawing.vertices[drawing.source[edge]].kind == VertexKind.OUTPUT:
                time[edge] = -2
                start = replay.start[drawing.vertices[drawing.source[edge]].output]
                if has_values(start):
                    measured = measure(start)
                    columns["edge_norm"][edge] = measured.norm
                    is_finite[edge] = not measured.has_inf
            continue
        time[edge] = order[drawing.graph.source[merged]].max()
        # hypot does not overflow where the sum of squares would.
        with np.errstate(over="ignore"):  # though it may itself be no float64
            columns["edge_norm"][edge] = np.hypot.reduce(found.norm[merged])
        columns["edge_min"][edge] = found.minimum[merged].min()
        columns["edge_max"][edge] = found.maximum[merged].max()
        if len(merged) == 1:
            columns["edge_mean"][edge] = found.mean[merged[0]]
            columns["edge_zeros"][edge] = found.zeros[merged[0]]
            shapes[edge] = texts.add(shape_text(found.shapes[merged[0]]))
        else:
            shapes[edge] = texts.add(f"{len(merged)} gradients")
        is_finite[edge] = not found.has_inf[merged].any()
        flags[edge] = found.has_nan[merged].any() + 2 * found.has_inf[merged].any()
    return {
        "edge_time": _steps(moments, time),
        **{name: _narrow(column, is_finite) for name, column in columns.items()},
        "edge_flags": flags,
        "edge_shape": shapes,
    }


def _narrow(
    values: npt.NDArray[np.float64], is_finite: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """Numbers as float32; those of finite gradients stay finite, at the ends of its range."""
    ends = np.finfo(np.float32)
    with np.errstate(over="ignore"):
        return np.where(is_finite, np.clip(values, ends.min, ends.max), values).astype(np.float32)


def _step_texts(drawing: Drawing, replay: Replay, begin: Times, moments: Times) -> list[str]:
    graph = drawing.graph
    texts = ["The outputs get their gradients" + (f": {replay.note}" if replay.note else "")]
    first = {int(time): index for index, time in reversed(list(enumerate(begin.tolist())))}
    for moment in moments.tolist():
        vertex = drawing.vertices[first[moment]]
        if vertex.node < 0:
            texts.append(f"{vertex.label} {vertex.note}")
        elif vertex.node < graph.num_operations:
            module = graph.module_path(vertex.node)
            texts.append(graph.type_name(vertex.node) + (f" in {module}" if module else ""))
        else:
            texts.append(f"AccumulateGrad: {vertex.label}.grad is complete")
    return texts
