"""Activation functions at a point: value and derivative by formula, and by autograd beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from blitz.backprop import symbols
from blitz.backprop.activations import Activation, softmax
from blitz.backprop.basics.equations import Equation
from blitz.backprop.basics.limits import checked_number
from blitz.backprop.expressions import Sum
from blitz.backprop.symbols import Label

LINEAR = Label("l", "l", "l")
OUTPUT = Label("out", "\\mathit{out}", "out")
SLOPE = symbols.derivative(OUTPUT, LINEAR)
MAX_UNITS = 8

NOTES = {
    "sigmoid": "Flat on both sides: beyond ±5 the slope is below 0.007, and even at 0 it is only "
    "¼. Through many layers such factors multiply, and the gradient vanishes.",
    "tanh": "Flat on both sides: beyond ±3 the slope is below 0.01. At 0 it is 1, so the gradient "
    "vanishes later than behind sigmoids.",
    "ReLU": "Flat below 0: a unit whose linear part is negative for every sample learns no more. "
    "It has a corner at 0, where no derivative exists; PyTorch takes 0 there.",
    "leaky ReLU": "Flat nowhere: below 0 a hundredth of the gradient comes through. It has a "
    "corner at 0, where no derivative exists; PyTorch takes 0.01 there.",
    "linear": "Neither flat nor bent: the gradient comes through as it is. But linear layers one "
    "after the other are together only one linear layer.",
}
"""For each activation where it is flat, and where it has a corner."""

_PYTORCH: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": F.relu,
    "leaky ReLU": F.leaky_relu,
    "linear": lambda linear: linear * 1,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivationPoint:
    """An activation and its derivative at a linear part l. ValueError where l is no number."""

    activation: Activation
    linear: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "linear", checked_number(self.linear, LINEAR.name))

    def output(self) -> Equation:
        """out, of l."""
        return Equation(OUTPUT, self.activation.value(LINEAR.of(self.linear)))

    def slope(self) -> Equation:
        """∂out/∂l, of l and out."""
        slope = self.activation.slope(LINEAR.of(self.linear), self.output().symbol)
        return Equation(SLOPE, slope)

    def curves(
        self, linear: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Value and derivative at each linear part."""
        output = self.activation.value(linear)
        return output, np.broadcast_to(self.activation.slope(linear, output), linear.shape)


def autograd_slope(point: ActivationPoint) -> float:
    """The derivative that torch.autograd finds for PyTorch's own function, in 64 bits."""
    linear = torch.tensor(point.linear, dtype=torch.float64, requires_grad=True)
    [gradient] = torch.autograd.grad(_PYTORCH[point.activation.name](linear), linear)
    return gradient.item()


@dataclass(frozen=True, slots=True)
class Softmax:
    """Softmax of some units' linear parts. ValueError for what is no number, and for one unit."""

    linear: Sequence[float]

    def __post_init__(self) -> None:
        numbers = enumerate(self.linear, start=1)
        checked = tuple(checked_number(value, f"l{n}") for n, value in numbers)
        if not 2 <= len(checked) <= MAX_UNITS:
            raise ValueError(f"units: {len(checked)} were given; expected 2 to {MAX_UNITS}")
        object.__setattr__(self, "linear", checked)

    def outputs(self) -> tuple[Equation, ...]:
        """The probability of each unit."""
        linear = [symbols.parameter(f"l{n}").of(x) for n, x in enumerate(self.linear, start=1)]
        return tuple(
            Equation(
                Label(f"out{n}", f"\\mathit{{out}}_{{{n}}}", f"out{n}"), softmax(linear, n - 1)
            )
            for n in range(1, len(linear) + 1)
        )

    def total(self) -> Sum:
        """All probabilities, added."""
        return Sum(*(output.symbol for output in self.outputs()))
