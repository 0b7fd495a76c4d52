"""The one element of a layer's output that is looked at: clicked in a picture, or by number."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from blitz.network.records import LayerStep
from blitz.ui.network.state import KEY

Position = tuple[int, ...]

UNIT = f"{KEY}unit"
"""Index of the step, and the position in its output."""
CLICK = f"{KEY}click"
"""A click into a picture that was not taken up yet: key of the chart, x and y."""


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


def take_click(key: str, element_at: Callable[[float, float], Position | None]) -> Position | None:
    """The element that was clicked in the chart of this key since it was last drawn."""
    click = st.session_state.get(CLICK)
    if click is None or click[0] != key:
        return None
    del st.session_state[CLICK]
    return element_at(click[1], click[2])


def on_click(key: str) -> Callable[[], None]:
    """For `on_select` of the chart of this key."""
    return partial(_note_click, key)


def _note_click(key: str) -> None:
    selection: Any = st.session_state[key]
    points = selection["selection"]["points"]
    # A second click on the same place takes the selection back; it stays the element looked at.
    if points:
        st.session_state[CLICK] = (key, points[0]["x"], points[0]["y"])
