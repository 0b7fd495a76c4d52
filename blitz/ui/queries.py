"""The parameters of a data route's address, read and checked.

A ValueError names the parameter, what was given and what is allowed: one line for a person.
"""

import math
from collections.abc import Mapping


def read_choice(
    parameters: Mapping[str, str], name: str, choices: tuple[str, ...], otherwise: str
) -> str:
    """One of a few words."""
    text = parameters.get(name, otherwise)
    if text not in choices:
        raise ValueError(f"{name}: {text[:40]!r} was given; choose {', '.join(choices)}")
    return text


def read_span(parameters: Mapping[str, str]) -> tuple[float, float] | None:
    """The parameters from and to, both or none."""
    if ("from" in parameters) != ("to" in parameters):
        raise ValueError("from and to: only one of them was given; give both or none")
    if "from" not in parameters:
        return None
    return (_read_real(parameters, "from"), _read_real(parameters, "to"))


def read_int(parameters: Mapping[str, str], name: str, otherwise: int, low: int, high: int) -> int:
    """A whole number within bounds."""
    return parse_int(name, parameters.get(name, str(otherwise)), low, high)


def parse_int(name: str, text: str, low: int, high: int) -> int:
    """A whole number within bounds."""
    # At most 20 digits: int() refuses more than 4,300 with an error of its own.
    value = int(text) if text.isascii() and text.isdecimal() and len(text) <= 20 else -1
    if not low <= value <= high:
        raise ValueError(
            f"{name}: {text[:40]!r} was given; expected a whole number from {low:,} to {high:,}"
        )
    return value


def _read_real(parameters: Mapping[str, str], name: str) -> float:
    text = parameters[name]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{name}: {text[:40]!r} was given; expected a number")
    return value
