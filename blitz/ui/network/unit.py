"""The one element of a layer's output that is looked at: clicked in a picture, or by number."""

import numpy as np
import streamlit as st

from blitz.network.records import LayerStep
from blitz.ui.network.state import KEY

Position = tuple[int, ...]

UNIT = f"{KEY}unit"
"""Index of the step, and the position in its output."""


def chosen_unit(step: LayerStep) -> Position:
    """The element that is looked at: at first the one with the largest finite value."""
    index, position = st.session_state.get(UNIT, (None, ()))
    shape = step.output_shape
    fits = len(position) == len(shape) and all(map(int.__lt__, position, shape))
    if index == step.index and fits:
        return tuple(position)
    values = step.output.nan_to_num(-np.inf, neginf=-np.inf, posinf=-np.inf)
    found = np.unravel_index(int(values.argmax()), shape)
    return tuple(map(int, found))


def choose_unit(step: LayerStep, position: Position) -> None:
    """Look at another element."""
    st.session_state[UNIT] = (step.index, position)


def show_position(step: LayerStep, unit: Position) -> None:
    """Fields for the indices of the element, but for the image's in the batch."""
    names = step.layer.axes
    with st.container(horizontal=True, gap="small"):
        for axis in range(1, len(unit)):
            key = f"{UNIT}-{axis}"
            st.session_state[key] = unit[axis]
            last = step.output_shape[axis] - 1
            st.number_input(
                names[axis].capitalize(), 0, last, key=key, step=1, width=112,
                on_change=_take_fields, args=(step.index, unit),
            )  # fmt: skip


def _take_fields(index: int, before: Position) -> None:
    fields = [st.session_state[f"{UNIT}-{axis}"] for axis in range(1, len(before))]
    # A field that was emptied has no number.
    kept = [old if new is None else new for old, new in zip(before[1:], fields, strict=True)]
    st.session_state[UNIT] = (index, (0, *kept))
