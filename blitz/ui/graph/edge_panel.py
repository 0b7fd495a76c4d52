"""What there is to know about a selected edge: the gradients of all that it stands for."""

import streamlit as st

from blitz.ui.graph.links import link_to_node, show_gradient
from blitz.ui.graph.state import View
from blitz.ui.graph.values import show_values
from blitz.ui.text import plain

MOST_MERGED = 12


def show_drawn_edge(view: View, index: int) -> None:
    """Show an edge of the picture."""
    drawing = view.picture().drawing
    if index >= len(drawing.source):
        return
    source, target = (drawing.vertices[v[index]] for v in (drawing.source, drawing.target))
    st.markdown(f"##### {plain(source.label)} → {plain(target.label)}")
    merged = drawing.edges_merged(index).tolist()
    if not merged:
        st.caption("The output's own gradient comes in here: where the backward pass starts.")
    if len(merged) > 1:
        st.caption(f"Stands for {len(merged):,} edges of the graph.")
    for edge in merged[:MOST_MERGED]:
        _show_edge(view, edge)


def _show_edge(view: View, edge: int) -> None:
    graph, replayed = view.scene.graph, view.scene.replayed
    source, target = int(graph.source[edge]), int(graph.target[edge])
    link_to_node(view, "from ", source, f"edge{edge}source")
    link_to_node(view, f"operand {graph.input_index[edge]}: ", target, f"edge{edge}target")
    if replayed is None:
        st.caption("Run backward to see its gradient.")
        return
    gradient = replayed.edge(edge)
    show_gradient(replayed, edge)
    if gradient is not None and gradient.sample is not None:
        show_values(gradient.sample, gradient.shape or gradient.sample.shape)
