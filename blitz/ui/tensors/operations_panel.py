"""How each operation of a program got from its operands to its result."""

from collections.abc import Sequence

import streamlit as st

from blitz.tensors.faults import Span
from blitz.tensors.summaries import Call
from blitz.ui.tensors.operation_view import operation_view
from blitz.ui.tensors.state import CALL, KEY
from blitz.ui.text import plain


def drawn_calls(calls: Sequence[Call]) -> list[Call]:
    """Those with a picture."""
    return [call for call in calls if call.picture is not None]


def chosen_call(calls: Sequence[Call]) -> int | None:
    """Which of the drawn operations is shown: the chosen one, or the last; None without any."""
    count = len(drawn_calls(calls))
    chosen = st.session_state.get(CALL)
    return chosen if chosen in range(count) else (count - 1 if count else None)


def marked_span(calls: Sequence[Call]) -> Span | None:
    """The piece of the program that makes the chosen operation."""
    index = chosen_call(calls)
    return None if index is None else drawn_calls(calls)[index].span


def show_operations(calls: Sequence[Call]) -> None:
    """The operations to choose from, and the picture of one."""
    drawn = drawn_calls(calls)
    index = chosen_call(calls)
    if index is None:
        st.info(
            "No operation of this program can be drawn: try an index, `+`, `@`, `torch.cat` "
            "or `.sum(dim=1)`."
        )
        return
    st.session_state[CALL] = index
    st.pills(
        "Operation", range(len(drawn)), key=CALL, required=True,
        format_func=lambda at: f"{drawn[at].span.line}: {plain(drawn[at].text)}",
        help="In the order in which they are carried out, with the line of the program.",
    )  # fmt: skip
    call = drawn[index]
    assert call.picture is not None
    operation_view(call.picture, operation=call.operation, key=f"{KEY}operation")
