"""A drawing in Graphviz's DOT language: what is drawn, without places, which dot finds itself."""

from collections.abc import Iterator

from blitz.autograd.export.texts import Nesting, printable
from blitz.autograd.picture.drawing import Drawing, Frame, Vertex, VertexKind

LEAF = "#2166ac"
LOOKS = {
    VertexKind.OPERATION: 'shape=box style="rounded,filled" fillcolor="#f6f7f8" color="#9aa1aa"',
    VertexKind.PARAMETER: f'shape=oval style=filled fillcolor="{LEAF}" color="{LEAF}" '
    'fontcolor="#ffffff"',
    VertexKind.INPUT: f'shape=hexagon style=filled fillcolor="#eaf2fa" color="{LEAF}" penwidth=1.8',
    VertexKind.GROUP: 'shape=box style=filled fillcolor="#e9ebee" color="#5d6570" peripheries=2',
    VertexKind.OUTPUT: 'shape=cds style=bold color="#1b1f24" fontname="Helvetica-Bold"',
}


def to_dot(drawing: Drawing) -> str:
    """A drawing for Graphviz, with frames as clusters; edges go with the data."""
    nesting = Nesting(drawing)
    lines = [
        "digraph autograd {",
        f"  rankdir={'TB' if drawing.direction == 'down' else 'LR'};",
        '  node [fontname="Helvetica" fontsize=12 height=0.3 margin="0.12,0.05"];',
        '  edge [color="#848c96" arrowsize=0.7];',
        *_contents(drawing, nesting),
        *_edges(drawing),
        "}\n",
    ]
    return "\n".join(lines)


def _contents(drawing: Drawing, nesting: Nesting) -> Iterator[str]:
    def cluster(frame: Frame) -> Iterator[str]:
        yield f"subgraph cluster_{frame.group} {{"
        yield f'  label={quoted(frame.label)} color="#9aa1aa" style=dashed fontsize=11;'
        yield '  fontname="Helvetica" labeljust=l;'

    def node(vertex: int) -> str:
        return f"  v{vertex} {_attributes(drawing.vertices[vertex])};"

    return nesting.lines(cluster, node, "}")


def _attributes(vertex: Vertex) -> str:
    label = f'"{_escaped(vertex.label)}\\n{_escaped(vertex.note)}"'
    if not vertex.note:
        label = quoted(vertex.label)
    return f"[label={label} {LOOKS[vertex.kind]}]"


def _edges(drawing: Drawing) -> Iterator[str]:
    ends = zip(drawing.target.tolist(), drawing.source.tolist(), strict=True)
    for edge, (tail, head) in enumerate(ends):
        count = len(drawing.edges_merged(edge))
        yield f"  v{tail} -> v{head}" + (f' [label="×{count}"];' if count > 1 else ";")


def quoted(text: str) -> str:
    """Text as a quoted string that Graphviz shows as it is."""
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    # A backslash begins an escape such as \N, and an ampersand an entity of HTML.
    shown = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return shown.replace("&", "&amp;")
