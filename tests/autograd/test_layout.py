"""Layered layouts: drawings keep their promises, cross rarely, and stay linear."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from typing import TypedDict

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from blitz.autograd.layout import Direction, Placement, count_crossings, place
from blitz.autograd.layout.crossings import MOST_PAIRWISE, crossings_by_gap
from blitz.autograd.layout.layering import (
    DUMMIES_PER_ELEMENT,
    Ints,
    LayeredGraph,
    assign_layers,
    insert_dummies,
)

Pairs = Sequence[tuple[int, int]]
Point = tuple[float, float]
Floats = NDArray[np.float32]


class Sizes(TypedDict):
    width: Floats  # [vertices]
    height: Floats  # [vertices]


def ends(edges: Pairs) -> tuple[Ints, Ints]:
    pairs = np.array(edges, np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def same_sizes(num_vertices: int) -> Sizes:
    return Sizes(
        width=np.full(num_vertices, 60, np.float32), height=np.full(num_vertices, 30, np.float32)
    )


def placed(num_vertices: int, edges: Pairs, direction: Direction = "right") -> Placement:
    return place(num_vertices, *ends(edges), **same_sizes(num_vertices), direction=direction)


def polyline(placement: Placement, tail: int, head: int, edge: int) -> list[Point]:
    bends = placement.route[placement.route_start[edge] : placement.route_start[edge + 1]]
    points = [
        (placement.x[tail], placement.y[tail]),
        *bends,
        (placement.x[head], placement.y[head]),
    ]
    return [(float(x), float(y)) for x, y in points]


@st.composite
def graphs(draw: st.DrawFn, *, acyclic: bool = True) -> tuple[int, list[tuple[int, int]]]:
    num_vertices = draw(st.integers(1, 12))
    vertex = st.integers(0, num_vertices - 1)
    edges = draw(st.lists(st.tuples(vertex, vertex), max_size=24))
    if acyclic:
        number = draw(st.permutations(range(num_vertices)))
        edges = [(number[min(pair)], number[max(pair)]) for pair in edges if pair[0] != pair[1]]
    return num_vertices, edges


@st.composite
def box_sizes(draw: st.DrawFn, num_vertices: int) -> Sizes:
    size = st.lists(st.integers(1, 200), min_size=num_vertices, max_size=num_vertices)
    return Sizes(width=np.array(draw(size), np.float32), height=np.array(draw(size), np.float32))


def overlapping(placement: Placement, width: Floats, height: Floats) -> list[tuple[int, int]]:
    return [
        (a, b)
        for a, b in combinations(range(len(width)), 2)
        if abs(placement.x[a] - placement.x[b]) < (width[a] + width[b]) / 2 - 1e-2
        and abs(placement.y[a] - placement.y[b]) < (height[a] + height[b]) / 2 - 1e-2
    ]


def enters_box(start: Point, end: Point, low: Point, high: Point) -> bool:
    """Whether a piece of line has points inside a box: the part inside each pair of sides."""
    first, last = 0.0, 1.0
    for axis in (0, 1):
        step = end[axis] - start[axis]
        if step == 0:
            if not low[axis] < start[axis] < high[axis]:
                return False
            continue
        at = sorted(((low[axis] - start[axis]) / step, (high[axis] - start[axis]) / step))
        first, last = max(first, at[0]), min(last, at[1])
    return first < last


def boxes_run_over(
    placement: Placement, edges: Pairs, width: Floats, height: Floats
) -> list[tuple[int, int]]:
    """(edge, vertex) where a line passes through a box at which it does not end."""
    found = []
    for edge, (tail, head) in enumerate(edges):
        line = polyline(placement, tail, head, edge)
        for vertex in set(range(len(width))) - {tail, head}:
            half = width[vertex] / 2 - 1e-2, height[vertex] / 2 - 1e-2
            x, y = float(placement.x[vertex]), float(placement.y[vertex])
            low, high = (x - half[0], y - half[1]), (x + half[0], y + half[1])
            if any(enters_box(a, b, low, high) for a, b in pairwise(line)):
                found.append((edge, vertex))
    return found


# What every drawing keeps


@given(st.data())
def test_boxes_do_not_overlap_and_lines_avoid_foreign_boxes(data: st.DataObject) -> None:
    num_vertices, edges = data.draw(graphs())
    sizes = data.draw(box_sizes(num_vertices))
    direction: Direction = data.draw(st.sampled_from(("right", "down")))
    placement = place(num_vertices, *ends(edges), **sizes, direction=direction)
    assert overlapping(placement, **sizes) == []
    assert boxes_run_over(placement, edges, **sizes) == []


@given(graphs())
def test_edges_run_with_the_flow(graph: tuple[int, list[tuple[int, int]]]) -> None:
    placement = placed(*graph)
    for edge, (tail, head) in enumerate(graph[1]):
        along = [x for x, _ in polyline(placement, tail, head, edge)]
        assert along == sorted(along)
        assert along[0] < along[-1]


@given(graphs(acyclic=False))
def test_cycles_and_self_loops_are_drawn(graph: tuple[int, list[tuple[int, int]]]) -> None:
    num_vertices, edges = graph
    sizes = same_sizes(num_vertices)
    placement = place(num_vertices, *ends(edges), **sizes)
    assert overlapping(placement, **sizes) == []
    assert len(placement.route_start) == len(edges) + 1
    assert placement.route_start[0] == 0
    assert placement.route_start[-1] == len(placement.route)
    assert (np.diff(placement.route_start) >= 0).all()
    for edge, (tail, head) in enumerate(edges):
        along = [x for x, _ in polyline(placement, tail, head, edge)]
        assert along in (sorted(along), sorted(along, reverse=True))


@given(graphs(acyclic=False))
def test_same_graph_gives_the_same_bytes(graph: tuple[int, list[tuple[int, int]]]) -> None:
    first, second = placed(*graph), placed(*graph)
    for name in ("x", "y", "route_start", "route"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()


@given(st.data())
def test_downwards_is_rightwards_with_axes_exchanged(data: st.DataObject) -> None:
    num_vertices, edges = data.draw(graphs())
    sizes = data.draw(box_sizes(num_vertices))
    width, height = sizes["width"], sizes["height"]
    right = place(num_vertices, *ends(edges), width=width, height=height)
    down = place(num_vertices, *ends(edges), width=height, height=width, direction="down")
    np.testing.assert_array_equal(right.x, down.y)
    np.testing.assert_array_equal(right.y, down.x)
    np.testing.assert_array_equal(right.route, down.route[:, ::-1])


def test_gaps_are_the_least_distances_between_boxes() -> None:
    # 0 and 1 feed 2: two boxes 30 high in one layer, and a layer of boxes 60 wide after it.
    placement = place(3, *ends([(0, 2), (1, 2)]), **same_sizes(3), layer_gap=25.0, vertex_gap=7.0)
    assert abs(placement.y[0] - placement.y[1]) == 30 + 7
    assert placement.x[2] - placement.x[0] == 60 + 25


def test_empty_graph_and_single_vertex() -> None:
    empty, single = placed(0, []), placed(1, [])
    assert len(empty.x) == len(empty.y) == len(empty.route) == 0
    assert empty.route_start.tolist() == [0]
    assert (single.x.tolist(), single.y.tolist()) == ([30.0], [0.0])


def test_edge_that_closes_a_cycle_runs_against_the_flow() -> None:
    placement = placed(3, [(0, 1), (1, 2), (2, 0)])
    assert placement.x[0] < placement.x[1] < placement.x[2]
    bends = placement.route[placement.route_start[2] :]
    assert bends[:, 0].tolist() == sorted(bends[:, 0].tolist(), reverse=True)
    assert (bends[:, 1] != placement.y[1]).any()  # around vertex 1, not through it


@pytest.mark.parametrize(
    ("tail", "head", "num_sizes", "message"),
    [
        ([0, 1], [1], 2, r"tail and head must be \[m\]; received \(2,\) and \(1,\)"),
        ([0], [2], 2, "head must hold vertex numbers from 0 to 1; received 2 to 2"),
        ([-1], [1], 2, "tail must hold vertex numbers from 0 to 1; received -1 to -1"),
        ([0], [1], 3, r"width and height must be \[2\]; received \(3,\) and \(3,\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    tail: list[int], head: list[int], num_sizes: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        place(2, np.array(tail), np.array(head), **same_sizes(num_sizes))


# Layers


def test_leaf_sits_one_layer_before_its_first_consumer() -> None:
    # A chain 0 … 9; the leaf 10 feeds 5 and 8, and the branch 11 → 12 feeds 9.
    edges = [(i, i + 1) for i in range(9)] + [(10, 5), (10, 8), (11, 12), (12, 9)]
    placement = placed(13, edges)
    assert placement.x[10] == placement.x[4]
    assert placement.x[12] == placement.x[8]
    assert placement.x[11] == placement.x[7]


def test_slack_goes_where_it_makes_fewer_edges_long() -> None:
    # 7 has one input and two outputs, so next to its outputs one long edge serves both.
    edges = [(i, i + 1) for i in range(6)] + [(0, 7), (7, 5), (7, 6)]
    placement = placed(8, edges)
    assert placement.x[7] == placement.x[4]


def layered(num_vertices: int, edges: Pairs) -> LayeredGraph:
    layering = assign_layers(num_vertices, *ends(edges))
    assert layering is not None
    return insert_dummies(num_vertices, layering, *ends(edges))


def test_edges_of_one_tail_share_their_dummies() -> None:
    # A chain of 10, and edges from 0 to all later vertices: the row passes layers 1 to 8 once.
    edges = [(i, i + 1) for i in range(9)] + [(0, i) for i in range(2, 10)]
    assert len(layered(10, edges).layer) == 10 + 8


def test_number_of_dummies_is_linear() -> None:
    # Each of 300 vertices in a chain also feeds the last: 299 · 298 / 2 dummies if all got theirs.
    edges = [(i, i + 1) for i in range(299)] + [(i, 299) for i in range(298)]
    graph = layered(300, edges)
    allowance = DUMMIES_PER_ELEMENT * (300 + len(edges))
    assert allowance / 2 < len(graph.layer) - 300 <= allowance
    placement = placed(300, edges)
    assert (np.diff(placement.x) > 0).all()


# Order


@pytest.mark.parametrize("num_edges", [1, 5, 100, 2 * MOST_PAIRWISE + 50])
def test_crossings_by_gap_agree_with_all_pairs(num_edges: int) -> None:
    random = np.random.default_rng(num_edges)
    left, right = random.integers(0, 40, num_edges), random.integers(40, 80, num_edges)
    edges = sorted(set(zip(left.tolist(), right.tolist(), strict=True)))
    used = sorted({vertex for pair in edges for vertex in pair})
    pairs = [(used.index(a), used.index(b)) for a, b in edges]
    graph = layered(len(used), pairs)
    position = np.empty(len(used), np.int64)
    for layer in (0, 1):
        members = np.flatnonzero(graph.layer == layer)
        position[members] = random.permutation(len(members))
    expected = sum(
        (position[a] - position[c]) * (position[b] - position[d]) < 0
        for (a, b), (c, d) in combinations(pairs, 2)
    )
    assert crossings_by_gap(graph, position).tolist() == [expected, 0]


@given(st.lists(st.integers(0, 10**6), max_size=60), st.booleans())
def test_trees_have_no_crossings(choices: list[int], towards_root: bool) -> None:
    edges = [(i + 1, choice % (i + 1)) for i, choice in enumerate(choices)]
    if not towards_root:
        edges = [(head, tail) for tail, head in edges]
    placement = placed(len(edges) + 1, edges)
    assert count_crossings(placement, *ends(edges)) == 0


@pytest.mark.parametrize("size", [2, 3, 4, 6])
def test_complete_bipartite_graph_has_as_many_crossings_as_it_must(size: int) -> None:
    # In two layers every two pairs of vertices cross once, whatever the order: C(n, 2)².
    edges = [(a, size + b) for a in range(size) for b in range(size)]
    placement = placed(2 * size, edges)
    assert count_crossings(placement, *ends(edges)) == (size * (size - 1) // 2) ** 2


def test_grid_starts_from_any_numbering_and_has_no_crossings() -> None:
    # A ladder of two rails; rungs from one rail to the next step of the other keep it planar.
    number = np.random.default_rng(0).permutation(80).tolist()
    rails = [(side + i, side + i + 1) for side in (0, 40) for i in range(39)]
    rungs = [(i, 40 + i + 1) for i in range(0, 39, 3)]
    edges = [(number[a], number[b]) for a, b in rails + rungs]
    assert count_crossings(placed(80, edges), *ends(edges)) == 0


# Coordinates


def residual_chain(num_blocks: int) -> tuple[int, list[tuple[int, int]]]:
    """Blocks of three vertices with a shortcut around each; leaves feed all but the first two."""
    spine = 3 * num_blocks + 1
    edges = [(i, i + 1) for i in range(spine - 1)]
    edges += [(3 * block, 3 * block + 3) for block in range(num_blocks)]
    edges += [(spine + i, i + 2) for i in range(spine - 2)]
    return 2 * spine - 2, edges


def test_longest_path_is_straight_and_shortcuts_pass_beside_it() -> None:
    num_vertices, edges = residual_chain(6)
    placement = placed(num_vertices, edges)
    assert len(set(placement.y[:19].tolist())) == 1
    assert boxes_run_over(placement, edges, **same_sizes(num_vertices)) == []
    assert count_crossings(placement, *ends(edges)) == 0
    straight = Placement(
        x=placement.x,
        y=placement.y,
        route_start=np.zeros(len(edges) + 1, np.int32),
        route=np.zeros((0, 2), np.float32),
    )
    assert count_crossings(straight, *ends(edges)) == 0


def test_shortcut_is_straight_between_its_ends() -> None:
    # From 0 past 1 … 7 to 8: out of the line, along it, and back, two bends each.
    edges = [(i, i + 1) for i in range(8)] + [(0, 8)]
    placement = placed(9, edges)
    bends = placement.route[placement.route_start[8] :]
    assert len(bends) == 4
    assert bends[1, 1] == bends[2, 1] != placement.y[1]


def test_repeated_edges_take_the_same_way() -> None:
    edges = [(0, 1), (1, 2), (2, 3), (0, 3), (0, 3)]
    placement = placed(4, edges)
    first, second = np.split(placement.route, placement.route_start[4:5])[-2:]
    np.testing.assert_array_equal(first[-len(second) :], second)
    assert len(second) > 0


def test_deep_chain_is_one_straight_line() -> None:
    num_vertices = 100_000
    tail = np.arange(num_vertices - 1)
    placement = place(num_vertices, tail, tail + 1, **same_sizes(num_vertices))
    assert (np.diff(placement.x) > 0).all()
    assert (placement.y == 0).all()
    assert len(placement.route) == 0


# Counting crossings as drawn


@settings(max_examples=200)
@given(st.data())
def test_crossings_agree_with_all_pairs_of_pieces(data: st.DataObject) -> None:
    point = st.tuples(st.integers(0, 6), st.integers(0, 6))
    centres = data.draw(st.lists(point, min_size=1, max_size=8))
    vertex = st.integers(0, len(centres) - 1)
    edges = data.draw(st.lists(st.tuples(vertex, vertex), max_size=8))
    bends = [data.draw(st.lists(point, max_size=3)) for _ in edges]
    x, y = np.array(centres, np.float32).T
    placement = Placement(
        x=x,
        y=y,
        route_start=np.cumsum([0] + [len(some) for some in bends]).astype(np.int32),
        route=np.array([p for some in bends for p in some], np.float32).reshape(-1, 2),
    )
    pieces = []
    for edge, ((tail, head), some) in enumerate(zip(edges, bends, strict=True)):
        line = [centres[tail], *some, centres[head]]
        pieces += [(edge, a, b) for a, b in pairwise(line)]

    def side(a: tuple[int, int], b: tuple[int, int], p: tuple[int, int]) -> int:
        return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])

    expected = sum(
        side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
        for (one, a, b), (other, c, d) in combinations(pieces, 2)
        if one != other
    )
    assert count_crossings(placement, *ends(edges)) == expected


# Against Graphviz


def autograd_graph(output: torch.Tensor) -> tuple[list[str], Ints, Ints]:
    """Names of vertices, tails and heads; a leaf is drawn at each use."""
    names, edges = [""], []
    number = {output.grad_fn: 0}
    stack = [output.grad_fn]
    while stack:
        function = stack.pop()
        assert function is not None
        names[number[function]] = function.name()
        for before, _ in function.next_functions:
            if before is None:
                continue
            is_leaf = before.name().endswith("AccumulateGrad")
            if is_leaf or before not in number:
                names.append("AccumulateGrad")
                edges.append((len(names) - 1, number[function]))
                if not is_leaf:
                    number[before] = len(names) - 1
                    stack.append(before)
            else:
                edges.append((number[before], number[function]))
    return names, *ends(edges)


def lstm(num_steps: int) -> torch.Tensor:
    cell = torch.nn.LSTMCell(4, 5)
    hidden = state = torch.zeros(2, 5)
    for _ in range(num_steps):
        hidden, state = cell(torch.zeros(2, 4), (hidden, state))
    return hidden.sum() + state.sum()


def inception() -> torch.Tensor:
    block = torchvision.models.inception.InceptionA(192, pool_features=32)
    image = torch.zeros(1, 192, 8, 8, requires_grad=True)
    output: torch.Tensor = block(image * 1).sum()
    return output


def resnet18() -> torch.Tensor:
    model = torchvision.models.resnet18()
    output: torch.Tensor = model(torch.zeros(2, 3, 32, 32)).sum()
    return output


def box_of(names: list[str]) -> Sizes:
    return Sizes(
        width=np.array([8 * len(name) + 24 for name in names], np.float32),
        height=np.full(len(names), 34, np.float32),
    )


def dot_placement(tail: Ints, head: Ints, width: Floats, height: Floats) -> Placement:
    """Where Graphviz puts the same graph, its splines sampled at 16 points a piece."""
    lines = ['digraph {rankdir=LR; node [shape=box fixedsize=true label=""];']
    lines += [
        f"{i} [width={w / 72} height={h / 72}];"
        for i, (w, h) in enumerate(zip(width, height, strict=True))
    ]
    lines += [f"{a} -> {b};" for a, b in zip(tail.tolist(), head.tolist(), strict=True)]
    drawn = subprocess.run(
        ["dot", "-Tplain"],
        input="\n".join([*lines, "}"]),
        capture_output=True,
        text=True,
        check=True,
    )
    centres = np.zeros((len(width), 2), np.float32)
    splines: dict[tuple[int, int], list[NDArray[np.float64]]] = {}
    t = np.linspace(0, 1, 17)[:, None]
    for line in drawn.stdout.splitlines():
        kind, *fields = line.split()
        if kind == "node":
            centres[int(fields[0])] = float(fields[1]), float(fields[2])
        elif kind == "edge":
            control = np.array(fields[3 : 3 + 2 * int(fields[2])], float).reshape(-1, 2)
            pieces = [
                (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d
                for a, b, c, d in (control[i : i + 4] for i in range(0, len(control) - 1, 3))
            ]
            key = int(fields[0]), int(fields[1])
            splines.setdefault(key, []).append(np.concatenate(pieces))
    routes = [splines[key].pop() for key in zip(tail.tolist(), head.tolist(), strict=True)]
    return Placement(
        x=centres[:, 0],
        y=centres[:, 1],
        route_start=np.cumsum([0] + [len(route) for route in routes]).astype(np.int32),
        route=np.concatenate(routes).astype(np.float32),
    )


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")
@pytest.mark.parametrize("model", ["resnet18", "inception", "lstm_step", "lstm_5_steps"])
def test_crossings_are_as_few_as_those_of_dot(model: str) -> None:
    torch.manual_seed(0)
    builders: dict[str, Callable[[], torch.Tensor]] = {
        "resnet18": resnet18,
        "inception": inception,
        "lstm_step": lambda: lstm(1),
        "lstm_5_steps": lambda: lstm(5),
    }
    names, tail, head = autograd_graph(builders[model]())
    ours = count_crossings(place(len(names), tail, head, **box_of(names)), tail, head)
    theirs = count_crossings(dot_placement(tail, head, **box_of(names)), tail, head)
    assert ours <= max(1.2 * theirs, theirs + 2)


def test_resnet18_is_drawn_without_crossings_or_boxes_run_over() -> None:
    # Shortcuts side by side with a chain, and leaves at each vertex: a planar drawing exists.
    names, tail, head = autograd_graph(resnet18())
    placement = place(len(names), tail, head, **box_of(names))
    assert count_crossings(placement, tail, head) == 0
    edges = list(zip(tail.tolist(), head.tolist(), strict=True))
    assert boxes_run_over(placement, edges, **box_of(names)) == []
    assert overlapping(placement, **box_of(names)) == []
