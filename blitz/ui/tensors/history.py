"""The programs of a session: those that ran, to go back to."""

from difflib import SequenceMatcher

import streamlit as st

from blitz.tensors.address import State
from blitz.tensors.evaluation import Evaluation
from blitz.ui.tensors.state import KEY, begin, present
from blitz.ui.text import plain

HISTORY = f"{KEY}history"
MOST = 30
SAME_LINES = 0.5
"""A program with more lines in common with the one before is that one, edited."""


def remember(evaluation: Evaluation) -> None:
    """Keep the present program, if it ran; in the place of the last one while that is edited."""
    history: list[State] = st.session_state.setdefault(HISTORY, [])
    state = present()
    if evaluation.fault is not None or not state.program.strip() or state in history[:1]:
        return
    rest = [other for other in history if other != state]
    if rest and _is_edited(rest[0].program, state.program):
        rest = rest[1:]
    st.session_state[HISTORY] = [state, *rest][:MOST]


def show_history() -> None:
    """The programs, the latest first, each with a button that brings it back."""
    history: list[State] = st.session_state.get(HISTORY, [])
    if not history:
        st.info("Programs that ran appear here.")
    for index, state in enumerate(history):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.button(
                "Bring back", key=f"{KEY}history-{index}", on_click=bring_back, args=(index,),
                disabled=state == present(),
            )  # fmt: skip
            lines = [line for line in state.program.splitlines() if line.strip()]
            more = f" … {len(lines)} lines" if len(lines) > 2 else ""
            st.markdown(plain("; ".join(lines[:2]) + more), width="stretch")


def bring_back(index: int) -> None:
    """Show a program of the history again, beside no lesson."""
    begin(st.session_state[HISTORY][index])


def _is_edited(old: str, new: str) -> bool:
    matcher = SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
    return matcher.ratio() > SAME_LINES
