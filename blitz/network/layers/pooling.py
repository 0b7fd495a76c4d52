"""Pooling: the largest or the mean value of each window of an image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from blitz.network.layers.convolution import Pair, window_size
from blitz.network.layers.layer import Arithmetic, Layer, Region, Window, float64
from blitz.network.notation import listing, number, total

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pooling(Layer):
    """Windows of one size, a stride apart, on each channel for itself."""

    kernel: Pair
    stride: Pair
    padding: Pair
    """Places before the first row and column; they never win, and count as 0 in a mean."""
    counts_padding: bool = True
    """Whether a mean divides by the places of padding, too."""

    @property
    def sizes(self) -> tuple[str, ...]:
        return (
            rf"\text{{channels}} = {self.output.shape[1]}\ \text{{as before}}",
            *(
                window_size(
                    name, self.inputs[0].shape[2 + axis], self.kernel[axis], self.stride[axis],
                    self.padding[axis], 1, self.output.shape[2 + axis],
                )
                for axis, name in enumerate(("rows", "columns"))
            ),
        )  # fmt: skip

    def span(self, index: int, axis: int) -> Span:
        """First row or column of a window, and the one after its last, within the input."""
        start = index * self.stride[axis] - self.padding[axis]
        stop = start + self.kernel[axis]
        return max(start, 0), min(stop, self.inputs[0].shape[2 + axis])

    def num_averaged(self, rows: Span, columns: Span) -> int:
        """By how much the sum of a window is divided for its mean."""
        if self.counts_padding:
            return self.kernel[0] * self.kernel[1]
        return (rows[1] - rows[0]) * (columns[1] - columns[0])

    def _values(self, position: Sequence[int]) -> tuple[np.ndarray, Span, Span]:
        image, channel, y, x = position
        rows, columns = self.span(y, 0), self.span(x, 1)
        return float64(self.inputs[0][image, channel, slice(*rows), slice(*columns)]), rows, columns


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MaxPooling(Pooling):
    """The largest value of each window."""

    title: ClassVar[str] = "max pooling"

    def explain(self, position: Sequence[int]) -> Arithmetic:
        self.check(position)
        values, rows, columns = self._values(position)
        # As PyTorch: a NaN wins, and of equal values the first.
        is_nan = np.isnan(values)
        place = int(is_nan.argmax() if is_nan.any() else values.argmax())
        winner = np.unravel_index(place, values.shape)
        computed = float(values.flat[place])
        return Arithmetic(
            value=float(self.output[tuple(position)]),
            computed=computed,
            magnitude=abs(computed),
            formula=r"\max_{i,j}\ \text{window}_{i,j}",
            substituted=rf"\max({listing(values.flat)}) \\ = {number(computed)}",
            windows=(
                Window(
                    label=f"channel {position[1]}", inputs=values, weights=None,
                    winner=(int(winner[0]), int(winner[1])),
                ),
            ),
            regions=(region_of(position[1], rows, columns),),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MeanPooling(Pooling):
    """The mean of each window."""

    title: ClassVar[str] = "average pooling"

    def explain(self, position: Sequence[int]) -> Arithmetic:
        self.check(position)
        values, rows, columns = self._values(position)
        num = self.num_averaged(rows, columns)
        computed = float(values.sum()) / num
        return Arithmetic(
            value=float(self.output[tuple(position)]),
            computed=computed,
            magnitude=float(np.abs(values).sum()) / num,
            formula=r"\frac{1}{n} \sum_{i,j} \text{window}_{i,j}",
            substituted=rf"\frac{{{total(values.flat)}}}{{{num}}} = {number(computed)}",
            windows=(Window(label=f"channel {position[1]}", inputs=values, weights=None),),
            regions=(region_of(position[1], rows, columns),),
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class AdaptivePooling(MeanPooling):
    """The mean of windows that are cut so that a given number of rows and columns comes out."""

    title: ClassVar[str] = "adaptive average pooling"

    @property
    def sizes(self) -> tuple[str, ...]:
        channels, rows, columns = self.output.shape[1:]
        return (
            rf"\text{{channels}} = {channels}\ \text{{as before}}",
            rf"\text{{rows}} \times \text{{columns}} = {rows} \times {columns}\ \text{{as asked}}",
        )

    def span(self, index: int, axis: int) -> Span:
        size, wanted = self.inputs[0].shape[2 + axis], self.output.shape[2 + axis]
        return index * size // wanted, -(-(index + 1) * size // wanted)

    def num_averaged(self, rows: Span, columns: Span) -> int:
        return (rows[1] - rows[0]) * (columns[1] - columns[0])


def region_of(channel: int, rows: Span, columns: Span) -> Region:
    """A window of one channel of the only input."""
    return Region(operand=0, channels=(channel, channel + 1), rows=rows, columns=columns)
