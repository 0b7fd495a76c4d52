"""Numbers in LaTeX."""

import math
from collections.abc import Iterable

MOST_TERMS = 3


def number(value: float, digits: int = 4) -> str:
    """A value to so many digits."""
    if math.isnan(value):
        return r"\text{NaN}"
    if math.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    # Not -0, which a product with 0 often is.
    mantissa, _, exponent = f"{value or 0.0:.{digits}g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def signed(value: float, digits: int = 4) -> str:
    """A value as a factor or a term: in brackets where it is negative or has an exponent."""
    text = number(value, digits)
    return f"({text})" if value < 0 or r"\cdot" in text else text


def total(terms: Iterable[float]) -> str:
    """A sum of a few terms written out, of many the first ones."""
    return " + ".join(_some([signed(term) for term in terms]))


def listing(values: Iterable[float]) -> str:
    """A few values written out, of many the first ones."""
    return ", ".join(_some([number(value) for value in values]))


def _some(written: list[str]) -> list[str]:
    if len(written) <= MOST_TERMS + 1:
        return written
    return [*written[:MOST_TERMS], r"\dots"]
