"""A quantity and how it is computed, ready to be written."""

from dataclasses import dataclass
from typing import Any

from blitz.backprop import notation
from blitz.backprop.expressions import Expression, Symbol, expression
from blitz.backprop.symbols import Label


@dataclass(frozen=True, slots=True)
class Equation:
    """A named quantity, and on the right how it is computed: an expression or a plain number."""

    label: Label
    right: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "right", expression(self.right))

    @property
    def value(self) -> float:
        """The result, in 64-bit arithmetic."""
        computed: Expression = self.right
        return computed.value

    @property
    def symbol(self) -> Symbol:
        """The quantity, to be used in further equations."""
        return self.label.of(self.value)

    def lines(self) -> tuple[str, ...]:
        """LaTeX right sides: with symbols, with numbers, the value. None of them comes twice."""
        return tuple(
            dict.fromkeys(
                (
                    notation.latex(self.right),
                    notation.latex_numbers(self.right),
                    notation.number_latex(self.value),
                )
            )
        )


def aligned(*equations: Equation) -> str:
    """Equations below one another in LaTeX, their equals signs in one column."""
    rows = []
    for equation in equations:
        first, *others = equation.lines()
        rows.append(f"{equation.label.latex} &= {first}")
        rows.extend(f"&= {line}" for line in others)
    return f"\\begin{{aligned}} {' '.join(map(_spaced, rows))} \\end{{aligned}}"


def _spaced(row: str) -> str:
    """A row and the room below it: fractions would touch each other."""
    room = 12 if "\\frac" in row else 3
    return f"{row} \\\\[{room}pt]"
