"""The graph explorer: a program, its graph on a canvas, and panels about what is selected."""

import streamlit as st

from blitz.autograd.picture.drawing import Vertex, VertexKind
from blitz.autograd.picture.folding import REPEAT, Folding, visible_items
from blitz.autograd.program import Program
from blitz.ui.faults import faults_in_plain_words
from blitz.ui.graph.check_panel import show_check
from blitz.ui.graph.export_panel import show_exports
from blitz.ui.graph.graph_view import GraphEvent, graph_view
from blitz.ui.graph.node_panel import show_selected
from blitz.ui.graph.program_panel import (
    changed_values,
    control_values,
    show_error,
    show_program,
)
from blitz.ui.graph.scenes import MOST_VERTICES, Opened, Picture, scene_of
from blitz.ui.graph.state import (
    CHECK,
    KEY,
    NOTHING,
    PANELS,
    PROGRAM,
    SELECTED,
    WHY,
    Selection,
    View,
    look,
    select,
)
from blitz.ui.graph.why_panel import show_why
from blitz.ui.text import bytes_text, plain

PANEL_WIDTH = 384
CANVAS_HEIGHT = 500
FEW_STEPS = 8
"""A repeat of at most as many steps is opened whole."""


@st.fragment
def show_explorer(program: Program) -> None:
    """Show a program with fields for its numbers, its graph and the panels.

    What is done in it is nothing to the rest of the page, such as the long list of examples.
    """
    with faults_in_plain_words():
        _show(program)


def _show(program: Program) -> None:
    values = changed_values(program, control_values(program))
    with st.spinner("Running the program …", show_time=True):
        scene = scene_of(program.with_values(values) if values else program)
    # Widths of their own rather than columns: on a narrow page the panel goes below the canvas.
    with st.container(horizontal=True, gap="medium"):
        canvas, panel = st.container(width="stretch"), st.container(width=PANEL_WIDTH)
    if scene.problem:
        with canvas:
            show_error(scene.run)
            st.info(plain(f"No graph to show: {scene.problem}."), icon=":material/block:")
        with panel:
            show_program(scene.program, scene.run)
            show_why(scene)
        return
    view = View(scene)
    with canvas:
        _show_faults(view)
        _show_tools(view)
        _show_canvas(view)
        _show_size(view)
    with panel:
        _show_panel(view)


def _show_panel(view: View) -> None:
    st.session_state.setdefault(f"{KEY}panel", PROGRAM)
    panel = st.segmented_control(
        "Panel", PANELS, key=f"{KEY}panel", label_visibility="collapsed", required=True
    )
    scene = view.scene
    if panel == SELECTED:
        show_selected(view)
    elif panel == WHY:
        show_why(scene)
    elif panel == CHECK:
        show_check(view)
    elif panel == PROGRAM:
        show_program(scene.program, scene.run)
    else:
        show_exports(view)


def _show_faults(view: View) -> None:
    """What went wrong in the program or on the way back, and where."""
    scene = view.scene
    show_error(scene.run)
    replayed = scene.replayed
    if replayed is None:
        return
    if replayed.error is not None:
        _fault(view, f"Backward stops here: {replayed.error.message}", replayed.error.node)
    elif replayed.first_non_finite is not None:
        node = replayed.first_non_finite
        how = "makes" if replayed.non_finite_cause == "made" else "is given"
        message = (
            f"{scene.graph.type_name(node)} is the first operation on the way back that {how} "
            "a gradient with NaN or infinity."
        )
        earlier = replayed.first_non_finite_forward
        if earlier is not None:
            message += f" Already on the way forward, {scene.graph.type_name(earlier)} kept one."
        _fault(view, message, node)


def _fault(view: View, message: str, node: int | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(plain(message), width="stretch")
        if node is not None:
            there = (view.opened_around(node), Selection(node=node))
            st.button("Show it", on_click=look, args=there, key=f"{KEY}fault")


def _show_tools(view: View) -> None:
    scene, folding = view.scene, view.scene.folding
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if len(folding):
            more = _next_level(folding, view.opened)
            st.button(
                "Open more", icon=":material/unfold_more:", key=f"{KEY}more",
                on_click=look, args=(more,), disabled=more == view.opened,
            )  # fmt: skip
            st.button(
                "Fold", icon=":material/unfold_less:", key=f"{KEY}fold",
                on_click=look, args=(_one_level_less(folding, view.opened),),
                disabled=not view.opened,
            )  # fmt: skip
        st.toggle("Left to right", key=f"{KEY}sideways", persist_state="session")
        if scene.replayed is None and st.button(
            "Run backward", icon=":material/replay:", key=f"{KEY}replay", type="primary"
        ):
            with st.spinner("Running backward …", show_time=True):
                scene.replay()
            st.rerun()


def _show_size(view: View) -> None:
    graph, shown = view.scene.graph, len(view.picture().drawing.vertices)
    kept = view.scene.saved_bytes
    words = [f"{len(graph):,} nodes", f"{len(graph.source):,} edges", f"{shown:,} boxes shown"]
    words += [] if kept is None else [f"{bytes_text(kept)} kept for backward"]
    st.caption(" · ".join(words))


def _next_level(folding: Folding, opened: Opened) -> Opened:
    """Open every closed group that shows, unless that were too much for a browser."""
    more = set(opened)
    for item in visible_items(folding, opened):
        if item.group >= 0:
            more.update(_to_open(folding, item.group, item.first_step, item.last_step))
    shown = sum(1 for _ in visible_items(folding, more))
    return opened if shown > MOST_VERTICES else frozenset(more)


def _one_level_less(folding: Folding, opened: Opened) -> Opened:
    """Close the innermost of the open groups."""
    depths = {group: _depth(folding, group) for group in opened}
    deepest = max(depths.values(), default=0)
    return frozenset(group for group, depth in depths.items() if depth < deepest)


def _depth(folding: Folding, group: int) -> int:
    depth = 0
    while group >= 0:
        group, depth = int(folding.parent[group]), depth + 1
    return depth


def _to_open(folding: Folding, group: int, first_step: int, last_step: int) -> list[int]:
    """The groups to open for a person who opens a box: of many steps, the first."""
    if folding.kind[group] != REPEAT:
        return [group]
    steps = folding.steps[group][first_step - 1 : last_step]
    return [int(step) for step in (steps if len(steps) <= FEW_STEPS else steps[:1])]


# The canvas


def _show_canvas(view: View) -> None:
    picture = view.picture()
    event = graph_view(
        picture.packed,
        key=f"{KEY}view",
        drawing_key=f"{view.place_key}-{picture.is_replayed:d}",
        playback=picture.playback,
        select=_selected_vertex(view, picture),
        height=CANVAS_HEIGHT,
    )
    # What was done in the same picture before another session ran its backward pass counts.
    if event is not None and event.drawing_key.rpartition("-")[0] == view.place_key:
        _answer(event, view, picture)


def _selected_vertex(view: View, picture: Picture) -> int | None:
    selection = view.selection
    if selection.vertex >= 0 and selection.picture == view.place_key:
        return selection.vertex
    return picture.drawing.vertex_of(selection.node) if selection.node >= 0 else None


def _answer(event: GraphEvent, view: View, picture: Picture) -> None:
    """Do what a person did in the picture."""
    if event.kind == "close":
        look(view.opened - {event.index})
        st.rerun()
    if event.index < 0:
        select(NOTHING)
    elif event.kind == "select-edge":
        select(Selection(edge=event.index, picture=view.place_key))
    else:
        _answer_vertex(event, view, picture.drawing.vertices[event.index])


def _answer_vertex(event: GraphEvent, view: View, vertex: Vertex) -> None:
    item = vertex.item
    if vertex.kind == VertexKind.OUTPUT:
        select(NOTHING)
    elif item is None or item.group < 0:
        select(Selection(node=vertex.node, vertex=event.index, picture=view.place_key))
    elif event.kind == "open":
        steps = _to_open(view.scene.folding, item.group, item.first_step, item.last_step)
        look(view.opened | frozenset(steps), NOTHING)
        st.rerun()
    else:
        select(
            Selection(
                group=item.group,
                first_step=item.first_step,
                last_step=item.last_step,
                vertex=event.index,
                picture=view.place_key,
            )
        )
