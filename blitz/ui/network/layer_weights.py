"""What a layer multiplies its input with, or where the input's elements go, as pictures."""

import streamlit as st

from blitz.network.layers.convolution import Convolution
from blitz.network.layers.linear import Linear
from blitz.network.layers.reshaping import Reshaping
from blitz.network.pictures.figures import mosaic_figure
from blitz.network.pictures.mosaic import MOST_KERNELS, MOST_TILES, feature_maps, kernels, matrix
from blitz.network.records import Flow, LayerStep
from blitz.ui.figure_view import figure_view
from blitz.ui.network.activation import tell_what_is_left_out
from blitz.ui.network.layer_pictures import SCALE, SHARED
from blitz.ui.network.state import KEY
from blitz.ui.network.unit import Position


def show_weights(flow: Flow, step: LayerStep, unit: Position) -> None:
    """What the input was multiplied with, or where its elements went."""
    layer = step.layer
    if isinstance(layer, Convolution):
        _show_kernels(layer, unit)
    elif isinstance(layer, Linear):
        _show_matrix(flow, step, layer, unit)
    elif isinstance(layer, Reshaping) and layer.inputs[0].ndim == 4 and layer.output.ndim == 2:
        if layer.inputs[0].shape[1] == 1:  # one row, which the bars show already
            return
        _show_places(layer, unit)


def _show_places(layer: Reshaping, unit: Position) -> None:
    st.markdown("##### Where each element goes")
    rows = layer.output[0].reshape(layer.inputs[0].shape[1], -1)
    picture = matrix(rows)
    size = rows.shape[1]
    row, column = divmod(unit[1], size)
    box = picture.outline((), (row, row + 1), (column, column + 1))
    figure = mosaic_figure(picture, marks=[box] if box else [], names=("channel", "place in it"))
    figure_view(figure, key=f"{KEY}picture-flat", label="the vector, a row for each channel")
    st.caption(f"Row c holds channel c: elements {size}·c to {size}·c + {size - 1} of the vector.")


def _show_kernels(layer: Convolution, unit: Position) -> None:
    st.markdown("##### Kernels")
    out = unit[1]
    within = layer.kernels.shape[1]
    num_shown = MOST_KERNELS if within > 1 else MOST_TILES
    picture = kernels(layer.kernels, first=out // num_shown * num_shown)
    size = (0, layer.kernels.shape[2]), (0, layer.kernels.shape[3])
    boxes = [picture.outline((out, channel), *size) for channel in range(within)]
    limit = picture.limit if st.session_state[SCALE] == SHARED else None
    names = ("kernel", "input channel", "row", "column")
    figure = mosaic_figure(
        picture, limit=limit, marks=[box for box in boxes if box is not None], names=names
    )
    figure_view(figure, key=f"{KEY}picture-kernels", label="kernels")
    note = "a row for each kernel, a column for each input channel"
    if within == 1:
        note = "one kernel for each output channel"
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
    figure_view(figure, key=f"{KEY}picture-matrix", label="matrix of weights")
    tell_what_is_left_out(picture)
    maps = _maps_behind(flow, step)
    if maps is not None:
        st.markdown(f"##### Weights of unit {out}, as they lie on the maps")
        shown = feature_maps(layer.matrix[out].reshape(maps))
        figure_view(
            mosaic_figure(shown, limit=limit), key=f"{KEY}picture-row", label=f"weights of {out}"
        )


def _maps_behind(flow: Flow, step: LayerStep) -> tuple[int, ...] | None:
    """The shape of the maps that were flattened to what went in, if they were."""
    if not step.sources or step.sources[0] < 0:
        return None
    before = flow.steps[step.sources[0]].layer
    if not isinstance(before, Reshaping) or before.inputs[0].ndim != 4:
        return None
    shape = tuple(before.inputs[0].shape[1:])
    return shape if shape[1:] != (1, 1) else None
