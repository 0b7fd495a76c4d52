"""Descriptions of live tensors: memory, statistics, and what is kept of large ones."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from blitz.tensors.describe import MOST_ELEMENTS, describe
from blitz.tensors.statistics import MOST_EXACT, statistics_of
from blitz.tensors.summaries import TensorSummary
from blitz.tensors.thinning import thinned
from blitz.ui.tensors.variables_view import variables_message


def summaries(**values: object) -> dict[str, TensorSummary]:
    shown, _ = describe(values)
    return {each.name: each.summary for each in shown if each.summary is not None}


def test_everything_pytorch_says_of_a_tensor_is_there() -> None:
    x = torch.arange(24.0, dtype=torch.float64).reshape(2, 3, 4)[:, 1:, ::2]
    w = torch.ones(3, requires_grad=True)
    found = summaries(x=x, w=w, y=w * 2)
    summary = found["x"]
    assert summary.shape == (2, 2, 2)
    assert summary.dtype == "torch.float64"
    assert summary.stride == x.stride() == (12, 4, 2)
    assert summary.offset == x.storage_offset() == 4
    assert (summary.itemsize, summary.num_bytes, summary.device) == (8, 64, "cpu")
    assert not summary.is_contiguous
    assert found["w"].requires_grad
    assert found["w"].is_leaf
    assert found["y"].grad_fn == "MulBackward0"
    assert not found["y"].is_leaf
    w.detach().add_(1)
    assert summaries(w=w)["w"].version == w._version == 1


def test_who_shares_memory_is_told_across_views_arrays_parts_and_gradients() -> None:
    x = torch.arange(12.0)
    n = np.arange(6.0)
    w = torch.ones(2, requires_grad=True)
    (w * 3).sum().backward()
    shown, storages = describe(
        {
            "x": x, "view": x.reshape(3, 4).T, "bits": x.view(torch.int32), "copy": x.clone(),
            "n": n, "back": n[::-1], "t": torch.from_numpy(n), "late": torch.from_numpy(n[2:]),
            "parts": x.chunk(2), "w": w, "empty": torch.zeros(0), "number": 3,
        }
    )  # fmt: skip
    assert [storage.variables for storage in storages] == [
        ("x", "view", "bits", "parts[0]", "parts[1]"),
        ("copy",),
        ("n", "back", "t", "late"),
        ("w",),
        ("w.grad",),
        ("empty",),
    ]
    found = {each.name: each.summary for each in shown if each.summary}
    assert found["parts[1]"].offset == 6
    assert (found["back"].offset, found["back"].stride) == (5, (-1,))
    assert found["late"].offset == 2
    assert storages[0].num_bytes == 48
    assert storages[0].elements.elements.tolist() == list(range(12))
    assert found["w.grad"].values.elements.tolist() == [3, 3]


def test_statistics_are_those_of_the_finite_elements() -> None:
    x = torch.tensor([[1.0, math.nan, 4.0], [math.inf, -2.0, -math.inf]])
    summary = summaries(x=x)["x"]
    finite = torch.tensor([1.0, 4.0, -2.0])
    assert summary.statistics is not None
    assert (summary.statistics.minimum, summary.statistics.maximum) == (-2, 4)
    assert summary.statistics.mean == pytest.approx(finite.mean().item())
    assert summary.statistics.std == pytest.approx(finite.std(correction=0).item())
    assert sum(summary.statistics.counts) == 3
    assert (summary.num_nan, summary.num_positive_infinite) == (1, 1)
    assert summary.num_negative_infinite == 1
    assert summaries(x=torch.tensor([math.nan]))["x"].statistics is None
    assert summaries(x=torch.zeros(0, 3))["x"].statistics is None


LARGE = {
    "float32": torch.randn(600, 500),
    "transposed": torch.randn(600, 500).T,
    "steps": torch.randn(1200, 500)[::2],
    "float16": torch.randn(600, 500).half(),
    "int64": torch.arange(300_000),
    "int64, beyond": torch.full((300_000,), 2**60),
    "uint8": torch.arange(300_000).to(torch.uint8),
    "bool": torch.randn(300_000) > 1,
    "complex64": torch.randn(600, 500, dtype=torch.complex64),
    "expanded": torch.randn(600, 1).expand(600, 500),
}


@pytest.mark.parametrize("tensor", LARGE.values(), ids=LARGE.keys())
def test_large_tensors_have_exact_extremes_and_mean_and_a_fair_sample(tensor: Tensor) -> None:
    assert tensor.numel() > MOST_EXACT
    statistics = statistics_of(tensor).statistics
    assert statistics is not None
    exact = (tensor.abs() if tensor.is_complex() else tensor).double()
    assert statistics.minimum == exact.min().item()
    assert statistics.maximum == exact.max().item()
    assert statistics.mean == pytest.approx(exact.mean().item(), rel=1e-5, abs=1e-6)
    assert statistics.std == pytest.approx(exact.std(correction=0).item(), rel=0.02, abs=1e-6)
    assert sum(statistics.counts) == statistics.num_sampled


def test_nan_and_infinities_are_counted_in_large_tensors_too() -> None:
    x = torch.randn(300_000)
    x[::7], x[1::7] = math.nan, math.inf
    counted = statistics_of(x)
    finite = x[x.isfinite()].double()
    assert counted.statistics is not None
    assert counted.num_nan == x.isnan().sum()
    assert counted.num_positive_infinite == x.isinf().sum()
    assert counted.statistics.minimum == finite.min()
    assert counted.statistics.mean == pytest.approx(finite.mean().item(), abs=1e-5)


@given(
    shape=st.lists(st.integers(0, 40), max_size=6),
    most=st.integers(1, 300),
)
def test_what_is_kept_are_elements_at_the_indices_told(shape: list[int], most: int) -> None:
    tensor = torch.arange(math.prod(shape)).reshape(shape)
    kept = thinned(tensor, most)
    assert kept.shape == tuple(shape)
    assert kept.elements.size <= max(most, 1)
    expected = tensor.numpy()[np.ix_(*kept.kept)] if shape else tensor.numpy()
    assert np.array_equal(kept.elements, expected)
    if 0 < tensor.numel() <= most and len(shape) <= 4:
        assert kept.is_whole


def test_many_large_variables_send_less_than_200_kb() -> None:
    values = {f"variable_{number}": torch.randn(400, 300).double() for number in range(30)}
    shown, storages = describe(values)
    kept = sum(each.summary.values.elements.size for each in shown if each.summary is not None)
    assert kept <= MOST_ELEMENTS
    assert len(variables_message(shown, storages)) < 200_000
