"""Gradients against finite differences; torch.autograd.gradcheck is the oracle."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.autograd import gradcheck
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from blitz.autograd.backward import checks
from blitz.autograd.backward.checks import GradientCheck, check_gradients


def leaf(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(*shape, dtype=dtype, generator=generator)
    return (values + 0.3).requires_grad_()


def passed(program: Callable[[], Any]) -> GradientCheck:
    found = check_gradients(program)
    assert found.problem == ""
    assert found.passed
    assert all(check.passed for check in found.leaves)
    return found


class Cube(torch.autograd.Function):
    """x³, with a derivative that can be wrong by a factor."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.factor = factor
        squared = x * x
        return squared * x

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        (x,) = ctx.saved_tensors
        return gradients[0] * 3 * x * x * ctx.factor, None


class Itself(torch.autograd.Function):
    """Gives back what it gets."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return gradients[0]


def test_both_sides_are_the_derivative() -> None:
    x, w = leaf(2, 3), leaf(3, 2, seed=1)
    found = passed(lambda: (x @ w).sin().sum())
    of_x, of_w = found.leaves
    assert (of_x.name, of_w.name) == ("x", "w")
    wanted = (x @ w).cos() @ w.T
    np.testing.assert_allclose(of_x.analytic, wanted.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(of_x.numerical, wanted.detach().numpy(), rtol=1e-6)
    assert of_x.largest_difference < 1e-7
    assert x.grad is None


FUNCTIONS: list[Callable[[Tensor], Tensor]] = [
    lambda x: (x * x.t()).exp().sum(),
    lambda x: x.softmax(1).log().sum() + x.logsumexp(0).square().sum(),
    lambda x: functional.layer_norm(x, (3,)).pow(3).sum(),
    lambda x: functional.cross_entropy(x, torch.tensor([0, 2, 1])),
    lambda x: torch.linalg.det(x) + torch.linalg.inv(x).sum(),
    lambda x: functional.conv1d(x[None], torch.ones(2, 3, 2, dtype=x.dtype)).tanh(),
    lambda x: functional.scaled_dot_product_attention(x[None], x[None] * 2, x[None].sin()),
    lambda x: torch.cat([x[0], x[1:].flatten()]).cumsum(0).square(),
    lambda x: functional.max_pool2d(x[None, None], 2).square(),
    lambda x: checkpoint(lambda y: (y * x).sin(), x.exp(), use_reentrant=False),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_gradcheck_passes_passes(function: Callable[[Tensor], Tensor]) -> None:
    x = leaf(3, 3)
    assert gradcheck(function, (x,))
    passed(lambda: function(x))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_programs_of_lesser_precision_are_checked(dtype: torch.dtype) -> None:
    x = leaf(4, 3, dtype=dtype)
    w = torch.ones(2, 3, dtype=dtype)
    passed(lambda: functional.linear(x.to(dtype), w).tanh().float().mean())


def test_modules_know_their_parameters_names() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    batch = torch.rand(5, 3)
    found = passed(lambda: functional.mse_loss(net(batch), torch.ones(5, 2)))
    assert {each.name for each in found.leaves} == {
        "net.0.weight", "net.0.bias", "net.2.weight", "net.2.bias",
    }  # fmt: skip


def test_right_custom_functions_pass_and_wrong_ones_fail() -> None:
    x = leaf(3)
    passed(lambda: Cube.apply(x * 2, 1.0).sum())
    wrong = check_gradients(lambda: Cube.apply(x * 2, 1.5).sum())
    assert wrong.problem == ""
    assert not wrong.passed
    (check,) = wrong.leaves
    np.testing.assert_allclose(check.analytic, 1.5 * check.numerical, rtol=1e-6)


def test_functions_that_return_their_input_pass() -> None:
    x = leaf(3)
    passed(lambda: Itself.apply(x * 2).square().sum())


def test_a_gradient_that_is_not_a_number_fails() -> None:
    x = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    found = check_gradients(lambda: (x * 1).norm() * 0 + (x * x).sqrt().sum())
    assert found.problem == ""
    assert not found.passed


def test_leaves_made_within_the_program_are_checked() -> None:
    def program() -> Tensor:
        x = torch.ones(3, dtype=torch.float64, requires_grad=True)
        w = torch.ones(3, dtype=torch.float64).requires_grad_()
        return (x * w * w).sum()

    found = passed(program)
    assert [each.analytic.tolist() for each in found.leaves] == [[1, 1, 1], [2, 2, 2]]


def test_dropout_keeps_what_it_drew() -> None:
    torch.manual_seed(1)
    x = leaf(20)
    found = passed(lambda: (functional.dropout(x * 2, 0.5) * x).sum() + torch.rand(20).sum())
    assert 0 < np.count_nonzero(found.leaves[0].analytic) < 20


def test_what_backward_takes_for_constant_is_constant() -> None:
    x = leaf(3)

    def program() -> Tensor:
        with torch.no_grad():
            scale = x * 3
        return (x.detach() * x * scale * x.data).sum()

    found = passed(program)
    np.testing.assert_allclose(found.leaves[0].analytic, 3 * x.detach().pow(3).numpy())


def test_writing_in_place_is_followed() -> None:
    x = leaf(4)

    def program() -> Tensor:
        y = x * 1
        y[1:].mul_(x[:3])
        out = torch.zeros(2, 4, dtype=torch.float64)
        out[0] = y.exp()
        out[1].copy_(y)
        return out.square().sum()

    passed(program)
    passed(program)


def test_complex_leaves_are_checked() -> None:
    z = leaf(3, dtype=torch.complex128)
    passed(lambda: (z * z.conj() * z.exp()).sum())
    passed(lambda: (z * z).abs().sum())


def test_second_derivatives_are_checked() -> None:
    x = leaf(3)

    def program() -> Tensor:
        y = x.pow(3).sum()
        (gradient,) = torch.autograd.grad(y, x, create_graph=True)
        return gradient.square().sum()

    found = passed(program)
    np.testing.assert_allclose(found.leaves[0].analytic, 36 * x.detach().pow(3).numpy())


def test_a_lstm_passes() -> None:
    torch.manual_seed(0)
    net = nn.LSTM(2, 2).double()
    passed(lambda: net(torch.ones(3, 1, 2, dtype=torch.float64))[0].sum())


# Programs that are refused


def outside() -> Callable[[], Any]:
    x = leaf(3) * 2
    return lambda: x.sum()


def raising() -> Any:
    raise KeyError("no\nsuch thing")


def freed() -> Any:
    y = leaf(3).exp()
    y.sum().backward()
    return y.sum()


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (lambda: torch.stack([torch.ones(1) * i for i in range(6_000)]).sum(), "5,000"),
        (lambda: torch.ones(3).sum(), "no result"),
        (lambda: 3, "no result"),
        (lambda: leaf(3).argmax(), "no result"),
        (outside(), "outside"),
        (raising, "KeyError"),
        (freed, "freed"),
        (lambda: functional.rrelu(leaf(3) - 1, training=True).sum(), "random"),
        (lambda: checkpoint(torch.sin, leaf(3), use_reentrant=True), "use_reentrant"),
    ],
)
def test_refusals_are_one_line(program: Callable[[], Any], why: str) -> None:
    found = check_gradients(program)
    assert why in found.problem
    assert "\n" not in found.problem
    assert bool(found.problem) == (found.leaves == ())
    assert found.passed == (found.problem == "")


def test_of_many_values_some_are_checked_evenly_spaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_values_in_time", lambda tape, values: 30)
    x, w = leaf(50, 50), leaf(3)
    found = passed(lambda: (x**3).sum() + (w**2).sum())
    sampled, whole = found.leaves
    assert sampled.places is not None
    assert (sampled.places[0], sampled.places[-1], len(sampled.places)) == (0, 2_499, 15)
    expected = (3 * x.detach() ** 2).reshape(-1)[sampled.places].numpy()
    np.testing.assert_allclose(sampled.analytic, expected)
    np.testing.assert_allclose(sampled.numerical, expected, rtol=1e-6)
    assert whole.places is None


def test_of_many_leaves_some_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_values_in_time", lambda tape, values: 4)
    leaves = [leaf(1, seed=seed) for seed in range(10)]
    found = passed(lambda: torch.cat(leaves).square().sum())
    assert [check.index for check in found.leaves] == [0, 3, 6, 9]
    assert found.num_leaves == 10


def test_a_module_made_by_the_program_itself_is_checked() -> None:
    def program() -> Tensor:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        result: Tensor = model(torch.ones(2, 3)).sum()
        return result

    assert len(passed(program).leaves) == 4


UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "sin": torch.sin, "tanh": torch.tanh, "exp": lambda t: (t / 4).exp(), "t": lambda t: t.t(),
    "softmax": lambda t: t.softmax(0), "flip": lambda t: t.flip(1),
    "cumsum": lambda t: t.cumsum(0), "half": lambda t: torch.cat([t[1:], t[:1]]),
}  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(sorted(UNARY)), max_size=6), st.integers(0, 1_000))
def test_random_smooth_programs_pass(steps: list[str], seed: int) -> None:
    x, w = leaf(3, 3, seed=seed), leaf(3, 3, seed=seed + 1)

    def program() -> Tensor:
        y = x @ w
        for step in steps:
            y = UNARY[step](y) * w
        return y.sum()

    passed(program)
