"""What is in the pictures of activations and weights, against the tensors themselves."""

import base64
import io
import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from blitz.network.flow import run_flow
from blitz.network.layers import Window
from blitz.network.pictures.figures import (
    bars_figure,
    before_after_figure,
    mosaic_figure,
    plotly_figure,
    window_figure,
)
from blitz.network.pictures.mosaic import (
    MOST_TILES,
    Mosaic,
    feature_maps,
    kept,
    kernels,
    largest_magnitude,
    matrix,
)
from blitz.network.pictures.thumbnails import image_thumbnail, png, thumbnail


@given(size=st.integers(1, 300), most=st.integers(2, 64))
def test_kept_indices_are_few_even_and_have_both_ends(size: int, most: int) -> None:
    indices = kept(size, most)
    assert len(indices) == min(size, most)
    assert indices[0] == 0
    assert indices[-1] == size - 1
    steps = np.diff(indices)
    assert not steps.size or steps.max() - steps.min() <= 1
    assert not steps.size or steps.min() >= 1


def elements_of(mosaic: Mosaic, tensor: torch.Tensor) -> int:
    """Check each cell of the picture against the tensor; how many cells are elements."""
    num = 0
    rows, columns = mosaic.shape
    for y in range(rows):
        for x in range(columns):
            element = mosaic.element_at(x, y)
            if element is not None:
                num += 1
                *leading, row, column = element
                [tile] = [t for t in mosaic.tiles if list(t.leading) == leading]
                value = tile.values[
                    list(mosaic.rows).index(row), list(mosaic.columns).index(column)
                ]
                assert float(value) == float(tensor[element])
    return num


@pytest.mark.parametrize("shape", [(6, 28, 28), (20, 5, 5), (1, 32, 32), (3, 7, 1)])
def test_each_cell_of_the_picture_is_an_element_of_the_maps(shape: tuple[int, ...]) -> None:
    maps = torch.randn(shape)
    mosaic = feature_maps(maps)
    assert mosaic.is_whole
    assert mosaic.num_tiles == shape[0]
    shown = min(shape[0], MOST_TILES)
    assert elements_of(mosaic, maps) == shown * shape[1] * shape[2]
    assert mosaic.limit == float(maps.abs().max())


def test_large_maps_are_thinned_to_elements_of_their_own_and_begin_where_asked() -> None:
    maps = torch.randn(40, 112, 100)
    mosaic = feature_maps(maps, first=16)
    assert not mosaic.is_whole
    assert [tile.leading for tile in mosaic.tiles] == [(channel,) for channel in range(16, 32)]
    assert elements_of(mosaic, maps) == 16 * 32 * 32
    assert mosaic.size == (112, 100)
    full = feature_maps(maps, first=16, most_tiles=1, most_side=224)
    assert elements_of(full, maps) == 112 * 100


def test_kernels_have_a_row_each_and_an_input_channel_a_column() -> None:
    weight = torch.randn(16, 6, 5, 5)
    mosaic = kernels(weight)
    assert mosaic.num_tiles == 96
    assert elements_of(mosaic, weight) == 12 * 6 * 25
    assert all(tile.place == tile.leading for tile in mosaic.tiles)
    grey = kernels(torch.randn(6, 1, 5, 5))
    assert {tile.leading for tile in grey.tiles} == {(kernel, 0) for kernel in range(6)}


def test_a_matrix_is_one_tile() -> None:
    values = torch.randn(10, 84)
    assert elements_of(matrix(values), values) == 840


@pytest.mark.parametrize(
    ("rows", "columns", "cells"), [((2, 5), (1, 4), (3, 3)), ((0, 9), (0, 9), (9, 9))]
)
def test_an_outline_is_around_its_elements(
    rows: tuple[int, int], columns: tuple[int, int], cells: tuple[int, int]
) -> None:
    mosaic = feature_maps(torch.randn(5, 9, 9))
    box = mosaic.outline((3,), rows, columns)
    assert box is not None
    x0, y0, x1, y1 = box
    assert (y1 - y0, x1 - x0) == pytest.approx(cells)
    assert mosaic.element_at(x0 + 0.5, y0 + 0.5) == (3, rows[0], columns[0])
    assert mosaic.element_at(x1 - 0.5, y1 - 0.5) == (3, rows[1] - 1, columns[1] - 1)
    assert mosaic.outline((5,), rows, columns) is None


def test_nan_and_infinity_are_counted_and_leave_the_scale_to_the_others() -> None:
    maps = torch.tensor([[[1.0, math.nan], [-3.0, math.inf]]])
    mosaic = feature_maps(maps)
    assert (mosaic.num_nan, mosaic.num_infinite, mosaic.limit) == (1, 1, 3.0)
    figure = plotly_figure(mosaic_figure(mosaic, limit=mosaic.limit))
    heat, crosses = figure.data
    assert len(crosses.x) == 1
    assert np.nanmax(heat.z) == heat.zmax == 3.0  # infinity is as strong as a colour gets
    assert feature_maps(torch.full((1, 2, 2), math.nan)).limit == 1.0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, -3.0], 3.0),
        ([math.nan, -3.0, 2.0], 3.0),
        ([math.inf, -math.inf, 0.5], 0.5),
        ([math.nan], 0.0),
        ([0.0], 0.0),
    ],
)
def test_the_largest_magnitude_is_of_finite_values(values: list[float], expected: float) -> None:
    assert largest_magnitude(torch.tensor(values)) == expected


def test_colours_are_around_zero_on_one_scale_or_on_each_tiles_own() -> None:
    maps = torch.stack([torch.full((3, 3), 2.0), torch.full((3, 3), -0.5)])
    mosaic = feature_maps(maps)
    one, own = (
        plotly_figure(mosaic_figure(mosaic, limit=limit)).data[0] for limit in (mosaic.limit, None)
    )
    assert {float(z) for z in np.unique(one.z[~np.isnan(one.z)])} == {2.0, -0.5}
    assert (one.zmin, one.zmax) == (-2.0, 2.0)
    assert {float(z) for z in np.unique(own.z[~np.isnan(own.z)])} == {1.0, -1.0}
    values = own.customdata[..., 3][~np.isnan(own.z)]
    assert {float(v) for v in values} == {2.0, -0.5}
    assert (own.zmin, own.zmax) == (-1.0, 1.0)
    channels = one.customdata[..., 0]
    assert set(channels[one.z == 2.0]) == {0}
    assert set(channels[one.z == -0.5]) == {1}


def test_the_figure_of_a_window_shows_inputs_weights_and_products() -> None:
    [step] = run_flow(torch.nn.Conv2d(2, 3, 3).eval(), torch.randn(1, 2, 5, 5)).steps
    arithmetic = step.layer.explain((0, 1, 2, 2))
    assert arithmetic is not None
    window = arithmetic.windows[1]
    figure = plotly_figure(window_figure(window))
    inputs, weights, products = (np.asarray(trace.customdata) for trace in figure.data)
    assert np.array_equal(inputs, step.layer.inputs[0][0, 1, 2:5, 2:5].double().numpy())
    assert np.array_equal(products, inputs * weights)
    lonely = plotly_figure(
        window_figure(Window(label="", inputs=np.eye(2), weights=None, winner=(0, 0)))
    )
    assert len(lonely.data) == 1
    assert lonely.layout.shapes


def test_bars_are_the_vector_with_signs_in_colours() -> None:
    bars = bars_figure(np.array([1.0, -2.0, math.nan]), names=["a", "b", "c"], mark=1)
    figure = plotly_figure(bars)
    [bars] = figure.data
    assert bars.y.tolist() == [1.0, -2.0, 0.0]
    assert len(set(bars.marker.color[:2])) == 2
    assert list(bars.text) == ["", "", "NaN"]
    assert list(figure.layout.xaxis.ticktext) == ["a", "b", "c"]


def read_back(value: object) -> object:
    """What plotly.js makes of a figure in JSON, with arrays for what is packed."""
    if isinstance(value, dict) and "bdata" in value:
        flat = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
        return flat.reshape([int(size) for size in value.get("shape", f"{len(flat)}").split(",")])
    if isinstance(value, dict):
        return {name: read_back(each) for name, each in value.items()}
    return [read_back(each) for each in value] if isinstance(value, list) else value


def test_a_figure_is_written_as_plotly_writes_it() -> None:
    maps = torch.randn(3, 4, 5)
    maps[0, 0, 0] = math.nan
    mosaic = feature_maps(maps)
    box = mosaic.outline((1,), (0, 2), (1, 3))
    assert box is not None
    window = Window(label="", inputs=np.eye(3), weights=np.ones((3, 3)), winner=(1, 1))
    figures = (
        mosaic_figure(mosaic, limit=mosaic.limit, marks=[box]),
        mosaic_figure(mosaic),
        bars_figure(np.array([1.0, -2.0, math.nan]), mark=1),
        bars_figure(np.array([0.5, 0.5]), names=["<b>", "é"]),
        window_figure(window),
        before_after_figure(np.linspace(-1, 1, 9), np.linspace(0, 1, 9)),
    )
    for figure in figures:
        ours = read_back(json.loads(figure.to_json()))
        expected = plotly_figure(figure)
        expected.layout.template = {}
        theirs = read_back(json.loads(expected.to_json()))
        assert isinstance(ours, dict)
        assert isinstance(theirs, dict)
        del theirs["layout"]["template"]
        for name in ("annotations", "shapes"):  # Plotly leaves empty lists out
            ours["layout"][name] = ours["layout"].get(name, [])
            theirs["layout"][name] = theirs["layout"].get(name, [])
        np.testing.assert_equal(ours, theirs)


def test_values_before_and_after_are_counted() -> None:
    before = np.array([-1.0, -0.5, 0.5, math.nan])
    first, second = plotly_figure(before_after_figure(before, np.maximum(before, 0))).data
    assert sum(first.y) == 3
    assert sum(second.y) == 3


def pixels_of(url: str) -> np.ndarray:
    content = base64.b64decode(url.removeprefix("data:image/png;base64,"))
    picture = Image.open(io.BytesIO(content))
    return np.asarray(picture.convert("RGBA") if picture.mode == "P" else picture)


def test_a_thumbnail_is_grey_at_zero_and_transparent_at_nan() -> None:
    pixels = pixels_of(png(np.array([[0.0, 1.0], [-1.0, math.nan]])))
    assert pixels[0, 0].tolist() == [0xB8, 0xB8, 0xB8, 255]
    assert pixels[0, 1].tolist() == [0xD9, 0x5F, 0x02, 255]
    assert pixels[1, 0].tolist() == [0x21, 0x66, 0xAC, 255]
    assert pixels[1, 1, 3] == 0


@pytest.mark.parametrize(
    "shape", [(64, 112, 112), (16, 5, 5), (2, 3, 3), (400,), (10,), (512, 1, 1), (1,)]
)
def test_thumbnails_of_any_activation_are_small(shape: tuple[int, ...]) -> None:
    url = thumbnail(torch.randn(shape))
    assert pixels_of(url).size > 0
    assert len(url) < 12_000


@pytest.mark.parametrize("channels", [1, 3])
def test_the_thumbnail_of_an_image_has_its_colours(channels: int) -> None:
    image = torch.full((channels, 224, 224), 200, dtype=torch.uint8)
    pixels = pixels_of(image_thumbnail(image))
    assert pixels.shape[:2] == (44, 44)
    assert (pixels == 200).all()
