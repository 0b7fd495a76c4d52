"""Charts of a tensor show the numbers that NumPy and PyTorch give."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from blitz.tensors.figures import heat_map, histogram, quantile
from blitz.tensors.statistics import statistics_of
from blitz.tensors.summaries import Values
from blitz.tensors.thinning import thinned


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=300), st.floats(0, 1))
def test_quantiles_are_right_to_the_width_of_a_bar(numbers: list[int], share: float) -> None:
    statistics = statistics_of(torch.tensor(numbers)).statistics
    assert statistics is not None
    width = (max(numbers) - min(numbers)) / len(statistics.counts)
    # The quantile itself lies between the two elements next to it.
    lower, upper = (
        np.quantile(numbers, share, method=method) for method in ("inverted_cdf", "higher")
    )
    assert lower - width - 1e-9 <= quantile(statistics, share) <= upper + width + 1e-9


def test_bars_hold_all_elements_and_the_mean_is_marked() -> None:
    tensor = torch.tensor([0.0, 1.0, 1.0, 6.0])
    statistics = statistics_of(tensor).statistics
    assert statistics is not None
    figure = histogram(statistics)
    assert figure.data[0].y.sum() == 4
    assert tensor.mean().item() in [shape.x0 for shape in figure.layout.shapes]


def test_a_single_value_has_a_bar_that_can_be_seen() -> None:
    statistics = statistics_of(torch.full((5,), 3.0)).statistics
    assert statistics is not None
    [bar] = histogram(statistics).data
    assert bar.x[0] == 3
    assert bar.width > 0
    assert quantile(statistics, 0.5) == 3


def test_thinned_rows_and_columns_keep_their_indices() -> None:
    tensor = torch.arange(10_000).reshape(100, 100)
    values = thinned(tensor, 144)
    figure = heat_map(values)
    [map_] = figure.data
    for (row, column), shown in zip(map_.customdata.reshape(-1, 2), map_.z.ravel(), strict=True):
        assert tensor[row, column] == shown
    axis = figure.layout.xaxis
    named = [int(text) for text in axis.ticktext]
    assert named == [values.kept[1][place] for place in axis.tickvals]
    assert len(figure.layout.shapes) == 2  # a gap in either direction
    assert figure.layout.yaxis.autorange == "reversed"


def test_numbers_around_zero_are_coloured_around_it() -> None:
    [map_] = heat_map(thinned(torch.tensor([[-1.0, 3.0]]), 9)).data
    assert (map_.zmin, map_.zmax) == (-3, 3)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor([[float("nan"), float("inf")]]),
        torch.tensor([[3 + 4j, 0]]),
        torch.tensor([[True, False]]),
        torch.empty(0, 3),
    ],
)
def test_every_type_of_element_has_a_map(tensor: torch.Tensor) -> None:
    [map_] = heat_map(thinned(tensor, 9)).data
    expected = tensor.abs() if tensor.is_complex() else tensor.double()
    expected = expected.where(expected.isfinite(), float("nan"))
    np.testing.assert_array_equal(map_.z, expected.numpy())


def test_other_numbers_of_axes_are_refused() -> None:
    values = Values(shape=(2,), kept=((0, 1),), elements=np.zeros(2))
    with pytest.raises(ValueError, match=r"shape: \[2\] was given; a heat map has two axes"):
        heat_map(values)
