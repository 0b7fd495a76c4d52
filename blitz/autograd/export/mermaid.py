"""A drawing as a Mermaid flowchart, for Markdown files and wikis.

Mermaid refuses texts of more than 50,000 characters and more than 500 edges unless its page allows
more; a folded drawing stays far below.
"""

from collections.abc import Iterator

from blitz.autograd.export.texts import Nesting, printable
from blitz.autograd.picture.drawing import Drawing, Frame, VertexKind

BRACKETS = {
    VertexKind.OPERATION: ("[", "]"),
    VertexKind.PARAMETER: ("([", "])"),
    VertexKind.INPUT: ("{{", "}}"),
    VertexKind.GROUP: ("[[", "]]"),
    VertexKind.OUTPUT: (">", "]"),
}
# Operations and groups keep the colours of Mermaid's theme, which may be light or dark.
STYLES = (
    "classDef parameter fill:#2166ac,stroke:#2166ac,color:#ffffff",
    "classDef input stroke:#2166ac,stroke-width:2px",
    "classDef output stroke-width:3px,font-weight:bold",
)
PLAIN = frozenset(" .,/")


def to_mermaid(drawing: Drawing) -> str:
    """A drawing as a flowchart, with frames as subgraphs; edges go with the data."""
    lines = [f"flowchart {'TD' if drawing.direction == 'down' else 'LR'}"]
    lines += [f"  {line}" for line in _contents(drawing, Nesting(drawing))]
    ends = zip(drawing.target.tolist(), drawing.source.tolist(), strict=True)
    for edge, (tail, head) in enumerate(ends):
        count = len(drawing.edges_merged(edge))
        lines.append(f"  v{tail} -->" + (f'|"×{count}"|' if count > 1 else "") + f" v{head}")
    return "\n".join([*lines, *(f"  {style}" for style in STYLES), ""])


def _contents(drawing: Drawing, nesting: Nesting) -> Iterator[str]:
    def subgraph(frame: Frame) -> Iterator[str]:
        yield f'subgraph g{frame.group}["{escaped(frame.label)}"]'

    def node(index: int) -> str:
        vertex = drawing.vertices[index]
        label = "<br>".join(escaped(text) for text in (vertex.label, vertex.note) if text)
        left, right = BRACKETS[vertex.kind]
        return f'v{index}{left}"{label}"{right}:::{vertex.kind.name.lower()}'

    return nesting.lines(subgraph, node, "end")


def escaped(text: str) -> str:
    """Text that Mermaid shows as it is.

    Within quotes it still reads entities, HTML and Markdown, so that all punctuation is written as
    an entity: a number between # and ;.
    """
    return "".join(
        letter
        if letter.isalnum() or letter in PLAIN or not letter.isascii()
        else f"#{ord(letter)};"
        for letter in printable(text)
    )
