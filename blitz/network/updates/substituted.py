"""A rule's formula with the numbers of one element in it, as LaTeX."""

from blitz.network.notation import number, signed
from blitz.network.updates.comparison import ElementStep
from blitz.network.updates.rules import Rule, UpdateSettings

DIGITS = 9
"""Enough to tell all 32-bit numbers apart."""


def formula_latex(rule: Rule, element: ElementStep, step: int, settings: UpdateSettings) -> str:
    """An aligned block: each line with symbols, with numbers, and its value. step: from 1."""
    numbers = {name: signed(value, DIGITS) for name, value in element.numbers.items()}
    fixed = {
        "lr": signed(settings.lr, DIGITS),
        "mu": signed(settings.momentum, DIGITS),
        "t": str(step),
    }
    names = [name for name in element.numbers if name not in ("w", "g", "product")]
    names = [name for name in names if not name.endswith("_before")]
    lines = []
    for (symbols, places), name in zip(rule.formula, names, strict=True):
        value = number(element.numbers[name], DIGITS)
        lines.append(f"{symbols} &= {places.format(**numbers, **fixed)} = {value}")
    return "\\begin{aligned}" + " \\\\ ".join(lines) + "\\end{aligned}"
