"""Extremes, mean, spread and histogram of a tensor's elements, quickly also where it is large."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from blitz.tensors.summaries import Statistics
from blitz.tensors.thinning import sample, to_numpy

MOST_EXACT = 200_000
"""Elements up to which everything is computed of all; beyond, spread and histogram of a sample."""
NUM_BINS = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """Statistics of the finite elements, and how many there are of the others."""

    statistics: Statistics | None
    num_nan: int = 0
    num_positive_infinite: int = 0
    num_negative_infinite: int = 0


@torch.no_grad()
def statistics_of(tensor: Tensor) -> Counted:
    """The statistics of any tensor; of a complex one those of its magnitudes."""
    if not tensor.numel():
        return Counted(statistics=None)
    distinct = _without_repeats(tensor.detach())
    repeats = tensor.numel() // distinct.numel()
    if distinct.numel() <= MOST_EXACT:
        return _of_all(to_numpy(distinct), repeats)
    return _of_many(distinct, repeats)


def _without_repeats(tensor: Tensor) -> Tensor:
    """One of the places that an expanded axis repeats: the others hold the same elements."""
    for axis, (length, stride) in enumerate(zip(tensor.shape, tensor.stride(), strict=True)):
        if stride == 0 and length > 1:
            tensor = tensor.narrow(axis, 0, 1)
    return tensor


def _of_all(elements: np.ndarray, repeats: int) -> Counted:
    if elements.dtype.kind == "c":
        elements = np.abs(elements)
    is_finite = np.isfinite(elements)
    finite = elements if is_finite.all() else elements[is_finite]
    statistics = None
    if finite.size:
        least, most = finite.min(), finite.max()
        with np.errstate(over="ignore", invalid="ignore"):
            exact = finite.astype(np.float64)
            statistics = _statistics(
                least.item(), most.item(), float(exact.mean()), exact, num=finite.size * repeats
            )
    if finite.size == elements.size:
        return Counted(statistics=statistics)
    return Counted(
        statistics=statistics,
        num_nan=int(np.isnan(elements).sum()) * repeats,
        num_positive_infinite=int(np.isposinf(elements).sum()) * repeats,
        num_negative_infinite=int(np.isneginf(elements).sum()) * repeats,
    )


def _of_many(tensor: Tensor, repeats: int) -> Counted:
    some = sample(tensor, MOST_EXACT)
    if tensor.is_complex():
        some, tensor = some.abs(), tensor.abs()
    elif tensor.is_floating_point() and tensor.itemsize < 4:
        some, tensor = some.float(), tensor.float()
    tensor = _as_it_lies(tensor)
    least, most = _extremes(tensor)
    total = _sum(tensor, least, most)
    count = tensor.numel()
    others: tuple[int, ...] = (0, 0, 0)
    if not math.isfinite(total):
        others = tuple(
            int(is_such(tensor).sum()) for is_such in (torch.isnan, torch.isposinf, torch.isneginf)
        )
        count -= sum(others)
        some = some[torch.isfinite(some)]
        if not count or not some.numel():
            return _counted(None, others, repeats)
        # In the extremes and in the sum an element of the tensor itself stands for the others.
        filler = some[0].item()
        tensor = tensor.nan_to_num(filler, filler, filler)
        least, most = _extremes(tensor)
        total = tensor.sum(dtype=torch.float64).item() - filler * sum(others)
    exact = to_numpy(some).astype(np.float64)
    statistics = _statistics(least, most, total / count, exact, num=exact.size)
    return _counted(statistics, others, repeats)


def _as_it_lies(tensor: Tensor) -> Tensor:
    """Its axes in the order of memory, in which it is read several times as fast."""
    strides = tensor.stride()
    return tensor.permute(sorted(range(tensor.dim()), key=lambda axis: -strides[axis]))


def _extremes(tensor: Tensor) -> tuple[float, float]:
    if tensor.dtype == torch.bool:
        return bool(tensor.all()), bool(tensor.any())
    least, most = torch.aminmax(tensor)
    return least.item(), most.item()


def _sum(tensor: Tensor, least: float, most: float) -> float:
    """The sum in the tensor's own precision where that holds it: float64 takes ten times as long.

    float32 is summed in pairs, and so to six digits.
    """
    if tensor.dtype == torch.bool:
        return float(torch.count_nonzero(tensor))
    has_room = tensor.is_floating_point() or max(-least, most) * tensor.numel() < 2**63
    return float(tensor.sum() if has_room else tensor.sum(dtype=torch.float64))


def _counted(statistics: Statistics | None, others: tuple[int, ...], repeats: int) -> Counted:
    nan, positive, negative = (number * repeats for number in others)
    return Counted(
        statistics=statistics,
        num_nan=nan,
        num_positive_infinite=positive,
        num_negative_infinite=negative,
    )


def _statistics(
    least: float, most: float, mean: float, sampled: np.ndarray, *, num: int
) -> Statistics:
    low, high = float(least), float(most)
    bins = NUM_BINS if high > low and math.isfinite(high - low) else 1
    places = (sampled - low) * (bins / (high - low)) if bins > 1 else np.zeros(sampled.size)
    # The largest belongs to the last bin; an element that is repeated counts as often.
    counts = np.bincount(np.clip(places.astype(np.int64), 0, bins - 1).ravel(), minlength=bins)
    counts *= num // counts.sum()
    return Statistics(
        minimum=least,
        maximum=most,
        mean=mean,
        std=float(sampled.std()),
        num_sampled=num,
        counts=tuple(counts.tolist()),
    )
