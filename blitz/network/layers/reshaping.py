"""Operations that give the same elements another shape."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from blitz.network.layers.elementwise import same_place
from blitz.network.layers.layer import Arithmetic, Layer
from blitz.network.notation import number


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reshaping(Layer):
    """The elements in their order, row by row and channel by channel, under another shape."""

    title: ClassVar[str] = "flattening"

    @property
    def sizes(self) -> tuple[str, ...]:
        within = self.inputs[0].shape[1:]
        if self.output.ndim != 2 or math.prod(within) != self.output.shape[1]:
            return (rf"{self.output.numel()}\ \text{{elements as before}}",)
        return (" \\cdot ".join(map(str, within)) + f" = {self.output.shape[1]}",)

    def source(self, position: Sequence[int]) -> tuple[int, ...]:
        """Where the element at `position` was in the input."""
        flat = np.ravel_multi_index(tuple(position), tuple(self.output.shape))
        return tuple(map(int, np.unravel_index(int(flat), tuple(self.inputs[0].shape))))

    def explain(self, position: Sequence[int]) -> Arithmetic:
        self.check(position)
        source = self.source(position)
        value = float(self.inputs[0][source])
        shape = tuple(self.inputs[0].shape)
        steps = [
            rf"{index} \cdot {math.prod(shape[axis + 1 :])}"
            for axis, index in enumerate(source[1:], start=1)
            if math.prod(shape[axis + 1 :]) > 1
        ]
        place = " + ".join([*steps, str(source[-1])] if shape[-1] > 1 else steps or ["0"])
        return Arithmetic(
            value=float(self.output[tuple(position)]),
            computed=value,
            magnitude=abs(value),
            formula=rf"\text{{place}} = {place} = {position[-1]}"
            if self.output.ndim == 2
            else r"\text{the same elements in the same order}",
            substituted=rf"\text{{in}}_{{{','.join(map(str, source[1:]))}}} = {number(value)}",
            regions=same_place(source, 1),
        )
