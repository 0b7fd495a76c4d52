"""The learning rate over a run, as a factor of its highest value.

Pure functions of the step: nothing has to be saved for a run to be resumed.
"""

import math

from blitz.training.config import ScheduleName

WARM_UP = 0.3
"""Fraction of a one-cycle run in which the rate rises."""

TRIANGLE = ((0.0, 0.2), (0.23, 1.0), (1.0, 0.07))
"""Corners of the triangular schedule: fraction of the run, and factor (Jordan 2024)."""


def learning_rate_factor(schedule: ScheduleName, step: int, total_steps: int) -> float:
    """Factor for the optimiser step number `step` (0 is the first) of `total_steps`.

    constant: 1. step: a tenth after each third of the run. cosine: half a cosine from 1 down to 0
    (Loshchilov and Hutter 2017, without restarts). one-cycle: from 1/25 up to 1 and down to
    1/250,000, along half cosines (Smith and Topin 2019, with PyTorch's defaults). triangular: from
    0.2 straight up to 1 after 23% of the run, and straight down to 0.07 (Page 2018, with the
    numbers of Jordan 2024).
    """
    if schedule == "step":
        return 0.1 ** (3 * step // total_steps)
    if schedule == "cosine":
        return _half_cosine(1.0, 0.0, step / total_steps)
    if schedule == "one-cycle":
        peak = WARM_UP * total_steps - 1
        if step <= peak:
            return _half_cosine(1 / 25, 1.0, step / peak)
        return _half_cosine(1.0, 1 / 250_000, (step - peak) / (total_steps - 1 - peak))
    if schedule == "triangular":
        return triangle(step, total_steps)
    return 1.0


def triangle(step: int, total_steps: int) -> float:
    """Factor of the triangular schedule: straight lines between the corners of `TRIANGLE`."""
    (_, start), (middle, peak), (_, end) = TRIANGLE
    top = int(middle * total_steps)
    if step < top:
        return start + (peak - start) * step / top
    return peak + (end - peak) * (step - top) / (total_steps - top)


def _half_cosine(start: float, end: float, fraction: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * fraction))
