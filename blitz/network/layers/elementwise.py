"""Operations that make each element of the output from the elements at the same place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from blitz.network.layers.layer import Arithmetic, Layer, Region
from blitz.network.notation import number, signed


def same_place(position: Sequence[int], num_operands: int) -> tuple[Region, ...]:
    """The element at this place in each operand."""
    _, *place = [0, *position] if len(position) == 1 else position
    channel, row, column = (*place, 0, 0)[:3]
    return tuple(
        Region(
            operand=operand,
            channels=(channel, channel + 1),
            rows=(row, row + 1),
            columns=(column, column + 1),
        )
        for operand in range(num_operands)
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Elementwise(Layer):
    """An output of the input's shape."""

    @property
    def sizes(self) -> tuple[str, ...]:
        return (r"\text{every size as before}",)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ReLU(Elementwise):
    """Negative values become 0."""

    title: ClassVar[str] = "ReLU"

    def explain(self, position: Sequence[int]) -> Arithmetic:
        self.check(position)
        value = float(self.inputs[0][tuple(position)])
        # Not max(value, 0.0), which is 0 for NaN: PyTorch passes NaN on.
        computed = 0.0 if value <= 0 else value
        return Arithmetic(
            value=float(self.output[tuple(position)]),
            computed=computed,
            magnitude=abs(computed),
            formula=r"\max(0, z)",
            substituted=rf"\max(0, {number(value)}) = {number(computed)}",
            regions=same_place(position, 1),
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Addition(Elementwise):
    """The sum of two tensors of one shape, as where a residual connection comes back."""

    title: ClassVar[str] = "addition"

    def explain(self, position: Sequence[int]) -> Arithmetic | None:
        self.check(position)
        if len(self.inputs) != 2 or self.inputs[0].shape != self.inputs[1].shape:
            return None
        left, right = (float(each[tuple(position)]) for each in self.inputs)
        return Arithmetic(
            value=float(self.output[tuple(position)]),
            computed=left + right,
            magnitude=abs(left) + abs(right),
            formula="a + b",
            substituted=rf"{number(left)} + {signed(right)} = {number(left + right)}",
            regions=same_place(position, 2),
        )
