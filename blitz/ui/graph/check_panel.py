"""Gradients compared with finite differences."""

import streamlit as st
from torch import Tensor

from blitz.autograd.backward.checks import GradientCheck, LeafCheck, check_gradients
from blitz.autograd.backward.tape import MAX_OPERATIONS
from blitz.autograd.program import Program, ProgramRun, run_program
from blitz.ui.graph.state import KEY, View
from blitz.ui.graph.values import number_text, show_values
from blitz.ui.text import plain

MOST_LEAVES = 20


def show_check(view: View) -> None:
    """Compare the gradients of the program's leaves with finite differences, when asked to."""
    st.caption(
        "Values of each leaf are moved a little up and down, and the operations are run again: "
        "(L(x + h) − L(x − h)) / 2h has to be what backward says. What was detached or made under "
        "no_grad stays as it was, since backward takes it for a constant."
    )
    count = view.scene.graph.num_operations
    if count > MAX_OPERATIONS:
        st.info(f"The graph has {count:,} operations; up to {MAX_OPERATIONS:,} are compared.")
        return
    key = f"{KEY}check"
    if st.button("Compare with finite differences", icon=":material/balance:"):
        with st.spinner("Running the program again …", show_time=True):
            st.session_state[key] = (view.identity, _check(view.scene.program))
    identity, found = st.session_state.get(key, ("", None))
    if identity == view.identity:
        _show(found)


def _check(program: Program) -> GradientCheck:
    runs: list[ProgramRun] = []

    def outputs() -> list[Tensor]:
        runs.append(run_program(program))
        error = runs[-1].error
        if error is not None:
            raise error.exception
        return [runs[-1].variables[name] for name in program.graph_of]

    return check_gradients(outputs, names=lambda: runs[-1].recording.tensor_names())


def _show(check: GradientCheck) -> None:
    if check.problem:
        st.warning(plain(check.problem))
        return
    checked = f"{len(check.leaves)} of {check.num_leaves} leaves checked. "
    checked = checked if len(check.leaves) < check.num_leaves else ""
    wrong = sum(not leaf.passed for leaf in check.leaves)
    if check.passed:
        st.success(f"{checked}All that was compared agrees.")
    else:
        st.warning(
            f"{checked}{wrong} of {len(check.leaves)} gradients do not agree. So it has to be "
            "where a backward of one's own or a hook says otherwise, and it may be at kinks, as "
            "of ReLU and max pooling, and where numbers of float32 lose digits."
        )
    for leaf in check.leaves[:MOST_LEAVES]:
        _show_leaf(leaf)
    if len(check.leaves) > MOST_LEAVES:
        st.caption(f"and {len(check.leaves) - MOST_LEAVES} more")


def _show_leaf(leaf: LeafCheck) -> None:
    mark = ":material/check:" if leaf.passed else ":material/close:"
    size = "" if leaf.places is None else f", values checked: {len(leaf.places):,}"
    difference = number_text(leaf.largest_difference)
    st.markdown(f"{mark} **{plain(leaf.name)}** differs by {difference} at most{size}")
    if leaf.analytic.size <= 16:
        st.caption("By backward")
        show_values(leaf.analytic, leaf.analytic.shape)
        st.caption("By differences")
        show_values(leaf.numerical, leaf.numerical.shape)
