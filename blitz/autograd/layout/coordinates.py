"""Coordinates across the flow: where in its layer each vertex and dummy sits.

The method of Brandes and Köpf, "Fast and Simple Horizontal Coordinate Assignment" (2002), read
with the erratum of Brandes, Walter and Zink (2020): vertices are aligned with a median neighbour
into straight blocks, and the blocks are put beside each other. Three steps differ from the paper:

- Alignment works on all layers at once. Slots are numbered layer by layer, so "further right
  than everything aligned so far" is a running maximum over slots, and no layer needs its own
  loop. Long edges choose first, which replaces the marking of conflicts.
- There is one alignment instead of four whose mean is taken: a mean of straight lines is not
  straight, and leaves came to stand far from their users.
- Blocks then move towards their neighbours as far as the order allows, by longest paths in the
  graph of neighbouring blocks, not by classes and shifts, the part that the erratum corrects.

Knows only an order and sizes; which way the drawing flows is the caller's business.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blitz.autograd.layout.layering import neighbour_lists

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


# Rounds of moving blocks towards their neighbours: all at once, then each as far as it can go.
SETTLING_ROUNDS = 8
FITTING_ROUNDS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Slots:
    """An ordered layered graph; slots are numbered along each layer, layer after layer."""

    layer: Ints  # [slots], ascending
    tail: Ints  # [segments], slots
    head: Ints  # [segments], slots
    keep_straight: NDArray[np.bool_]  # [segments] between two dummies of a long edge
    reach: Floats  # [segments] how long the longest path through the segment is
    room: Floats  # [slots] the extent of a vertex across the flow and its gap


def assign_coordinates(slots: Slots) -> Floats:
    """Centres across the flow: [slots], neighbours in a layer at least their mean room apart."""
    if len(slots.layer) == 0:
        return np.zeros(0)
    first = _first_of_line(_align(slots))
    block = (np.cumsum(first == np.arange(len(first))) - 1)[first]
    fences = _fences(slots, block)
    across: Floats = _settle(fences, *_attractions(slots, block))[block]
    across -= across.min()
    return across


def _align(slots: Slots) -> Ints:
    """The slot in the previous layer that each slot continues, −1 for none. [slots]

    No two slots continue the same one, and continuations do not cross.
    """
    none = -1
    above = np.full(len(slots.layer), none)
    for wanted in _wishes(slots):
        taken_left = _before(np.maximum.accumulate(above), none)
        limit = np.where(above == none, len(above), above)
        taken_right = _before(np.minimum.accumulate(limit[::-1]), len(above))[::-1]
        free = (above == none) & (wanted > taken_left) & (wanted < taken_right)
        wanted = np.where(free, wanted, none)
        first = wanted > _before(np.maximum.accumulate(wanted), none)
        above[first] = wanted[first]
    return above


def _wishes(slots: Slots) -> Iterator[Ints]:
    """The slot that each slot would like to continue, the strongest wish first. [slots] each"""
    main_in = _strongest(slots.head, slots.reach)
    main_out = _strongest(slots.tail, slots.reach)
    both = main_in[np.isin(main_in, main_out, assume_unique=True, kind="table")]
    for chosen in (np.flatnonzero(slots.keep_straight), both, main_in, main_out):
        wanted = np.full(len(slots.layer), -1)
        wanted[slots.head[chosen]] = slots.tail[chosen]
        yield wanted
    yield from _median_neighbours(slots)


def _strongest(end: Ints, strength: Floats) -> Ints:
    """For each vertex among the ends, the strongest of its segments; the first among equals."""
    order = np.lexsort((-strength, end))
    return order[np.flatnonzero(_before(end[order], -1) != end[order])]


def _before(values: Ints, first: int) -> Ints:
    """The array moved on by one, with `first` in front."""
    return np.concatenate(([first], values[:-1]))


def _median_neighbours(slots: Slots) -> tuple[Ints, Ints]:
    """The left and right median neighbours in the previous layer, −1 for none. Two of [slots]"""
    num_slots = len(slots.layer)
    tails = slots.tail[np.argsort(slots.head * num_slots + slots.tail)]
    counts = np.bincount(slots.head, minlength=num_slots)
    start = np.cumsum(counts) - counts
    has_any = counts > 0
    left, right = np.full(num_slots, -1), np.full(num_slots, -1)
    left[has_any] = tails[(start + (counts - 1) // 2)[has_any]]
    right[has_any] = tails[(start + counts // 2)[has_any]]
    return left, right


def _first_of_line(above: Ints) -> Ints:
    """The first slot of the straight line that each slot is on, by pointer doubling. [slots]"""
    first = np.where(above < 0, np.arange(len(above)), above)
    while True:
        further = first[first]
        if np.array_equal(further, first):
            return first
        first = further


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fences:
    """Which blocks must stay how far right of which: left + apart ≤ right, for each fence.

    Sorted so that all fences that hold a block come before those that it holds.
    """

    num_blocks: int
    left: Ints  # [fences]
    right: Ints  # [fences]
    apart: Floats  # [fences]
    rules: list[tuple[int, int, float]]  # the same again, for loops


def _fences(slots: Slots, block: Ints) -> _Fences:
    """The largest distance asked for between each two neighbouring blocks."""
    num_blocks = int(block.max()) + 1
    slot = np.flatnonzero(slots.layer[1:] == slots.layer[:-1])
    apart = (slots.room[slot] + slots.room[slot + 1]) / 2
    pair = block[slot] * num_blocks + block[slot + 1]
    by_pair = np.argsort(pair, kind="stable")
    pair, apart = pair[by_pair], apart[by_pair]
    new = np.flatnonzero(_before(pair, -1) != pair)
    apart = np.maximum.reduceat(apart, new) if len(new) else apart
    left, right = np.divmod(pair[new], num_blocks)
    in_order = np.argsort(_topological_rank(num_blocks, left, right)[left], kind="stable")
    left, right, apart = left[in_order], right[in_order], apart[in_order]
    return _Fences(
        num_blocks=num_blocks,
        left=left,
        right=right,
        apart=apart,
        rules=list(zip(left.tolist(), right.tolist(), apart.tolist(), strict=True)),
    )


def _topological_rank(num_vertices: int, tail: Ints, head: Ints) -> Ints:
    """Where each vertex comes in an order in which all edges go forward. [num_vertices]"""
    start, heads = neighbour_lists(num_vertices, tail, head)
    waiting = np.bincount(head, minlength=num_vertices).tolist()
    queue = [vertex for vertex in range(num_vertices) if not waiting[vertex]]
    for vertex in queue:  # grows while it is read
        for successor in heads[start[vertex] : start[vertex + 1]]:
            waiting[successor] -= 1
            if not waiting[successor]:
                queue.append(successor)
    assert len(queue) == num_vertices, "lines that do not cross have an order from left to right"
    rank = np.empty(num_vertices, np.int64)
    rank[queue] = np.arange(num_vertices)
    return rank


def _attractions(slots: Slots, block: Ints) -> tuple[Ints, Ints]:
    """Pairs (block, longer block beside which it wants to be), one for each segment between.

    Only the shorter block is moved by an attraction, so that no two chase each other.
    """
    size = np.bincount(block)
    one, other = block[slots.tail], block[slots.head]
    shorter_first = (size[one] < size[other]) | ((size[one] == size[other]) & (one > other))
    between = one != other
    mover = np.where(shorter_first, one, other)[between]
    return mover, np.where(shorter_first, other, one)[between]


def _settle(fences: _Fences, mover: Ints, target: Ints) -> Floats:
    """Coordinates of blocks that respect all fences and are close to the targets. [blocks]"""
    pull = np.bincount(mover, minlength=fences.num_blocks)
    attracted = pull > 0

    def wanted(across: Floats) -> Floats:
        mean = np.bincount(mover, across[target], fences.num_blocks) / np.maximum(pull, 1)
        return np.where(attracted, mean, across)

    across = _between_fences(fences, np.zeros(fences.num_blocks))
    for _ in range(SETTLING_ROUNDS):
        across = _between_fences(fences, wanted(across))
    for round_ in range(FITTING_ROUNDS):
        goal = wanted(across)
        if round_ % 2 == 0:
            limit = np.full(fences.num_blocks, np.inf)
            np.minimum.at(limit, fences.left, across[fences.right] - fences.apart)
            across = _push_right(fences, np.minimum(goal, limit))
        else:
            limit = np.full(fences.num_blocks, -np.inf)
            np.maximum.at(limit, fences.right, across[fences.left] + fences.apart)
            across = _push_left(fences, np.maximum(goal, limit))
    return across


def _between_fences(fences: _Fences, wanted: Floats) -> Floats:
    """The mean of pushing blocks right and pushing them left until all fences hold.

    Each of the two keeps the distances, so their mean does.
    """
    return (_push_right(fences, wanted) + _push_left(fences, wanted)) / 2


def _push_right(fences: _Fences, wanted: Floats) -> Floats:
    """The smallest coordinates from `wanted` on that respect all fences. [blocks]"""
    across = wanted.tolist()
    for left, right, apart in fences.rules:
        least = across[left] + apart
        if least > across[right]:
            across[right] = least
    return np.array(across)


def _push_left(fences: _Fences, wanted: Floats) -> Floats:
    """The largest coordinates up to `wanted` that respect all fences. [blocks]"""
    across = wanted.tolist()
    for left, right, apart in reversed(fences.rules):
        most = across[right] - apart
        if most < across[left]:
            across[left] = most
    return np.array(across)
