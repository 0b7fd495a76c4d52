"""Graphs agree with a walk along next_functions, and deep ones are freed."""

import subprocess
import sys
import textwrap
import threading
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn
from torch.autograd.graph import get_gradient_edge
from torch.utils.checkpoint import checkpoint

from blitz.autograd import AutogradGraph, NoGraphError, capture, trace
from blitz.autograd.graph import operation_label, walk_to
from blitz.autograd.graph.graph import VIEWS, is_view
from tests.autograd.programs import Program, TwoResults, programs, run, walk


def chain(x: Tensor, length: int) -> Tensor:
    for _ in range(length):
        x = x.sin()
    return x


def labels(graph: AutogradGraph) -> list[str]:
    return [graph.label(node) for node in range(len(graph))]


def assert_is_the_graph_of(graph: AutogradGraph, ends: list[Any]) -> None:
    nodes, edges = walk(ends)
    functions = list(graph.functions)
    assert len(functions) == len({id(each) for each in functions}) == len(nodes)
    assert {id(each) for each in functions} == set(nodes)
    found = Counter(
        (id(functions[e.source]), e.input_index, id(functions[e.target]), e.output_index)
        for e in graph.edges
    )
    assert found == edges
    for node in graph.nodes:
        function = functions[node.index]
        assert node.name == function.name().rpartition("::")[2]
        missing = [i for i, (each, _) in enumerate(function.next_functions) if each is None]
        assert list(node.missing_inputs) == missing
        assert [graph.edges[e].input_index for e in graph.edges_of(node.index)] == [
            i for i, (each, _) in enumerate(function.next_functions) if each is not None
        ]
        is_leaf = function.name() == "torch::autograd::AccumulateGrad"
        assert (node.kind != "operation") == is_leaf
        if is_leaf:
            tensor = graph.leaf(node.index)
            assert tensor is function.variable  # type: ignore[attr-defined]
            assert (node.kind == "parameter") == isinstance(tensor, nn.Parameter)
            assert node.shapes == (tuple(tensor.shape),)
    for (root, output), end in zip(graph.roots, ends, strict=True):
        edge = get_gradient_edge(end) if isinstance(end, Tensor) else end
        assert functions[root] is edge.node
        assert output == edge.output_nr
    assert_is_in_forward_order(graph)


def assert_is_in_forward_order(graph: AutogradGraph) -> None:
    operations = graph.num_operations
    assert (graph.kind[:operations] == 0).all()
    assert (graph.kind[operations:] > 0).all()
    between = graph.target < operations
    assert (graph.source[between] > graph.target[between]).all()
    assert (np.diff(graph.source) >= 0).all()
    first_use = [int(graph.source[graph.target == leaf].min(initial=operations))
                 for leaf in range(operations, len(graph))]  # fmt: skip
    assert first_use == sorted(first_use)


@settings(max_examples=60, deadline=None)
@given(programs)
def test_nodes_and_edges_are_those_of_next_functions(program: Program) -> None:
    ends = [value for value in run(program)[-3:] if value.requires_grad]
    if not ends:
        with pytest.raises(NoGraphError):
            trace(run(program)[-3:])
        return
    assert_is_the_graph_of(trace(ends), ends)


@settings(max_examples=15, deadline=None)
@given(programs)
def test_graph_is_the_same_after_backward_freed_its_buffers(program: Program) -> None:
    end = run(program)[-1]
    if not end.requires_grad:
        return
    before = trace(end)
    end.sum().backward()
    after = trace(end)
    assert_is_the_graph_of(after, [end])
    assert list(after.functions) == list(before.functions)


@settings(max_examples=15, deadline=None)
@given(programs)
def test_order_is_that_of_sequence_numbers(program: Program) -> None:
    end = run(program)[-1]
    if not end.requires_grad:
        return
    graph = trace(end)
    numbers = [f._sequence_nr() for f in graph.functions[: graph.num_operations]]
    assert numbers == sorted(numbers)
    assert [node.sequence for node in graph.nodes][: graph.num_operations] == numbers


def test_order_is_forward_whatever_the_sequence_numbers_say() -> None:
    x = torch.ones(2, requires_grad=True)
    values = [x * 1]
    for _ in range(20):
        values.append(values[-1].sin() + values[len(values) // 2])
    for at, value in enumerate(values):
        assert value.grad_fn is not None
        value.grad_fn._set_sequence_nr((at * 37) % 20)  # type: ignore[attr-defined]
    assert_is_the_graph_of(trace(values[-1]), [values[-1]])


def test_graphs_made_in_two_threads_are_in_forward_order() -> None:
    x = torch.ones(2, requires_grad=True)
    made: list[Tensor] = []

    def work() -> None:
        chain(torch.ones(1, requires_grad=True), 200)
        made.append(chain(x, 30))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    y = (made[0] * 2).cos() + x
    assert_is_the_graph_of(trace(y), [y])


def test_output_index_tells_results_apart() -> None:
    x = torch.ones(3, requires_grad=True)
    parts = (x * 1).unbind()
    y = parts[2] * parts[0]
    graph = trace(y)
    found = {(e.input_index, e.output_index) for e in graph.edges if graph.label(e.source) == "Mul"}
    assert found == {(0, 2), (1, 0), (0, 0)}
    assert trace(parts[1]).roots == ((1, 1),)


def test_none_among_next_functions_is_a_missing_input() -> None:
    x = torch.ones(2, requires_grad=True)
    graph = trace(torch.addmm(torch.ones(2, 2), x.expand(2, 2), torch.ones(2, 2)))
    node = graph.nodes[graph.num_operations - 1]
    assert (node.name, node.missing_inputs) == ("AddmmBackward0", (0, 2))


def test_custom_function_keeps_its_name_and_its_results() -> None:
    x = torch.ones(2, 4, requires_grad=True)
    left, right = TwoResults.apply(x, 3.0, torch.ones(2, 4))
    graph = trace(right, left)
    assert graph.roots == ((0, 1), (0, 0))
    assert graph.nodes[0].name == "TwoResultsBackward"
    assert graph.label(0) == "TwoResults"
    assert graph.nodes[0].missing_inputs == (1,)  # a number has no place among next functions
    assert graph.nodes[0].shapes == ((2, 4), (2, 4))
    assert_is_the_graph_of(graph, [right, left])


def test_double_backward_shows_the_graph_of_the_gradient() -> None:
    x = torch.ones(3, requires_grad=True)
    (slope,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), x, create_graph=True)
    assert_is_the_graph_of(trace(curvature), [curvature])


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_checkpointed_graph(use_reentrant: bool) -> None:
    layer = nn.Linear(3, 3)
    x = torch.ones(2, 3, requires_grad=True)
    y = checkpoint(layer, x, use_reentrant=use_reentrant)
    graph = trace(y, module=layer)
    assert_is_the_graph_of(graph, [y])
    assert ("CheckpointFunction" in labels(graph)) == use_reentrant


# Outputs


def test_output_may_be_a_leaf() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    graph = trace(x, names={"x": x})
    assert (len(graph), graph.num_operations, graph.roots) == (1, 0, ((0, 0),))
    assert (graph.label(0), graph.nodes[0].kind) == ("x", "input")
    assert len(graph.edges) == 0


def test_outputs_may_be_an_operation_and_its_leaf() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    assert trace(x, y).roots == ((1, 0), (0, 0))


def test_output_may_be_a_gradient_edge() -> None:
    x = torch.ones(4, 2, requires_grad=True)
    edge = get_gradient_edge((x * 1).unbind(1)[1])
    graph = trace(edge)
    assert graph.roots == ((1, 1),)
    assert_is_the_graph_of(graph, [edge])
    assert trace(get_gradient_edge(x)).num_operations == 0


def test_outputs_are_found_in_lists_tuples_and_dicts() -> None:
    x = torch.ones(1, requires_grad=True)
    a, b, c, d = x * 1, x.sin(), x.cos(), x.exp()
    graph = trace([a, (b, 3, "text")], {"c": c, "more": {"d": [d, torch.ones(2)]}}, None)
    functions = [graph.functions[node] for node, _ in graph.roots]
    assert functions == [each.grad_fn for each in (a, b, c, d)]
    assert len(graph.outputs) == 4


def test_same_output_twice_is_one_node_and_two_roots() -> None:
    x = torch.ones(1, requires_grad=True)
    y = x * 2
    graph = trace(y, y)
    assert graph.roots == ((0, 0), (0, 0))
    assert len(graph) == 2


def test_outputs_without_a_graph_are_left_out() -> None:
    x = torch.ones(1, requires_grad=True)
    assert len(trace(x.detach(), x * 2, torch.ones(2)).roots) == 1


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda x: (x * 2).argmax(), "holds int64"),
        (lambda x: x > 0, "holds bool"),
        (lambda x: x.detach().sin(), r"\[2×3\] has no graph"),
        (lambda x: torch.no_grad()(lambda: x * 2)(), "no_grad"),
        (lambda x: torch.ones(()), r"\[scalar\] has no graph"),
        (lambda x: [], "there is no tensor"),
        (lambda x: "text", "there is no tensor"),
        (lambda x: {"a": None}, "there is no tensor"),
    ],
)
def test_without_a_graph_the_message_says_why(made: Any, message: str) -> None:
    with pytest.raises(NoGraphError, match=message):
        trace(made(torch.ones(2, 3, requires_grad=True)))
    with pytest.raises(ValueError, match=message):
        capture(made, torch.ones(2, 3, requires_grad=True))


def test_nothing_to_trace_is_refused() -> None:
    with pytest.raises(NoGraphError, match="there is no tensor"):
        trace()


def view_under_no_grad() -> Tensor:
    x = torch.ones(4, requires_grad=True)
    with torch.no_grad():
        return x.view(2, 2)


def sparse_leaf() -> Tensor:
    values = torch.ones(2, requires_grad=False)
    made = torch.sparse_coo_tensor(
        torch.tensor([[0, 1], [1, 0]]), values, (2, 2), check_invariants=True
    )
    return made.requires_grad_()


@pytest.mark.parametrize("made", [view_under_no_grad, sparse_leaf])
def test_what_requires_grad_without_a_graph_is_left_out(made: Any) -> None:
    tensor = made()
    assert tensor.requires_grad
    with pytest.raises(NoGraphError, match=r"\[2×2\] has no graph: it is a"):
        trace(tensor)
    graph = trace(tensor, torch.ones(2, requires_grad=True) * 2)
    assert len(graph.roots) == 1
    assert len(graph.outputs) == 1


def test_containers_may_hold_themselves() -> None:
    x = torch.ones(2, requires_grad=True)
    outputs: list[Any] = [x * 2]
    outputs.append(outputs)
    outputs.append({"more": (x * 3, outputs)})
    assert len(trace(outputs).roots) == 2


# The way to a node


def test_ways_are_the_shortest_and_name_their_output() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x.sin() * x
    z = y.exp()
    graph = trace(z, y, x, get_gradient_edge(z))
    by_name = {graph.type_name(node): node for node in range(len(graph))}
    names = ("z", "y", "x", "edge")
    assert walk_to(graph, by_name["SinBackward0"], names) == "y.grad_fn.next_functions[0][0]"
    assert walk_to(graph, by_name["ExpBackward0"]) == "output_1.grad_fn"
    leaf = walk_to(graph, by_name["AccumulateGrad"], names)
    assert leaf == "torch.autograd.graph.get_gradient_edge(x).node"
    assert walk_to(trace(get_gradient_edge(z)), 2, ("edge",)) == "edge.node"
    assert walk_to(trace(z), 2) == "output.grad_fn"
    with pytest.raises(IndexError, match="node 4"):
        walk_to(graph, 4)


# What nodes are called


def test_parameters_have_the_names_of_the_module() -> None:
    module = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 1)))
    graph = trace(module(torch.ones(4, 2)), module=module)
    assert {labels(graph)[i] for i in range(graph.num_operations, len(graph))} == {
        name for name, _ in module.named_parameters()
    }
    for node in graph.nodes[graph.num_operations :]:
        assert module.get_parameter(node.label) is graph.leaf(node.index)
        assert node.module == node.label.rpartition(".")[0]


def test_names_given_name_leaves_and_results() -> None:
    w = torch.ones(2, 3, requires_grad=True)
    y = w * 2
    graph = trace(y.sum(), names={"w": w, "y": y, "number": 3})
    assert graph.leaf_names == {2: "w"}
    assert graph.variables == {0: "y"}
    assert graph.nodes[0].variable == "y"


def test_leaf_without_a_name_is_called_by_kind_and_shape() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    w = nn.Parameter(torch.ones(()))
    assert sorted(labels(trace(x * w))) == ["Mul", "input 2×3", "parameter scalar"]


def test_recording_names_parameters_inputs_and_results() -> None:
    layer = nn.Linear(2, 2)
    images = torch.ones(1, 2, requires_grad=True)

    def forward(given: Tensor) -> Tensor:
        scores = layer(given)
        loss: Tensor = scores.sum()
        return loss

    graph = capture(forward, images)
    assert {"weight", "bias", "given"} == set(graph.leaf_names.values())
    by_label = {node.label: node for node in graph.nodes}
    assert by_label["Addmm"].variable == "scores"
    assert by_label["Sum"].variable == "loss"


def test_shared_leaf_is_one_node() -> None:
    x = torch.ones(1, requires_grad=True)
    graph = trace((x * x) * x + x)
    assert (graph.kind > 0).sum() == 1
    assert (graph.target == len(graph) - 1).sum() == 4


def test_views_are_told_by_their_names() -> None:
    x = torch.ones(2, 6, requires_grad=True)
    views = [
        x.view(3, 4), x.t(), x[0], x[:, 1:], x.unsqueeze(0), x.expand(5, 2, 6), x.permute(1, 0),
        x.split(2, 1)[0], x.unbind()[0], x.diagonal(), x.unfold(1, 2, 1), x.as_strided((2,), (1,)),
        x.alias() if hasattr(x, "alias") else x.view(12), x.view_as(x), x.narrow(0, 0, 1),
        x.squeeze(0), x.transpose(0, 1), torch.view_as_real(torch.view_as_complex(x.view(6, 2))),
    ]  # fmt: skip
    for view in views:
        assert view._is_view()
        graph = trace(view)
        assert graph.nodes[graph.num_operations - 1].is_view, view.grad_fn
    for other in (
        x * 2,
        x.sum(),
        x.contiguous() + 1,
        x.clone(),
        x.index_select(0, torch.tensor(0)),
    ):
        assert not other._is_view()
        graph = trace(other)
        assert not graph.nodes[graph.num_operations - 1].is_view
    assert is_view("ViewBackward0")
    assert "Addmm" not in VIEWS


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("AddmmBackward0", "Addmm"),
        ("MyFunctionBackward", "MyFunction"),
        ("Conv2DBackward12", "Conv2D"),
        ("Backward", "Backward"),
        ("CopySlices", "CopySlices"),
    ],
)
def test_label_is_the_name_without_its_ending(name: str, label: str) -> None:
    assert operation_label(name) == label


def test_shapes_and_dtypes_are_those_of_the_results() -> None:
    x = torch.ones(3, 4, dtype=torch.float64, requires_grad=True)
    values, _ = x.max(1)
    graph = trace(values, x.unbind())
    by_label = {node.label: node for node in graph.nodes}
    assert by_label["Max"].shapes[0] == (3,)
    assert by_label["Unbind"].shapes == ((4,), (4,), (4,))
    assert by_label["Max"].dtype == "float64"
    assert graph.shape(len(graph) - 1) == (3, 4)


def test_an_operation_has_no_tensor() -> None:
    with pytest.raises(ValueError, match="node 0 is an operation"):
        trace(torch.ones(1, requires_grad=True) * 2).leaf(0)


def test_nodes_and_edges_are_sequences() -> None:
    graph = trace(chain(torch.ones(1, requires_grad=True), 5))
    assert [node.index for node in graph.nodes[1:4]] == [1, 2, 3]
    assert graph.nodes[-1].kind == "input"
    assert [edge.index for edge in graph.edges] == list(range(5))
    with pytest.raises(IndexError):
        graph.nodes[6]


def test_anomaly_mode_tells_lines_without_a_recording() -> None:
    x = torch.ones(1, requires_grad=True)
    with pytest.warns(UserWarning, match="Anomaly"), torch.autograd.detect_anomaly(check_nan=False):
        y = x.exp()
    line = trace(y).line(0)
    assert line is not None
    assert line.file == __file__
    assert line.text == "y = x.exp()"
    assert trace(x.exp()).line(0) is None


# Deep graphs


def test_chain_of_100_000_is_walked() -> None:
    graph = trace(chain(torch.ones(1, requires_grad=True), 100_000))
    assert (len(graph), len(graph.edges)) == (100_001, 100_000)
    assert (graph.source == np.arange(100_000)).all()
    assert (graph.target[1:] == np.arange(99_999)).all()


CHILD = """
import gc, sys, threading, weakref
import torch
from blitz.autograd import capture, record, trace

def chain(x, length=10_000):
    for _ in range(length):
        x = x.sin()
    return x

def run_each():
    for name, case in CASES.items():
        print(name, flush=True)
        x = torch.ones((), requires_grad=True)
        is_alive = weakref.ref(x)
        case(x)
        del x
        gc.collect()
        assert is_alive() is None, "leaked"
    print("all are gone", flush=True)

CASES = {}
"""
RUN = """
threading.stack_size(2**20)  # a recursion of 6,000 nodes crashes here
thread = threading.Thread(target=run_each)
thread.start()
thread.join()
"""

ORDERS_OF_DELETION = {
    "graph first": "y = chain(x); g = trace(y); del g; del y",
    "output first": "y = chain(x); g = trace(y); del y; del g",
    "by the garbage collector": """
        y = chain(x); g = trace(y)
        both = {'y': y, 'g': g}
        both['both'] = both
        del y, g, both""",
    "traced twice": "y = chain(x); g = trace(y); h = trace(y); del g; del y; del h",
    "two outputs, one made of the other": """
        y = chain(x); z = chain(y); g = trace(y, z)
        del g, y
        del z""",
    "two outputs, the later one first": """
        y = chain(x); z = chain(y); g = trace(z, y)
        del z, g
        del y""",
    "each output traced": """
        y = chain(x); z = chain(y); g, h = trace(z), trace(y)
        del y, g, h
        del z""",
    "a result whose user lives on": "y = chain(x); z = y * 2; g = trace(y); del g, y; del z",
    "an intermediate result last": "y = chain(x); z = chain(y); g = trace(z); del z, g; del y",
    "a node from the middle last": """
        y = chain(x); g = trace(y); middle = g.functions[6_000]
        del y, g
        del middle""",
    "interleaved chains, one of them last": """
        y, z = x, x
        for _ in range(6_000):
            y, z = y.sin(), z.cos()
        g = trace(y + z)
        del g, y
        del z""",
    "numbers out of order": """
        y = chain(x, 5_000)
        for i in range(5_000):
            y = y.cos()
            y.grad_fn._set_sequence_nr(6_000 - i)
        g = trace(y); del g; del y""",
    "many short ways to the beginning": """
        e = (x * 1).expand(2, 1).unbind(); y = e[0]
        for _ in range(5_000):
            y = y * e[1]
        g = trace(y); del g, e; del y""",
    "an exception on its way": """
        def fail(x):
            y = chain(x); g = trace(y)
            raise KeyError
        try:
            fail(x)
        except KeyError:
            pass""",
    "in another thread": """
        def work(x):
            g = capture(chain, x); del g
        thread = threading.Thread(target=work, args=[x]); thread.start(); thread.join()
        del thread""",
    "recorded": "g = capture(chain, x, 5_000); del g",
    "recorded with two results": """
        def two(x):
            y = chain(x, 6_000); z = chain(y, 6_000)
            return z
        with record() as r:
            z = two(x)
        g = trace(z, recording=r); del r, g; del z""",
    "recorded and never traced": """
        with record() as r:
            y = chain(x)
        del y; del r""",
    "recorded and never traced, result last": """
        with record() as r:
            y = chain(x)
        del r; del y""",
    "recorded until an exception": """
        def fail(x):
            y = chain(x)
            raise KeyError
        try:
            capture(fail, x)
        except KeyError:
            pass""",
    "written in place, under no name": """
        def write(x):
            held = [x * 1]
            for _ in range(10_000):
                held[0].mul_(1.0)
            return held[0]
        with record() as r:
            y = write(x)
        del y; del r""",
}


def test_deep_graphs_are_freed_in_any_order() -> None:
    """Each case deletes all it made; a leaf x has to be gone then, and the process alive."""
    program = CHILD
    for name, case in ORDERS_OF_DELETION.items():
        body = textwrap.indent(textwrap.dedent(case).strip(), "    ")
        program += f"def case(x):\n{body}\nCASES[{name!r}] = case\n"
    child = subprocess.run(
        [sys.executable, "-c", program + RUN], capture_output=True, text=True, check=False
    )
    printed = child.stdout.splitlines()
    assert child.returncode == 0, f"after {printed[-1:]}: {child.stderr}"
    assert printed == [*ORDERS_OF_DELETION, "all are gone"], child.stderr
