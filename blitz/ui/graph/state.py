"""What a session looks at in a graph: open groups, a selection, a direction."""

import hashlib
from dataclasses import dataclass

import streamlit as st

from blitz.autograd.layout import Direction
from blitz.autograd.picture.folding import open_around
from blitz.ui.graph.scenes import Opened, Scene

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
    """A node of the graph, an edge of the picture, or a closed group; −1 for what it is not."""

    node: int = -1
    edge: int = -1
    group: int = -1
    first_step: int = 0
    last_step: int = 0


NOTHING = Selection()


class View:
    """A session's view of a scene; it begins anew with another program or other numbers."""

    def __init__(self, scene: Scene) -> None:
        digest = hashlib.sha1(scene.program.source.encode(), usedforsecurity=False).hexdigest()
        self.scene = scene
        self.identity = f"{scene.program.name}-{digest[:12]}"
        if st.session_state.get(f"{KEY}identity") != self.identity:
            st.session_state[f"{KEY}identity"] = self.identity
            st.session_state[f"{KEY}opened"] = scene.opened_first()
            st.session_state[f"{KEY}selection"] = NOTHING

    @property
    def opened(self) -> Opened:
        """The open groups."""
        opened: Opened = st.session_state[f"{KEY}opened"]
        return opened

    @property
    def selection(self) -> Selection:
        """What is selected."""
        selection: Selection = st.session_state[f"{KEY}selection"]
        return selection

    @property
    def direction(self) -> Direction:
        """Where the forward pass flows in the picture."""
        return "right" if st.session_state.get(f"{KEY}sideways") else "down"

    @property
    def picture_key(self) -> str:
        """A name for what is drawn: the viewer keeps its camera while it stays the same."""
        opened = hashlib.sha1(repr(sorted(self.opened)).encode(), usedforsecurity=False)
        replayed = self.scene.replayed is not None
        return f"{self.identity}-{opened.hexdigest()[:12]}-{self.direction}-{replayed:d}"

    def select(self, selection: Selection) -> None:
        """Select something, and turn to the panel about it."""
        st.session_state[f"{KEY}selection"] = selection
        if selection != NOTHING:
            st.session_state[f"{KEY}panel"] = SELECTED

    def go_to(self, node: int) -> None:
        """Select a node, opening the groups around it."""
        if node < self.scene.graph.num_operations:
            self.open(self.opened | open_around(self.scene.folding, node))
        self.select(Selection(node=node))

    def open(self, groups: Opened) -> None:
        """Show with these groups open."""
        st.session_state[f"{KEY}opened"] = groups

    def fold(self, group: int) -> None:
        """Close a group, and select it in place of what was selected within."""
        self.open(self.opened - {group})
        self.select(Selection(group=group))
