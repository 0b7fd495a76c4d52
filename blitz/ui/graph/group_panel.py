"""A selected group: what is in it, and opening it, of many steps at any."""

import streamlit as st

from blitz.autograd.picture.drawing import frame_label
from blitz.autograd.picture.folding import REPEAT
from blitz.ui.graph.state import Selection, View, look
from blitz.ui.text import plain


def show_group(view: View, selection: Selection) -> None:
    """Show a folded group."""
    folding, group = view.scene.folding, selection.group
    is_repeat = folding.kind[group] == REPEAT
    label = f"{folding.label(group)} {folding.note(group)}" if is_repeat else ""
    st.markdown(f"##### {plain(label or frame_label(folding, group))}")
    st.caption(f"{folding.num_operations(group):,} operations")
    if not is_repeat:
        st.button("Open", key="graph_open", on_click=look, args=(view.opened | {group},))
        return
    steps = folding.steps[group]
    first, last = selection.first_step or 1, selection.last_step or len(steps)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.number_input(
            "Step", first, last, first, key=f"graph_step_{group}_{first}_{last}", width=140
        )
        st.button(
            "Open this step", key="graph_open",
            on_click=look, args=(view.opened | {int(steps[int(number) - 1])},),
        )  # fmt: skip
