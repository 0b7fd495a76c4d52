"""One step of the calculation by hand: what is computed, how, and what came out."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from blitz.backprop import notation
from blitz.backprop.expressions import Expression, Symbol


class StepKind(StrEnum):
    """What a step computes; the order is that of one sample's way through the network."""

    LINEAR = "linear part"
    ACTIVATION = "activation"
    ERROR = "error"
    TOTAL = "total error"
    ERROR_SLOPE = "slope of the error"
    ACTIVATION_SLOPE = "slope of the activation"
    CONTRIBUTION = "contribution"
    OUTPUT_GRADIENT = "gradient of an output"
    LINEAR_GRADIENT = "gradient of a linear part"
    LINEAR_SLOPE = "slope of the linear part"
    SAMPLE_GRADIENT = "gradient in one sample"
    GRADIENT = "gradient"
    UPDATE = "update"

    @property
    def is_forward(self) -> bool:
        """Whether it belongs to the forward pass."""
        return self in FORWARD


FORWARD = frozenset({StepKind.LINEAR, StepKind.ACTIVATION, StepKind.ERROR, StepKind.TOTAL})


@dataclass(frozen=True, kw_only=True)
class Step:
    """A number and its formula.

    symbol: what is computed. expression: how. about: the unit or parameter it is a number of.
    uses: names of all units and parameters on the path that the step takes through the network, and
    "E" where the error is on it. sample: counted from 1; 0 for what is about all samples together.
    """

    symbol: Symbol
    expression: Expression
    kind: StepKind
    about: str
    uses: tuple[str, ...]
    sample: int

    @property
    def name(self) -> str:
        """As people read it: "∂E/∂w5"."""
        return self.symbol.name

    @property
    def value(self) -> float:
        """The result, in 64-bit arithmetic."""
        return self.expression.value

    @cached_property
    def formula(self) -> str:
        """LaTeX: the name, and how it is computed from other names."""
        return f"{self.symbol.latex} = {notation.latex(self.expression)}"

    @cached_property
    def substituted(self) -> str:
        """LaTeX: the name, and how it is computed, with numbers put in."""
        return f"{self.symbol.latex} = {notation.latex_numbers(self.expression)}"
