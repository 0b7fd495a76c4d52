"""What a session looks at in a graph: open groups, a selection, a direction."""

from dataclasses import dataclass

import streamlit as st

from blitz.autograd.layout import Direction
from blitz.autograd.picture.folding import open_around
from blitz.ui.graph.scenes import Opened, Picture, Scene
from blitz.ui.text import digest

KEY = "graph_"
PROGRAM, SELECTED, WHY, CHECK, EXPORT = PANELS = (
    "Program",
    "Selected",
    "Why?",
    "Check",
    "Export",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """A node of the graph, an edge of a picture, or a closed group; −1 for what it is not."""

    node: int = -1
    edge: int = -1
    vertex: int = -1
    """Which of the picture's vertices was clicked: a leaf may have several."""
    picture: str = ""
    """The picture whose edges and vertices are counted."""
    group: int = -1
    first_step: int = 0
    last_step: int = 0


NOTHING = Selection()


class View:
    """A session's view of a scene; it begins anew with another program or other numbers.

    Nothing that a browser may ask for later holds on to a view: it would keep the scene, and with
    it the graph's saved tensors, as long as the page is open.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.identity = f"{scene.program.name}-{digest(scene.program.source)}"
        if st.session_state.get(f"{KEY}identity") != self.identity:
            st.session_state[f"{KEY}identity"] = self.identity
            look(scene.opened_first(), NOTHING)

    @property
    def opened(self) -> Opened:
        """The open groups."""
        opened: Opened = st.session_state[f"{KEY}opened"]
        return opened

    @property
    def selection(self) -> Selection:
        """What is selected; an edge only as long as its picture is shown."""
        selection: Selection = st.session_state[f"{KEY}selection"]
        is_gone = selection.edge >= 0 and selection.picture != self.place_key
        return NOTHING if is_gone else selection

    @property
    def direction(self) -> Direction:
        """Where the forward pass flows in the picture."""
        return "right" if st.session_state.get(f"{KEY}sideways") else "down"

    @property
    def place_key(self) -> str:
        """A name for what is drawn where; see `Picture.key`."""
        return f"{self.identity}-{digest(repr(sorted(self.opened)))}-{self.direction}"

    def picture(self) -> Picture:
        """The scene as this session looks at it."""
        return self.scene.picture(self.opened, self.direction)

    def opened_around(self, node: int) -> Opened:
        """The groups to open so that a node shows, too."""
        if node >= self.scene.graph.num_operations:
            return self.opened
        return self.opened | open_around(self.scene.folding, node)


def look(opened: Opened, selection: Selection | None = None) -> None:
    """Show with these groups open; select something else, or leave what is selected."""
    st.session_state[f"{KEY}opened"] = opened
    if selection is not None:
        select(selection)


def select(selection: Selection) -> None:
    """Select something, and turn to the panel about it."""
    st.session_state[f"{KEY}selection"] = selection
    if selection != NOTHING:
        st.session_state[f"{KEY}panel"] = SELECTED
