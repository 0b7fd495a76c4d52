"""Expressions in writing: LaTeX, plain text and Python, with names or with numbers.

The one place that knows notations: pages, exports and scripts all write an expression through it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum

from blitz.backprop.expressions import (
    Cases,
    Expression,
    Function,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    exp,
)

DIGITS = 9
"""Significant digits of numbers put into a formula."""
VALUE_DIGITS = 12
"""Significant digits of a result."""


class _Binding(IntEnum):
    """How tightly an expression holds together; looser parts of it need brackets."""

    SUM = 1
    PRODUCT = 2
    POWER = 3
    ATOM = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class _Notation:
    """How the parts of an expression are put together."""

    symbol: Callable[[Symbol], str]
    number: Callable[[float], str]
    times: str
    factor_binding: _Binding
    """Of a factor that is not the first: where fractions lie in a line, they need brackets."""
    minus: str
    quotient: str
    quotient_binding: _Binding
    power: str
    bracket: str
    functions: dict[str, str]
    """Patterns by name, with places for the arguments one by one or for {all} of them."""
    cases: str
    flat_quotient: bool
    """Whether a fraction is written in a line, where its parts may need brackets."""


def latex(expression: Expression) -> str:
    """With the names of its parts, in LaTeX."""
    return _write(expression, _LATEX)[0]


def latex_numbers(expression: Expression) -> str:
    """With their numbers, in LaTeX."""
    return _write(expression, _LATEX_NUMBERS)[0]


def text(expression: Expression) -> str:
    """With the names of its parts, in a line of text."""
    return _write(expression, _TEXT)[0]


def text_numbers(expression: Expression) -> str:
    """With their numbers, in a line of text."""
    return _write(expression, _TEXT_NUMBERS)[0]


def python(expression: Expression) -> str:
    """As Python, with the names of its parts and calls of the functions in expressions.py."""
    return _write(expression, _PYTHON)[0]


def number_text(value: float, digits: int = DIGITS) -> str:
    """A number for people: 0.385, −0.147692493, 4.25236591·10⁻⁴, 9.7."""
    mantissa, exponent = _parts(value, digits)
    if exponent is None:
        return mantissa.replace("-", "−")
    raised = str(exponent).translate(_SUPERSCRIPTS)
    return f"{mantissa}·10{raised}".replace("-", "−")


def number_latex(value: float, digits: int = DIGITS) -> str:
    """A number in LaTeX: 4.25236591 \\times 10^{-4}."""
    mantissa, exponent = _parts(value, digits)
    if mantissa.lstrip("-") in ("inf", "nan"):
        return mantissa.replace("inf", "\\infty").replace("nan", "\\text{nan}")
    return mantissa if exponent is None else f"{mantissa} \\times 10^{{{exponent}}}"


def superscript(number: int) -> str:
    """A raised number in brackets that names a sample: ⁽²⁾."""
    return "⁽" + str(number).translate(_SUPERSCRIPTS) + "⁾"


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _parts(value: float, digits: int) -> tuple[str, int | None]:
    """A decimal fraction, and the power of ten that it is to be multiplied by, if any."""
    if value == 0 or not math.isfinite(value):
        return f"{value + 0:g}", None  # + 0 turns −0 into 0
    written = f"{value:.{digits - 1}e}"
    mantissa, _, exponent = written.partition("e")
    power = int(exponent)
    if -4 < power < digits:
        fixed = f"{value:.{max(digits - 1 - power, 0)}f}"
        return (fixed.rstrip("0").rstrip(".") if "." in fixed else fixed), None
    return mantissa.rstrip("0").rstrip("."), power


def _write(expression: Expression, notation: _Notation) -> tuple[str, _Binding]:
    """The expression, and how tightly it binds."""
    match expression:
        case Symbol():
            return _atom(notation.symbol(expression))
        case Number():
            return _atom(notation.number(expression.value))
        case Sum(terms=(only,)):
            return _write(only, notation)
        case Sum():
            return _sum(expression, notation), _Binding.SUM
        case Product():
            return _product(expression, notation)
        case Negative():
            operand = _part(expression.operand, notation, _Binding.PRODUCT)
            return notation.minus + operand, _Binding.SUM
        case Quotient():
            return _quotient(expression.numerator, expression.denominator, notation)
        case Power():
            base = _part(expression.base, notation, _Binding.ATOM)
            return notation.power.format(base, expression.exponent), _Binding.POWER
        case Function():
            return _function(expression, notation)
        case Cases():
            parts = (expression.condition, expression.yes, expression.no)
            return notation.cases.format(*(_write(part, notation)[0] for part in parts)), (
                _Binding.ATOM
            )
    raise TypeError(f"no notation for {type(expression).__name__}")


def _atom(written: str) -> tuple[str, _Binding]:
    """A name or a number. A minus sign binds as loosely as a sum, a power of ten as a product."""
    if written.startswith(("-", "−")):
        return written, _Binding.SUM
    has_power = "10^" in written or "·10" in written
    return written, _Binding.PRODUCT if has_power else _Binding.ATOM


def _part(expression: Expression, notation: _Notation, needed: _Binding) -> str:
    """A part of an expression, in brackets where it binds less tightly than needed."""
    written, binding = _write(expression, notation)
    return written if binding >= needed else notation.bracket.format(written)


def _product(expression: Product, notation: _Notation) -> tuple[str, _Binding]:
    """Factors side by side; a minus sign in front of all of them needs no brackets there."""
    first, *others = expression.factors
    written, binding = _write(first, notation)
    is_negative = isinstance(first, Symbol | Number) and binding == _Binding.SUM
    if binding < _Binding.PRODUCT and not is_negative:
        written = notation.bracket.format(written)
    parts = (_part(each, notation, notation.factor_binding) for each in others)
    joined = notation.times.join((written, *parts))
    return joined, _Binding.SUM if is_negative else _Binding.PRODUCT


def _sum(expression: Sum, notation: _Notation) -> str:
    first, *others = expression.terms
    written = [_write(first, notation)[0]]
    for term in others:
        if isinstance(term, Negative):
            part = _part(term.operand, notation, _Binding.PRODUCT)
            written.append(f" {notation.minus} {part}")
        else:
            part, _ = _write(term, notation)
            is_bare = not part.startswith(notation.minus)
            written.append(f" + {part if is_bare else notation.bracket.format(part)}")
    return "".join(written)


def _quotient(
    numerator: Expression, denominator: Expression, notation: _Notation
) -> tuple[str, _Binding]:
    if notation.flat_quotient:
        above = _part(numerator, notation, _Binding.PRODUCT)
        below = _part(denominator, notation, _Binding.POWER)
    else:
        above, below = _write(numerator, notation)[0], _write(denominator, notation)[0]
    return notation.quotient.format(above, below), notation.quotient_binding


def _function(expression: Function, notation: _Notation) -> tuple[str, _Binding]:
    pattern = notation.functions.get(expression.name)
    if pattern is None:
        return _write(_spelt_out(expression), notation)
    parts = [_write(argument, notation)[0] for argument in expression.arguments]
    return pattern.format(*parts, all=", ".join(parts)), _Binding.POWER


def _spelt_out(expression: Function) -> Expression:
    """A function that only programs need, as people write it."""
    match expression.name, expression.arguments:
        case "times_log", (factor, x):
            return Product(factor, _ln(x))
        case "over", (numerator, denominator):
            return Quotient(numerator, denominator)
        case "softplus", (x,):
            return _ln(Sum(Number(1), exp(x)))
        case "log_sum_exp", terms:
            return _ln(Sum(*(exp(x) if _has_power(x) else Number(1) for x in terms)))
    raise TypeError(f"no notation for {expression.name}")


def _has_power(exponent: Expression) -> bool:
    return not isinstance(exponent, Number) or exponent.value != 0  # e^0 is written as 1


def _ln(x: Expression) -> Function:
    return Function("ln", math.nan, x)  # to be written, not computed


_LATEX = _Notation(
    symbol=lambda symbol: symbol.latex,
    number=number_latex,
    times=" \\times ",
    factor_binding=_Binding.PRODUCT,
    minus="-",
    quotient="\\frac{{{0}}}{{{1}}}",
    quotient_binding=_Binding.POWER,
    power="{0}^{{{1}}}",
    bracket="\\left({0}\\right)",
    functions={
        "exp": "e^{{{0}}}",
        "ln": "\\ln\\left({0}\\right)",
        "tanh": "\\tanh\\left({0}\\right)",
        "abs": "\\left|{0}\\right|",
        "sign": "\\operatorname{{sign}}\\left({0}\\right)",
    },
    cases=(
        "\\begin{{cases}} {1} & \\text{{if }} {0} > 0 \\\\ {2} & \\text{{otherwise}} \\end{{cases}}"
    ),
    flat_quotient=False,
)
_LATEX_NUMBERS = replace(_LATEX, symbol=lambda symbol: number_latex(symbol.value))
_TEXT = _Notation(
    symbol=lambda symbol: symbol.name,
    number=number_text,
    times=" · ",
    factor_binding=_Binding.PRODUCT,
    minus="−",
    quotient="{0} / {1}",
    quotient_binding=_Binding.PRODUCT,
    power="{0}^{1}",
    bracket="({0})",
    functions={
        "exp": "exp({0})",
        "ln": "ln({0})",
        "tanh": "tanh({0})",
        "abs": "|{0}|",
        "sign": "sign({0})",
    },
    cases="({1} if {0} > 0, otherwise {2})",
    flat_quotient=True,
)
_TEXT_NUMBERS = replace(_TEXT, symbol=lambda symbol: number_text(symbol.value))
_PYTHON = _Notation(
    symbol=lambda symbol: symbol.identifier,
    number=repr,
    times=" * ",
    factor_binding=_Binding.POWER,
    minus="-",
    quotient="{0} / {1}",
    quotient_binding=_Binding.PRODUCT,
    power="{0} ** {1}",
    bracket="({0})",
    functions={
        "exp": "exp({0})",
        "tanh": "tanh({0})",
        "abs": "abs({0})",
        "sign": "sign({0})",
        "softplus": "softplus({0})",
        "log_sum_exp": "log_sum_exp([{all}])",
    },
    cases="where_positive({0}, {1}, {2})",
    flat_quotient=True,
)
