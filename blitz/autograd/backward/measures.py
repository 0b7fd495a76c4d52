"""Numbers that describe a tensor: norm, range, mean, share of zeros, and a small sample.

Knows tensors and arrays; nothing about graphs. For many tensors at once: see `measure_columns`.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Values = npt.NDArray[Any]

FEW_VALUES = 64
"""Tensors up to this size are sampled whole."""
CORNER = 8
FIRST = 16
SPARSE = (torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc)
UNREADABLE = (RuntimeError, NotImplementedError, TypeError, ValueError, AttributeError)
"""What tensors without readable values raise: fake ones, nested ones, those of other libraries."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """What one tensor's values are like.

    Complex values are measured by their absolute value. Minimum and maximum leave NaN out; NaN
    stands where there is nothing to measure, as in an empty tensor.
    """

    norm: float
    """Euclidean length of all values."""
    minimum: float
    maximum: float
    mean: float
    zeros: float
    """Share of the values that are exactly zero, 0 to 1."""
    has_nan: bool
    has_inf: bool


def shape_of(tensor: Any) -> tuple[int, ...] | None:
    """A tensor's shape; None for nested ones, whose rows have lengths of their own."""
    try:
        return tuple(int(size) for size in tensor.shape)
    except UNREADABLE:
        return None


def has_values(tensor: Tensor) -> bool:
    """Whether a tensor has values to read: those on the meta device and nested ones have none."""
    return not (tensor.is_meta or tensor.is_nested)


def to_array(tensor: Tensor) -> Values:
    """A copy of a dense tensor's values, as float64 or complex128 where NumPy has no such type."""
    plain = tensor.detach()
    if plain.device.type != "cpu":
        plain = plain.cpu()
    if plain.is_conj() or plain.is_neg():
        plain = plain.resolve_conj().resolve_neg()
    if plain.dtype not in (torch.float32, torch.float64) and plain.is_floating_point():
        plain = plain.to(torch.float64)
    return np.array(plain.numpy())


def sample(tensor: Tensor) -> Values:
    """All values of a small tensor; else the first 8×8 of its last two dimensions, or 16.

    Of a sparse tensor: its corner where its rows are sparse, otherwise the first stored values.
    """
    if tensor.layout is not torch.strided:
        return _sparse_sample(_coordinates(tensor))
    if tensor.numel() <= FEW_VALUES:
        return to_array(tensor)
    if tensor.ndim == 1:
        return to_array(tensor[:FIRST])
    corner = tensor[(0,) * (tensor.ndim - 2)] if tensor.ndim > 2 else tensor
    return to_array(corner[:CORNER, :CORNER])


def _sparse_sample(tensor: Tensor) -> Values:
    values = tensor.values()
    if tensor.sparse_dim() != 1 or tensor.ndim != 2:
        return sample(values)
    rows = tensor.indices()[0]
    near = rows < CORNER
    corner = values.new_zeros(min(CORNER, tensor.shape[0]), min(CORNER, tensor.shape[1]))
    corner[rows[near]] = values[near, :CORNER]
    return to_array(corner)


def _coordinates(tensor: Tensor) -> Tensor:
    plain = tensor.detach()
    if plain.layout in SPARSE:
        plain = plain.to_sparse()
    return plain.coalesce() if plain.layout is torch.sparse_coo else plain.to_dense()


def measure(tensor: Tensor) -> Measure:
    """Measure one tensor of any size, where it lies.

    Sparse tensors are measured as if their zeros were stored; expanded ones (views in which a value
    stands for many) by the values that there are.
    """
    if tensor.layout is not torch.strided:
        found = _coordinates(tensor)
        if found.layout is torch.sparse_coo:
            return _with_zeros(measure(found.values()), found.values().numel(), tensor.numel())
        return measure(found)
    plain, repeats = _without_repeats(tensor.detach())
    if not plain.numel():
        return Measure(norm=0.0, minimum=math.nan, maximum=math.nan, mean=math.nan,
                       zeros=math.nan, has_nan=False, has_inf=False)  # fmt: skip
    if plain.is_complex():
        plain = plain.abs()
    if not plain.is_floating_point():
        plain = plain.double()
    elif plain.dtype.itemsize < 2:
        plain = plain.float()
    low, high = (end.item() for end in torch.aminmax(plain))
    if math.isnan(low):
        return _with_nan(plain)
    wide = torch.float64 if plain.dtype is torch.float64 else torch.float32
    return Measure(
        norm=_norm(plain, max(abs(low), abs(high)), wide) * math.sqrt(repeats),
        minimum=low,
        maximum=high,
        mean=plain.mean(dtype=wide).item(),
        zeros=1 - int(plain.count_nonzero().item()) / plain.numel(),
        has_nan=False,
        has_inf=math.isinf(low) or math.isinf(high),
    )


def is_finite(tensor: Tensor) -> bool:
    """Whether all values are finite; tensors whose values cannot be read count as such."""
    try:
        if not has_values(tensor):
            return True
        if tensor.layout is not torch.strided:
            tensor = _coordinates(tensor)
            tensor = tensor.values() if tensor.layout is torch.sparse_coo else tensor
        return bool(torch.isfinite(_without_repeats(tensor.detach())[0]).all().item())
    except UNREADABLE:
        return True


def _without_repeats(tensor: Tensor) -> tuple[Tensor, int]:
    """The values that exist in memory, and how often each stands in the tensor."""
    if 0 not in tensor.stride():
        return tensor, 1
    once = tensor[tuple(slice(0, 1) if stride == 0 else slice(None) for stride in tensor.stride())]
    return once, tensor.numel() // max(once.numel(), 1)


def _norm(tensor: Tensor, peak: float, dtype: torch.dtype) -> float:
    norm: float = torch.linalg.vector_norm(tensor, dtype=dtype).item()
    # Squares of 1e20 or 1e−20 are no float32: once more in units of the greatest value.
    if peak > 0 and math.isfinite(peak) and (math.isinf(norm) or norm < 1e-15):
        norm = torch.linalg.vector_norm(tensor.double() / peak).item() * peak
    return norm


def _with_nan(tensor: Tensor) -> Measure:
    numbers = tensor[~torch.isnan(tensor)]
    return Measure(
        norm=math.nan,
        minimum=numbers.min().item() if numbers.numel() else math.nan,
        maximum=numbers.max().item() if numbers.numel() else math.nan,
        mean=math.nan,
        zeros=1 - int(tensor.count_nonzero().item()) / tensor.numel(),
        has_nan=True,
        has_inf=bool(torch.isinf(numbers).any().item()),
    )


def _with_zeros(stored: Measure, num_stored: int, num_values: int) -> Measure:
    """A sparse tensor's measure from that of its stored values."""
    absent = num_values - num_stored
    if not absent:
        return stored
    return Measure(
        norm=stored.norm,
        minimum=min(stored.minimum, 0.0) if num_stored else 0.0,
        maximum=max(stored.maximum, 0.0) if num_stored else 0.0,
        mean=stored.mean * num_stored / num_values if num_stored else 0.0,
        zeros=((stored.zeros * num_stored if num_stored else 0.0) + absent) / num_values,
        has_nan=stored.has_nan,
        has_inf=stored.has_inf,
    )
