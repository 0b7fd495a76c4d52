"""Graphs that are being looked at: built once, and shared by all sessions that chose the same."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import streamlit as st

from blitz.autograd.backward.replay import Replay, replay
from blitz.autograd.graph import AutogradGraph, NoGraphError
from blitz.autograd.layout import Direction
from blitz.autograd.operations.saved import saved_bytes
from blitz.autograd.picture.drawing import Drawing, draw
from blitz.autograd.picture.folding import Folding, fold, open_first
from blitz.autograd.picture.scene import MARK_ERROR, MARK_NOT_FINITE, pack_drawing, pack_playback
from blitz.autograd.program import (
    Program,
    ProgramRun,
    output_names,
    program_gradients,
    program_graph,
    run_program,
)

Opened = frozenset[int]
MOST_SCENES = 6
"""Graphs hold their saved tensors, ResNet-18 at most 224 MB. Those let go are built anew."""
MOST_DRAWINGS = 12
MOST_NODES_AT_ONCE = 3_000
"""Larger graphs are measured not at all, and replayed when somebody asks for it."""
MOST_VERTICES = 120_000


class Scene:
    """One run of a program and the graph it built. `problem` says why there is none."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.run: ProgramRun = run_program(program)
        self.problem = ""
        self.output_names: Sequence[str] = output_names(program, self.run)
        self._graph: AutogradGraph | None = None
        self._folding: Folding | None = None
        try:
            self._graph = program_graph(program, self.run)
            self._folding = fold(self._graph)
        except NoGraphError as error:
            self.problem = str(error)
        is_small = self._graph is not None and len(self._graph) <= MOST_NODES_AT_ONCE
        self.saved_bytes = saved_bytes(self.graph) if is_small else None
        """What operations keep for backward, counted before it runs; None where that takes long."""
        self._replay: Replay | None = None
        self._pictures: OrderedDict[tuple[Opened, Direction], Picture] = OrderedDict()
        # Sessions are threads, and a graph runs backward for one at a time.
        self._lock = threading.Lock()

    @property
    def graph(self) -> AutogradGraph:
        assert self._graph is not None, self.problem
        return self._graph

    @property
    def folding(self) -> Folding:
        assert self._folding is not None, self.problem
        return self._folding

    @property
    def replayed(self) -> Replay | None:
        """The backward pass, if it has been run."""
        return self._replay

    def replay(self) -> None:
        """Run the backward pass, unless it has been run."""
        with self._lock:
            if self._replay is None:
                gradients = program_gradients(self.program, self.run)
                self._replay = replay(self.graph, gradients)
                self._pictures.clear()  # marks of errors belong into them

    def opened_first(self) -> Opened:
        """The groups that are open when a person comes."""
        return open_first(self.folding)

    def picture(self, opened: Opened, direction: Direction) -> "Picture":
        """What the graph looks like with these groups open."""
        key = (opened, direction)
        with self._lock:
            if key not in self._pictures:
                self._pictures[key] = Picture(self, opened, direction)
                if len(self._pictures) > MOST_DRAWINGS:
                    self._pictures.popitem(last=False)
            self._pictures.move_to_end(key)
            return self._pictures[key]

    def marks(self) -> dict[int, int]:
        """Nodes where something went wrong, as the viewer's mark bits."""
        found: dict[int, int] = {}
        if self._replay is not None:
            error = self._replay.error
            if error is not None and error.node is not None:
                found[error.node] = MARK_ERROR
            if self._replay.first_non_finite is not None:
                node = self._replay.first_non_finite
                found[node] = found.get(node, 0) | MARK_NOT_FINITE
        return found


class Picture:
    """A drawing and its bytes for the viewer.

    is_replayed: whether the backward pass is on it; then it has more to show than the picture of
    the same drawing without.
    """

    def __init__(self, scene: Scene, opened: Opened, direction: Direction) -> None:
        self.drawing: Drawing = draw(
            scene.graph, folding=scene.folding, opened=opened, direction=direction
        )
        self.packed = pack_drawing(self.drawing, title=scene.program.title, marks=scene.marks())
        self.is_replayed = scene.replayed is not None
        self.playback = pack_playback(self.drawing, scene.replayed) if scene.replayed else None


def _identity(program: Program) -> tuple[str, str]:
    """By which a program is known again: the values that were put in stand in its source."""
    return program.name, program.source


@st.cache_resource(max_entries=MOST_SCENES, show_spinner=False, hash_funcs={Program: _identity})
def scene_of(program: Program) -> Scene:
    """The scene of a program as it stands; built once, however many people look at it."""
    scene = Scene(program)
    if not scene.problem and len(scene.graph) <= MOST_NODES_AT_ONCE:
        scene.replay()
    return scene
