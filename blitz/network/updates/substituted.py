"""A rule's formula with the numbers of one element in it, as LaTeX."""

import math

from blitz.network.updates.comparison import ElementStep
from blitz.network.updates.rules import Rule, UpdateSettings

DIGITS = 9
"""Enough to tell all 32-bit numbers apart."""


def formula_latex(rule: Rule, element: ElementStep, step: int, settings: UpdateSettings) -> str:
    """An aligned block: each line with symbols, with numbers, and its value. step: from 1."""
    numbers = {name: number_latex(value) for name, value in element.numbers.items()}
    fixed = {"lr": number_latex(settings.lr), "mu": number_latex(settings.momentum), "t": str(step)}
    names = [name for name in element.numbers if name not in ("w", "g", "product")]
    names = [name for name in names if not name.endswith("_before")]
    lines = []
    for (symbols, places), name in zip(rule.formula, names, strict=True):
        value = number_latex(element.numbers[name], in_brackets=False)
        lines.append(f"{symbols} &= {places.format(**numbers, **fixed)} = {value}")
    return "\\begin{aligned}" + " \\\\ ".join(lines) + "\\end{aligned}"


def number_latex(value: float, *, in_brackets: bool = True) -> str:
    """A number with all digits that count; where it may follow a sign, in brackets if need be."""
    if not math.isfinite(value):
        return "\\text{NaN}" if math.isnan(value) else "\\infty" if value > 0 else "(-\\infty)"
    mantissa, _, exponent = f"{value:.{DIGITS}g}".partition("e")
    text = f"{mantissa} \\cdot 10^{{{int(exponent)}}}" if exponent else mantissa
    return f"({text})" if in_brackets and (value < 0 or exponent) else text
