"""One activation as a picture: maps as a mosaic, a vector as bars, one element marked."""

from collections.abc import Callable, Sequence

import streamlit as st
from torch import Tensor

from blitz.network.layers import Region
from blitz.network.pictures.figures import Box, bars_figure, mosaic_figure
from blitz.network.pictures.mosaic import MOST_TILES, Mosaic, feature_maps
from blitz.ui.figure_view import figure_view
from blitz.ui.network.state import KEY
from blitz.ui.network.words import shape_text


def show_activation(
    tensor: Tensor,
    name: str,
    regions: Sequence[Region],
    limit: float | None,
    names: Sequence[str] | None = None,
    choose: Callable[[tuple[int, ...]], None] | None = None,
) -> None:
    """Show the first of a batch.

    limit: the magnitude of the strongest colour, None for each map its own. names: of the elements
    of a vector. choose: called with the indices of an element that was clicked.
    """
    key, label = f"{KEY}picture-{name}", f"{name}: {shape_text(tensor.shape[1:])}"
    if tensor.ndim == 4 and tensor.shape[2:] != (1, 1):
        maps = feature_maps(tensor[0], first=_first_channel(tensor.shape[1], name, regions))
        figure = mosaic_figure(maps, limit=limit, marks=marks_of(maps, regions))
        clicked = figure_view(figure, key=key, label=label)
        element = maps.element_at(clicked.x, clicked.y) if clicked else None
        if choose and element is not None:
            choose(element)
        tell_what_is_left_out(maps)
        return
    vector = tensor[0].reshape(-1)
    mark = regions[0].channels[0] if regions and _is_one(regions[0]) else None
    axis = "class" if names else "unit"
    clicked = figure_view(
        bars_figure(vector.numpy(), names=names, mark=mark, axis=axis), key=key, label=label
    )
    if choose and clicked and 0 <= round(clicked.x) < len(vector):
        choose((round(clicked.x), *(0,) * (tensor.ndim - 2)))


def _is_one(region: Region) -> bool:
    return region.channels[1] == region.channels[0] + 1


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


def marks_of(maps: Mosaic, regions: Sequence[Region]) -> list[Box]:
    boxes = [
        maps.outline((channel,), region.rows, region.columns)
        for region in regions
        for channel in range(*region.channels)
    ]
    return [box for box in boxes if box is not None]


def tell_what_is_left_out(maps: Mosaic) -> None:
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
