"""What a recording learns, and that it leaves nothing behind."""

import inspect
import itertools
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn
from torch.nn.modules import module as torch_module
from torch.utils._python_dispatch import _get_current_dispatch_mode
from torch.utils.checkpoint import checkpoint
from torchvision.models import densenet121
from torchvision.models.resnet import BasicBlock

from blitz.autograd import AutogradGraph, capture, record, trace
from tests.autograd.programs import Program, programs, run, walk


def node_of(graph: AutogradGraph, tensor: Tensor) -> int:
    return next(i for i, function in enumerate(graph.functions) if function is tensor.grad_fn)


def line_after(function: Callable[..., Any], text: str) -> int:
    """The number of the one line of a function that holds a text."""
    lines, first = inspect.getsourcelines(function)
    (at,) = [i for i, line in enumerate(lines) if text in line]
    return first + at


def assert_lines(graph: AutogradGraph, function: Callable[..., Any], texts: dict[str, str]) -> None:
    """Of operations by label: they stand on the line with this text."""
    for node in graph.nodes[: graph.num_operations]:
        if node.label in texts:
            assert node.source is not None
            assert node.source.file == __file__
            assert node.source.line == line_after(function, texts[node.label]), node.label
            assert texts[node.label] in node.source.text


# Lines


def test_line_is_the_one_that_made_the_node() -> None:
    def program(x: Tensor) -> Tensor:
        y = x.sin()
        z = y.cos()
        return z.exp()

    graph = capture(program, torch.ones(1, requires_grad=True))
    assert_lines(graph, program, {"Sin": "x.sin()", "Cos": "y.cos()", "Exp": "z.exp()"})
    assert {node.source.function for node in graph.nodes if node.source} == {"program"}


def test_line_after_a_call_is_the_callers_again() -> None:
    def inner(x: Tensor) -> Tensor:
        return x.sin()

    def outer(x: Tensor) -> Tensor:
        return inner(x).cos() + inner(x.exp())

    graph = capture(outer, torch.ones(1, requires_grad=True))
    text = "return inner(x).cos()"
    assert_lines(graph, outer, {"Cos": text, "Exp": text, "Add": text})
    assert_lines(graph, inner, {"Sin": "return x.sin()"})


def test_lines_in_loops_and_comprehensions() -> None:
    def program(x: Tensor) -> Tensor:
        for _ in range(3):
            x = x.sin()
        parts = [x.cos() for _ in range(2)]
        total = sum(parts)
        assert isinstance(total, Tensor)
        return total

    graph = capture(program, torch.ones(1, requires_grad=True))
    assert_lines(
        graph, program, {"Sin": "x = x.sin()", "Cos": "x.cos()", "Add": "total = sum(parts)"}
    )


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.linear(x)
        return torch.tanh(hidden)


def test_lines_in_forward_are_those_of_people_not_of_pytorch() -> None:
    graph = capture(Block(), torch.ones(1, 4))
    assert_lines(graph, Block, {"Addmm": "self.linear(x)", "Tanh": "torch.tanh(hidden)"})


def test_lines_in_generators() -> None:
    def parts(x: Tensor) -> Any:
        yield x.sin()
        yield x.cos()

    def program(x: Tensor) -> Tensor:
        total = x.exp()
        for part in parts(x):
            total = total + part
        return total

    graph = capture(program, torch.ones(1, requires_grad=True))
    assert_lines(graph, parts, {"Sin": "yield x.sin()", "Cos": "yield x.cos()"})
    assert_lines(graph, program, {"Add": "total + part", "Exp": "x.exp()"})


def test_lines_after_a_caught_exception() -> None:
    def fails(x: Tensor) -> Tensor:
        x.cos()
        raise KeyError

    def program(x: Tensor) -> Tensor:
        try:
            fails(x)
        except KeyError:
            x = x.sin()
        return x.exp()

    graph = capture(program, torch.ones(1, requires_grad=True))
    assert_lines(graph, program, {"Sin": "x = x.sin()", "Exp": "return x.exp()"})


def test_block_of_with_has_no_lines_of_its_own_frame() -> None:
    x = torch.ones(1, requires_grad=True)
    with record() as recording:
        y = x.sin()
    assert trace(y, recording=recording).line(0) is None


def test_multiline_expression_has_a_line_within_it() -> None:
    def program(x: Tensor) -> Tensor:
        return torch.stack(
            [
                x.sin(),
                x.cos(),
            ]
        )

    graph = capture(program, torch.ones(1, requires_grad=True))
    assert_lines(graph, program, {"Sin": "x.sin()", "Cos": "x.cos()"})


# Variables


def test_variables_name_the_results_they_first_held() -> None:
    def program(x: Tensor) -> Tensor:
        first = x * 2
        second = first.sin()
        alias = second
        left, right = alias.cos().unbind()
        return left + right

    graph = capture(program, torch.ones(2, requires_grad=True))
    names = {node.label: node.variable for node in graph.nodes}
    assert names["Mul"] == "first"
    assert names["Sin"] == "second"
    assert names["Unbind"] == "left"
    assert names["Add"] is None
    assert names["Cos"] is None


def test_leaves_are_named_by_the_variable_that_held_them() -> None:
    def program() -> Tensor:
        weight = torch.ones(2, requires_grad=True)
        factor = torch.ones(2, requires_grad=True)
        return (weight * factor).sum()

    assert set(capture(program).leaf_names.values()) == {"weight", "factor"}


def test_rebound_variable_names_each_result() -> None:
    def program(x: Tensor) -> Tensor:
        y = x.sin()
        y = y.cos()
        return y * 2

    graph = capture(program, torch.ones(2, requires_grad=True))
    assert graph.variables == {0: "y", 1: "y"}


def test_variables_are_those_of_the_outermost_frame() -> None:
    def inner(x: Tensor) -> Tensor:
        hidden_in_inner = x * 2
        return hidden_in_inner + 1

    def outer(x: Tensor) -> Tensor:
        result = inner(x)
        number = 3
        return result * number

    with record() as recording:
        outer(torch.ones(1, requires_grad=True))
    assert {"x", "result", "number"} <= set(recording.variables)
    assert "hidden_in_inner" not in recording.variables


# In place


def in_place_labels(program: Callable[[Tensor], Tensor]) -> Counter[str]:
    x = torch.full((2, 3), 0.5, requires_grad=True)
    graph = capture(program, x)
    return Counter(graph.label(node) for node in graph.in_place)


def test_operations_in_place_are_marked() -> None:
    def relu(x: Tensor) -> Tensor:
        return torch.relu_(x * 1)

    def plus(x: Tensor) -> Tensor:
        y = x.sin()
        y += x.cos()
        return y

    def twice(x: Tensor) -> Tensor:
        return (x * 1).add_(1).exp_().log()

    def none(x: Tensor) -> Tensor:
        return torch.relu(x * 1) + 1

    def method(x: Tensor) -> Tensor:
        return nn.ReLU(inplace=True)(x * 1)  # type: ignore[no-any-return]

    assert in_place_labels(relu) == Counter({"Relu": 1})
    assert in_place_labels(plus) == Counter({"Add": 1})
    assert in_place_labels(twice) == Counter({"Add": 1, "Exp": 1})
    assert in_place_labels(none) == Counter()
    assert in_place_labels(method) == Counter({"Relu": 1})


def test_writing_into_a_view_is_marked() -> None:
    def program(x: Tensor) -> Tensor:
        y = x * 1
        y[0].mul_(2)
        y[1] = x[0]
        return y

    assert in_place_labels(program)["CopySlices"] == 2
    x = torch.ones(2, 3, requires_grad=True)
    y = x * 1
    y[0] = 1
    assert trace(y).in_place  # also where nothing was recorded


def test_last_operation_in_place_is_marked() -> None:
    x = torch.ones(2, requires_grad=True)
    with record() as recording:
        y = x * 1
        y.add_(1)
    graph = trace(y, recording=recording)
    assert graph.in_place == {node_of(graph, y)}


def test_writing_without_a_gradient_is_not_marked() -> None:
    def program(x: Tensor) -> Tensor:
        count = torch.zeros(3)
        count.add_(1)
        y = x * count
        with torch.no_grad():
            torch.ones(2).mul_(2)
        return y

    assert in_place_labels(program) == Counter()


# The graph is the same as without


def shape_of(end: Any) -> list[tuple[str, list[tuple[int, int, int]]]]:
    """Names and edges by discovery, which do not depend on how a graph was made.

    PyTorch's reshape makes one kind of view or another where a dispatch mode watches.
    """
    nodes, edges = walk([end])
    number = {key: at for at, key in enumerate(nodes)}
    found: dict[int, list[tuple[int, int, int]]] = {key: [] for key in nodes}
    for source, place, target, output in edges:
        found[source].append((place, number[target], output))
    names = {key: node.name().replace("ReshapeAlias", "View") for key, node in nodes.items()}
    return [(names[key], sorted(found[key])) for key in nodes]


def made_by(module: nn.Module, *inputs: Any, **named: Any) -> Tensor:
    torch.manual_seed(0)
    output = module(*inputs, **named)
    while not isinstance(output, Tensor):
        output = output[0]
    return output.sum()


class Checkpointed(nn.Module):
    def __init__(self, use_reentrant: bool) -> None:
        super().__init__()
        self.block = Block()
        self.use_reentrant = use_reentrant

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = checkpoint(self.block, x, use_reentrant=self.use_reentrant)
        return result


def inputs_of(*shape: int) -> Tensor:
    return torch.rand(*shape).requires_grad_()


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: nn.LSTM(3, 4, num_layers=2), (5, 2, 3)),
        (lambda: nn.GRU(3, 4, bidirectional=True), (5, 2, 3)),
        (lambda: nn.LSTMCell(3, 4), (2, 3)),
        (lambda: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1), (5, 2, 8)),
        (lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(True)), (2, 1, 5, 5)),
        (lambda: Checkpointed(True), (2, 4)),
        (lambda: Checkpointed(False), (2, 4)),
        (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 2)), (3, 4)),
    ],
)
def test_graph_of_a_module_is_the_same_as_without(
    make: Callable[[], nn.Module], shape: tuple[int, ...]
) -> None:
    module = make()
    x = inputs_of(*shape)
    with record():
        recorded = made_by(module, x)
    assert shape_of(recorded) == shape_of(made_by(module, x))


def test_graph_of_attention_is_the_same_as_without() -> None:
    module, x = nn.MultiheadAttention(8, 2), inputs_of(3, 1, 8)
    with record():
        recorded = made_by(module, x, x, x)
    assert shape_of(recorded) == shape_of(made_by(module, x, x, x))


def test_graph_of_a_memory_efficient_densenet_is_the_same_as_without() -> None:
    module, x = densenet121(memory_efficient=True), inputs_of(1, 3, 32, 32)
    module.eval()
    with record():
        recorded = made_by(module, x)
    assert shape_of(recorded) == shape_of(made_by(module, x))


@settings(max_examples=40, deadline=None)
@given(programs)
def test_graph_of_a_program_is_the_same_as_without(program: Program) -> None:
    with record():
        recorded = run(program)[-1]
    plain = run(program)[-1]
    assert recorded.requires_grad == plain.requires_grad
    if plain.requires_grad:
        assert shape_of(recorded) == shape_of(plain)
    torch.testing.assert_close(recorded, plain)


def test_backward_works_within_a_recording() -> None:
    layer = Block()
    x = inputs_of(2, 4)
    with record():
        layer(x).sum().backward()
    assert x.grad is not None
    recorded, x.grad = x.grad, None
    layer(x).sum().backward()
    torch.testing.assert_close(recorded, x.grad)


# Modules


def paths(graph: AutogradGraph) -> list[str]:
    return [graph.module_path(node) for node in range(graph.num_operations)]


def test_module_path_is_that_of_named_modules() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Tanh(), nn.Linear(2, 2)), nn.ReLU())
    graph = capture(module, torch.ones(1, 2))
    assert list(dict.fromkeys(paths(graph))) == ["0", "1.0", "1.1", "2"]
    known = {name: type(each).__name__ for name, each in module.named_modules()}
    assert {call.path: call.class_name for call in graph.calls} == known


def test_module_used_twice_is_two_calls() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.layer(self.layer(x).sin())
            return result

    graph = capture(Twice(), torch.ones(1, 2))
    assert [(c.path, c.number) for c in graph.calls] == [("", 1), ("layer", 1), ("layer", 2)]
    assert [path for path, _ in itertools.groupby(paths(graph))] == ["layer", "", "layer"]
    assert sum(graph.kind == 1) == 2


def test_module_that_calls_itself_has_a_call_within_a_call() -> None:
    class Recursive(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(2, 2)

        def forward(self, x: Tensor, depth: int) -> Tensor:
            x = self.linear(x)
            result: Tensor = self(x, depth - 1) if depth else x
            return result.sin()

    graph = capture(Recursive(), torch.ones(1, 2), 2)
    own = [call for call in graph.calls if call.class_name == "Recursive"]
    assert [call.number for call in own] == [1, 2, 3]
    assert [graph.calls[call.parent].number if call.parent >= 0 else 0 for call in own] == [0, 1, 2]
    # A module that is its own part adds nothing to the path.
    assert {call.path for call in own} == {""}
    assert {call.path for call in graph.calls if call.class_name == "Linear"} == {"linear"}


def test_several_outermost_modules_are_prefixed_by_their_variables() -> None:
    def program(x: Tensor) -> Tensor:
        encoder, decoder = Block(), Block()
        result: Tensor = decoder(encoder(x))
        return result

    graph = capture(program, torch.ones(1, 4))
    made = ["encoder.linear", "encoder", "decoder.linear", "decoder"]
    assert list(dict.fromkeys(paths(graph))) == made
    assert set(graph.leaf_names.values()) == {
        f"{name}.linear.{what}" for name in ("encoder", "decoder") for what in ("weight", "bias")
    }


def test_outermost_modules_without_variables_have_names_of_their_own() -> None:
    layers = [nn.Linear(2, 2) for _ in range(4)]

    def program(x: Tensor) -> Tensor:
        for layer in layers:
            x = layer(x)
        return x

    graph = capture(program, torch.ones(1, 2))
    assert len(set(paths(graph))) == 4
    assert len(set(graph.leaf_names.values())) == 8


def test_one_outermost_module_has_no_prefix() -> None:
    def program(x: Tensor) -> Tensor:
        result: Tensor = Block()(x).sum()
        return result

    assert set(paths(capture(program, torch.ones(1, 4)))) == {"linear", ""}


def test_parts_of_a_module_called_by_hand_keep_their_paths() -> None:
    def program(x: Tensor) -> Tensor:
        model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        for layer in model:
            x = layer(x)
        return x

    graph = capture(program, torch.ones(1, 2))
    assert len(set(graph.leaf_names.values())) == 4


def test_forward_that_raises_closes_its_calls() -> None:
    class Fails(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            x.sin()
            raise KeyError

    def program(x: Tensor) -> Tensor:
        outer, after = nn.Sequential(nn.Tanh(), Fails()), nn.Sigmoid()
        try:
            outer(x)
        except KeyError:
            x = x.cos()
        result: Tensor = after(x)
        return result

    graph = capture(program, torch.ones(1, requires_grad=True))
    by_class = {call.class_name: call for call in graph.calls}
    assert by_class["Sigmoid"].parent == -1
    assert by_class["Fails"].parent == graph.calls.index(by_class["Sequential"])
    assert {graph.label(i): path for i, path in enumerate(paths(graph))} == {
        "Cos": "",
        "Sigmoid": "after",
    }


# Nothing is left behind


class State:
    """All that a recording changes for its time."""

    def __init__(self) -> None:
        self.trace = sys.gettrace()
        self.mode = _get_current_dispatch_mode()
        self.hooks = [
            dict(hooks)
            for name, hooks in vars(torch_module).items()
            if name.startswith("_global_") and hasattr(hooks, "items")
        ]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


def test_hooks_trace_function_and_mode_are_as_before() -> None:
    before = State()
    with record():
        assert State() != before
        Block()(torch.ones(1, 4))
    assert State() == before


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, StopIteration, GeneratorExit])
def test_nothing_is_left_behind_after_an_exception(error: type[BaseException]) -> None:
    class Fails(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise error

    before = State()
    with pytest.raises(error):
        capture(nn.Sequential(nn.Tanh(), Fails()), torch.ones(1, requires_grad=True))
    assert State() == before


def test_trace_function_is_restored() -> None:
    def mine(frame: Any, event: str, argument: Any) -> None: ...

    earlier = sys.gettrace()
    sys.settrace(mine)
    try:
        with record():
            pass
        found = sys.gettrace()
    finally:
        sys.settrace(earlier)
    assert found is mine


def test_recording_within_a_recording() -> None:
    def inner(x: Tensor) -> Tensor:
        y = Block()(x)
        return y.exp()  # type: ignore[no-any-return]

    def outer(x: Tensor) -> Tensor:
        first = x.sin()
        graph = capture(inner, first)
        found.append(graph)
        (output,) = graph.outputs
        assert isinstance(output, Tensor)
        return output.cos()

    found: list[AutogradGraph] = []
    before = State()
    graph = capture(outer, torch.ones(1, 4, requires_grad=True))
    assert State() == before
    assert_lines(graph, outer, {"Sin": "x.sin()", "Cos": "output.cos()"})
    assert_lines(found[0], inner, {"Exp": "return y.exp()"})
    assert "linear" in paths(found[0])
    assert "linear" in paths(graph)


def test_two_threads_record_each_its_own() -> None:
    barrier = threading.Barrier(2)
    graphs: dict[str, AutogradGraph] = {}
    before = State()

    def program(name: str, layers: int) -> Tensor:
        x = torch.ones(1, 4, requires_grad=True)
        barrier.wait()
        for _ in range(layers):
            x = Block()(x)
            x = getattr(x, name)()
        barrier.wait()
        return x

    def work(name: str, layers: int) -> None:
        with record() as recording:
            output = program(name, layers)
        barrier.wait()
        graphs[name] = trace(output, recording=recording)

    threads = [threading.Thread(target=work, args=each) for each in (("sin", 20), ("cos", 30))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert State() == before
    for name, layers in (("sin", 20), ("cos", 30)):
        graph = graphs[name]
        assert graph.num_operations == 4 * layers  # T, Addmm, Tanh and one's own
        blocks = [call for call in graph.calls if call.class_name == "Block"]
        assert len(blocks) == layers
        assert all(call.parent < 0 for call in blocks)
        assert_lines(graph, program, {name.capitalize(): "getattr(x, name)()"})
        assert_lines(graph, Block, {"Addmm": "self.linear(x)"})


def test_other_threads_are_not_recorded() -> None:
    made: list[Tensor] = []
    with record() as recording:
        thread = threading.Thread(target=lambda: made.append(Block()(torch.ones(1, 4))))
        thread.start()
        thread.join()
    graph = trace(made[0], recording=recording)
    assert graph.calls == ()
    assert set(graph.variables) == set()


def test_nodes_of_a_recording_are_found_in_other_graphs() -> None:
    def program(x: Tensor) -> Tensor:
        y = x.sin()
        return y.cos()

    x = torch.ones(1, requires_grad=True)
    with record() as recording:
        z = program(x)
    graph = trace(z.exp(), recording=recording)
    assert graph.variables == {0: "y"}


def test_lines_of_torchvision_are_told_and_those_of_torch_are_not() -> None:
    block = BasicBlock(2, 2)
    graph = capture(block, torch.ones(1, 2, 4, 4))
    [addition] = [node for node in graph.nodes if node.name == "AddBackward0"]
    assert addition.source is not None
    assert addition.source.text == "out += identity"
    assert Path(addition.source.file).name == "resnet.py"
