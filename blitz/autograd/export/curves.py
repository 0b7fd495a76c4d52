"""Smooth lines through the bends of a drawing's edges.

Cubic Hermite curves with the slopes of Fritsch and Butland (1984), the harmonic mean of the
neighbouring slopes: they never swing past a bend, so they keep clear of the boxes as the bends do.
viewer/30_shapes.js draws the same lines.
"""

import itertools

from blitz.autograd.picture.drawing import Drawing

Point = tuple[float, float]
LONGEST_TURN, SHORTEST_TURN = 40.0, 8.0


def points(drawing: Drawing, edge: int) -> list[Point]:
    """The way of an edge with the data: out of its target's box, over the bends, to its source."""
    placement = drawing.placement
    tail, head = int(drawing.target[edge]), int(drawing.source[edge])
    first, last = placement.route_start[edge], placement.route_start[edge + 1]
    bends = placement.route[first:last].tolist()
    start = [float(placement.x[tail]), float(placement.y[tail])]
    end = [float(placement.x[head]), float(placement.y[head])]
    if drawing.direction == "down":
        start[1] += float(drawing.height[tail]) / 2
        end[1] -= float(drawing.height[head]) / 2
    else:
        start[0] += float(drawing.width[tail]) / 2
        end[0] -= float(drawing.width[head]) / 2
    return [(x, y) for x, y in (start, *bends, end)]


def curves(way: list[Point], *, is_down: bool) -> list[tuple[Point, Point, Point]]:
    """Bézier curves through points: two control points and the end of each piece."""
    flow = [_turned(point, is_down) for point in way]  # along the flow, across it
    slopes = [0.0, *(_slope(*three) for three in zip(flow, flow[1:], flow[2:], strict=False)), 0.0]
    share = 0.5 if len(flow) == 2 else 0.4
    pieces = []
    for number, ((along, across), (next_along, next_across)) in enumerate(itertools.pairwise(flow)):
        run = next_along - along
        # Where a line goes back against the flow, the handles alone make the turn.
        handle = run * share if run > 0 else min(LONGEST_TURN, SHORTEST_TURN - run)
        first = (along + handle, across + slopes[number] * handle)
        second = (next_along - handle, next_across - slopes[number + 1] * handle)
        end = (next_along, next_across)
        pieces.append((_turned(first, is_down), _turned(second, is_down), _turned(end, is_down)))
    return pieces


def _turned(point: Point, is_down: bool) -> Point:
    return (point[1], point[0]) if is_down else point


def _slope(before: Point, at: Point, after: Point) -> float:
    first, second = _steepness(before, at), _steepness(at, after)
    return 2 * first * second / (first + second) if first * second > 0 else 0.0


def _steepness(start: Point, end: Point) -> float:
    run = end[0] - start[0]
    return (end[1] - start[1]) / run if run > 0 else 0.0
