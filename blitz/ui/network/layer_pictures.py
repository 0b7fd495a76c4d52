"""Pictures of a layer: what went in, its weights, what came out, with one output marked."""

from collections.abc import Sequence

import streamlit as st
from torch import Tensor

from blitz.network.layers import Region
from blitz.network.layers.convolution import Convolution
from blitz.network.layers.elementwise import ReLU
from blitz.network.layers.linear import Linear
from blitz.network.layers.reshaping import Reshaping
from blitz.network.layers.softmax import Softmax
from blitz.network.pictures.figures import (
    Box,
    bars_figure,
    before_after_figure,
    mosaic_figure,
)
from blitz.network.pictures.mosaic import MOST_TILES, Mosaic, feature_maps, kernels, matrix
from blitz.network.records import Flow, LayerStep
from blitz.ui.charts import CHART_CONFIG
from blitz.ui.network.chosen import ChosenNetwork
from blitz.ui.network.state import KEY
from blitz.ui.network.unit import Position, choose_unit, on_click, take_click

SHARED, OWN = "one for all", "each its own"
SCALE = f"{KEY}scale"
PART = 470
"""Width of a picture in pixels."""
LARGEST_MAP = 224
"""Rows and columns of a map at full size."""


def show_scale() -> None:
    """Whether the maps of a picture have one colour scale or each its own."""
    st.session_state.setdefault(SCALE, SHARED)
    st.segmented_control(
        "Colours: blue below 0, grey 0, orange above; scale", (SHARED, OWN), key=SCALE,
        required=True, persist_state="session",
        help="One scale for input and output shows which are strong; one of its own for each map "
        "shows the weak ones, too.",
    )  # fmt: skip


def show_inputs(chosen: ChosenNetwork, step: LayerStep, unit: Position) -> None:
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
        names = chosen.classes if isinstance(step.layer, Softmax) else None
        _show_activation(tensor, f"in-{number}", regions, _limit(step), None, names)


def show_output(chosen: ChosenNetwork, step: LayerStep, unit: Position) -> None:
    """What came out; a click chooses an element."""
    st.markdown("##### Out")
    is_answer = step.output_shape[1:] == (len(chosen.classes),)
    names = chosen.classes if is_answer else None
    _show_activation(
        step.output, f"out-{step.index}", [_as_region(unit)], _limit(step), step, names
    )
    if isinstance(step.layer, Softmax):
        st.caption(f"All of them add up to {float(step.output[0].double().sum()):.7g}.")
    _show_full_map(step, unit)
    if isinstance(step.layer, ReLU):
        _show_before_and_after(step)


def _limit(step: LayerStep) -> float | None:
    """The magnitude of the strongest colour in all pictures; None where each has its own."""
    if st.session_state[SCALE] == OWN:
        return None
    tensors = [*step.layer.inputs, step.output]
    limits = [float(each[each.isfinite()].abs().max()) for each in tensors if each.isfinite().any()]
    return max(limits, default=0.0) or 1.0


def _as_region(unit: Position) -> Region:
    channel, row, column = (*unit[1:], 0, 0)[:3]
    return Region(
        operand=0,
        channels=(channel, channel + 1),
        rows=(row, row + 1),
        columns=(column, column + 1),
    )


def _show_activation(
    tensor: Tensor,
    name: str,
    regions: Sequence[Region],
    limit: float | None,
    step: LayerStep | None,
    names: Sequence[str] | None = None,
) -> None:
    """One tensor; where `step` is given, it is its output and can be clicked."""
    key = f"{KEY}picture-{name}"
    if tensor.ndim == 4 and tensor.shape[2:] != (1, 1):
        first = _first_channel(tensor.shape[1], name, regions)
        maps = feature_maps(tensor[0], first=first)
        if step is not None:
            _take_up(step, key, maps)
        _chart(mosaic_figure(maps, limit=limit, marks=_marks(maps, regions)), key, step)
        _caption(maps)
        return
    vector = tensor[0].reshape(-1)
    mark = regions[0].channels[0] if regions and _is_one(regions[0]) else None
    figure = bars_figure(vector.numpy(), names=names, mark=mark, axis="class" if names else "unit")
    if step is not None:
        clicked = take_click(key, lambda x, y: (round(x),))
        if clicked is not None:
            _go_to(step, (0, *clicked, *(0,) * (tensor.ndim - 2)))
    _chart(figure, key, step)


def _is_one(region: Region) -> bool:
    return region.channels[1] == region.channels[0] + 1


def _take_up(step: LayerStep, key: str, maps: Mosaic) -> None:
    clicked = take_click(key, maps.element_at)
    if clicked is not None:
        _go_to(step, (0, *clicked))


def _go_to(step: LayerStep, position: Position) -> None:
    """Everything above is about the element, so the script begins anew."""
    choose_unit(step, position)
    st.rerun()


def _chart(figure: object, key: str, step: LayerStep | None) -> None:
    if step is None:
        st.plotly_chart(figure, config=CHART_CONFIG, key=key)
        return
    st.plotly_chart(
        figure, config=CHART_CONFIG, key=key, on_select=on_click(key), selection_mode="points"
    )
    st.caption("Click an element to see how it came about.")


def _first_channel(num_channels: int, name: str, regions: Sequence[Region]) -> int:
    """The first of the channels that are shown; where there are many, a field chooses."""
    if num_channels <= MOST_TILES:
        return 0
    starts = range(0, num_channels, MOST_TILES)
    key = f"{KEY}first-{name}"
    wanted = regions[0].channels[0] if len(regions) == 1 and _is_one(regions[0]) else None
    # Another element was chosen: its channel shall be in the picture.
    if wanted is not None and st.session_state.get(f"{key}-for") != wanted:
        st.session_state[f"{key}-for"] = wanted
        st.session_state[key] = wanted // MOST_TILES * MOST_TILES
    if st.session_state.get(key) not in starts:
        st.session_state[key] = 0

    def title(start: int) -> str:
        return f"channels {start} to {min(start + MOST_TILES, num_channels) - 1}"

    first: int = st.selectbox(
        f"Of {num_channels} channels", starts, key=key, format_func=title, width=220
    )
    return first


def _marks(maps: Mosaic, regions: Sequence[Region]) -> list[Box]:
    boxes = [
        maps.outline((channel,), region.rows, region.columns)
        for region in regions
        for channel in range(*region.channels)
    ]
    return [box for box in boxes if box is not None]


def _caption(maps: Mosaic) -> None:
    notes = []
    if not maps.is_whole:
        notes.append(
            f"{len(maps.rows)} × {len(maps.columns)} of {maps.size[0]} × {maps.size[1]} elements "
            "of each map"
        )
    if maps.num_nan:
        notes.append(f"{maps.num_nan:,} NaN, drawn as ×")
    if maps.num_infinite:
        notes.append(f"{maps.num_infinite:,} infinite")
    if notes:
        st.caption(" · ".join(notes))


# Weights


def show_weights(flow: Flow, step: LayerStep, unit: Position) -> None:
    """What the input was multiplied with, or where its elements went."""
    layer = step.layer
    if isinstance(layer, Convolution):
        _show_kernels(layer, unit)
    elif isinstance(layer, Linear):
        _show_matrix(flow, step, layer, unit)
    elif isinstance(layer, Reshaping) and layer.inputs[0].ndim == 4 and layer.output.ndim == 2:
        st.markdown("##### Where each element goes")
        channels = layer.inputs[0].shape[1]
        rows = layer.output[0].reshape(channels, -1)
        picture = matrix(rows)
        size = rows.shape[1]
        where = divmod(unit[1], size)
        box = picture.outline((), (where[0], where[0] + 1), (where[1], where[1] + 1))
        _chart(
            mosaic_figure(picture, marks=[box] if box else [], names=("channel", "place in it")),
            f"{KEY}picture-flat", None,
        )  # fmt: skip
        st.caption(
            f"Row c holds channel c, that is elements {size}·c to {size}·c + {size - 1} of the "
            "vector."
        )


def _show_kernels(layer: Convolution, unit: Position) -> None:
    st.markdown("##### Kernels")
    out = unit[1]
    picture = kernels(layer.kernels, first=out // MOST_TILES * MOST_TILES if out >= 12 else 0)
    within = layer.kernels.shape[1]
    size = (0, layer.kernels.shape[2]), (0, layer.kernels.shape[3])
    boxes = [picture.outline((out, channel), *size) for channel in range(within)]
    limit = picture.limit if st.session_state[SCALE] == SHARED else None
    names = ("kernel", "input channel", "row", "column")
    figure = mosaic_figure(
        picture, limit=limit, marks=[box for box in boxes if box is not None], names=names
    )
    _chart(figure, f"{KEY}picture-kernels", None)
    note = "kernel · input channel" if within > 1 else "one kernel for each output channel"
    shown = len(picture.tiles)
    st.caption(f"{note}; {shown:,} of {picture.num_tiles:,} shown, outlined: kernel {out}")


def _show_matrix(flow: Flow, step: LayerStep, layer: Linear, unit: Position) -> None:
    st.markdown("##### Weights")
    picture = matrix(layer.matrix)
    out = unit[-1]
    box = picture.outline((), (out, out + 1), (0, layer.matrix.shape[1]))
    limit = picture.limit if st.session_state[SCALE] == SHARED else None
    figure = mosaic_figure(
        picture, limit=limit, marks=[box] if box else [], names=("unit", "input")
    )
    _chart(figure, f"{KEY}picture-matrix", None)
    _caption(picture)
    maps = _maps_behind(flow, step)
    if maps is not None:
        st.markdown(f"##### Weights of unit {out}, as they lie on the maps")
        shown = feature_maps(layer.matrix[out].reshape(maps))
        _chart(mosaic_figure(shown, limit=limit), f"{KEY}picture-row", None)


def _maps_behind(flow: Flow, step: LayerStep) -> tuple[int, ...] | None:
    """The shape of the maps that were flattened to what went in, if they were."""
    if not step.sources or step.sources[0] < 0:
        return None
    before = flow.steps[step.sources[0]].layer
    if not isinstance(before, Reshaping) or before.inputs[0].ndim != 4:
        return None
    shape = tuple(before.inputs[0].shape[1:])
    return shape if shape[1:] != (1, 1) else None


def _show_before_and_after(step: LayerStep) -> None:
    before, after = step.layer.inputs[0], step.output
    st.markdown("##### Before and after")
    st.plotly_chart(
        before_after_figure(before.numpy(), after.numpy()), config=CHART_CONFIG,
        key=f"{KEY}picture-spread",
    )  # fmt: skip
    share = float((before <= 0).double().mean())
    st.caption(f"{share:.0%} of the values were 0 or below and are 0 now.")


def _show_full_map(step: LayerStep, unit: Position) -> None:
    tensor = step.output
    if tensor.ndim != 4 or feature_maps(tensor[0], most_tiles=1).is_whole:
        return
    channel = unit[1]
    if not st.toggle(f"Channel {channel} at full size", key=f"{KEY}full"):
        return
    maps = feature_maps(tensor[0], first=channel, most_tiles=1, most_side=LARGEST_MAP)
    figure = mosaic_figure(maps, limit=_limit(step), marks=_marks(maps, [_as_region(unit)]))
    key = f"{KEY}picture-full"
    _take_up(step, key, maps)
    _chart(figure, key, step)
