"""The catalogue: every operation that a program can use, found by name or by what it does."""

from collections.abc import Sequence

import streamlit as st

from blitz.tensors.address import State
from blitz.tensors.operations.operation import Operation
from blitz.tensors.operations.table import FAMILIES, OPERATIONS, search
from blitz.ui.tensors.state import KEY, begin, present
from blitz.ui.text import plain

ALL = "all"
MOST_SHOWN = 40
COLUMNS = (1, 16)
"""Widths of the button and of what stands beside it."""


def show_catalogue() -> None:
    """Search and choose; each operation has an example to try."""
    with st.container(horizontal=True, gap="small"):
        text = st.text_input(
            "Search", key=f"{KEY}search", placeholder="cat, transpose, largest …", width=320
        )
        titles = {ALL: "All families"} | {family.name: family.title for family in FAMILIES}
        family = st.selectbox(
            "Family", list(titles), format_func=titles.__getitem__, key=f"{KEY}family", width=240
        )
    members = next((each.operations for each in FAMILIES if each.name == family), OPERATIONS)
    found = [each for each in (search(text) if text else OPERATIONS) if each in members]
    st.caption(f"{len(found)} of {len(OPERATIONS)} operations")
    _show_rows(found[:MOST_SHOWN])
    if len(found) > MOST_SHOWN:
        st.caption(f"and {len(found) - MOST_SHOWN} more: search for a name or choose a family")


def _show_rows(operations: Sequence[Operation]) -> None:
    for operation in operations:
        left, right = st.columns(COLUMNS, gap="small")
        left.button(
            "Try", key=f"{KEY}try-{operation.paths[0]}", type="tertiary",
            on_click=try_example, args=(operation.example,),
            help="Put its example into the editor",
        )  # fmt: skip
        ways = plain(", ".join(operation.paths))
        right.markdown(
            f"`{operation.signature}` — {plain(operation.summary)}  \n:small[:gray[{ways}]]"
        )


def try_example(example: str) -> None:
    """Show an operation's example in the editor, beside no lesson."""
    state = present()
    begin(State(program=f"{example.strip()}\n", device=state.device, seed=state.seed))
