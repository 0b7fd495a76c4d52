"""Rectangles around the open groups of a picture, where nothing else lies within them.

Knows operations, boxes and groups; not what anything is called.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blitz.autograd.picture.folding import Folding

Positions = npt.NDArray[np.float32]
MOST_FRAMES = 300
FRAME_MARGIN, FRAME_TOP = 8.0, 24.0


class Rectangle(NamedTuple):
    """The sides of a frame; `top` leaves room for a label."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Boxes:
    """The boxes of a picture; arrays have one entry a vertex."""

    corner: Positions
    """[n, 2] left and top."""
    opposite: Positions
    """[n, 2] right and bottom."""
    operation: npt.NDArray[np.int64]
    """The first operation that it, or for a leaf its user, stands for; −1 for outputs."""
    is_leaf: npt.NDArray[np.bool_]


def rectangles(
    folding: Folding, opened: Collection[int], boxes: Boxes, flow: int
) -> dict[int, Rectangle]:
    """A rectangle for each open group that has one, outer groups first.

    A leaf stands a layer before its user, often beside the last operation of the group before. So
    along the flow, axis 0 or 1, a frame reaches from the first to the last operation, and leaves of
    others may lie within.
    """
    if len(opened) > MOST_FRAMES or not opened:
        return {}
    corner, opposite, operation = boxes.corner, boxes.opposite, boxes.operation
    counts = ~boxes.is_leaf
    found: dict[int, Rectangle] = {}
    for group in sorted(opened, key=lambda group: _depth(folding, group), reverse=True):
        first, end = folding.start[group], folding.stop[group]
        inside = (operation >= first) & (operation < end)
        if not inside.any():
            continue
        low, high = corner[inside].min(0), opposite[inside].max(0)
        low[flow] = corner[inside & counts, flow].min()
        high[flow] = opposite[inside & counts, flow].max()
        touches = (opposite > low).all(1) & (corner < high).all(1)
        if not (touches & counts & ~inside).any():
            within = [each for inner, each in found.items() if first <= folding.start[inner] < end]
            found[group] = _around(low, high, within)
    return dict(reversed(found.items()))


def _depth(folding: Folding, group: int) -> tuple[int, int]:
    """How many groups a group is in, and its number."""
    around = folding.around(int(folding.start[group]))
    return around.index(group), group


def _around(low: Positions, high: Positions, within: list[Rectangle]) -> Rectangle:
    """The rectangle around vertices and the rectangles within it."""
    return Rectangle(
        left=min([float(low[0]), *(each.left for each in within)]) - FRAME_MARGIN,
        top=min([float(low[1]), *(each.top for each in within)]) - FRAME_TOP,
        right=max([float(high[0]), *(each.right for each in within)]) + FRAME_MARGIN,
        bottom=max([float(high[1]), *(each.bottom for each in within)]) + FRAME_MARGIN,
    )
