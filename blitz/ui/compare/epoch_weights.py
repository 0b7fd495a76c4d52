"""A layer's weights as they were at an epoch, or how far they have come since the first.

All pictures of a layer are thinned alike, so that a cell is the same weight at every epoch.
"""

import math
from dataclasses import replace

import streamlit as st
from torch import Tensor

from blitz.network.pictures.figures import mosaic_figure
from blitz.network.pictures.mosaic import Mosaic, kernels, matrix
from blitz.ui.figure_view import figure_view

NAMES = {4: ("output", "input channel", "row", "column"), 2: ("output", "input")}
"""What the indices of a tensor are, by their number."""


def picture_of(weight: Tensor, image_shape: tuple[int, ...] = ()) -> Mosaic:
    """Weights [out, in, rows, columns] as tiles, [out, in] as one.

    image_shape: where the inputs are an image's pixels, its channels, height and width; then the
    weights lie as the pixels do.
    """
    if weight.ndim == 2 and weight.shape[1] == math.prod(image_shape):
        weight = weight.reshape(-1, *image_shape)
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
    if shown < picture.num_tiles:
        st.caption(f"{shown:,} of {picture.num_tiles:,} filters are shown.")
    elif not picture.is_whole:
        part = f"{len(picture.rows):,}×{len(picture.columns):,}"
        whole = f"{picture.size[0]:,}×{picture.size[1]:,}"
        st.caption(f"{part} of {whole} weights are shown.")
    if picture.num_nan or picture.num_infinite:
        lost = picture.num_nan + picture.num_infinite
        st.caption(f"{lost:,} of these weights are no finite numbers.")
