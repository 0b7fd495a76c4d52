"""A drawing as SVG: one file without scripts, fonts or pictures from elsewhere."""

import math
from collections.abc import Iterator
from html import escape

from blitz.autograd.export.curves import curves, points
from blitz.autograd.export.texts import bounds, counts, details, printable
from blitz.autograd.picture.drawing import Drawing, Frame, Vertex, VertexKind

MARGIN = 24.0
FRAME_LABEL_ROOM = 18.0
HEAD = 7.0
"""Length of an arrow's head."""

# Programs that know no media queries show the light colours: their background is ours as well.
STYLE = """
  svg { --back: #ffffff; --text: #1b1f24; --faint: #5d6570; --line: #9aa1aa; --box: #f6f7f8;
    --group: #e9ebee; --edge: #848c96; --leaf: #2166ac; --on-leaf: #ffffff; --input: #eaf2fa;
    --frame: #f8f9fa; }
  @media (prefers-color-scheme: dark) {
    svg { --back: #0f1318; --text: #e8eaed; --faint: #a3abb5; --line: #6b7480; --box: #1d232b;
      --group: #29313b; --edge: #7d8691; --leaf: #2f76b5; --on-leaf: #ffffff; --input: #14263a;
      --frame: #141920; }
  }
  .back { fill: #ffffff; fill: var(--back) }
  text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; text-anchor: middle;
    fill: #1b1f24; fill: var(--text) }
  .note { font-size: 11px; fill: #5d6570; fill: var(--faint) }
  .operation > path { fill: #f6f7f8; fill: var(--box); stroke: #9aa1aa; stroke: var(--line) }
  .parameter > path { fill: #2166ac; fill: var(--leaf); stroke: #2166ac; stroke: var(--leaf) }
  .parameter > text { fill: #ffffff; fill: var(--on-leaf) }
  .input > path { fill: #eaf2fa; fill: var(--input); stroke: #2166ac; stroke: var(--leaf);
    stroke-width: 1.8 }
  .group > path { fill: #e9ebee; fill: var(--group); stroke: #5d6570; stroke: var(--faint) }
  .output > path { fill: #ffffff; fill: var(--back); stroke: #1b1f24; stroke: var(--text);
    stroke-width: 2.6 }
  .output > text { font-weight: 700 }
  .frame > rect { fill: #f8f9fa; fill: var(--frame); stroke: #9aa1aa; stroke: var(--line);
    stroke-dasharray: 5 3 }
  .frame > text { font-size: 11px; text-anchor: start; fill: #5d6570; fill: var(--faint) }
  .edges { fill: none; stroke: #848c96; stroke: var(--edge) }
  .head { fill: #848c96; fill: var(--edge); stroke: none }
"""


def to_svg(drawing: Drawing, *, title: str = "Autograd graph") -> str:
    """A drawing as SVG, in the colours of the reader's light or dark theme.

    Kinds differ in shape as well as colour: parameters are filled ovals, inputs outlined hexagons,
    groups have a double outline, outputs a bold one with a tip. Arrows go with the data.
    """
    left, top, right, bottom = bounds(drawing)
    left, top = left - MARGIN, top - MARGIN - FRAME_LABEL_ROOM
    width, height = right + MARGIN - left, bottom + MARGIN - top
    box = f'x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{height:.0f}"'
    view = f"{left:.0f} {top:.0f} {width:.0f} {height:.0f}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img">',
            f"<title>{_text(title)}</title>",
            f"<desc>{_text(counts(drawing))}</desc>",
            f"<style>{STYLE}</style>",
            f'<rect class="back" {box}/>',
            *map(_frame, _from_outside(drawing)),
            '<g class="edges">',
            *_edges(drawing),
            "</g>",
            *(_vertex(drawing, index) for index in range(len(drawing.vertices))),
            "</svg>\n",
        ]
    )


def _text(text: str) -> str:
    return escape(printable(text))


def _from_outside(drawing: Drawing) -> list[Frame]:
    """Frames, the larger ones first, so that those within lie over them."""
    return sorted(drawing.frames, key=lambda f: (f.left - f.right) * (f.bottom - f.top))


def _frame(frame: Frame) -> str:
    width, height = frame.right - frame.left, frame.bottom - frame.top
    return (
        f'<g class="frame"><rect x="{frame.left:.1f}" y="{frame.top:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" rx="6"/>'
        f'<text x="{frame.left + 4:.1f}" y="{frame.top - 4:.1f}">{_text(frame.label)}</text></g>'
    )


# Edges


def _edges(drawing: Drawing) -> Iterator[str]:
    is_down = drawing.direction == "down"
    for edge in range(len(drawing.source)):
        way = points(drawing, edge)
        x, y = way[-1]
        # The line ends within the head, whose tip would otherwise be as blunt as the line.
        way[-1] = (x, y - HEAD / 2) if is_down else (x - HEAD / 2, y)
        pieces = " ".join(
            f"C{a[0]:.1f} {a[1]:.1f} {b[0]:.1f} {b[1]:.1f} {c[0]:.1f} {c[1]:.1f}"
            for a, b, c in curves(way, is_down=is_down)
        )
        count = len(drawing.edges_merged(edge))
        wide = f' stroke-width="{_line_width(count):.1f}"' if count > 1 else ""
        yield f'<path d="M{way[0][0]:.1f} {way[0][1]:.1f} {pieces}"{wide}/>'
        yield f'<path class="head" d="{_head(x, y, is_down)}"/>'


def _line_width(count: int) -> float:
    """Of a line that stands for several edges."""
    return 1 + min(2.0, math.log2(count) / 2)


def _head(x: float, y: float, is_down: bool) -> str:
    half = HEAD / 2
    if is_down:
        return f"M{x:.1f} {y:.1f}l{-half:g} {-HEAD:g}h{HEAD:g}z"
    return f"M{x:.1f} {y:.1f}l{-HEAD:g} {-half:g}v{HEAD:g}z"


# Vertices


def _vertex(drawing: Drawing, index: int) -> str:
    vertex = drawing.vertices[index]
    x, y = float(drawing.placement.x[index]), float(drawing.placement.y[index])
    width, height = float(drawing.width[index]), float(drawing.height[index])
    parts = [f"<title>{_text(details(drawing, vertex))}</title>"]
    parts.append(f'<path d="{_outline(vertex.kind, x, y, width, height)}"/>')
    if vertex.kind == VertexKind.GROUP:
        parts.append(f'<path d="{_outline(vertex.kind, x, y, width - 6, height - 6)}"/>')
    parts.extend(_words(vertex, x, y))
    return f'<g class="{vertex.kind.name.lower()}">{"".join(parts)}</g>'


def _words(vertex: Vertex, x: float, y: float) -> Iterator[str]:
    up = 3.0 if vertex.note else -4.5  # of the label's baseline over the middle
    yield f'<text x="{x:.1f}" y="{y - up:.1f}">{_text(vertex.label)}</text>'
    if vertex.note:
        yield f'<text class="note" x="{x:.1f}" y="{y + 12:.1f}">{_text(vertex.note)}</text>'


def _outline(kind: VertexKind, x: float, y: float, width: float, height: float) -> str:
    """The shape of a kind around its centre, as path data."""
    if kind == VertexKind.PARAMETER:
        return _rounded(x, y, width, height, height / 2)
    if kind == VertexKind.INPUT:
        return _pointed(x, y, width, height, height * 0.3, both=True)
    if kind == VertexKind.OUTPUT:
        return _pointed(x, y, width, height, height * 0.35, both=False)
    return _rounded(x, y, width, height, height * 0.16)


def _rounded(x: float, y: float, width: float, height: float, radius: float) -> str:
    across, down = width - 2 * radius, height - 2 * radius
    corner = f"a{radius:.1f} {radius:.1f} 0 0 1"
    return (
        f"M{x - width / 2 + radius:.1f} {y - height / 2:.1f}h{across:.1f}"
        f"{corner} {radius:.1f} {radius:.1f}v{down:.1f}{corner} {-radius:.1f} {radius:.1f}"
        f"h{-across:.1f}{corner} {-radius:.1f} {-radius:.1f}v{-down:.1f}"
        f"{corner} {radius:.1f} {-radius:.1f}z"
    )


def _pointed(x: float, y: float, width: float, height: float, tip: float, *, both: bool) -> str:
    """A box whose right side, or both, come to a point."""
    left, right, top, bottom = x - width / 2, x + width / 2, y - height / 2, y + height / 2
    start = left + tip if both else left
    points = [(start, top), (right - tip, top), (right, y), (right - tip, bottom), (start, bottom)]
    if both:
        points.append((left, y))
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points) + "z"
