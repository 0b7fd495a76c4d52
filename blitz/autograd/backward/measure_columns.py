"""Measures of many tensors, as columns.

Tensors of a few values are copied at once and measured all together at the end, which costs a tenth
of measuring each with calls of its own. Larger ones are measured where they lie: see `measures`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from blitz.autograd.backward.measures import (
    FEW_VALUES,
    UNREADABLE,
    Measure,
    Values,
    has_values,
    measure,
    sample,
    shape_of,
    to_array,
)

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MeasureColumns:
    """Measures of many tensors: one entry a tensor, NaN or None where there was none."""

    flowed: Flags
    """Whether there was a tensor."""
    shapes: Sequence[tuple[int, ...] | None]
    """None also for nested tensors, which have no single one."""
    samples: Sequence[Values | None]
    """All values of small tensors in their shape, else a corner of at most 8×8 or the first 16."""
    norm: Floats
    minimum: Floats
    maximum: Floats
    mean: Floats
    zeros: Floats
    has_nan: Flags
    has_inf: Flags

    def __len__(self) -> int:
        return len(self.flowed)


class Measuring:
    """Takes tensors one by one, each at its index, and makes the columns at the end."""

    def __init__(self, length: int) -> None:
        self._flowed = np.zeros(length, np.bool_)
        self._shapes: list[tuple[int, ...] | None] = [None] * length
        self._samples: list[Values | None] = [None] * length
        self._measured: list[tuple[int, Measure]] = []
        self._small: list[int] = []

    def add(self, index: int, tensor: Tensor) -> None:
        """Measure a tensor; one whose values cannot be read keeps its shape alone."""
        self._flowed[index] = True
        self._shapes[index] = shape_of(tensor)
        if not has_values(tensor):
            return
        try:
            if tensor.layout is torch.strided and tensor.numel() <= FEW_VALUES:
                self._samples[index] = to_array(tensor)
                self._small.append(index)
                return
            self._samples[index] = sample(tensor)
            self._measured.append((index, measure(tensor)))
        except UNREADABLE:
            return

    def columns(self) -> MeasureColumns:
        """All that was added."""
        length = len(self._shapes)
        values = np.full((5, length), np.nan)
        flags = np.zeros((2, length), np.bool_)
        for index, found in self._measured:
            values[:, index] = (
                found.norm, found.minimum, found.maximum, found.mean, found.zeros
            )  # fmt: skip
            flags[:, index] = (found.has_nan, found.has_inf)
        small = [index for index in self._small if self._of(index).size]
        # Apart: joined with complex numbers, real ones would become complex and lose their sign.
        is_complex = [np.iscomplexobj(self._of(index)) for index in small]
        for kind in (False, True):
            alike = [index for index, own in zip(small, is_complex, strict=True) if own is kind]
            if alike:
                values[:, alike], flags[:, alike] = _together([self._of(index) for index in alike])
        values[0, [index for index in self._small if not self._of(index).size]] = 0.0
        return MeasureColumns(
            flowed=self._flowed,
            shapes=self._shapes,
            samples=self._samples,
            norm=values[0],
            minimum=values[1],
            maximum=values[2],
            mean=values[3],
            zeros=values[4],
            has_nan=flags[0],
            has_inf=flags[1],
        )

    def _of(self, index: int) -> Values:
        found = self._samples[index]
        assert found is not None, "small tensors are sampled whole"
        return found


def _together(arrays: Sequence[Values]) -> tuple[Floats, Flags]:
    """Measures of arrays with one value at least, all real or all complex: [5, n] and [2, n]."""
    lengths = np.array([array.size for array in arrays])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    flat = np.concatenate([array.reshape(-1) for array in arrays])
    values = (np.abs(flat) if np.iscomplexobj(flat) else flat).astype(np.float64)
    with np.errstate(all="ignore"):
        peak = np.fmax.reduceat(np.abs(values), starts)
        # Divided by the greatest first: squares of 1e200 or 1e−200 are no float64.
        unit = np.where((peak > 0) & np.isfinite(peak), peak, 1.0)
        squares = np.add.reduceat((values / np.repeat(unit, lengths)) ** 2, starts)
        columns = np.stack(
            [
                np.sqrt(squares) * unit,
                np.fmin.reduceat(values, starts),
                np.fmax.reduceat(values, starts),
                np.add.reduceat(values, starts) / lengths,
                np.add.reduceat(values == 0, starts, dtype=np.float64) / lengths,
            ]
        )
        flags = np.stack(
            [np.logical_or.reduceat(test, starts) for test in (np.isnan(flat), np.isinf(flat))]
        )
    return columns, flags
