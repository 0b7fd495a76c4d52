"""Losses at a point, and the absolute error of a line through points."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blitz.backprop import symbols
from blitz.backprop.basics.equations import Equation
from blitz.backprop.basics.limits import checked_number
from blitz.backprop.expressions import Expression, Sum
from blitz.backprop.losses import ABSOLUTE_ERROR, Loss
from blitz.backprop.notation import number_text
from blitz.backprop.symbols import Label

TARGET = Label("t", "t", "t")
OUTPUT = Label("out", "\\mathit{out}", "out")
ERROR = Label("E", "E", "E")
WEIGHT = Label("w", "w", "w")
BIAS = Label("b", "b", "b")
MAX_POINTS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class LossPoint:
    """The error of one output, and its derivative by the output.

    ValueError for what is no number, and for what a cross-entropy does not take.
    """

    loss: Loss
    target: float
    output: float

    def __post_init__(self) -> None:
        target = checked_number(self.target, "target")
        output = checked_number(self.output, "output")
        if takes_probabilities(self.loss):
            if not 0 <= target <= 1:
                raise ValueError(
                    f"target: {number_text(target)} was given; {self.loss.name} takes 0 to 1"
                )
            if not 0 < output < 1:
                raise ValueError(
                    f"output: {number_text(output)} was given; {self.loss.name} takes numbers "
                    "between 0 and 1, since ln 0 has no value"
                )
        object.__setattr__(self, "target", target)
        object.__setattr__(self, "output", output)

    def error(self) -> Equation:
        """E, of target and output."""
        return Equation(ERROR, self.loss.error(*self._symbols(), 1))

    def slope(self) -> Equation:
        """∂E/∂out."""
        label = symbols.derivative(ERROR, OUTPUT)
        return Equation(label, self.loss.slope(*self._symbols(), 1))

    def curve(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """E at each output, for the same target."""
        targets = np.full_like(outputs, self.target)
        errors: NDArray[np.float64] = self.loss.error(targets, outputs, 1)
        return errors

    def _symbols(self) -> tuple[Expression, Expression]:
        return TARGET.of(self.target), OUTPUT.of(self.output)


def takes_probabilities(loss: Loss) -> bool:
    """Whether target and output are probabilities, as cross-entropies need."""
    return loss.activation is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class LineLoss:
    """Σ |w·x + b − y| over points (x, y). ValueError for what is no number, and without points."""

    points: Sequence[tuple[float, float]]
    weight: float
    bias: float

    def __post_init__(self) -> None:
        points = tuple(
            (checked_number(x, f"x in row {n}"), checked_number(y, f"y in row {n}"))
            for n, (x, y) in enumerate(self.points, start=1)
        )
        if not 1 <= len(points) <= MAX_POINTS:
            raise ValueError(f"points: {len(points)} were given; expected 1 to {MAX_POINTS}")
        object.__setattr__(self, "points", points)
        for field, name in (("weight", "w"), ("bias", "b")):
            object.__setattr__(self, field, checked_number(getattr(self, field), name))

    def terms(self) -> tuple[Equation, ...]:
        """Each point's vertical distance from the line."""
        weight, bias = WEIGHT.of(self.weight), BIAS.of(self.bias)
        found = []
        for n, (x, y) in enumerate(self.points, start=1):
            output = weight * symbols.parameter(f"x{n}").of(x) + bias
            term = ABSOLUTE_ERROR.error(symbols.parameter(f"y{n}").of(y), output, 1)
            found.append(Equation(symbols.error(str(n)), term))
        return tuple(found)

    def total(self) -> Equation:
        """The loss: the sum of all distances."""
        return Equation(ERROR, Sum(*(term.symbol for term in self.terms())))
