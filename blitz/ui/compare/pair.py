"""Which two of the chosen runs are compared: A and B, the same two in every panel."""

from collections.abc import Sequence

import streamlit as st

from blitz.look import shortened
from blitz.training.comparing import run_titles
from blitz.training.store import Run
from blitz.ui.compare.state import KEY
from blitz.ui.text import plain

PAIR = f"{KEY}pair"
"""Ids of the two that a person chose."""
FIRST, SECOND = FIELDS = f"{KEY}pair-first", f"{KEY}pair-second"
FIELD = 320
MOST_SIGNS = 48
"""Of a name in a heading."""


def choose_pair(runs: Sequence[Run]) -> tuple[Run, Run]:
    """Show which two of at least two runs are A and B; by default the first two."""
    known = {run.id: run for run in runs}
    titles = run_titles(runs)
    pair = _pair(list(known))
    # The fields show what holds; what a person chooses in them is kept beside them.
    st.session_state[FIRST], st.session_state[SECOND] = pair
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        for key, label in zip(FIELDS, ("A, the first run", "B, the second run"), strict=True):
            st.selectbox(
                label, list(known), format_func=titles.__getitem__, key=key, width=FIELD,
                on_change=_take_up, args=(key, *pair),
            )  # fmt: skip
        st.button(
            "Swap", icon=":material/swap_horiz:", key=f"{KEY}pair-swap", on_click=_keep,
            args=pair[::-1],
        )  # fmt: skip
    return known[pair[0]], known[pair[1]]


def pair_heading(what: str, first: str, second: str) -> str:
    """A heading that names both runs, as Markdown."""
    names = [plain(shortened(title, MOST_SIGNS)) for title in (first, second)]
    return f"##### {plain(what)}: A {names[0]}, B {names[1]}"


def _pair(ids: Sequence[str]) -> tuple[str, str]:
    """The chosen two as far as they are there; in the place of one that is gone, another."""
    wanted = [run_id for run_id in st.session_state.get(PAIR, ()) if run_id in ids]
    others = [run_id for run_id in ids if run_id not in wanted]
    if len(wanted) == 1 and st.session_state[PAIR][1] == wanted[0]:
        return others[0], wanted[0]
    found = [*wanted, *others]
    return found[0], found[1]


def _take_up(key: str, first: str, second: str) -> None:
    """A run that is chosen in both places leaves the other one to the run that was here."""
    chosen = st.session_state[key]
    if key == FIRST:
        _keep(chosen, first if chosen == second else second)
    else:
        _keep(second if chosen == first else first, chosen)


def _keep(first: str, second: str) -> None:
    st.session_state[PAIR] = (first, second)
