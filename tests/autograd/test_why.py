"""Why a tensor has no gradient."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from blitz.autograd.graph import record
from blitz.autograd.why.reasons import Kind, Reason, why_no_gradient


def leaf(*shape: int) -> Tensor:
    return torch.full(shape, 1.5).requires_grad_()


def kind(tensor: Tensor, *outputs: Tensor, source: str | None = None) -> Kind:
    reason = why_no_gradient(tensor, outputs, source=source)
    check(reason)
    return reason.kind


def check(reason: Reason) -> None:
    """What holds for every reason."""
    assert reason.sentence.endswith(".")
    assert "\n" not in reason.sentence + reason.fix
    assert (reason.kind in ("has_gradient",)) == (reason.fix == "")
    assert (reason.kind == "several") == bool(reason.possible)


def test_a_tensor_with_a_gradient_has_one() -> None:
    x = leaf(3)
    y = (x * x).sum()
    y.backward()
    assert kind(x, y) == "has_gradient"


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool])
def test_integers_have_none(dtype: torch.dtype) -> None:
    assert kind(torch.ones(3, dtype=dtype), leaf(3)) == "dtype"


def test_the_dtype_fix_works() -> None:
    x = torch.ones(3, dtype=torch.int64)
    x = x.float().requires_grad_()
    x.sum().backward()
    assert x.grad is not None


def test_tensors_of_inference_mode_have_none() -> None:
    with torch.inference_mode():
        x = torch.ones(3)
    assert kind(x, leaf(3)) == "inference_mode"
    assert x.clone().requires_grad_().requires_grad  # the fix


def test_frozen_parameters_are_told_from_other_tensors() -> None:
    layer = nn.Linear(2, 2)
    layer.weight.requires_grad_(False)
    y = layer(torch.ones(1, 2)).sum()
    assert kind(layer.weight, y) == "frozen"
    reason = why_no_gradient(torch.ones(2), [y])
    check(reason)
    assert reason.possible == ("not_required", "detached", "no_grad")


def test_a_view_made_under_no_grad_is_known() -> None:
    x = leaf(4)
    with torch.no_grad():
        view = x[1:]
    assert kind(view, x.sum()) == "no_grad"


@pytest.mark.parametrize(
    ("source", "expected", "line"),
    [
        ("x = torch.ones(3)", "not_required", 1),
        ("y = f()\nx = y.detach()", "detached", 2),
        ("x = y.data", "detached", 1),
        ("x = torch.tensor(y.item())", "detached", 1),
        ("x = torch.tensor(y)", "detached", 1),
        ("x = torch.tensor([1.0, 2.0])", "not_required", 1),
        ("with torch.no_grad():\n    x = y * 2", "no_grad", 2),
        ("with torch.inference_mode():\n    x = y * 2", "inference_mode", 2),
        ("@torch.no_grad()\ndef f(y):\n    x = y * 2\n    return x", "no_grad", 3),
        ("with torch.set_grad_enabled(False):\n    if a:\n        x = y", "no_grad", 3),
        ("x = (y > 0).float()", "not_differentiable", 1),
        ("x = scores.argmax(1).float()", "not_differentiable", 1),
        ("x = y.detach()\nx = y * 2", "not_required", 2),
        ("a, x = 1, y.detach()", "detached", 1),
        (
            "for i in r:\n    try:\n        x = y.detach()\n    except E:\n        pass",
            "detached",
            3,
        ),
    ],
)
def test_the_program_tells_what_the_tensor_cannot(source: str, expected: Kind, line: int) -> None:
    reason = why_no_gradient(torch.ones(3), [leaf(3)], source=source)
    check(reason)
    assert (reason.kind, reason.line) == (expected, line)
    assert f"line {line}" in reason.sentence


@pytest.mark.parametrize("source", ["x = = 1", "", "y = 3", "x\0 = 1", "(" * 10_000])
def test_programs_that_tell_nothing_leave_all_possible(source: str) -> None:
    assert kind(torch.ones(3), leaf(3), source=source) == "several"


def test_a_program_nested_too_deeply_tells_nothing() -> None:
    source = "x = " + " + ".join(["y > 0"] + ["y"] * 900)
    assert why_no_gradient(torch.ones(3), [leaf(3)], source=source).kind == "several"
    used = "w = " + " + ".join(["x > 0"] + ["x"] * 900)
    assert why_no_gradient(leaf(3), [leaf(3).sum()], source=used).kind == "unused"


def test_the_fix_of_a_detach_is_the_line_without_it() -> None:
    reason = why_no_gradient(torch.ones(3), [leaf(3)], source="x = (y * 2).detach()")
    assert reason.fix == "x = (y * 2)"


def test_results_of_operations_are_no_leaves() -> None:
    x = leaf(3)
    y = x * 2
    z = y.sum()
    assert kind(y, z) == "not_leaf"
    y.retain_grad()
    assert kind(y, z) == "not_called" or kind(y, z) == "several"
    z.backward()
    assert kind(y, z) == "has_gradient"


def test_unused_leaves_are_found() -> None:
    x, other = leaf(3), leaf(3)
    loss = (other * other).sum()
    loss.backward()
    assert kind(x, loss) == "unused"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("y = x * 2\nloss = (y.detach() * w).sum()", "detached"),
        ("h = x * 2\ni = h.argmax()\nloss = w[i]", "not_differentiable"),
        ("with torch.no_grad():\n    h = x * 2\nloss = (h * w).sum()", "no_grad"),
        ("loss = w.sum()", "unused"),
    ],
)
def test_the_program_tells_where_the_way_is_cut(source: str, expected: Kind) -> None:
    x, w = leaf(3), leaf(3)
    variables: dict[str, Any] = {"x": x, "w": w, "torch": torch}
    exec(source, variables)
    loss = variables["loss"]
    loss.backward()
    assert x.grad is None
    assert kind(x, loss, source=source) == expected


def test_outputs_without_a_graph_are_said() -> None:
    x = leaf(3)
    assert kind(x, x.argmax()) == "no_output"
    assert kind(x) == "no_output"


@pytest.mark.parametrize("operation", [torch.round, torch.sign, torch.floor])
def test_a_derivative_of_zero_is_named(operation: Any) -> None:
    x = leaf(3)
    loss = (operation(x * 2) * 3).sum()
    assert kind(x, loss) == "zero"
    loss.backward()
    assert x.grad is not None
    assert bool((x.grad == 0).all())
    reason = why_no_gradient(x, [loss])
    assert reason.kind == "zero"
    assert operation.__name__.capitalize() in reason.sentence


def test_a_second_way_around_a_zero_counts() -> None:
    x = leaf(3)
    loss = (x.round() + x).sum()
    loss.backward()
    assert kind(x, loss) == "has_gradient"


def test_a_recording_adds_the_line() -> None:
    x = leaf(3)
    with record() as recording:
        y = hidden_round(x)
    reason = why_no_gradient(x, [y], recording)
    assert reason.kind == "zero"
    assert "torch.round(v)" in reason.sentence


def hidden_round(v: Tensor) -> Tensor:
    r = torch.round(v)
    return r.sum()


def test_before_and_after_backward_are_told_apart() -> None:
    x = leaf(3)
    loss = (x * x).sum()
    assert kind(x, loss) == "not_called"
    loss.backward()
    torch.optim.SGD([x]).zero_grad(set_to_none=True)
    assert kind(x, loss) == "cleared"


def test_graphs_that_save_nothing_leave_both_possible() -> None:
    x = leaf(3)
    reason = why_no_gradient(x, [(x + 1).sum()])
    check(reason)
    assert reason.possible == ("not_called", "cleared")


def test_deep_graphs_are_walked() -> None:
    y = x = leaf()
    for _ in range(20_000):
        y = y * 1
    assert kind(x, y) == "not_called"
    assert kind(leaf(3), y) == "unused"
