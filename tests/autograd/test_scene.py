"""The bytes that the viewer reads: arrays as its interface says, and the backward pass in steps."""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import blitz.autograd
from blitz.autograd import AutogradGraph, capture, trace
from blitz.autograd.backward.replay import Replay, replay
from blitz.autograd.graph import shape_text
from blitz.autograd.picture.drawing import Drawing, VertexKind, draw
from blitz.autograd.picture.folding import fold
from blitz.autograd.picture.packing import unpack
from blitz.autograd.picture.scene import (
    MARK_ERROR,
    MARK_IN_PLACE,
    MARK_NO_GRADIENT,
    MARK_NOT_FINITE,
    MARK_VIEW,
    Texts,
    pack_drawing,
    pack_playback,
)
from tests.autograd.programs import Program, Tree, graph_of_tree, programs, run, trees

INTERFACE = Path(blitz.autograd.__file__).parent / "viewer" / "00_viewer_interface.js"
TYPES = {"f4": np.float32, "i4": np.int32, "u1": np.uint8}
Arrays = dict[str, Any]


def documented(section: str) -> dict[str, str]:
    """The type of each array that the interface names between two of its headings."""
    text = INTERFACE.read_text(encoding="utf-8")
    start = text.index(section)
    part = text[start : text.index("Its header:", start)]
    found: dict[str, str] = {}
    waiting: list[str] = []
    for word in re.findall(
        r"\b(?:vertex|edge|frame|fact|step)_\w+|\broute\b(?= f4)|\bf4\b|\bi4\b|\bu1\b", part
    ):
        if word in TYPES:
            found |= dict.fromkeys(waiting, word)
            waiting = []
        else:
            waiting.append(word)
    return found


def unpacked(packed: bytes) -> tuple[Arrays, dict[str, Any]]:
    arrays, header = unpack(packed)
    return dict(arrays), dict(header)


def drawn(tree: Tree, data: st.DataObject) -> Drawing:
    graph = graph_of_tree(tree)
    folding = fold(graph)
    groups = st.frozensets(st.integers(0, max(0, len(folding) - 1)))
    return draw(graph, folding=folding, opened=data.draw(groups) if len(folding) else ())


# A drawing


@settings(max_examples=25, deadline=None)
@given(trees, st.data())
def test_arrays_are_as_the_viewers_interface_says(tree: Tree, data: st.DataObject) -> None:
    drawing = drawn(tree, data)
    arrays, header = unpacked(pack_drawing(drawing, title="a title"))
    types = documented("A drawing of n vertices") | {"fact_1": "i4", "fact_2": "i4"}
    assert {name: array.dtype for name, array in arrays.items()} == {
        name: np.dtype(TYPES[dtype]) for name, dtype in types.items()
    }
    n, m = len(drawing.vertices), len(drawing.source)
    for name, array in arrays.items():
        kind = name.partition("_")[0]
        length = {"vertex": n, "fact": n, "edge": m, "frame": len(drawing.frames)}
        if name == "edge_route_start":
            assert len(array) == m + 1
            assert (array[0], 2 * array[-1]) == (0, len(arrays["route"]))
            assert (np.diff(array) >= 0).all()
        elif name != "route":
            assert len(array) == length[kind], name
    assert set(header) == {"texts", "facts", "title", "direction"}
    assert (header["title"], header["direction"]) == ("a title", "right")
    assert len(header["facts"]) == 3


@settings(max_examples=25, deadline=None)
@given(trees, st.data())
def test_arrays_tell_the_drawing(tree: Tree, data: st.DataObject) -> None:
    drawing = drawn(tree, data)
    arrays, header = unpacked(pack_drawing(drawing))
    texts = header["texts"]
    assert len(texts) == len(set(texts))
    for index, vertex in enumerate(drawing.vertices):
        assert texts[arrays["vertex_label"][index]] == vertex.label
        note = int(arrays["vertex_note"][index])
        assert (texts[note] if note >= 0 else "") == vertex.note
        assert arrays["vertex_kind"][index] == vertex.kind
        assert arrays["vertex_node"][index] == vertex.node
    np.testing.assert_array_equal(arrays["edge_source"], drawing.source)
    np.testing.assert_array_equal(arrays["edge_target"], drawing.target)
    np.testing.assert_array_equal(arrays["vertex_x"], drawing.placement.x)
    for edge, count in enumerate(arrays["edge_count"].tolist()):
        assert count == max(1, len(drawing.edges_merged(edge)))
    for at, frame in enumerate(drawing.frames):
        box = [arrays[f"frame_{side}"][at] for side in ("x0", "y0", "x1", "y1")]
        np.testing.assert_allclose(box, [frame.left, frame.top, frame.right, frame.bottom])
        assert arrays["frame_group"][at] == frame.group
        assert texts[arrays["frame_label"][at]] == frame.label


def test_interface_names_the_kinds_in_their_order() -> None:
    text = INTERFACE.read_text(encoding="utf-8")
    for kind in VertexKind:
        assert f"const {kind.name} = {kind.value};" in text
    for name, bit in (
        ("VIEW", MARK_VIEW),
        ("IN_PLACE", MARK_IN_PLACE),
        ("ERROR", MARK_ERROR),
        ("NOT_FINITE", MARK_NOT_FINITE),
        ("NO_GRADIENT", MARK_NO_GRADIENT),
    ):
        assert f"const {name} = {bit};" in text


def marks(drawing: Drawing, **more: Any) -> dict[str, int]:
    arrays, _ = unpacked(pack_drawing(drawing, **more))
    labels = [vertex.label for vertex in drawing.vertices]
    return dict(zip(labels, arrays["vertex_mark"].tolist(), strict=True))


def test_marks_tell_views_writing_and_missing_inputs() -> None:
    def program(x: Tensor) -> Tensor:
        y = (x.t() * torch.ones(3, 2)).exp()
        y.relu_()
        y[0] = 1
        return y.sum()

    drawing = draw(capture(program, torch.ones(2, 3, requires_grad=True)))
    assert marks(drawing) == {
        "T": MARK_VIEW,
        "Mul": MARK_NO_GRADIENT,
        "Exp": 0,
        "Relu": MARK_IN_PLACE,
        "CopySlices": MARK_IN_PLACE,
        "Sum": 0,
        "x": 0,
        "output": 0,
    }


def test_marks_given_are_added_also_to_the_group_that_holds_the_node() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
    graph = capture(model, torch.ones(1, 2))
    tanh = next(i for i in range(len(graph)) if graph.label(i) == "Tanh")
    given = {tanh: MARK_ERROR, tanh + 1: MARK_NOT_FINITE}
    folding = fold(graph)
    opened = draw(graph, folding=folding, opened=range(len(folding)))
    assert marks(opened, marks=given)["Tanh"] == MARK_ERROR
    closed = draw(graph, folding=folding, opened=())
    (group,) = [v.label for v in closed.vertices if v.kind == VertexKind.GROUP]
    assert marks(closed, marks=given)[group] == MARK_ERROR | MARK_NOT_FINITE
    assert marks(closed)[group] == 0


def test_marks_of_leaves_are_drawn_on_each_copy() -> None:
    w = torch.ones(2, requires_grad=True)
    graph = trace(w.sin() * w)
    arrays, _ = unpacked(pack_drawing(draw(graph), marks={len(graph) - 1: MARK_NOT_FINITE}))
    is_leaf = arrays["vertex_kind"] == VertexKind.INPUT
    assert is_leaf.sum() == 2
    assert (arrays["vertex_mark"][is_leaf] == MARK_NOT_FINITE).all()


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.tanh(self.inner(x))
        return hidden.sum()


def test_facts_are_module_variable_and_line() -> None:
    drawing = draw(capture(Small(), torch.ones(1, 2)))
    arrays, header = unpacked(pack_drawing(drawing))
    assert header["facts"] == ["Module", "Variable", "Line"]

    def facts(label: str) -> list[str | None]:
        (at,) = [i for i, v in enumerate(drawing.vertices) if v.label == label]
        numbers = [int(arrays[f"fact_{k}"][at]) for k in range(3)]
        return [header["texts"][i] if i >= 0 else None for i in numbers]

    assert facts("Tanh")[:2] == [None, "hidden"]
    line = facts("Tanh")[2]
    assert line is not None
    assert re.fullmatch(r"test_scene\.py:\d+  hidden = torch.tanh\(self.inner\(x\)\)", line)
    assert facts("Addmm")[0] == "inner"
    assert facts("inner.weight") == ["inner", None, None]
    assert facts("output") == [None, None, None]


def test_texts_are_kept_once() -> None:
    texts = Texts()
    assert texts.column(["a", "b", "a", None, "", "b"]).tolist() == [0, 1, 0, -1, -1, 1]
    assert texts.all() == ["a", "b"]


def test_a_graph_of_one_leaf_is_packed_and_played() -> None:
    x = torch.ones(2, requires_grad=True)
    drawing = draw(trace(x))
    arrays, _ = unpacked(pack_drawing(drawing))
    assert arrays["vertex_kind"].tolist() == [VertexKind.INPUT]
    played, header = unpacked(pack_playback(drawing, replay(drawing.graph)))
    assert len(played["step_text"]) == header["num_steps"]
    assert len(played["vertex_start"]) == 1


# A playback


def assert_is_played(drawing: Drawing, done: Replay) -> None:
    arrays, header = unpacked(pack_playback(drawing, done))
    assert {name: array.dtype for name, array in arrays.items()} == {
        name: np.dtype(TYPES[dtype]) for name, dtype in documented("A playback of").items()
    }
    graph = drawing.graph
    begin, end = arrays["vertex_start"], arrays["vertex_end"]
    assert len(begin) == len(end) == len(drawing.vertices)
    assert set(header) == {"texts", "num_steps"}
    assert len(arrays["step_text"]) == header["num_steps"]
    assert (arrays["step_text"] >= 0).all()
    for index, vertex in enumerate(drawing.vertices):
        nodes = range(vertex.item.start, vertex.item.stop) if vertex.item else [vertex.node]
        if vertex.kind == VertexKind.OUTPUT:
            assert begin[index] == end[index] == 0
        elif all(done.order[node] < 0 for node in nodes):
            assert np.isnan([begin[index], end[index]]).all()
        else:
            assert 1 <= begin[index] <= end[index] < header["num_steps"]
    assert_steps_follow_the_gradients(drawing, done, arrays)
    assert_numbers_are_the_replays(drawing, done, arrays, header["texts"])
    starts = set(begin[~np.isnan(begin)].tolist()) - {0.0}
    assert starts == {float(step) for step in range(1, header["num_steps"])}
    assert graph.num_operations == 0 or header["num_steps"] > 1


def assert_steps_follow_the_gradients(drawing: Drawing, done: Replay, arrays: Arrays) -> None:
    begin, end, time = arrays["vertex_start"], arrays["vertex_end"], arrays["edge_time"]
    pairs = zip(drawing.source.tolist(), drawing.target.tolist(), strict=True)
    for edge, (source, target) in enumerate(pairs):
        if np.isnan(time[edge]):
            continue
        assert begin[source] <= time[edge] <= end[source]
        if drawing.vertices[source].kind != VertexKind.GROUP and not np.isnan(begin[target]):
            is_leaf = drawing.vertices[target].item is None
            assert begin[target] > time[edge] or (is_leaf and begin[target] >= time[edge])


def assert_numbers_are_the_replays(
    drawing: Drawing, done: Replay, arrays: Arrays, texts: list[str]
) -> None:
    for edge in range(len(drawing.source)):
        merged = [done.edge(e) for e in drawing.edges_merged(edge).tolist()]
        measures = [each.measure for each in merged if each and each.measure]
        columns = [float(arrays[f"edge_{what}"][edge]) for what in ("norm", "min", "max")]
        vertex = drawing.vertices[drawing.source[edge]]
        if vertex.kind == VertexKind.OUTPUT:
            start = torch.linalg.vector_norm(done.start[vertex.output])
            np.testing.assert_allclose(columns[0], start.item(), rtol=1e-5)
            assert np.isnan(columns[1:]).all()
            continue
        if not measures:
            assert np.isnan(columns).all()
            assert arrays["edge_shape"][edge] == -1
            continue
        norm = np.sqrt(np.sum([float(each.norm) ** 2 for each in measures]))
        low, high = min(m.minimum for m in measures), max(m.maximum for m in measures)
        np.testing.assert_allclose(columns, [norm, low, high], rtol=1e-5, atol=1e-38)
        mean, zeros = arrays["edge_mean"][edge], arrays["edge_zeros"][edge]
        shape = texts[arrays["edge_shape"][edge]]
        if len(measures) == 1:
            np.testing.assert_allclose(mean, measures[0].mean, rtol=1e-5, atol=1e-38)
            np.testing.assert_allclose(zeros, measures[0].zeros)
            (one,) = [each for each in merged if each]
            assert shape == shape_text(one.shape)
        else:
            assert np.isnan([mean, zeros]).all()
            assert shape == f"{len(measures)} gradients"


@settings(max_examples=40, deadline=None)
@given(trees, st.data())
def test_steps_and_numbers_are_those_of_the_replay(tree: Tree, data: st.DataObject) -> None:
    drawing = drawn(tree, data)
    assert_is_played(drawing, replay(drawing.graph))


@settings(max_examples=30, deadline=None)
@given(programs)
def test_programs_are_played(program: Program) -> None:
    output = run(program)[-1]
    if output.requires_grad and not output.is_leaf:
        graph = trace(output)
        done = replay(graph)
        assert done.error is None
        assert_is_played(draw(graph), done)


def test_several_outputs_begin_at_step_0() -> None:
    x = torch.ones(2, requires_grad=True)
    graph = trace(x.sin(), x.cos().exp())
    assert_is_played(draw(graph), replay(graph))


@pytest.mark.parametrize(
    ("dtype", "device"),
    [
        (torch.complex64, "cpu"),
        (torch.float64, "cpu"),
        (torch.bfloat16, "cpu"),
        (torch.float32, "meta"),
    ],
)
def test_gradients_of_any_kind_are_played(dtype: torch.dtype, device: str) -> None:
    x = torch.ones(4, dtype=dtype, device=device, requires_grad=True)
    drawing, arrays, _ = play(trace(x * 2))
    outputs = np.array([v.kind == VertexKind.OUTPUT for v in drawing.vertices])
    (norm,) = arrays["edge_norm"][outputs[drawing.source]]
    assert np.isnan(norm) if device == "meta" else norm == 2


def play(graph: AutogradGraph) -> tuple[Drawing, Arrays, dict[str, Any]]:
    drawing = draw(graph)
    return drawing, *unpacked(pack_playback(drawing, replay(graph)))


def test_steps_say_what_runs() -> None:
    drawing, arrays, header = play(capture(Small(), torch.ones(1, 2)))
    texts = [header["texts"][i] for i in arrays["step_text"]]
    assert texts[0] == "The outputs get their gradients"
    assert texts[1:3] == ["SumBackward0", "TanhBackward0"]
    assert "AddmmBackward0 in inner" in texts
    assert "AccumulateGrad: inner.weight.grad is complete" in texts
    assert len(texts) == len(drawing.graph) + 1


def test_first_step_says_what_was_assumed() -> None:
    _, arrays, header = play(trace(torch.ones(3, requires_grad=True) * 2))
    assert "ones" in header["texts"][arrays["step_text"][0]]


def test_copies_of_a_leaf_run_together_after_its_last_gradient() -> None:
    w = torch.ones(2, requires_grad=True)
    drawing, arrays, header = play(trace((w.sin() * w).sum()))
    is_leaf = np.array([v.kind == VertexKind.INPUT for v in drawing.vertices])
    assert set(arrays["vertex_start"][is_leaf].tolist()) == {header["num_steps"] - 1.0}


def test_flags_tell_nan_and_infinity() -> None:
    x = torch.tensor([0.0, 4.0], requires_grad=True)
    drawing, arrays, _ = play(trace(x.sqrt().sum()))
    labels = [drawing.vertices[source].label for source in drawing.source]
    flags = dict(zip(labels, arrays["edge_flags"].tolist(), strict=True))
    assert flags == {"Sqrt": 2, "Sum": 0, "output": 0}
    drawing, arrays, _ = play(trace((x.sqrt() * x.new_zeros(2)).sum()))
    labels = [drawing.vertices[source].label for source in drawing.source]
    assert dict(zip(labels, arrays["edge_flags"].tolist(), strict=True))["Sqrt"] == 1


def test_merged_norms_do_not_overflow() -> None:
    x = torch.full((), 1e30, dtype=torch.float64, requires_grad=True)
    graph = trace(x * x)
    drawing = draw(graph)
    arrays, _ = unpacked(pack_playback(drawing, replay(graph)))
    (edge,) = [e for e in range(len(drawing.source)) if len(drawing.edges_merged(e)) == 2]
    assert arrays["edge_norm"][edge] == pytest.approx(2**0.5 * 1e30)


def test_finite_gradients_stay_finite_beyond_float32_and_infinite_ones_infinite() -> None:
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    wide = torch.tensor([1e300, -1e300], dtype=torch.float64)
    greatest = float(np.finfo(np.float32).max)
    drawing, arrays, _ = play(trace((x * wide).sum()))  # a warning would fail the test
    labels = [drawing.vertices[source].label for source in drawing.source]
    edge = labels.index("Mul")
    columns = [float(arrays[f"edge_{name}"][edge]) for name in ("norm", "min", "max", "mean")]
    assert columns == [greatest, -greatest, greatest, 0]
    assert arrays["edge_flags"][edge] == 0
    drawing, arrays, _ = play(trace((x * torch.tensor([math.inf, 1e300])).sum()))
    labels = [drawing.vertices[source].label for source in drawing.source]
    edge = labels.index("Mul")
    assert arrays["edge_max"][edge] == math.inf
    assert arrays["edge_flags"][edge] == 2


def test_what_an_error_kept_from_running_never_runs() -> None:
    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x * 2

        @staticmethod
        def backward(ctx: Any, gradient: Tensor) -> Tensor:
            raise KeyError

    x = torch.ones(2, requires_grad=True)
    graph = trace(Fails.apply(x.sin()).exp())
    done = replay(graph)
    assert done.error is not None
    drawing = draw(graph)
    assert_is_played(drawing, done)
    arrays, _ = unpacked(pack_playback(drawing, done))
    never = {v.label for v, s in zip(drawing.vertices, arrays["vertex_start"], strict=True)
             if np.isnan(s)}  # fmt: skip
    assert {"Sin", "tensor"} <= never
