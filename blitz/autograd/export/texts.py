"""Words about a drawing that several formats share, with nothing in them that a format forbids."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from blitz.autograd.picture.drawing import Drawing, Frame, Vertex

Bounds = tuple[float, float, float, float]


def printable(text: str) -> str:
    """Text in one line that any file can hold.

    Names in Python may have control characters, marks that turn the direction of writing, and
    halves of surrogate pairs, which neither XML nor UTF-8 knows.
    """
    if text.isprintable():
        return text
    return "".join(
        " " if letter.isspace() else letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for letter in text
    )


def counts(drawing: Drawing) -> str:
    """How large the graph is, and how much of it shows: 64 nodes, 71 edges; 18 boxes drawn."""
    graph = drawing.graph
    size = f"{counted(len(graph), 'node')}, {counted(len(graph.edges), 'edge')}"
    groups = sum(vertex.node < 0 and vertex.item is not None for vertex in drawing.vertices)
    return f"{size}; {counted(groups, 'group')} folded" if groups else size


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 node, 1,200 nodes."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def details(drawing: Drawing, vertex: Vertex) -> str:
    """What else is known of a vertex: PyTorch's name, module, variable and line."""
    graph, node = drawing.graph, vertex.node
    if node < 0:
        return f"{vertex.label} {vertex.note}".strip()
    found = [graph.type_name(node)]
    if graph.module_path(node):
        found.append(f"in {graph.module_path(node)}")
    if node in graph.variables:
        found.append(f"held by {graph.variables[node]}")
    line = graph.line(node) if node < graph.num_operations else None
    if line:
        found.append(f"{line.file}:{line.line} {line.text}")
    return ", ".join(found)


def bounds(drawing: Drawing) -> Bounds:
    """Left, top, right and bottom of all boxes, frames and lines."""
    placement = drawing.placement
    half = np.stack([drawing.width, drawing.height], 1) / 2
    centres = np.stack([placement.x, placement.y], 1)
    boxes = [(f.left, f.top, f.right, f.bottom) for f in drawing.frames]
    frames = np.array(boxes, np.float32).reshape(-1, 4)
    low: list[npt.NDArray[np.floating]] = [centres - half, placement.route, frames[:, :2]]
    high: list[npt.NDArray[np.floating]] = [centres + half, placement.route, frames[:, 2:]]
    left, top = np.concatenate(low).min(axis=0).tolist()
    right, bottom = np.concatenate(high).max(axis=0).tolist()
    return left, top, right, bottom


class Nesting:
    """Which vertices are in which frame, and which frames in which."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._framed = {frame.group: number for number, frame in enumerate(drawing.frames)}
        self.within: dict[int, list[int]] = {}
        """Frames by the frame around them; −1 for the outermost."""
        self.vertices: dict[int, list[int]] = {}
        """Vertices by the innermost frame around them; −1 for those in none."""
        parent = drawing.folding.parent
        for frame in drawing.frames:
            around = self._nearest(int(parent[frame.group]))
            self.within.setdefault(around, []).append(self._framed[frame.group])
        for vertex, frame_number in enumerate(self._frame_of_each()):
            self.vertices.setdefault(frame_number, []).append(vertex)

    def lines(
        self,
        begin: Callable[[Frame], Iterable[str]],
        vertex: Callable[[int], str],
        end: str,
    ) -> Iterator[str]:
        """Lines for vertices and frames, those within after the ones around them.

        begin and end open and close a frame. A stack instead of recursion: frames may nest as deep
        as modules do.
        """
        stack: list[int | str] = [-1]
        while stack:
            frame = stack.pop()
            if isinstance(frame, str):
                yield frame
                continue
            if frame >= 0:
                yield from begin(self._drawing.frames[frame])
                stack.append(end)
            yield from map(vertex, self.vertices.get(frame, ()))
            stack.extend(reversed(self.within.get(frame, [])))

    def _nearest(self, group: int) -> int:
        """The frame of a group, or of the nearest one around it that has a frame."""
        while group >= 0 and group not in self._framed:
            group = int(self._drawing.folding.parent[group])
        return self._framed.get(group, -1)

    def _frame_of_each(self) -> list[int]:
        """Of each vertex its innermost frame; a leaf is where the first of its users is."""
        drawing = self._drawing
        if not drawing.frames:
            return [-1] * len(drawing.vertices)
        frame = [-1] * len(drawing.vertices)
        for index, vertex in enumerate(drawing.vertices):
            if vertex.item:
                around = drawing.folding.around(vertex.item.start)
                framed = [self._framed[g] for g in around if g in self._framed]
                frame[index] = framed[-1] if framed else -1
        for user, operand in zip(drawing.source.tolist()[::-1], drawing.target.tolist()[::-1],
                                 strict=True):  # fmt: skip
            if drawing.vertices[operand].item is None:
                frame[operand] = frame[user]
        return frame
