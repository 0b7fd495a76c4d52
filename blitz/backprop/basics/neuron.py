"""A neuron: a linear part, and an activation of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blitz.backprop.activations import SIGMOID, Activation
from blitz.backprop.basics.equations import Equation
from blitz.backprop.basics.limits import checked_number
from blitz.backprop.expressions import Expression, Number
from blitz.backprop.symbols import Label

X = Label("x", "x", "x")
WEIGHT = Label("w", "w", "w")
BIAS = Label("b", "b", "b")
LINEAR = Label("f(x)", "f(x)", "f")
OUTPUT = Label("out", "\\mathit{out}", "out")


@dataclass(frozen=True, kw_only=True, slots=True)
class Neuron:
    """out = activation(w·x + b), for one input. ValueError for what is no number."""

    x: float
    weight: float = 2.0
    bias: float = 1.0
    activation: Activation = SIGMOID

    def __post_init__(self) -> None:
        for field, label in (("x", X), ("weight", WEIGHT), ("bias", BIAS)):
            object.__setattr__(self, field, checked_number(getattr(self, field), label.name))

    def linear(self) -> Equation:
        """f(x) = w·x + b."""
        weighted = WEIGHT.of(self.weight) * X.of(self.x)
        return Equation(LINEAR, weighted + BIAS.of(self.bias))

    def output(self) -> Equation:
        """The activation of f(x)."""
        return Equation(OUTPUT, self.activation.value(self.linear().symbol))

    def line_of_x(self) -> Expression:
        """The linear part with the numbers of w and b, and x by its name."""
        return Number(self.weight) * X.of(self.x) + Number(self.bias)

    def output_of_x(self) -> Expression:
        """Both parts in one, with the numbers of w and b, and x by its name."""
        composed: Expression = self.activation.value(self.line_of_x())
        return composed

    def curves(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Linear part and output at each x."""
        linear = self.weight * x + self.bias
        with np.errstate(over="ignore"):  # 1 / (1 + ∞) is the 0 that is meant
            return linear, self.activation.value(linear)
