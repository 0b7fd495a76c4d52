"""What panels about nodes and about edges have in common: links to nodes, gradients in words."""

import streamlit as st

from blitz.autograd.backward.replay import EdgeGradient, Replay
from blitz.autograd.graph import shape_text
from blitz.ui.graph.state import Selection, View, look
from blitz.ui.graph.values import number_text
from blitz.ui.text import plain


def link_to_node(view: View, before: str, node: int, key: str) -> None:
    """A button with a node's name that selects it."""
    graph = view.scene.graph
    name = graph.type_name(node) if node < graph.num_operations else graph.label(node)
    st.button(
        plain(before + name), key=f"graph_jump_{key}", type="tertiary",
        on_click=look,
        args=(view.opened_around(node), Selection(node=node)),
    )  # fmt: skip


def show_gradient(replayed: Replay | None, edge: int) -> None:
    """The gradient that flowed along one of the graph's edges, in a line."""
    if replayed is None:
        return
    gradient = replayed.edge(edge)
    if gradient is None:
        st.caption("no gradient came along here")
    else:
        st.caption(plain(gradient_text(gradient)))


def gradient_text(gradient: EdgeGradient) -> str:
    """The numbers of a gradient in one line."""
    words = [f"gradient {shape_text(gradient.shape)}"]
    found = gradient.measure
    if found is not None:
        words += [
            f"norm {number_text(found.norm)}",
            f"{number_text(found.minimum)} to {number_text(found.maximum)}",
            f"mean {number_text(found.mean)}",
            f"{found.zeros:.0%} zeros",
        ]
        words += ["has NaN"] if found.has_nan else []
        words += ["has infinity"] if found.has_inf else []
    return " · ".join(words)
