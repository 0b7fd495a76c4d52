"""The example programs: that all of them run, and that what their texts say is so."""

import gc
import itertools
import math
import os
import re
import subprocess
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from blitz.autograd import examples
from blitz.autograd.backward.replay import replay
from blitz.autograd.examples import EXAMPLES, load_example
from blitz.autograd.graph import AutogradGraph, GraphNode, walk_to
from blitz.autograd.program import (
    Control,
    Program,
    ProgramRun,
    output_names,
    program_graph,
    run_program,
)

FOLDER = Path(examples.__file__).parent
NAMES = [name for group in EXAMPLES for name in group.names]
STOPPED = {
    "second_backward": "RuntimeError: Trying to backward through the graph a second time",
    "in_place_error": "RuntimeError: one of the variables needed for gradient computation has been",
    "in_place_leaf": "RuntimeError: a leaf Variable that requires grad is being used in an in-",
}
"""Examples about an error, and how it begins."""
LONGEST = 3_000
"""Chains are made no longer than this here; one of 100,000 takes seconds."""


def run(name: str, **values: object) -> ProgramRun:
    return run_program(load_example(name).with_values(values))


def graph_of(name: str, **values: object) -> AutogradGraph:
    program = load_example(name).with_values(values)
    return program_graph(program, run_program(program))


def variable(name: str, variable_name: str, **values: object) -> Any:
    result = run(name, **values)
    assert result.error is None, result.error
    return result.variables[variable_name]


def gradient(name: str, variable_name: str, **values: object) -> Any:
    grad = variable(name, variable_name, **values).grad
    assert isinstance(grad, Tensor)
    return grad.tolist()


def labels(graph: AutogradGraph) -> list[str]:
    return [node.label for node in graph.nodes]


def leaf_names(graph: AutogradGraph) -> list[str]:
    return [node.label for node in graph.nodes if node.kind != "operation"]


def only(graph: AutogradGraph, label: str) -> GraphNode:
    (found,) = (node for node in graph.nodes if node.label == label)
    return found


def num_users(graph: AutogradGraph, label: str) -> int:
    return int((graph.target == only(graph, label).index).sum())


def variants(name: str) -> Iterator[dict[str, Any]]:
    """Values for the controls: ranges by turns at one end and the other, and each other choice."""
    controls = load_example(name).controls
    ranges = [control for control in controls if control.minimum is not None]
    for first in (0, 1):
        if ranges:
            ends = enumerate(ranges, start=first)
            yield {control.name: end_of(control, index % 2 == 1) for index, control in ends}
    for control in controls:
        choices = (not control.value,) if control.kind == "switch" else control.choices
        yield from ({control.name: choice} for choice in choices if choice != control.value)


def end_of(control: Control, is_high: bool) -> Any:
    assert control.minimum is not None
    assert control.maximum is not None
    end = control.maximum if is_high else control.minimum
    if isinstance(control.value, tuple):
        return [end] * len(control.value)
    return min(end, LONGEST) if control.name == "steps" else end


VARIANTS = [
    pytest.param(name, each, id=f"{name}-{each}") for name in NAMES for each in variants(name)
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """An example that was run with the values it comes with."""

    name: str
    program: Program
    run: ProgramRun
    graph: AutogradGraph
    num_threads_left: int


@pytest.fixture(scope="module", params=NAMES)
def ran(request: pytest.FixtureRequest) -> Ran:
    program = load_example(request.param)
    num_threads = threading.active_count()
    result = run_program(program)
    return Ran(
        name=request.param,
        program=program,
        run=result,
        graph=program_graph(program, result),
        num_threads_left=threading.active_count() - num_threads,
    )


# All of them


def test_every_file_is_listed_once() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert sorted(NAMES) == sorted(files)


def test_unknown_example_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"example: '\.\./graph' was given; choose polynomial, "):
        load_example("../graph")


@pytest.mark.parametrize("name", NAMES)
def test_example_is_short_and_has_a_text(name: str) -> None:
    program = load_example(name)
    code = [line for line in program.listing.splitlines() if line.strip()]
    assert 8 <= len(code) <= 40
    assert 3 < len(program.title) <= 31, "a title has to fit a line of the list"
    assert 2 <= len(re.findall(r"[.:!?](?:\s|$)", program.text)) <= 10


def test_example_gives_a_graph(ran: Ran) -> None:
    if ran.name in STOPPED:
        assert ran.run.error is not None
        assert ran.run.error.message.startswith(STOPPED[ran.name])
        assert ran.run.error.line is not None
    else:
        assert ran.run.error is None
        assert ran.run.output
    assert len(ran.graph) > 1
    assert ran.num_threads_left == 0


def test_way_to_every_node_leads_there(ran: Ran) -> None:
    names = output_names(ran.program, ran.run)
    assert names == ran.program.graph_of or ran.name in STOPPED
    for node in range(0, len(ran.graph), 1 + len(ran.graph) // 100):
        way = walk_to(ran.graph, node, names)
        found = eval(way, {**ran.run.variables, "torch": torch})
        assert found is ran.graph.functions[node], way


def test_example_is_a_python_file_like_any_other(
    ran: Ran, capsys: pytest.CaptureFixture[str]
) -> None:
    code = compile((FOLDER / f"{ran.name}.py").read_text(encoding="utf-8"), ran.name, "exec")
    dtype = torch.get_default_dtype()
    stops = pytest.raises(RuntimeError) if ran.name in STOPPED else nullcontext()
    try:
        with torch.random.fork_rng(devices=[]), stops:
            exec(code, {"__name__": "__main__"})
    finally:
        torch.set_default_dtype(dtype)  # one of them chooses another
    assert capsys.readouterr().out == ran.run.output


@pytest.mark.parametrize("name", NAMES)
def test_dropped_run_and_graph_free_their_tensors(name: str) -> None:
    program = load_example(name)
    if any(control.name == "image_size" and control.minimum for control in program.controls):
        program = program.with_values({"image_size": 32})
    result = run_program(program)
    graph = program_graph(program, result)
    tensors = [weakref.ref(v) for v in result.variables.values() if isinstance(v, Tensor)]
    assert tensors
    del result
    replay(graph)
    del graph
    gc.collect()
    assert [each for each in tensors if each() is not None] == []


@pytest.mark.parametrize(("name", "values"), VARIANTS)
def test_example_runs_at_the_ends_of_its_controls(name: str, values: dict[str, Any]) -> None:
    program = load_example(name).with_values(values)
    result = run_program(program)
    is_stopped = name in STOPPED and "x_value" in values
    assert (result.error is not None) == (is_stopped or "inference_mode" in values.values())
    assert len(program_graph(program, result)) >= 1


def test_example_runs_from_the_command_line(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parents[2])}
    done = subprocess.run(
        [sys.executable, FOLDER / "sigmoid_network.py"],
        cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert done.stdout == run("sigmoid_network").output
    assert not list(tmp_path.iterdir())


# First gradients


@pytest.mark.parametrize("take_sum", [False, True])
def test_polynomial_has_the_gradients_of_the_formula(take_sum: bool) -> None:
    assert gradient("polynomial", "a", take_sum=take_sum) == [36, 81] == [9 * 2**2, 9 * 3**2]
    assert gradient("polynomial", "b", take_sum=take_sum) == [-12, -8] == [-2 * 6, -2 * 4]
    assert variable("polynomial", "Q").tolist() == [3 * 8 - 36, 3 * 27 - 16]


def test_external_gradient_weighs_the_elements() -> None:
    assert gradient("polynomial", "a", gradient=[1, 0.5]) == [36, 40.5]


def test_jacobian_times_vector_is_the_gradient() -> None:
    for v in ([1.0, 1.0], [1.0, 0.0], [-2.0, 0.5]):
        variables = run("jacobian", v_values=v).variables
        assert variables["J"].tolist() == [[36, 0], [0, 81]]
        assert variables["gradient"].tolist() == [36 * v[0], 81 * v[1]]


def test_dag_has_the_numbers_of_its_text() -> None:
    result = run("dag")
    x, w, b = 2, 3, 1
    error = w * x + b - 5
    assert (error, error**2) == (2, 4)
    assert result.variables["loss"] == 4
    of_w, of_b = torch.autograd.grad(
        result.variables["loss"], [result.variables["w"], result.variables["b"]]
    )
    assert (of_w.item(), of_b.item()) == (8, 4) == (2 * error * x, 2 * error)
    assert leaf_names(graph_of("dag")) == ["w", "b"]
    assert "PowBackward0\nSubBackward0\nAddBackward0\nMulBackward0\n" in result.output


def test_only_what_depends_on_z_requires_a_gradient() -> None:
    result = run("requires_grad")
    assert not result.variables["a"].requires_grad
    assert result.variables["b"].requires_grad
    graph = graph_of("requires_grad")
    assert labels(graph) == ["Add", "z"]
    assert graph.nodes[0].missing_inputs == (0,)


@pytest.mark.parametrize("uses", [1, 3, 50])
def test_shared_leaf_has_an_arrow_for_each_use(uses: int) -> None:
    assert gradient("shared_leaf", "x", uses=uses) == 6 * uses
    graph = graph_of("shared_leaf", uses=uses)
    assert num_users(graph, "x") == uses


def test_gradients_add_up_unless_cleared() -> None:
    assert re.findall(r"tensor\((\d+)", run("gradients_add_up").output) == ["6", "12", "18"]
    assert re.findall(r"tensor\((\d+)", run("gradients_add_up", clear=True).output) == ["6"] * 3
    assert "before the first pass: None" in run("gradients_add_up").output


def test_both_outputs_contribute_and_split_has_two_results() -> None:
    hidden = [2, 4, 6, 8]
    expected = [2, 2, 2 * hidden[2] * 2, 2 * hidden[3] * 2]
    assert gradient("several_outputs", "x") == expected == [2, 2, 24, 32]
    graph = graph_of("several_outputs")
    split = only(graph, "Split").index
    assert sorted(e.output_index for e in graph.edges if e.target == split) == [0, 1]
    assert len(graph.roots) == 2


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_sigmoid_network_agrees_with_the_chain_rule_by_hand() -> None:
    h1 = sigmoid(0.05 * 0.1 + 0.15 * 0.2 + 0.35)
    h2 = sigmoid(0.10 * 0.1 + 0.20 * 0.2 + 0.35)
    o1 = sigmoid(0.25 * h1 + 0.35 * h2 + 0.5)
    o2 = sigmoid(0.30 * h1 + 0.40 * h2 + 0.5)
    delta1, delta2 = (o1 - 0.85) * o1 * (1 - o1), (o2 - 0.30) * o2 * (1 - o2)
    back1 = (delta1 * 0.25 + delta2 * 0.30) * h1 * (1 - h1)
    back2 = (delta1 * 0.35 + delta2 * 0.40) * h2 * (1 - h2)
    expected = [
        *(back1 * 0.1, back1 * 0.2, back2 * 0.1, back2 * 0.2),
        *(delta1 * h1, delta1 * h2, delta2 * h1, delta2 * h2),
    ]
    weights = [variable("sigmoid_network", f"w{i}") for i in range(1, 9)]
    assert [weight.grad.item() for weight in weights] == pytest.approx(expected, rel=1e-12)
    # The figures of the text
    assert (o1, o2) == pytest.approx((0.702308, 0.714634), abs=5e-7)
    assert ((0.85 - o1) ** 2 + (0.30 - o2) ** 2) / 2 == pytest.approx(0.0968673, abs=5e-8)
    assert (o1 - 0.85, o1 * (1 - o1), h1) == pytest.approx(
        (-0.147692, 0.209072, 0.595078), abs=5e-7
    )
    assert (delta1 * 0.25, delta2 * 0.30) == pytest.approx((-0.0077196, 0.0253672), abs=5e-8)
    assert h1 * (1 - h1) == pytest.approx(0.240960, abs=5e-7)
    assert (expected[4], expected[0]) == pytest.approx((-0.018375, 0.000425237), abs=5e-7)
    assert (0.25 - expected[4], 0.05 - expected[0]) == pytest.approx(
        (0.268375, 0.0495748), abs=5e-7
    )


def test_sigmoid_network_has_a_leaf_for_each_weight() -> None:
    assert leaf_names(graph_of("sigmoid_network")) == [f"w{i}" for i in range(1, 9)]


# What is left out


@pytest.mark.parametrize(("how", "expected"), [("no_grad", 6), ("detach", 6), ("nothing", 4 * 3)])
def test_a_way_cut_off_carries_no_gradient(how: str, expected: float) -> None:
    assert gradient("no_grad", "w", how=how) == expected
    assert variable("no_grad", "loss", how=how) == 18


def test_inference_tensor_is_refused_in_a_graph() -> None:
    result = run("no_grad", how="inference_mode")
    assert result.error is not None
    assert "Inference tensors cannot be saved for backward" in result.error.message
    assert result.variables["scale"].is_inference()


def test_frozen_resnet_learns_only_its_new_layer() -> None:
    graph = graph_of("frozen_resnet")
    assert sorted(leaf_names(graph)) == ["fc.bias", "fc.weight"]
    model = variable("frozen_resnet", "model")
    assert (list(model.fc.weight.shape), list(model.fc.bias.shape)) == ([10, 512], [10])
    assert len(leaf_names(graph_of("frozen_resnet", frozen=False))) == 62


def test_argmax_cuts_the_way_to_the_scores() -> None:
    result = run("integers")
    assert result.variables["scores"].grad is None
    assert result.variables["table"].grad.tolist() == [[0, 0], [0, 2], [0, 0]]
    assert leaf_names(graph_of("integers")) == ["table"]
    assert set(leaf_names(graph_of("integers", choice="softmax"))) == {"scores", "table"}


# Graphs that change


@pytest.mark.parametrize("limit", [1.0, 3.0, 3.5, 96.0, 100.0, 1e6])
def test_doublings_are_as_many_as_the_limit_needs(limit: float) -> None:
    expected = next(n for n in itertools.count() if 3 * 2**n >= limit)
    assert variable("control_flow", "doublings", limit=limit) == expected
    assert gradient("control_flow", "x", limit=limit) == [2**expected] * 3
    assert labels(graph_of("control_flow", limit=limit)).count("Mul") == expected


def test_second_backward_needs_a_retained_graph() -> None:
    assert "after the first backward: tensor(12.)" in run("second_backward").output
    assert gradient("second_backward", "x", retain=True) == 24 == 2 * 3 * 2**2


def test_module_used_twice_shares_its_leaves() -> None:
    result = run("module_used_twice")
    assert (result.variables["once"].item(), result.variables["twice"].item()) == (7, 15)
    layer = result.variables["layer"]
    assert (layer.weight.grad.item(), layer.bias.grad.item()) == (2 * 3 + 7, 2 + 1)
    graph = graph_of("module_used_twice")
    assert (num_users(graph, "weight"), num_users(graph, "bias")) == (2, 2)


def test_module_that_calls_itself_is_called_as_deep_as_asked() -> None:
    result = run("recursive_module")
    assert result.variables["loss"].item() == 0.5**4
    assert result.variables["model"].factor.grad.item() == 4 * 0.5**3
    graph = graph_of("recursive_module", depth=7)
    assert num_users(graph, "factor") == 7
    assert [call.parent for call in graph.calls] == [-1, 0, 1, 2, 3, 4, 5]


def test_chain_has_the_product_of_cosines_as_gradient() -> None:
    product, value = 1.0, 1.0
    for _ in range(200):
        product, value = product * math.cos(value), math.sin(value)
    assert (value, product) == pytest.approx((0.1208, 0.00135), rel=1e-3)
    assert variable("deep_chain", "y").item() == pytest.approx(value, rel=1e-5)
    assert gradient("deep_chain", "x") == pytest.approx(product, rel=1e-4)


def test_chain_is_as_long_as_asked() -> None:
    graph = graph_of("deep_chain", steps=20_000)
    assert (graph.num_operations, len(graph)) == (20_000, 20_001)


# In-place operations


def test_overwritten_result_is_noticed_at_backward() -> None:
    result = run("in_place_error")
    assert result.error is not None
    assert "is at version 1; expected version 0" in result.error.message
    assert result.output == "version after exp: 0\nversion after add_: 1\n"
    assert gradient("in_place_error", "x", in_place=False) == pytest.approx([math.e] * 3)
    graph = graph_of("in_place_error")
    assert [node.label for node in graph.nodes if node.is_in_place] == ["Add"]


def test_leaf_is_written_only_without_a_graph() -> None:
    assert run("in_place_leaf").variables["w"].item() == 2
    assert labels(graph_of("in_place_leaf")) == ["Mul", "w"]
    result = run("in_place_leaf", under_no_grad=True)
    assert result.variables["w"].item() == 1.5
    assert "at version 1" in result.output
    assert result.variables["w"].grad.item() == 3


def test_harmless_in_place_operations_are_marked() -> None:
    assert gradient("in_place_fine", "x") == [3, 3]
    assert variable("in_place_fine", "y").tolist() == [-1 * 3 + 4, 2 * 3 + 4] == [1, 10]
    graph = graph_of("in_place_fine")
    assert [node.label for node in graph.nodes if node.is_in_place] == ["Add", "Relu"]


def test_in_place_on_a_view_rewrites_the_bases_history() -> None:
    assert gradient("in_place_view", "x") == [[10] * 3, [1] * 3]
    graph = graph_of("in_place_view")
    assert labels(graph) == ["Clone", "CopySlices", "Sum", "x"]
    assert type(variable("in_place_view", "row").grad_fn).__name__ == "AsStridedBackward0"


# Gradients in depth


def test_derivatives_of_the_cube() -> None:
    variables = run("double_backward").variables
    found = [variables[name].item() for name in ("y", "first", "second", "third")]
    assert found == [8, 12, 12, 6] == [2**3, 3 * 2**2, 6 * 2, 6]
    assert Counter(labels(graph_of("double_backward"))) == {"Pow": 1, "Mul": 2, "x": 1}


def test_custom_function_is_one_box_with_its_own_gradient() -> None:
    assert gradient("custom_function", "x") == [0, 4]
    assert variable("custom_function", "loss") == 4
    assert "RoundStraightThrough" in labels(graph_of("custom_function"))


def test_hook_clips_the_gradient() -> None:
    assert gradient("hooks", "x") == 10 == 2 * 5
    assert gradient("hooks", "x", limit=100) == 24 == 2 * 2 * 6
    assert "arrives as 12.0\n" in run("hooks").output


def test_checkpoint_keeps_less_and_gives_the_same_gradients() -> None:
    found = {}
    for how in ("nothing", "checkpoint", "reentrant"):
        variables = run("checkpointing", how=how).variables
        variables["loss"].backward()
        parameters = list(variables["model"].parameters())
        found[how] = [variables["x"].grad, *(parameter.grad for parameter in parameters)]
        assert len(variables["kept"]) == (8 if how == "nothing" else 1)
    for plain, *others in zip(*found.values(), strict=True):
        assert all(torch.equal(plain, other) for other in others)
    assert "CheckpointFunction" in labels(graph_of("checkpointing", how="reentrant"))
    assert len(graph_of("checkpointing", how="reentrant")) < len(graph_of("checkpointing"))


@pytest.mark.parametrize(
    ("case", "loss", "of_x"),
    [("sqrt", 0, math.nan), ("log", math.nan, math.nan), ("exp", math.inf, math.inf),
     ("division", math.nan, math.nan)],
)  # fmt: skip
def test_non_finite_gradients_come_as_told(case: str, loss: float, of_x: float) -> None:
    assert variable("non_finite", "loss", case=case).item() == pytest.approx(loss, nan_ok=True)
    assert gradient("non_finite", "x", case=case) == pytest.approx([of_x] * 3, nan_ok=True)
    assert math.log(torch.finfo(torch.float32).max) == pytest.approx(88.7, abs=0.05)


def test_forward_mode_takes_a_pass_for_each_input() -> None:
    variables = run("reverse_mode", num_inputs=17).variables
    assert len(variables["by_forward"]) == 17
    assert torch.allclose(variables["by_reverse"], torch.stack(variables["by_forward"]))
    x = variables["x"].detach()
    assert torch.allclose(variables["by_reverse"], torch.cos(x * x) * 2 * x)


def test_gradients_of_all_threads_arrive() -> None:
    assert gradient("threads", "w") == 10 == 1 + 2 + 3 + 4
    assert gradient("threads", "w", workers=16) == 16 * 17 / 2
    assert num_users(graph_of("threads"), "w") == 4


# Networks


def test_first_entry_of_addmm_is_the_bias() -> None:
    output = run("net_mse").output
    assert "loss.grad_fn: MseLossBackward0\nits entry 0: AddmmBackward0\n" in output
    assert re.search(r"entry 0 of that: \S*AccumulateGrad\nentry 1 of that: ReluBackward0", output)
    graph = graph_of("net_mse")
    last = max(node.index for node in graph.nodes if node.label == "Addmm")
    entries = [graph.label(graph.edges[edge].target) for edge in graph.edges_of(last)]
    assert entries == ["fc3.bias", "Relu", "T"]
    assert "conv1.bias.grad before backward: None" in output
    assert "conv1.bias.grad after backward: tensor" in output


def test_networks_parameters_are_leaves_with_their_names() -> None:
    for name in ("net_mse", "net_cross_entropy"):
        net = variable(name, "net")
        names = [parameter for parameter, _ in net.named_parameters()]
        assert len(names) == 10
        assert sorted(leaf_names(graph_of(name))) == sorted(names)


def test_untrained_cross_entropy_is_near_that_of_guessing() -> None:
    variables = run("net_cross_entropy", batch_size=64).variables
    assert variables["loss"].item() == pytest.approx(math.log(10), abs=0.1)
    right = nn.functional.one_hot(variables["labels"], 10)
    expected = (variables["logits"].softmax(1) - right) / 64
    assert torch.allclose(variables["gradient"], expected, atol=1e-7)
    assert {"LogSoftmax", "NllLoss"} <= set(labels(graph_of("net_cross_entropy")))


def test_first_layer_of_the_mlp_has_no_arrow_to_the_images() -> None:
    graph = graph_of("mlp")
    addmms = [node for node in graph.nodes if node.label == "Addmm"]
    assert [node.missing_inputs for node in addmms] == [(1,), (), ()]
    assert 512 * 784 == 401_408
    assert run("mlp").output.startswith("parameters 669706\n")


def test_resnet_has_as_many_parameters_as_told() -> None:
    graph = graph_of("resnet18")
    assert len(leaf_names(graph)) == 62
    assert sum(graph.leaf(i).numel() for i in range(graph.num_operations, len(graph))) == 11_689_512
    assert labels(graph).count("Add") == 8
    assert "layer4.1.conv2.weight" in leaf_names(graph)


def test_training_step_moves_along_the_gradient_and_lowers_the_loss() -> None:
    variables = run("training_step", image_size=32).variables
    still = run("training_step", image_size=32, learning_rate=0.0).variables
    assert variables["loss_after"] < variables["loss"]
    assert torch.equal(still["loss_after"], still["loss"])
    # Of the sum over 2 images the last bias has the gradient 2; the first step has no momentum yet.
    moved = still["model"].fc.bias - variables["model"].fc.bias
    assert torch.allclose(moved, torch.full_like(moved, 0.01 * 2), atol=1e-6)
    plain = run("training_step", image_size=32, momentum=0.0).variables
    assert torch.equal(plain["loss_after"], variables["loss_after"])


def test_densenet_has_as_many_parameters_as_told() -> None:
    graph = graph_of("densenet121")
    assert len(leaf_names(graph)) == 364
    assert sum(graph.leaf(i).numel() for i in range(graph.num_operations, len(graph))) == 7_978_856
    assert "Cat" in labels(graph)


def test_inception_block_joins_four_ways() -> None:
    graph = graph_of("inception_block")
    cat = only(graph, "Cat")
    ways = [graph.nodes[graph.edges[edge].target] for edge in graph.edges_of(cat.index)]
    assert [way.shapes[0][1] for way in ways] == [64, 64, 96, 32]
    assert cat.shapes[0][1] == 256 == 64 + 64 + 96 + 32
    assert num_users(graph, "x") == 4


# Attention


def test_attention_uses_its_input_three_times_and_weighs_to_one() -> None:
    graph = graph_of("attention")
    assert num_users(graph, "x") == 3
    assert "query.weight" in leaf_names(graph)
    weights = variable("attention", "weights")
    assert torch.allclose(weights.sum(-1), torch.ones(5))
    masked = variable("attention", "weights", causal=True)
    assert masked[0].tolist() == [1, 0, 0, 0, 0]
    assert torch.equal(masked, masked.tril())


def test_attention_in_one_operation_or_in_steps() -> None:
    fused = set(labels(graph_of("multihead_attention", need_weights=False)))
    steps = set(labels(graph_of("multihead_attention", need_weights=True)))
    assert any("ScaledDotProduct" in label for label in fused)
    assert "Softmax" in steps - fused
    attention = variable("multihead_attention", "attention")
    assert len(attention.in_proj_weight) == 96 == 3 * 32
    for heads in ("1", "8"):
        weights = variable("multihead_attention", "weights", heads=heads, need_weights=True)
        assert list(weights.shape) == [2, 6, 6]


def test_vision_transformer_has_a_vector_for_each_patch_and_one_more() -> None:
    for size, vectors in (("16", 5), ("32", 17), ("64", 65)):
        assert f"vectors {vectors}\n" in run("vision_transformer", image_size=size).output
    short, long = (graph_of("vision_transformer", layers=layers) for layers in (2, 5))
    added = Counter(labels(long))["Add"] - Counter(labels(short))["Add"]
    assert added == 3 * 2


# Recurrent networks


@pytest.mark.parametrize(("name", "num_leaves"), [("rnn", 5), ("lstm", 4), ("gru", 4)])
def test_unrolled_cell_keeps_its_leaves(name: str, num_leaves: int) -> None:
    for steps in (1, 30):
        assert len(leaf_names(graph_of(name, steps=steps))) == num_leaves
    # From the second step on every step adds the same number of boxes.
    sizes = [len(graph_of(name, steps=steps)) for steps in (2, 3, 4, 5)]
    assert len(set(np.diff(sizes))) == 1


def test_lstm_of_1000_steps_is_as_large_as_told() -> None:
    assert len(graph_of("lstm", steps=1000)) == pytest.approx(15_000, rel=0.05)


@pytest.mark.parametrize(("steps", "scale"), [(20, 0.7), (50, 1.2), (1, 0.5)])
def test_gradient_shrinks_by_the_scale_at_each_step(steps: int, scale: float) -> None:
    variables = run("vanishing_gradient", steps=steps, scale=scale).variables
    ratio = variables["at_start"] / variables["at_end"]
    assert ratio == pytest.approx(scale**steps, rel=1e-3)
    squashed = run("vanishing_gradient", steps=steps, scale=scale, squash=True).variables
    assert squashed["at_start"] < variables["at_start"]
    assert f"{0.7**20:.4f}" == "0.0008"
