"""A layer's weights as they were at an epoch, or how far they have come since the first.

All pictures of a layer are thinned alike, so that a cell is the same weight at every epoch.
"""

from dataclasses import replace

import streamlit as st
from torch import Tensor

from blitz.network.pictures.figures import mosaic_figure
from blitz.network.pictures.mosaic import Mosaic, kernels, matrix
from blitz.ui.figure_view import figure_view

NAMES = {4: ("kernel", "input channel", "row", "column"), 2: ("unit", "input")}
"""What the indices of a tensor are, by their number."""


def picture_of(weight: Tensor) -> Mosaic:
    """Weights [out, in, rows, columns] as tiles, [out, in] as one."""
    return kernels(weight) if weight.ndim == 4 else matrix(weight)


def difference(now: Mosaic, first: Mosaic) -> Mosaic:
    """One picture less another of the same layer."""
    tiles = zip(now.tiles, first.tiles, strict=True)
    return replace(
        now, tiles=tuple(replace(tile, values=tile.values - other.values) for tile, other in tiles)
    )


def show_picture(picture: Mosaic, *, limit: float, key: str, label: str) -> None:
    """Show weights; limit: the magnitude that gets the strongest colour."""
    names = NAMES[len(picture.tiles[0].leading) + 2]
    figure = mosaic_figure(picture, limit=limit, names=names)
    figure_view(figure, key=key, label=label)
    shown = len(picture.tiles)
    if shown < picture.num_tiles or not picture.is_whole:
        rows, columns = len(picture.rows), len(picture.columns)
        what = f"{shown:,} of {picture.num_tiles:,} kernels"
        size = "×".join(f"{side:,}" for side in picture.size)
        part = what if shown < picture.num_tiles else f"{rows:,}×{columns:,} of {size} weights"
        st.caption(f"{part} are shown.")
    if picture.num_nan or picture.num_infinite:
        lost = picture.num_nan + picture.num_infinite
        st.caption(f"{lost:,} of these weights are no finite numbers.")
