"""Reads written formulas again, so that tests can see whether they say what was computed."""

import math
import re
from collections.abc import Iterator
from typing import Any

from blitz.backprop.expressions import Expression, Symbol
from blitz.backprop.notation import python, text, text_numbers


def _exp(x: float) -> float:
    return math.exp(x) if x < 709 else math.inf


_FUNCTIONS: dict[str, Any] = {
    "exp": _exp,
    "tanh": math.tanh,
    "abs": abs,
    "sign": lambda x: (x > 0) - (x < 0),
    "softplus": lambda x: math.log(1 + _exp(x)),
    "log_sum_exp": lambda terms: math.log(sum(map(_exp, terms))),
    "where_positive": lambda x, yes, no: yes if x > 0 else no,
    "ln": math.log,
}
"""What the functions in formulas mean, in plain Python."""
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def parts_of(expression: Expression) -> Iterator[Expression]:
    """An expression and all that it is made of."""
    waiting: list[object] = [expression]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting.extend(part)
        elif isinstance(part, Expression):
            yield part
            slots = (name for kind in type(part).__mro__ for name in getattr(kind, "__slots__", ()))
            waiting.extend(getattr(part, name) for name in slots)


def symbols_in(expression: Expression) -> Iterator[Symbol]:
    """All symbols of an expression."""
    return (part for part in parts_of(expression) if isinstance(part, Symbol))


def value_of_python(expression: Expression) -> float:
    """What its Python text comes to."""
    names = {symbol.identifier: symbol.value for symbol in symbols_in(expression)}
    return float(eval(python(expression), {"__builtins__": {}} | _FUNCTIONS | names))


def value_of_text(expression: Expression) -> float:
    """What its text with names comes to, each name read as its number."""
    written = text(expression)
    known = {symbol.name: symbol.value for symbol in symbols_in(expression)}
    for place, name in enumerate(sorted(known, key=len, reverse=True)):
        written = written.replace(name, f"§{place}§")
    for place, name in enumerate(sorted(known, key=len, reverse=True)):
        written = written.replace(f"§{place}§", f"({known[name]!r})")
    return _value(written)


def value_of_text_numbers(expression: Expression) -> float:
    """What its text with numbers comes to."""
    return _value(text_numbers(expression))


def _value(written: str) -> float:
    plain = re.sub(r"·10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "e" + m[1].translate(_SUPERSCRIPTS), written)
    plain = plain.replace("−", "-").replace("·", "*").replace("^", "**")
    plain = re.sub(r"\|([^|]*)\|", r"abs(\1)", plain)
    plain = re.sub(r", otherwise ", " else ", plain)
    return float(eval(plain, {"__builtins__": {}} | _FUNCTIONS))


def is_balanced_latex(written: str) -> bool:
    """Whether braces, \\left and \\right, \\begin and \\end come in pairs."""
    depth = 0
    for sign in written:
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            return False
    pairs = (("\\left", "\\right"), ("\\begin{", "\\end{"))
    return depth == 0 and all(written.count(a) == written.count(b) for a, b in pairs)
