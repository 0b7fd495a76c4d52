"""Pictures of what went into a layer and what came out, with one output marked."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from blitz.network.layers import Region
from blitz.network.layers.elementwise import ReLU
from blitz.network.layers.softmax import Softmax
from blitz.network.pictures.figures import before_after_figure, mosaic_figure
from blitz.network.pictures.mosaic import MOST_SIDE, feature_maps, largest_magnitude
from blitz.network.records import LayerStep
from blitz.ui.figure_view import figure_view
from blitz.ui.network.activation import marks_of, show_activation
from blitz.ui.network.state import KEY
from blitz.ui.network.unit import Position, choose_unit

SHARED, OWN = "one for all", "each its own"
SCALE = f"{KEY}scale"
PART = 470
"""Width of a picture in pixels."""
LARGEST_MAP = 224
"""Rows and columns of a map at full size."""


def show_scale() -> None:
    """Whether the maps of a picture have one colour scale or each its own."""
    # Set anew each time: the browser forgets it where the switch was away for a while.
    st.session_state[SCALE] = st.session_state.get(SCALE) or SHARED
    st.segmented_control(
        "Colours: blue below 0, grey 0, orange above; scale", (SHARED, OWN), key=SCALE,
        required=True, persist_state="session",
        help="One scale for input and output shows which are strong; one of its own for each map "
        "shows the weak ones, too.",
    )  # fmt: skip


def show_inputs(step: LayerStep, unit: Position, classes: Sequence[str] | None) -> None:
    """What went in, with the part that the element looked at outlined."""
    arithmetic = step.layer.explain(unit)
    for number, tensor in enumerate(step.layer.inputs):
        st.markdown("##### In" if number == 0 else "##### And in")
        regions = [
            region
            for region in (arithmetic.regions if arithmetic else ())
            if region.operand == number
        ]
        # Logits, one for each class.
        names = classes if isinstance(step.layer, Softmax) else None
        show_activation(tensor, f"in-{number}", regions, _limit(step), names)


def show_output(step: LayerStep, unit: Position, classes: Sequence[str] | None) -> None:
    """What came out; a click chooses an element. classes: what the units stand for, if they do."""
    st.markdown("##### Out")
    show_activation(
        step.output, "out", [_as_region(unit)], _limit(step), classes, partial(_go_to, step)
    )
    st.caption("Click an element to see how it came about.")
    if isinstance(step.layer, Softmax):
        st.caption(f"All of them add up to {float(step.output[0].double().sum()):.7g}.")
    _show_full_map(step, unit)
    if isinstance(step.layer, ReLU):
        _show_before_and_after(step)


def _limit(step: LayerStep) -> float | None:
    """The magnitude of the strongest colour in all pictures; None where each has its own."""
    if st.session_state[SCALE] == OWN:
        return None
    return max(map(largest_magnitude, (*step.layer.inputs, step.output))) or 1.0


def _as_region(unit: Position) -> Region:
    channel, row, column = (*unit[1:], 0, 0)[:3]
    return Region(
        operand=0,
        channels=(channel, channel + 1),
        rows=(row, row + 1),
        columns=(column, column + 1),
    )


def _show_before_and_after(step: LayerStep) -> None:
    before, after = step.layer.inputs[0], step.output
    st.markdown("##### Before and after")
    figure = before_after_figure(before.numpy(), after.numpy())
    figure_view(figure, key=f"{KEY}picture-spread", label="values before and after")
    share = float((before <= 0).double().mean())
    st.caption(f"{share:.0%} of the values were 0 or below and are 0 now.")


def _show_full_map(step: LayerStep, unit: Position) -> None:
    tensor = step.output
    if tensor.ndim != 4 or max(tensor.shape[2:]) <= MOST_SIDE:
        return
    channel = unit[1]
    if not st.toggle(f"Channel {channel} at full size", key=f"{KEY}full"):
        return
    maps = feature_maps(tensor[0], first=channel, most_tiles=1, most_side=LARGEST_MAP)
    figure = mosaic_figure(maps, limit=_limit(step), marks=marks_of(maps, [_as_region(unit)]))
    clicked = figure_view(figure, key=f"{KEY}picture-full", label=f"channel {channel}")
    element = maps.element_at(clicked.x, clicked.y) if clicked else None
    if element is not None:
        _go_to(step, element)


def _go_to(step: LayerStep, clicked: tuple[int, ...]) -> None:
    """Look at the element that was clicked; all of the page is about it, so it begins anew."""
    choose_unit(step, (0, *clicked))
    st.rerun()
