"""Where the values of a setting lie on an axis from 0 to 1, and which of them are written there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from blitz.training.sweeps import LOGARITHMIC, field_title, value_text

NEAREST = 0.07
"""Distance at which two labels do not touch."""
MOST_WRITTEN = 12
"""Values up to which all are written."""
MOST_TICKS = 6


Tick = tuple[float, str]
"""A place, and what is written there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """One axis."""

    title: str
    places: tuple[float | None, ...]
    """Of each value given, from 0 at the bottom to 1; none where there is no value."""
    ticks: tuple[Tick, ...]


def setting_axis(name: str, values: Sequence[Any]) -> Axis:
    """The axis of a field of TrainConfig; orders of magnitude where these are what counts.

    Values that would lie too near to each other, and what is no number, are spread evenly.
    """
    title = field_title(name)
    kinds = sorted(set(values), key=lambda value: (value is not None, value))
    if any(not isinstance(kind, int | float) for kind in kinds):
        return _spread(name, values, kinds)
    is_logarithmic = name in LOGARITHMIC and kinds[0] > 0
    # Seeds may be larger than a float counts: they are subtracted as they are.
    scaled = {kind: math.log10(kind) if is_logarithmic else kind for kind in kinds}
    bounds = (scaled[kinds[0]], scaled[kinds[-1]])
    places = tuple(_place(scaled[value], *bounds) for value in values)
    if len(kinds) > MOST_WRITTEN:
        shown = _powers(*bounds) if is_logarithmic else _round_numbers(*bounds)
        return Axis(title=title, places=places, ticks=tuple(shown))
    ticks = tuple((_place(scaled[kind], *bounds), value_text(name, kind)) for kind in kinds)
    if any(above[0] - below[0] < NEAREST for below, above in pairwise(ticks)):
        return _spread(name, values, kinds)
    return Axis(title=title, places=places, ticks=ticks)


def accuracy_axis(values: Sequence[float | None]) -> Axis:
    """The axis of test accuracies, some of which may not be known yet."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    digits = 1 if high - low >= 0.01 else 2
    shown = [low + (high - low) * index / 4 for index in range(5)] if high > low else known[:1]
    return Axis(
        title="best accuracy",
        places=tuple(None if value is None else _place(value, low, high) for value in values),
        ticks=tuple((_place(value, low, high), f"{value:.{digits}%}") for value in shown),
    )


def _place(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5


def _spread(name: str, values: Sequence[Any], kinds: Sequence[Any]) -> Axis:
    place = {kind: _place(index, 0, len(kinds) - 1) for index, kind in enumerate(kinds)}
    return Axis(
        title=field_title(name),
        places=tuple(place[value] for value in values),
        ticks=tuple((place[kind], value_text(name, kind)) for kind in kinds),
    )


def _round_numbers(low: float, high: float) -> list[Tick]:
    """Multiples of 1, 2 or 5 times a power of ten."""
    exponent = math.floor(math.log10((high - low) / MOST_TICKS))
    power = 10**exponent  # a whole number stays one
    steps = (factor * power for factor in (1, 2, 5, 10))
    step = next(step for step in steps if (high - low) / step <= MOST_TICKS)
    values = [index * step for index in range(int(-(-low // step)), int(high // step) + 1)]
    texts = (str(value) if isinstance(value, int) else f"{value:g}" for value in values)
    return [(_place(value, low, high), text) for value, text in zip(values, texts, strict=True)]


def _powers(low: float, high: float) -> list[Tick]:
    """Powers of ten between two exponents, three times these where there are few, or the ends."""
    exponents = range(math.floor(low), math.ceil(high) + 1)
    factors = (1, 3) if high - low < MOST_TICKS / 2 else (1,)
    values = [float(f"{factor}e{exponent}") for exponent in exponents for factor in factors]
    inside = [value for value in values if low <= math.log10(value) <= high]
    if len(inside) < 2:
        inside = [10**low, 10**high]
    return [(_place(math.log10(value), low, high), f"{value:.3g}") for value in inside]
