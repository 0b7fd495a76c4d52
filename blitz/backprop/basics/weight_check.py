"""A weighted sum that decides: normal where it lies inside an interval."""

from collections.abc import Sequence
from dataclasses import dataclass

from blitz.backprop import symbols
from blitz.backprop.basics.equations import Equation
from blitz.backprop.basics.limits import checked_number
from blitz.backprop.expressions import Number, Product, Sum
from blitz.backprop.notation import number_text
from blitz.backprop.symbols import Label

BIAS = Label("b", "b", "b")
RESULT = Label("f(x)", "f(x)", "f")


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightCheck:
    """Inputs times weights, plus a bias, against an interval whose ends do not belong to it.

    ValueError for what is no number, for counts that differ, and for an interval without inside.
    """

    inputs: Sequence[float]
    weights: Sequence[float]
    bias: float
    lower: float
    upper: float

    def __post_init__(self) -> None:
        for letter, field in (("x", "inputs"), ("w", "weights")):
            numbers = enumerate(getattr(self, field), start=1)
            checked = tuple(checked_number(value, f"{letter}{n}") for n, value in numbers)
            object.__setattr__(self, field, checked)
        for field, name in (("bias", "b"), ("lower", "from"), ("upper", "to")):
            object.__setattr__(self, field, checked_number(getattr(self, field), name))
        if not self.inputs or len(self.inputs) != len(self.weights):
            raise ValueError(
                f"weights: {len(self.weights)} for {len(self.inputs)} inputs; expected one each"
            )
        if self.lower >= self.upper:
            raise ValueError(
                f"interval: from {number_text(self.lower)} to {number_text(self.upper)} was given; "
                "expected a lower end below the upper one"
            )

    def products(self) -> tuple[Product, ...]:
        """w1·x1, w2·x2, …"""
        pairs = enumerate(zip(self.weights, self.inputs, strict=True), start=1)
        return tuple(
            Product(symbols.parameter(f"w{n}").of(weight), symbols.parameter(f"x{n}").of(given))
            for n, (weight, given) in pairs
        )

    def result(self) -> Equation:
        """The products and the bias, added."""
        return Equation(RESULT, Sum(*self.products(), BIAS.of(self.bias)))

    def sum_of_products(self) -> Sum:
        """The same once the products are known: 0.1 + 5.4 + 4.2 + 0."""
        return Sum(*(Number(product.value) for product in self.products()), Number(self.bias))

    @property
    def is_normal(self) -> bool:
        """Whether the result lies inside the interval."""
        return self.lower < self.result().value < self.upper
