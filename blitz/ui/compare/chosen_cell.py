"""Which cell of two runs' confusion matrices is looked into."""

import streamlit as st

_KEY = "compare-cell"
_SERIAL = f"{_KEY}-serial"

Pair = tuple[str, str]
"""Ids of two runs."""
Cell = tuple[int, int]
"""Truth and prediction."""


def chosen_cell(pair: Pair) -> Cell | None:
    """The cell chosen for these two runs; none where all images are meant."""
    match st.session_state.get(_KEY):
        case known, cell if known == pair:
            return cell  # type: ignore[no-any-return]
    return None


def choose_cell(pair: Pair, cell: Cell) -> None:
    """Choose a cell; the one that was chosen already is let go."""
    if chosen_cell(pair) == cell:
        forget_cell()
        return
    st.session_state[_KEY] = (pair, cell)
    st.session_state[_SERIAL] = num_choices() + 1


def forget_cell() -> None:
    """Go back to all images."""
    st.session_state[_KEY] = None


def num_choices() -> int:
    """How often a cell was chosen in this session."""
    return int(st.session_state.get(_SERIAL, 0))
