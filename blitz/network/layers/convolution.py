"""Convolutions of images: a kernel slides over the rows and columns of all channels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from blitz.network.layers.layer import Arithmetic, Layer, Region, Window, float64
from blitz.network.notation import number, signed, total

Pair = tuple[int, int]


def pair(value: int | Sequence[int]) -> Pair:
    """A size for rows and one for columns."""
    if isinstance(value, int):
        return value, value
    return value[0], value[-1]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Convolution(Layer):
    """out[o, y, x] = Σ in[c, y·stride + i·dilation − padding, …] · kernel[o, c, i, j] + bias[o]."""

    title: ClassVar[str] = "convolution"

    kernels: Tensor
    """[out_channels, in_channels / groups, rows, columns]."""
    bias: Tensor | None
    stride: Pair
    padding: Pair
    """Zeros before the first row and column."""
    dilation: Pair
    groups: int

    @property
    def sizes(self) -> tuple[str, ...]:
        names = ("rows", "columns")
        lines = [
            window_size(
                name, self.inputs[0].shape[2 + axis], self.kernels.shape[2 + axis],
                self.stride[axis], self.padding[axis], self.dilation[axis],
                self.output.shape[2 + axis],
            )
            for axis, name in enumerate(names)
        ]  # fmt: skip
        out, within, rows, columns = self.kernels.shape
        kernels = rf"\text{{channels}} = \text{{kernels}} = {out}"
        bias = rf" + {out}" if self.bias is not None else ""
        count = out * within * rows * columns + (0 if self.bias is None else out)
        parameters = (
            rf"\text{{parameters}} = {out} \cdot ({within} \cdot {rows} \cdot {columns}){bias} "
            rf"= {count}"
        )
        return (kernels, *lines, parameters)

    @property
    def multiply_adds(self) -> int:
        return self.output.numel() * math.prod(self.kernels.shape[1:])

    def explain(self, position: Sequence[int]) -> Arithmetic:
        self.check(position)
        image, out, y, x = position
        channels = self._channels(out)
        kernels = float64(self.kernels[out])
        rows, columns = self._places(y, 0), self._places(x, 1)
        windows = tuple(
            Window(label=f"channel {channel}", inputs=inputs, weights=kernels[index])
            for index, (channel, inputs) in enumerate(
                (channel, self._window(image, channel, rows, columns)) for channel in channels
            )
        )
        subtotals = [float(window.products.sum()) for window in windows]
        bias = 0.0 if self.bias is None else float(self.bias[out])
        computed = sum(subtotals) + bias
        written = total(subtotals) + (f" + {signed(bias)}" if self.bias is not None else "")
        return Arithmetic(
            value=float(self.output[image, out, y, x]),
            computed=computed,
            magnitude=sum(float(np.abs(window.products).sum()) for window in windows) + abs(bias),
            formula=rf"z_{{{out},{y},{x}}} = \sum_c \sum_{{i,j}} \text{{window}}_{{c,i,j}} \cdot "
            rf"\text{{kernel}}_{{c,i,j}}" + (" + b" if self.bias is not None else ""),
            substituted=rf"{written} \\ = {number(computed)}",
            windows=windows,
            regions=(
                Region(
                    operand=0,
                    channels=(channels.start, channels.stop),
                    rows=(int(rows[0]), int(rows[-1]) + 1),
                    columns=(int(columns[0]), int(columns[-1]) + 1),
                ),
            ),
        )

    def _channels(self, out: int) -> range:
        """The input channels that an output channel looks at: those of its group."""
        within = self.kernels.shape[1]
        group = out // (self.kernels.shape[0] // self.groups)
        return range(group * within, (group + 1) * within)

    def _places(self, index: int, axis: int) -> np.ndarray:
        """The rows or columns of the input under the kernel; outside of it there is padding."""
        start = index * self.stride[axis] - self.padding[axis]
        return start + self.dilation[axis] * np.arange(self.kernels.shape[2 + axis])

    def _window(
        self, image: int, channel: int, rows: np.ndarray, columns: np.ndarray
    ) -> np.ndarray:
        values = float64(self.inputs[0][image, channel])
        inside_rows = (rows >= 0) & (rows < values.shape[0])
        inside_columns = (columns >= 0) & (columns < values.shape[1])
        window = np.zeros((len(rows), len(columns)))
        window[np.ix_(inside_rows, inside_columns)] = values[
            np.ix_(rows[inside_rows], columns[inside_columns])
        ]
        return window


def window_size(
    name: str, size: int, kernel: int, stride: int, padding: int, dilation: int, result: int
) -> str:
    """How many places a window has along an axis, as LaTeX."""
    spread = f"{dilation} \\cdot ({kernel} - 1) - 1" if dilation != 1 else f"{kernel}"
    padded = f"{size} + 2 \\cdot {padding}" if padding else f"{size}"
    return (
        rf"\text{{{name}}} = \left\lfloor \frac{{{padded} - {spread}}}{{{stride}}} "
        rf"\right\rfloor + 1 = {result}"
    )
