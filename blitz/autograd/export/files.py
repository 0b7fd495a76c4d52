"""Graphs into files: which ending means which format, what is drawn, and how it is written."""

import contextlib
import secrets
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal

from blitz.autograd.export.dot import to_dot
from blitz.autograd.export.flat_json import to_json
from blitz.autograd.export.mermaid import to_mermaid
from blitz.autograd.export.page import to_html
from blitz.autograd.export.svg import to_svg
from blitz.autograd.graph import AutogradGraph
from blitz.autograd.layout import Direction
from blitz.autograd.picture.drawing import Drawing, draw
from blitz.autograd.picture.folding import Folding, fold

Format = Literal["html", "svg", "dot", "mermaid", "json"]
Opened = Collection[int] | Literal["all"] | None
"""Groups to draw open; None for as many as are easy to survey."""
FORMATS: dict[str, Format] = {
    ".html": "html",
    ".svg": "svg",
    ".dot": "dot",
    ".mmd": "mermaid",
    ".json": "json",
}
MOST_NODES_WHOLE = 20_000
"""In a page: graphs up to this size come with every node drawn as well."""
TITLE = "Autograd graph"


def open_all(folding: Folding) -> frozenset[int]:
    """All groups, so that every node is drawn."""
    return frozenset(range(len(folding)))


def format_of(path: Path) -> Format:
    """The format that a file's ending stands for; ValueError where there is none."""
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        *others, last = FORMATS
        raise ValueError(
            f"{path}: its ending {path.suffix!r} is of no format; "
            f"choose {', '.join(others)} or {last}"
        )
    return found


def export(
    graph: AutogradGraph,
    chosen: Format,
    path: str | Path | None = None,
    *,
    opened: Opened = None,
    direction: Direction = "right",
    title: str = TITLE,
) -> str:
    """A graph in a format, as text; with a path also written there. OSError where it cannot be."""
    text = _text(graph, chosen, opened, direction, title)
    if path is not None:
        write(Path(path), text)
    return text


def _text(
    graph: AutogradGraph, chosen: Format, opened: Opened, direction: Direction, title: str
) -> str:
    if chosen == "json" and opened is None:
        return to_json(graph)  # a graph by itself has no places
    folding = fold(graph)
    every = open_all(folding)
    drawing = draw(
        graph,
        folding=folding,
        opened=every if opened == "all" else opened,
        direction=direction,
    )
    if chosen == "json":
        return to_json(graph, drawing)
    if chosen == "html":
        return to_html(drawing, whole=_whole(drawing, every), title=title)
    if chosen == "svg":
        return to_svg(drawing, title=title)
    formats: dict[Format, Callable[[Drawing], str]] = {"dot": to_dot, "mermaid": to_mermaid}
    return formats[chosen](drawing)


def _whole(drawing: Drawing, every: frozenset[int]) -> Drawing | None:
    """Every node drawn; None where that is what is drawn already, or too much for a file."""
    is_folded = any(vertex.item and vertex.item.group >= 0 for vertex in drawing.vertices)
    if not is_folded or len(drawing.graph) > MOST_NODES_WHOLE:
        return None
    return draw(drawing.graph, folding=drawing.folding, opened=every, direction=drawing.direction)


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all: another that has the name stays until this one is there.

    Raises OSError, which names the path.
    """
    data = text.encode("utf-8")
    place = path.resolve()  # a link stays one
    if place.exists() and not place.is_file():
        place.write_bytes(data)  # a device or pipe; of a folder it says that it is one
        return
    # A name that no other process or thread has; unlike tempfile's, the file is not ours alone.
    part = place.with_name(f".{place.name[:100]}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
        part.replace(place)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from None
