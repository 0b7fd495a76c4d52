"""What shows of a graph: every edge once, leaves beside their users, frames around open groups."""

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from blitz.autograd import AutogradGraph, capture, record, trace
from blitz.autograd.graph import shape_text
from blitz.autograd.layout import Direction
from blitz.autograd.picture.drawing import (
    LONGEST_LABEL,
    Drawing,
    VertexKind,
    draw,
)
from blitz.autograd.picture.folding import Folding, fold
from blitz.autograd.picture.scene import pack_drawing
from tests.autograd.programs import Program, Tree, graph_of_tree, programs, run, trees

DIRECTIONS: tuple[Direction, ...] = ("right", "down")


def drawn(tree: Tree, data: st.DataObject) -> Drawing:
    graph = graph_of_tree(tree)
    folding = fold(graph)
    groups = st.integers(0, max(0, len(folding) - 1))
    opened = data.draw(st.frozensets(groups)) if len(folding) else frozenset()
    direction: Direction = data.draw(st.sampled_from(DIRECTIONS))
    return draw(graph, folding=folding, opened=opened, direction=direction)


def vertex_of_operation(drawing: Drawing) -> list[int]:
    """By the items of vertices; each operation is in exactly one."""
    found = [
        (operation, index)
        for index, vertex in enumerate(drawing.vertices)
        if vertex.item
        for operation in range(vertex.item.start, vertex.item.stop)
    ]
    assert sorted(op for op, _ in found) == list(range(drawing.graph.num_operations))
    return [index for _, index in sorted(found)]


def assert_edges_are_the_graphs(drawing: Drawing) -> None:
    graph, vertices = drawing.graph, drawing.vertices
    of_operation = vertex_of_operation(drawing)
    ends = list(zip(drawing.source.tolist(), drawing.target.tolist(), strict=True))
    assert len(drawing.merged_start) == len(ends) + 1
    stands_for: dict[int, int] = {}
    for edge, (source, target) in enumerate(ends):
        merged = drawing.edges_merged(edge).tolist()
        if vertices[source].kind == VertexKind.OUTPUT:
            assert merged == []
            continue
        assert merged
        for each in merged:
            assert each not in stands_for
            stands_for[each] = edge
            assert of_operation[graph.edges[each].source] == source
            if graph.edges[each].target < graph.num_operations:
                assert of_operation[graph.edges[each].target] == target
            else:
                assert vertices[target].node == graph.edges[each].target
    assert len(set(ends)) == len(ends)
    for each_edge in graph.edges:
        user = of_operation[each_edge.source]
        if each_edge.target < graph.num_operations:
            shows = user != of_operation[each_edge.target]
        else:
            is_closed = vertices[user].kind == VertexKind.GROUP
            shows = not (is_closed and graph.nodes[each_edge.target].kind == "parameter")
        assert (each_edge.index in stands_for) == shows


def assert_leaves_are_drawn_once_a_layer(drawing: Drawing) -> None:
    graph, vertices = drawing.graph, drawing.vertices
    layer = longest_ways(drawing)
    users: defaultdict[int, set[int]] = defaultdict(set)
    for source, target in zip(drawing.source.tolist(), drawing.target.tolist(), strict=True):
        if vertices[target].kind in (VertexKind.PARAMETER, VertexKind.INPUT):
            users[target].add(layer[source])
    copies: Counter[tuple[int, int]] = Counter()
    roots = {node for node, _ in graph.roots}
    for index, vertex in enumerate(vertices):
        if vertex.kind in (VertexKind.PARAMETER, VertexKind.INPUT):
            (of_users,) = users[index] or {-1}
            assert of_users >= 0 or vertex.node in roots
            copies[vertex.node, of_users] += 1
            assert KIND_OF[graph.nodes[vertex.node].kind] == vertex.kind
    assert all(count == 1 for count in copies.values())


KIND_OF = {"parameter": VertexKind.PARAMETER, "input": VertexKind.INPUT}


def longest_ways(drawing: Drawing) -> list[int]:
    """Of each vertex that stands for operations, how many others the longest way below it has."""
    below: defaultdict[int, list[int]] = defaultdict(list)
    for source, target in zip(drawing.source.tolist(), drawing.target.tolist(), strict=True):
        if drawing.vertices[source].item and drawing.vertices[target].item:
            below[source].append(target)
    layer = [0] * len(drawing.vertices)
    for _ in drawing.vertices:
        for vertex, others in below.items():
            layer[vertex] = max(layer[other] for other in others) + 1
    return layer


def assert_outputs_have_vertices(drawing: Drawing) -> None:
    of_operation = vertex_of_operation(drawing)
    targets = [
        target
        for source, target in zip(drawing.source.tolist(), drawing.target.tolist(), strict=True)
        if drawing.vertices[source].kind == VertexKind.OUTPUT
    ]
    num_operations = drawing.graph.num_operations
    roots = [of_operation[node] for node, _ in drawing.graph.roots if node < num_operations]
    assert targets == roots
    outputs = [v for v in drawing.vertices if v.kind == VertexKind.OUTPUT]
    assert len(outputs) == len(roots)
    for node, _ in drawing.graph.roots:
        assert node < num_operations or any(v.node == node for v in drawing.vertices)


def assert_frames_hold_their_group_alone(drawing: Drawing) -> None:
    """Of operations and groups; leaves of others may stand within."""
    folding, placement = drawing.folding, drawing.placement
    assert {frame.group for frame in drawing.frames} <= drawing.opened
    for frame in drawing.frames:
        low, high = folding.start[frame.group], folding.stop[frame.group]
        inside = []
        for index, vertex in enumerate(drawing.vertices):
            x, y = float(placement.x[index]), float(placement.y[index])
            right, bottom = float(drawing.width[index]) / 2, float(drawing.height[index]) / 2
            is_within = (
                frame.left <= x - right and x + right <= frame.right
                and frame.top <= y - bottom and y + bottom <= frame.bottom
            )  # fmt: skip
            if vertex.item:
                inside.append(is_within)
                assert is_within == (low <= vertex.item.start < high)
            assert not (is_within and vertex.kind == VertexKind.OUTPUT)
        assert any(inside)
    for at, outer in enumerate(drawing.frames):
        for inner in drawing.frames[:at]:
            assert not is_within_group(folding, inner.group, outer.group)
        for inner in drawing.frames[at + 1 :]:
            if is_within_group(folding, inner.group, outer.group):
                assert outer.left < inner.left < inner.right < outer.right
                assert outer.top < inner.top < inner.bottom < outer.bottom


def is_within_group(folding: Folding, inner: int, outer: int) -> bool:
    while inner >= 0 and inner != outer:
        inner = int(folding.parent[inner])
    return inner == outer


def assert_is_sound(drawing: Drawing) -> None:
    assert_edges_are_the_graphs(drawing)
    assert_leaves_are_drawn_once_a_layer(drawing)
    assert_outputs_have_vertices(drawing)
    assert_frames_hold_their_group_alone(drawing)
    assert np.isfinite(drawing.placement.x).all()
    assert np.isfinite(drawing.placement.y).all()
    assert len(drawing.placement.x) == len(drawing.width) == len(drawing.vertices)
    assert len(drawing.placement.route_start) == len(drawing.source) + 1
    assert all(len(v.label) <= LONGEST_LABEL >= len(v.note) for v in drawing.vertices)
    for node in range(len(drawing.graph)):
        showing = [
            index
            for index, vertex in enumerate(drawing.vertices)
            if vertex.node == node or (vertex.item and vertex.item.start <= node < vertex.item.stop)
        ]
        assert drawing.vertex_of(node) == (showing[0] if showing else None)


@settings(max_examples=80)
@given(trees, st.data())
def test_no_edge_is_lost_or_invented_whatever_is_open(tree: Tree, data: st.DataObject) -> None:
    assert_is_sound(drawn(tree, data))


@settings(max_examples=40)
@given(programs, st.sampled_from(DIRECTIONS))
def test_programs_with_several_outputs_are_drawn(program: Program, direction: Direction) -> None:
    outputs = [value for value in run(program)[-3:] if value.requires_grad]
    if outputs:
        assert_is_sound(draw(trace(outputs), direction=direction))


@settings(max_examples=25)
@given(trees, st.data())
def test_the_same_graph_gives_the_same_bytes(tree: Tree, data: st.DataObject) -> None:
    drawing = drawn(tree, data)
    again = draw(graph_of_tree(tree), opened=drawing.opened, direction=drawing.direction)
    assert pack_drawing(drawing) == pack_drawing(again)


def test_data_flow_in_the_direction_asked_for() -> None:
    graph = graph_of_tree([0, 1, 0])
    right, down = draw(graph), draw(graph, direction="down")
    for drawing, place in ((right, right.placement.x), (down, down.placement.y)):
        assert (place[drawing.source] > place[drawing.target]).all()


# Leaves


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor, given: Tensor) -> Tensor:
        return (x * self.weight + given) * self.weight


def graph_of_layers(count: int) -> AutogradGraph:
    layers = [Layer() for _ in range(count)]

    def program(given: Tensor) -> Tensor:
        x = given.sin()
        for layer in layers:
            x = layer(x, given)
        return x

    return capture(program, torch.ones(3, requires_grad=True))


def of_kind(drawing: Drawing, kind: VertexKind) -> list[str]:
    return [vertex.label for vertex in drawing.vertices if vertex.kind == kind]


def test_parameters_of_closed_groups_are_hidden_and_inputs_show() -> None:
    closed = draw(graph_of_layers(2), opened=())
    assert of_kind(closed, VertexKind.PARAMETER) == []
    assert set(of_kind(closed, VertexKind.INPUT)) == {"given"}
    assert len(of_kind(closed, VertexKind.GROUP)) == 2
    folding = closed.folding
    opened = draw(closed.graph, folding=folding, opened=range(len(folding)))
    assert len(set(of_kind(opened, VertexKind.PARAMETER))) == 2
    assert of_kind(opened, VertexKind.GROUP) == []


def test_leaf_is_drawn_once_for_all_users_in_a_layer() -> None:
    w = torch.ones(2, requires_grad=True)
    same_layer = draw(trace(w.sin() + w.cos()))
    assert len(of_kind(same_layer, VertexKind.INPUT)) == 1
    two_layers = draw(trace(w.sin() * w))
    assert len(of_kind(two_layers, VertexKind.INPUT)) == 2


def test_shared_leaf_of_a_long_chain_has_a_copy_for_each_layer() -> None:
    w = x = torch.ones(2, requires_grad=True)
    for _ in range(30):
        x = x * w
    drawing = draw(trace(x), opened=())
    assert_is_sound(drawing)
    graph = drawing.graph
    opened = draw(graph, opened=range(len(drawing.folding)))
    assert len(of_kind(opened, VertexKind.INPUT)) == 30


# Small and odd graphs


def test_output_that_is_a_leaf_is_one_vertex() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    drawing = draw(trace(x, names={"x": x}))
    (vertex,) = drawing.vertices
    assert (vertex.kind, vertex.label, vertex.note) == (VertexKind.INPUT, "x", "2×3")
    assert len(drawing.source) == 0
    assert drawing.vertex_of(0) == 0
    assert pack_drawing(drawing)


def test_leaf_that_is_an_output_and_an_operand_shows() -> None:
    x = torch.ones(2, requires_grad=True)
    assert_outputs_have_vertices(draw(trace(x, x * 2)))
    two_leaves = draw(trace(x, torch.ones(1, requires_grad=True)))
    assert len(two_leaves.vertices) == 2


def test_same_leaf_given_twice_is_drawn_once() -> None:
    x = torch.ones(2, requires_grad=True)
    assert len(draw(trace(x, x)).vertices) == 1


def test_one_operation_has_three_vertices() -> None:
    x = torch.ones((), requires_grad=True)
    drawing = draw(trace(x.sin()))
    assert [v.kind.name for v in drawing.vertices] == ["OPERATION", "INPUT", "OUTPUT"]
    assert [v.note for v in drawing.vertices] == ["scalar", "scalar", ""]
    assert_is_sound(drawing)


def test_operation_without_operands_that_need_gradients() -> None:
    class Made(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x * 2

        @staticmethod
        def backward(ctx: Any, gradient: Tensor) -> Tensor:
            return gradient

    x = torch.ones(2, requires_grad=True)
    assert_is_sound(draw(trace(Made.apply(x) * torch.ones(2))))


def test_outputs_are_called_by_their_variables_or_numbers() -> None:
    x = torch.ones(2, requires_grad=True)
    y, z = x.sin(), x.cos()
    assert of_kind(draw(trace(y)), VertexKind.OUTPUT) == ["output"]
    assert of_kind(draw(trace(y, z)), VertexKind.OUTPUT) == ["output 1", "output 2"]
    assert of_kind(draw(trace(y, z, names={"z": z})), VertexKind.OUTPUT) == ["output 1", "z"]


def test_long_names_are_shortened_at_their_beginning() -> None:
    x = torch.ones(2, requires_grad=True)
    name = "encoder." * 10 + "weight"
    (label,) = of_kind(draw(trace(x * 2, names={name: x})), VertexKind.INPUT)
    assert len(label) == LONGEST_LABEL
    assert label.startswith("…")
    assert name.endswith(label[1:])
    exact = "n" * LONGEST_LABEL
    (label,) = of_kind(draw(trace(x * 2, names={exact: x})), VertexKind.INPUT)
    assert label == exact


def test_shapes_are_text() -> None:
    assert [shape_text(s) for s in ((1, 6, 28), (), None, (0,))] == ["1×6×28", "scalar", "", "[0]"]
    x = torch.ones(2, 5, requires_grad=True)
    drawing = draw(trace(x.sum(1)))
    assert [v.note for v in drawing.vertices] == ["[2]", "2×5", ""]


def test_steps_before_and_after_an_open_one_say_which_they_are() -> None:
    x = torch.ones(2, requires_grad=True)
    for _ in range(1_000):
        x = x.sin().cos()
    graph = trace(x)
    folding = fold(graph)
    (closed,) = [v for v in draw(graph, folding=folding, opened=()).vertices if v.item]
    assert closed.note == "× 1,000"
    (steps,) = folding.steps.values()
    opened = draw(graph, folding=folding, opened=[int(steps[500])])
    notes = [v.note for v in opened.vertices if v.kind == VertexKind.GROUP]
    assert notes == ["1 to 500 · × 500", "502 to 1,000 · × 499"]
    assert [frame.group for frame in opened.frames] == [steps[500]]
    assert opened.frames[0].label == "step 501"
    assert_is_sound(opened)


def test_unrolled_cell_is_drawn_with_a_step_open() -> None:
    cell, given = nn.LSTMCell(2, 3), torch.rand(1, 2, requires_grad=True)

    def program() -> Tensor:
        hidden = memory = torch.zeros(1, 3)
        for _ in range(30):
            hidden, memory = cell(given, (hidden, memory))
        return hidden

    graph = capture(program)
    folding = fold(graph)
    (steps,) = folding.steps.values()
    drawing = draw(graph, folding=folding, opened=[int(steps[10])])
    assert_is_sound(drawing)
    (frame,) = drawing.frames
    assert frame.label == "LSTMCell (11)"


def test_frames_nest_where_modules_stand_within_steps() -> None:
    class Steps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(3, 3), nn.Sequential(nn.Tanh(), nn.Linear(3, 3))

        def forward(self, x: Tensor) -> Tensor:
            for _ in range(4):
                x = self.second(self.first(x)).sin()
            return x

    graph = capture(Steps(), torch.ones(1, 3))
    folding = fold(graph)
    drawing = draw(graph, folding=folding, opened=range(len(folding)))
    assert_is_sound(drawing)
    parents = {int(folding.parent[frame.group]) for frame in drawing.frames}
    assert any(frame.group in parents for frame in drawing.frames)


def test_a_leaf_among_the_outputs_is_in_no_frame() -> None:
    x, other = torch.ones(1, 3), torch.ones(1, requires_grad=True)
    with record() as recording:
        y = Layer()(x, x)
    graph = trace(other, y, recording=recording)
    folding = fold(graph)
    drawing = draw(graph, folding=folding, opened=range(len(folding)))
    (frame,) = drawing.frames
    at = drawing.vertex_of(graph.roots[0][0])
    assert at is not None
    x_of, y_of = drawing.placement.x[at], drawing.placement.y[at]
    assert not (frame.left < x_of < frame.right and frame.top < y_of < frame.bottom)
