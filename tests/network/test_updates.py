"""Update rules by hand: torch.optim and exact fractions are the oracles."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from blitz.network.notation import number, signed
from blitz.network.updates.comparison import compare_updates
from blitz.network.updates.rules import RULES, Rule, UpdateSettings
from blitz.network.updates.substituted import formula_latex
from blitz.network.updates.ulps import nearest, roundings, ulps_between

FLOATS = st.floats(-100, 100, width=32)


def tensors(*shape: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(*shape, generator=generator)
    return weight, torch.randn(*shape, generator=generator)


def optimiser(
    name: str, p: torch.nn.Parameter, lr: float, momentum: float
) -> torch.optim.Optimizer:
    if name == "adam":
        return torch.optim.Adam([p], lr=lr)
    if name == "rmsprop":
        return torch.optim.RMSprop([p], lr=lr)
    if name in ("momentum", "nesterov"):
        return torch.optim.SGD([p], lr=lr, momentum=momentum, nesterov=name == "nesterov")
    return torch.optim.SGD([p], lr=lr)


@settings(max_examples=60)
@given(
    shape=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    seed=st.integers(0, 2**31),
    lr=st.floats(0, 10, width=32),
    momentum=st.floats(0.01, 0.99),
    num_steps=st.integers(1, 10),
)
def test_every_rule_by_hand_follows_pytorch_s_optimiser(
    shape: list[int], seed: int, lr: float, momentum: float, num_steps: int
) -> None:
    weight, gradient = tensors(*shape, seed=seed)
    given_settings = UpdateSettings(lr=lr, momentum=momentum, num_steps=num_steps)
    found = compare_updates(weight, gradient, given_settings, (0,) * len(shape))
    for result in found.results:
        parameter = torch.nn.Parameter(weight.clone())
        parameter.grad = gradient.clone()
        oracle = optimiser(result.rule.name, parameter, lr, momentum)
        largest = 1.0
        for step in result.element:
            oracle.step()
            assert step.by_torch == float(parameter.detach()[(0,) * len(shape)])
            largest = max(largest, float(parameter.detach().abs().max()))
        # A few roundings a step, of numbers no larger than this.
        bound = 4 * num_steps * torch.finfo(torch.float32).eps * max(largest, 10 * lr)
        assert result.largest_difference <= bound, result.rule.name
        if result.rule.name in ("sgd", "momentum", "nesterov"):
            assert result.num_equal == weight.numel(), result.rule.name
            assert result.most_ulps == 0


def test_one_operation_equals_sgd_to_the_last_bit_whatever_the_size() -> None:
    for size in (1, 7, 8, 15, 16, 17, 33, 1000, 70_001):
        weight, gradient = tensors(size, seed=size)
        found = compare_updates(weight, gradient, UpdateSettings(num_steps=1), (0,))
        assert found.result("sgd").num_equal == size


def test_rounding_twice_explains_every_bit_that_differs_from_sgd() -> None:
    # Whether PyTorch rounds once depends on the processor: on any, it is one of the two.
    weight, gradient = tensors(2000, seed=3)
    found = compare_updates(weight, gradient, UpdateSettings(lr=0.1, num_steps=1), (0,))
    hand, sgd = weight - 0.1 * gradient, weight.sub(gradient, alpha=0.1)
    ways = [roundings(w, g, 0.1) for w, g in zip(weight.tolist(), gradient.tolist(), strict=True)]
    assert hand.tolist() == [way.twice for way in ways]
    assert all(s in (way.once, way.twice) for s, way in zip(sgd.tolist(), ways, strict=True))
    num_differ = int((hand != sgd).sum())
    assert found.result("hand").num_equal == 2000 - num_differ
    assert (found.first_unlike is None) == (num_differ == 0)
    assert 50 < sum(way.differ for way in ways) < 400


@given(FLOATS, FLOATS, st.floats(0, 100, width=32))
def test_one_weight_is_rounded_as_ieee_754_says(weight: float, gradient: float, lr: float) -> None:
    way = roundings(weight, gradient, lr)
    assert way.product == float(np.float32(lr) * np.float32(gradient))
    assert way.twice == float(np.float32(weight) - np.float32(way.product))
    assert way.exact == Fraction(weight) - Fraction(lr) * Fraction(gradient)


@given(FLOATS)
def test_a_float_and_the_middle_to_the_next_are_rounded_to_even(number: float) -> None:
    value = np.float32(number)
    after = np.nextafter(value, np.float32(np.inf))
    assert nearest(Fraction(number)) == number
    middle = (Fraction(number) + Fraction(float(after))) / 2
    expected = min((value, after), key=lambda each: int(each.view(np.int32)) & 1)
    assert nearest(middle) == float(expected)


def test_numbers_beyond_32_bits_become_infinite() -> None:
    assert nearest(Fraction(10) ** 40) == math.inf
    assert nearest(-(Fraction(10) ** 40)) == -math.inf
    assert roundings(1.0, 3e38, 1e6).twice == -math.inf


@given(FLOATS, st.integers(0, 50))
def test_ulps_count_the_numbers_between(number: float, distance: int) -> None:
    after = np.float32(number)
    for _ in range(distance):
        after = np.nextafter(after, np.float32(np.inf))
    first, second = torch.tensor([number]), torch.tensor([float(after)])
    assert ulps_between(first, second).tolist() == [distance]
    assert ulps_between(second, first).tolist() == [distance]


def test_zero_and_minus_zero_are_one_number() -> None:
    assert ulps_between(torch.tensor([0.0]), torch.tensor([-0.0])).tolist() == [0]


def test_adam_and_rmsprop_first_steps_have_the_size_of_the_learning_rate() -> None:
    # Adam: m̂/√ŝ = g/|g|. RMSprop: s = 0.01 g², so g/√s = ±10.
    weight, gradient = tensors(50)
    gradient += gradient.sign()  # far above the ε in the denominators
    found = compare_updates(weight, gradient, UpdateSettings(lr=0.5, num_steps=1), (0,))
    for name, size in (("adam", 0.5), ("rmsprop", 5.0)):
        update = found.result(name).first_update
        assert torch.allclose(update, -size * gradient.sign(), rtol=1e-4, atol=1e-6)
    assert torch.allclose(found.result("sgd").first_update, -0.5 * gradient, atol=1e-6)


def test_momentum_s_velocity_is_a_geometric_series() -> None:
    weight, gradient = tensors(5)
    found = compare_updates(
        weight, gradient, UpdateSettings(lr=0.1, momentum=0.5, num_steps=4), (2,)
    )
    velocities = [step.numbers["v"] for step in found.result("momentum").element]
    g = float(gradient[2])
    assert velocities == pytest.approx([g, 1.5 * g, 1.75 * g, 1.875 * g])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_formula_with_numbers_is_true(rule: Rule) -> None:
    weight, gradient = tensors(6)
    chosen = UpdateSettings(lr=0.03, momentum=0.7, num_steps=3)
    found = compare_updates(weight, gradient, chosen, (4,))
    result = found.result(rule.name)
    for place, step in enumerate(result.element, start=1):
        block = formula_latex(result.rule, step, place, chosen)
        lines = (
            block.removeprefix("\\begin{aligned}").removesuffix("\\end{aligned}").split(" \\\\ ")
        )
        assert len(lines) == len(rule.formula)
        for line in lines:
            places, value = _parts(line)
            assert _evaluated(places) == pytest.approx(_evaluated(value), rel=1e-5, abs=1e-7)


def _parts(line: str) -> tuple[str, str]:
    """What follows the symbols: the numbers, and their value."""
    left, _, value = line.rpartition(" = ")
    return left.rpartition(" &= ")[2], value


def _evaluated(latex: str) -> float:
    """Arithmetic in the LaTeX of a formula with numbers."""
    text = latex.replace("\\times", "*").replace("\\cdot", "*").replace("\\sqrt", "math.sqrt")
    text = text.replace("^", "**").replace("{", "(").replace("}", ")")
    return float(eval(text, {"math": math}))  # our own text: digits and signs


def test_numbers_are_written_as_people_write_them() -> None:
    assert signed(0.1) == "0.1"
    assert signed(-0.25) == "(-0.25)"
    assert signed(1.5e-7) == "(1.5 \\cdot 10^{-7})"
    assert number(-1.5e-7) == "-1.5 \\cdot 10^{-7}"
    assert number(0.123456789, digits=9) == "0.123456789"
    assert number(-0.0) == "0"
    assert number(math.nan) == "\\text{NaN}"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lr": math.nan}, "learning rate"),
        ({"lr": 1e30}, "learning rate"),
        ({"momentum": 0}, "momentum: 0"),
        ({"momentum": -1}, "momentum: -1"),
        ({"num_steps": 11}, "steps: 11"),
    ],
)
def test_update_settings_are_checked(given: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UpdateSettings(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("weight", "gradient", "element", "message"),
    [
        (torch.ones(2), torch.ones(3), (0,), r"gradient: \[3\]"),
        (torch.ones(2), torch.ones(2), (2,), r"element: \[2\]"),
        (torch.ones(2), torch.ones(2), (0, 0), "element"),
        (torch.ones(2), torch.tensor([1, math.nan]), (0,), "gradient: holds NaN"),
        (torch.ones(2).double(), torch.ones(2), (0,), "weight: torch.float64"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    weight: Tensor, gradient: Tensor, element: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        compare_updates(weight, gradient, UpdateSettings(), element)
