"""How often the segments between neighbouring layers cross."""

import numpy as np
from numpy.typing import NDArray

from blitz.autograd.layout.layering import Ints, LayeredGraph

# Up to this many segments in a gap, all pairs are compared; beyond, they are merged.
MOST_PAIRWISE = 256


def crossings_by_gap(graph: LayeredGraph, position: Ints) -> Ints:
    """How many pairs of segments cross after each layer. [num_layers]

    With the segments of a gap sorted by tail, crossings are the inversions of the heads (Barth,
    Jünger and Mutzel, 2002).
    """
    width = int(position.max(initial=0)) + 1
    key = (graph.layer[graph.tail] * width + position[graph.tail]) * width + position[graph.head]
    key.sort()
    heads = (key % width).astype(np.int32)
    sizes = np.bincount(key // (width * width), minlength=graph.num_layers)
    begin = np.cumsum(sizes) - sizes
    crossings = np.zeros(graph.num_layers, np.int64)
    smallest, largest = 1, int(sizes.max(initial=0))
    while smallest < min(largest, MOST_PAIRWISE):
        gaps = np.flatnonzero((sizes > smallest) & (sizes <= 2 * smallest))
        crossings[gaps] = _pairwise_inversions(heads, begin[gaps], sizes[gaps])
        smallest *= 2
    for gap in np.flatnonzero(sizes > smallest).tolist():
        crossings[gap] = _inversions(heads[begin[gap] : begin[gap] + sizes[gap]])
    return crossings


def _pairwise_inversions(values: NDArray[np.int32], begin: Ints, size: Ints) -> Ints:
    """The inversions in each of some stretches of similar size. [stretches]"""
    widest = int(size.max(initial=1))
    inside = np.arange(widest) < size[:, None]  # [stretches, widest]
    taken = np.minimum(begin[:, None] + np.arange(widest), len(values) - 1)
    table = np.where(inside, values[taken], np.iinfo(np.int32).max)
    total = np.zeros(len(begin), np.int64)
    for distance in range(1, widest):
        total += np.count_nonzero(table[:, :-distance] > table[:, distance:], axis=1)
    return total


def _inversions(values: NDArray[np.int32]) -> int:
    """Pairs in the wrong order, by merging runs of doubling length, all runs at once."""
    length = 1 << (len(values) - 1).bit_length()
    # Padding at the end is larger than all values and causes no inversion.
    span = int(values.max()) + 2
    runs = np.full(length, span - 1)
    runs[: len(values)] = values
    total, half = 0, 1
    while half < length:
        pairs = runs.reshape(-1, 2, half)
        base = np.arange(len(pairs))[:, None] * span
        left = (pairs[:, 0] + base).ravel()
        not_larger = np.searchsorted(left, (pairs[:, 1] + base).ravel(), side="right")
        before = np.repeat(np.arange(len(pairs)) * half, half)
        total += int((half - (not_larger - before)).sum())
        half *= 2
        runs = np.sort(runs.reshape(-1, half), axis=1).ravel()
    return total
