"""Repetitions in a sequence of numbers: which stretches come several times in a row.

Knows nothing about graphs; what the numbers stand for is the caller's business.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FEWEST_MODULES = 3
"""As many calls of alike modules in a row are folded into one "× 3"."""
FEWEST_STEPS = 4
FEWEST_SINGLES = 8
LONGEST_STEP = 4_096
MOST_PERIODS = 24
SHORT = 48
"""In so few items all periods are tried."""


@dataclass(frozen=True, slots=True)
class Run:
    """Items start, …, start + period · count − 1 repeat with this period."""

    start: int
    period: int
    count: int

    @property
    def stop(self) -> int:
        return self.start + self.period * self.count


def find_runs(
    tokens: npt.NDArray[np.int64], is_group: npt.NDArray[np.bool_] | None = None
) -> list[Run]:
    """Repetitions in a sequence, without overlap, in order; the one that covers most goes first.

    Takes time in proportion to the sequence: only the commonest distances between like pieces are
    tried as periods.
    """
    modules = np.zeros(len(tokens), bool) if is_group is None else is_group
    found: list[Run] = []
    for period in _periods(tokens):
        same = np.concatenate([[False], tokens[period:] == tokens[:-period], [False]])
        (changes,) = np.nonzero(same[1:] != same[:-1])
        for start, stop in changes.reshape(-1, 2).tolist():
            count = (stop - start) // period + 1
            if count >= _fewest(period, bool(modules[start])):
                found.append(Run(start, period, count))
    found.sort(key=lambda run: (run.start - run.stop, run.period, run.start))
    taken = np.zeros(len(tokens), bool)
    runs = []
    for run in found:
        if not taken[run.start : run.stop].any():
            taken[run.start : run.stop] = True
            runs.append(run)
    return sorted(runs, key=lambda run: run.start)


def _fewest(period: int, of_modules: bool) -> int:
    if of_modules:
        return FEWEST_MODULES
    return FEWEST_SINGLES if period == 1 else FEWEST_STEPS


def _periods(tokens: npt.NDArray[np.int64]) -> list[int]:
    """Distances at which a repetition is likely: those between like pieces of three items."""
    size = len(tokens)
    if size <= SHORT:
        return list(range(1, size // 3 + 1))
    kinds = int(tokens.max()) + 1
    pieces = (tokens[:-2] * kinds + tokens[1:-1]) * kinds + tokens[2:]
    order = np.argsort(pieces, kind="stable")
    distance = np.diff(order)[np.diff(pieces[order]) == 0]
    distance = distance[(distance > 0) & (distance <= min(LONGEST_STEP, size // 3))]
    counts = np.bincount(distance) if len(distance) else np.zeros(1, np.int64)
    likely = np.argsort(-counts, kind="stable")[:MOST_PERIODS]
    return sorted(int(period) for period in likely if counts[period] > 0)
