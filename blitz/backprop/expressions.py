"""Numbers that remember how they were computed.

Symbols combine with +, −, ·, / and the functions below into expressions. An expression has its
value at once, in 64-bit arithmetic, and can be written in any notation (see notation.py).

The functions also take floats, NumPy arrays and Decimals: a formula is written once as a Python
function, and is then shown to people, trained with, and checked in more digits than 64 bits hold.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from functools import reduce
from typing import Any

import numpy as np

NumberLike = Any
"""An Expression, a float, an array or a Decimal; a formula gives back what it was given."""


class Expression:
    """A value and how it came about. Sums and products of many terms are one expression."""

    __slots__ = ("value",)
    value: float

    def __add__(self, other: "Expression | float") -> "Sum":
        return Sum(self, expression(other))

    def __radd__(self, other: float) -> "Sum":
        return Sum(expression(other), self)

    def __sub__(self, other: "Expression | float") -> "Sum":
        return Sum(self, Negative(expression(other)))

    def __rsub__(self, other: float) -> "Sum":
        return Sum(expression(other), Negative(self))

    def __mul__(self, other: "Expression | float") -> "Product":
        return Product(self, expression(other))

    def __rmul__(self, other: float) -> "Product":
        return Product(expression(other), self)

    def __truediv__(self, other: "Expression | float") -> "Quotient":
        return Quotient(self, expression(other))

    def __rtruediv__(self, other: float) -> "Quotient":
        return Quotient(expression(other), self)

    def __pow__(self, exponent: int) -> "Power":
        return Power(self, exponent)

    def __neg__(self) -> "Negative":
        return Negative(self)

    def __abs__(self) -> "Function":
        return Function("abs", abs(self.value), self)


class Symbol(Expression):
    """A number with a name.

    name: as people read it, "∂E/∂w5". latex: the same in LaTeX. identifier: the same in Python.
    """

    __slots__ = ("identifier", "latex", "name")

    def __init__(self, name: str, latex: str, identifier: str, value: float) -> None:
        self.name = name
        self.latex = latex
        self.identifier = identifier
        self.value = value


class Number(Expression):
    """A number that belongs to the formula."""

    __slots__ = ()

    def __init__(self, value: float) -> None:
        self.value = value


class Sum(Expression):
    """Terms added from left to right."""

    __slots__ = ("terms",)

    def __init__(self, *terms: Expression) -> None:
        self.terms = _flat(Sum, terms)
        self.value = sum([term.value for term in self.terms])


class Product(Expression):
    """Factors multiplied from left to right."""

    __slots__ = ("factors",)

    def __init__(self, *factors: Expression) -> None:
        self.factors = _flat(Product, factors)
        self.value = math.prod([factor.value for factor in self.factors])


class Quotient(Expression):
    """One number over another."""

    __slots__ = ("denominator", "numerator")

    def __init__(self, numerator: Expression, denominator: Expression) -> None:
        self.numerator = numerator
        self.denominator = denominator
        self.value = _divided(numerator.value, denominator.value)


class Power(Expression):
    """A number multiplied by itself."""

    __slots__ = ("base", "exponent")

    def __init__(self, base: Expression, exponent: int) -> None:
        self.base = base
        self.exponent = exponent
        self.value = math.prod([base.value] * exponent)  # ** raises where this gives infinity


class Negative(Expression):
    """The same with the other sign."""

    __slots__ = ("operand",)

    def __init__(self, operand: Expression) -> None:
        self.operand = operand
        self.value = -operand.value


class Function(Expression):
    """A named function of other expressions.

    exp, ln, tanh, abs, sign, times_log, over, softplus or log_sum_exp.
    """

    __slots__ = ("arguments", "name")

    def __init__(self, name: str, value: float, *arguments: Expression) -> None:
        self.name = name
        self.value = value
        self.arguments = arguments


class Cases(Expression):
    """One expression where a condition is above 0, another where it is not."""

    __slots__ = ("condition", "no", "yes")

    def __init__(self, condition: Expression, yes: Expression, no: Expression) -> None:
        self.condition = condition
        self.yes = yes
        self.no = no
        self.value = (yes if condition.value > 0 else no).value


def expression(number: Expression | float) -> Expression:
    """A plain number as an expression; an expression as it is."""
    return number if isinstance(number, Expression) else Number(number)


def exp(x: NumberLike) -> NumberLike:
    """e to the power of x; infinity where that is too large."""
    if isinstance(x, Expression):
        return Function("exp", _exp(x.value), x)
    return x.exp() if isinstance(x, Decimal) else np.exp(x)


def tanh(x: NumberLike) -> NumberLike:
    """The hyperbolic tangent."""
    if isinstance(x, Expression):
        return Function("tanh", math.tanh(x.value), x)
    if isinstance(x, Decimal):
        return 1 - 2 / ((2 * x).exp() + 1)
    return np.tanh(x)


def sign(x: NumberLike) -> NumberLike:
    """−1, 0 or 1."""
    if isinstance(x, Expression):
        return Function("sign", float(np.sign(x.value)), x)
    return np.sign(x)


def times(factor: float, x: NumberLike) -> NumberLike:
    """factor · x, also for Decimals, which take no fractions from floats."""
    return (Decimal(factor) if isinstance(x, Decimal) else factor) * x


def where_positive(x: NumberLike, yes: Any, no: Any) -> NumberLike:
    """`yes` where x > 0, `no` elsewhere."""
    if isinstance(x, Expression):
        return Cases(x, expression(yes), expression(no))
    return (yes if x > 0 else no) if isinstance(x, Decimal) else np.where(x > 0, yes, no)


def softplus(x: NumberLike) -> NumberLike:
    """ln(1 + e^x), about x where e^x is too large."""
    if isinstance(x, Expression):
        return Function("softplus", _log_sum_exp([0, x.value]), x)
    return log_sum_exp([0, x])


def log_sum_exp(terms: Sequence[NumberLike]) -> NumberLike:
    """ln(e^a + e^b + …), about the largest where its power is too large."""
    if any(isinstance(x, Expression) for x in terms):
        parts = [expression(x) for x in terms]
        return Function("log_sum_exp", _log_sum_exp([x.value for x in parts]), *parts)
    if any(isinstance(x, Decimal) for x in terms):
        *others, largest = sorted(map(Decimal, terms))
        return largest + sum(((x - largest).exp() for x in others), start=Decimal(1)).ln()
    return reduce(np.logaddexp, terms)


def times_log(factor: NumberLike, x: NumberLike) -> NumberLike:
    """factor · ln x, and 0 for a factor of 0 whatever x is."""
    if isinstance(factor, Expression):
        log = math.log(x.value) if x.value > 0 else -math.inf
        value = factor.value * log if factor.value else 0.0
        return Function("times_log", value, factor, x)
    if isinstance(factor, Decimal):
        return factor * x.ln() if factor else factor
    return np.multiply(factor, np.log(x), where=factor != 0, out=np.zeros(np.shape(x)))


def over(numerator: NumberLike, denominator: NumberLike) -> NumberLike:
    """numerator / denominator, and 0 for a numerator of 0 whatever the denominator is."""
    if isinstance(numerator, Expression):
        value = _divided(numerator.value, denominator.value) if numerator.value else 0.0
        return Function("over", value, numerator, denominator)
    if isinstance(numerator, Decimal):
        return numerator / denominator if numerator else numerator
    out = np.zeros(np.shape(denominator))
    return np.divide(numerator, denominator, where=numerator != 0, out=out)


def _flat(kind: type[Expression], parts: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """Terms of a sum within a sum belong to the outer one, as long as they come first."""
    first = parts[0]
    if isinstance(first, Sum) and kind is Sum:
        return (*first.terms, *parts[1:])
    if isinstance(first, Product) and kind is Product:
        return (*first.factors, *parts[1:])
    return parts


def _log_sum_exp(terms: Sequence[float]) -> float:
    *others, largest = sorted(terms)
    return largest + math.log1p(sum(math.exp(x - largest) for x in others))


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _divided(numerator: float, denominator: float) -> float:
    """As a 64-bit division goes: infinity, not an exception."""
    if denominator:
        return numerator / denominator
    return math.copysign(math.inf, numerator) if numerator else math.nan
