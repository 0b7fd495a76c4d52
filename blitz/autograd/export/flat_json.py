"""A graph as JSON: flat lists of nodes, edges and groups that refer to each other by number.

    format, version     "blitz autograd graph", 1
    nodes               index; name, PyTorch's own; kind: operation, parameter or input; label;
                        shape of its first result, dtype; module, the dotted path; variable that
                        held the result; file, line and code that made it; is_view, is_in_place
    edges               index; source, nearer the output; target; input_index, the operand's
                        position; output_index, which result of the target it was
    outputs             node, and which result of it
    groups              index; kind: module, repeat or step; label; note; parent, −1 for none;
                        start and stop: the operations from start to stop − 1 are in it
    drawing             only with a drawing: direction; vertices, with centre, size and the nodes
                        that each stands for; edges, with bends from target to source; frames

What is not known is null. Each record is a line of its own.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from blitz.autograd.graph import AutogradGraph, GraphNode
from blitz.autograd.picture.drawing import Drawing
from blitz.autograd.picture.folding import GROUP_KINDS, Folding, fold

Row = dict[str, Any]


def to_json(graph: AutogradGraph, drawing: Drawing | None = None) -> str:
    """A graph, and where a drawing has its parts, as JSON. See the module for what is in it."""
    folding = drawing.folding if drawing else fold(graph)
    parts = {
        "format": json.dumps("blitz autograd graph"),
        "version": "1",
        "nodes": _rows(map(_node, graph.nodes)),
        "edges": _rows(_edges(graph)),
        "outputs": _rows({"node": node, "result": result} for node, result in graph.roots),
        "groups": _rows(_groups(folding)),
    }
    if drawing:
        parts["drawing"] = _object(_drawing(drawing))
    return _object(parts) + "\n"


def _object(parts: dict[str, str]) -> str:
    return "{\n" + ",\n".join(f'"{name}": {text}' for name, text in parts.items()) + "\n}"


def _rows(rows: Iterable[Row]) -> str:
    # Pure ASCII, so that even half of a surrogate pair in a name is kept as it was.
    return "[\n" + ",\n".join(json.dumps(row, allow_nan=False) for row in rows) + "\n]"


def _node(node: GraphNode) -> Row:
    source = node.source
    return {
        "index": node.index,
        "name": node.name,
        "kind": node.kind,
        "label": node.label,
        "shape": list(node.shapes[0]) if node.shapes else None,
        "dtype": node.dtype or None,
        "module": node.module or None,
        "variable": node.variable,
        "file": source.file if source else None,
        "line": source.line if source else None,
        "code": source.text if source else None,
        "is_view": node.is_view,
        "is_in_place": node.is_in_place,
    }


def _edges(graph: AutogradGraph) -> Iterator[Row]:
    columns = (graph.source, graph.target, graph.input_index, graph.output_index)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for index, (source, target, input_index, output_index) in enumerate(rows):
        yield {
            "index": index,
            "source": source,
            "target": target,
            "input_index": input_index,
            "output_index": output_index,
        }


def _groups(folding: Folding) -> Iterator[Row]:
    for group in range(len(folding)):
        yield {
            "index": group,
            "kind": GROUP_KINDS[folding.kind[group]],
            "label": folding.label(group),
            "note": folding.note(group),
            "parent": int(folding.parent[group]),
            "start": int(folding.start[group]),
            "stop": int(folding.stop[group]),
        }


def _drawing(drawing: Drawing) -> dict[str, str]:
    frames = (
        {"group": f.group, "label": f.label, "box": [f.left, f.top, f.right, f.bottom]}
        for f in drawing.frames
    )
    return {
        "direction": json.dumps(drawing.direction),
        "vertices": _rows(_vertices(drawing)),
        "edges": _rows(_drawn_edges(drawing)),
        "frames": _rows(frames),
    }


def _vertices(drawing: Drawing) -> Iterator[Row]:
    placement = drawing.placement
    for index, vertex in enumerate(drawing.vertices):
        item = vertex.item
        yield {
            "kind": vertex.kind.name.lower(),
            "label": vertex.label,
            "note": vertex.note,
            "node": vertex.node if vertex.node >= 0 else None,
            "start": item.start if item else None,
            "stop": item.stop if item else None,
            "x": float(placement.x[index]),
            "y": float(placement.y[index]),
            "width": float(drawing.width[index]),
            "height": float(drawing.height[index]),
        }


def _drawn_edges(drawing: Drawing) -> Iterator[Row]:
    start, route = drawing.placement.route_start, drawing.placement.route
    ends = zip(drawing.source.tolist(), drawing.target.tolist(), strict=True)
    for edge, (source, target) in enumerate(ends):
        yield {
            "source": source,
            "target": target,
            "edges": drawing.edges_merged(edge).tolist(),
            "route": route[start[edge] : start[edge + 1]].tolist(),
        }
