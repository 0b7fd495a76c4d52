"""What there is to know about a selected node, edge or folded group."""

from collections.abc import Sequence
from pathlib import PurePath

import numpy as np
import streamlit as st
from torch import Tensor

from blitz.autograd.backward.measures import sample
from blitz.autograd.graph import AutogradGraph, GraphNode, shape_text, walk_to
from blitz.autograd.operations.derivatives import CUSTOM, derivative
from blitz.autograd.operations.saved import SavedValue, saved_tensors
from blitz.ui.graph.edge_panel import show_drawn_edge
from blitz.ui.graph.group_panel import show_group
from blitz.ui.graph.links import link_to_node, show_gradient
from blitz.ui.graph.local_panel import show_local_derivatives
from blitz.ui.graph.state import NOTHING, Selection, View, look
from blitz.ui.graph.values import number_text, show_values
from blitz.ui.text import bytes_text, plain

MOST_NEIGHBOURS = 12
LONGEST_WALK = 24
LONGEST_LATEX = 90


def show_selected(view: View) -> None:
    """Show what is selected, or how to select something."""
    selection = view.selection
    if selection == NOTHING:
        st.caption(
            "Click a box or an edge of the graph, or choose a row in its table. Double-click a "
            "folded box to open it."
        )
    elif selection.node >= 0:
        _show_node(view, selection.node)
    elif selection.edge >= 0:
        show_drawn_edge(view, selection.edge)
    else:
        show_group(view, selection)


# A node


def _show_node(view: View, index: int) -> None:
    graph = view.scene.graph
    node = graph.nodes[index]
    st.markdown(f"##### {plain(node.name if node.kind == 'operation' else node.label)}")
    _show_derivative(node)
    _show_facts(node)
    if node.kind == "operation":
        _show_groups(view, index)
        _show_next_functions(view, node)
        show_local_derivatives(view.scene, index)
        _show_saved(view, index)
    else:
        _show_leaf(view, index)
    _show_users(view, index)
    _show_walk(graph, index, view.scene.output_names)


def _show_walk(graph: AutogradGraph, index: int, names: Sequence[str]) -> None:
    st.markdown("**The way here**")
    walk = walk_to(graph, index, names)
    num_steps = walk.count(".next_functions")
    if num_steps <= LONGEST_WALK:
        st.code(walk, language="python", wrap_lines=True)
    else:
        st.caption(f"{num_steps:,} entries of next_functions away from the output")


def _show_derivative(node: GraphNode) -> None:
    known = derivative(node.name) or CUSTOM
    st.markdown(plain(known.operation[0].upper() + known.operation[1:]))
    if len(known.latex) <= LONGEST_LATEX:
        st.latex(known.latex)
    else:  # it would be cut off
        st.markdown(plain(known.formula))


def _show_facts(node: GraphNode) -> None:
    shapes = " and ".join(map(shape_text, node.shapes))
    facts = {
        "shape": shapes,
        "dtype": node.dtype,
        "module": node.module,
        "variable": node.variable or "",
    }
    words = [f"{name} **{plain(value)}**" for name, value in facts.items() if value]
    words += ["a **view**: shares memory"] if node.is_view else []
    words += ["written **in place**"] if node.is_in_place else []
    st.markdown(" · ".join(words))
    if node.source is not None:
        file = PurePath(node.source.file).name
        place = f"line {node.source.line}"
        st.caption(plain(place if file.startswith("<") else f"{file}, {place}"))
        st.code(node.source.text, language="python", wrap_lines=True)


def _show_groups(view: View, index: int) -> None:
    """The open groups around an operation, each with a button that folds it."""
    folding = view.scene.folding
    around = [group for group in folding.around(index) if group in view.opened]
    if not around:
        return
    with st.container(horizontal=True, gap="small"):
        for group in around:
            st.button(
                f"Fold {plain(folding.label(group))}",
                key=f"graph_fold_{group}",
                icon=":material/unfold_less:",
                type="tertiary",
                on_click=look,
                args=(view.opened - {group}, Selection(group=group)),
            )


def _show_next_functions(view: View, node: GraphNode) -> None:
    """The entries of `next_functions`, each with the gradient that goes there."""
    graph = view.scene.graph
    edges = {int(graph.input_index[edge]): edge for edge in graph.edges_of(node.index)}
    known = derivative(node.name)
    names = known.operands if known else ()
    st.markdown("**next_functions**")
    for position in sorted({*edges, *node.missing_inputs})[:MOST_NEIGHBOURS]:
        operand = f" {names[position]}" if position < len(names) else ""
        if position not in edges:
            st.markdown(f"`[{position}]`{plain(operand)}: None, needs no gradient")
            continue
        edge = edges[position]
        with st.container(gap=None):
            link_to_node(
                view, f"[{position}]{operand} → ", int(graph.target[edge]), f"next{position}"
            )
            show_gradient(view.scene.replayed, edge)


def _show_leaf(view: View, index: int) -> None:
    st.markdown("**Values**")
    _show_corner(view.scene.graph.leaf(index).detach())
    replayed = view.scene.replayed
    if replayed is None:
        return
    gradient = replayed.leaf_gradients.get(index)
    if gradient is None:
        st.caption("This backward pass brings it no gradient.")
        return
    st.markdown("**Gradient** that backward adds to `.grad`")
    _show_corner(gradient.detach().to_dense())


def _show_corner(tensor: Tensor) -> None:
    values = sample(tensor)
    if values is not None:
        show_values(values, tuple(tensor.shape))


def _show_users(view: View, index: int) -> None:
    graph = view.scene.graph
    users = np.unique(graph.source[graph.target == index])
    if len(users):
        st.markdown("**Used by**")
    with st.container(gap=None):
        for user in users[:MOST_NEIGHBOURS].tolist():
            link_to_node(view, "", user, f"user{user}")
    if len(users) > MOST_NEIGHBOURS:
        st.caption(f"and {len(users) - MOST_NEIGHBOURS:,} more")


def _show_saved(view: View, index: int) -> None:
    saved = saved_tensors(view.scene.graph, index)
    if not saved:
        return
    st.markdown("**Saved for backward**")
    for each in saved:
        _show_saved_value(view, each)


def _show_saved_value(view: View, saved: SavedValue) -> None:
    tensor = saved.tensor
    if tensor is None:
        st.markdown(f"`{saved.name}` {plain(saved.problem or repr(saved.value))}")
        return
    name = f" = {tensor.name}" if tensor.name else ""
    words = f"{shape_text(tensor.shape)} {tensor.dtype}, {bytes_text(tensor.num_bytes)}"
    leaf = ", a leaf" if tensor.is_leaf else ""
    version = f", version {tensor.version}" if tensor.version else ""
    with st.expander(plain(f"{saved.name}{name} · {words}{leaf}{version}")):
        if tensor.measure is not None:
            found = tensor.measure
            st.caption(
                f"{number_text(found.minimum)} to {number_text(found.maximum)}, "
                f"mean {number_text(found.mean)}"
            )
        if tensor.sample is not None:
            show_values(tensor.sample, tensor.shape or tensor.sample.shape)
        if tensor.node is not None:
            link_to_node(view, "made by ", tensor.node, f"saved{saved.name}")
