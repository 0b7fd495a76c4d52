"""Differences of 32-bit numbers counted in units in the last place, and roundings told apart."""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

LARGEST = Fraction(float(np.finfo(np.float32).max))


def ulps_between(first: Tensor, second: Tensor) -> Tensor:
    """How many float32 numbers apart the elements are, int64 of the same shape; 0 and −0 are one.

    Both float32 and finite.
    """
    return (_order(first) - _order(second)).abs()


def _order(values: Tensor) -> Tensor:
    """Whole numbers in which neighbouring floats are neighbours."""
    bits = values.detach().contiguous().view(torch.int32).to(torch.int64)
    return torch.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


@dataclass(frozen=True, kw_only=True, slots=True)
class Roundings:
    """w − lr·g of 32-bit numbers, rounded to 32 bits once at the end or after each operation."""

    exact: Fraction
    product: float
    """lr·g, rounded."""
    once: float
    twice: float

    @property
    def differ(self) -> bool:
        """Whether the second rounding changes the result."""
        return self.once != self.twice


def roundings(weight: float, gradient: float, lr: float) -> Roundings:
    """The update of one weight in exact fractions; `weight` and `gradient` are 32-bit numbers."""
    rate = Fraction(float(np.float32(lr)))
    product = nearest(rate * Fraction(gradient))
    return Roundings(
        exact=Fraction(weight) - rate * Fraction(gradient),
        product=product,
        once=nearest(Fraction(weight) - rate * Fraction(gradient)),
        twice=nearest(Fraction(weight) - Fraction(product)) if math.isfinite(product) else -product,
    )


def nearest(number: Fraction) -> float:
    """The 32-bit number next to a fraction; of two equally near, the one whose last bit is 0."""
    if abs(number) > LARGEST:
        return math.copysign(math.inf, number)
    close = np.float32(float(number))
    around = (
        np.nextafter(close, np.float32(-np.inf)),
        close,
        np.nextafter(close, np.float32(np.inf)),
    )
    best = min(around, key=lambda each: (abs(Fraction(float(each)) - number), _last_bit(each)))
    return float(best)


def _last_bit(number: np.float32) -> int:
    return int(number.view(np.int32)) & 1
