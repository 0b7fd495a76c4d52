"""Which numbers the lessons take from a person."""

from numbers import Real
from typing import Any

from blitz.backprop.notation import number_text

LIMIT = 1e6
"""Up to here charts can be drawn, and no sum of products overflows."""


def checked_number(value: Any, name: str) -> float:
    """A number of moderate size; ValueError where it is missing, no number or too large."""
    if value is None or value != value:  # tables have NaN in empty cells
        raise ValueError(f"{name}: nothing was given; expected a number")
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or abs(value) > LIMIT:
        shown = number_text(value).replace("inf", "∞") if is_number else repr(value)
        raise ValueError(f"{name}: {shown} was given; expected −{LIMIT:,.0f} to {LIMIT:,.0f}")
    return float(value)
