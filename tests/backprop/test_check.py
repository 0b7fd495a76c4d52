"""Gradients by hand, by autograd and by differences; and that a wrong one is found."""

import math
from decimal import Decimal, localcontext

import pytest
import torch
from hypothesis import given, settings

from blitz.backprop.check import ParameterCheck, check_gradients
from blitz.backprop.differences import by_differences
from blitz.backprop.network import Layer, Network
from blitz.backprop.scenario import Scenario
from blitz.backprop.steps import StepKind
from blitz.backprop.worksheet import OverflowedError
from tests.backprop.networks import (
    WORKED,
    WORKED_NETWORK,
    TorchNetwork,
    five_layers,
    one_unit,
    saturated,
    scenarios,
)


def by_name(
    scenario: Scenario, by_hand: dict[str, float] | None = None
) -> dict[str, ParameterCheck]:
    return {row.name: row for row in check_gradients(scenario, by_hand).rows}


def known(scenario: Scenario) -> dict[str, float]:
    steps = scenario.explain().steps
    return {step.about: step.value for step in steps if step.kind is StepKind.GRADIENT}


@settings(max_examples=60)
@given(scenarios())
def test_three_ways_agree(scenario: Scenario) -> None:
    check = check_gradients(scenario)
    assert [row.name for row in check.rows] == list(scenario.network.parameter_names())
    assert check.agrees, [row for row in check.rows if not row.agrees]
    assert all(row.remark == "" for row in check.rows)
    expected = TorchNetwork(scenario).gradients()
    for row, gradient in zip(check.rows, expected, strict=True):
        for found in (row.by_hand, row.by_autograd, row.by_differences):
            assert abs(found - gradient) <= 1e-9 * max(row.scale, abs(gradient))


def test_worked_example_has_its_published_gradients_all_three_ways() -> None:
    row = by_name(WORKED)["w5"]
    for found in (row.by_hand, row.by_autograd, row.by_differences):
        assert found == pytest.approx(-0.018375021542, rel=1e-10)


def test_biases_held_fixed_are_checked_too() -> None:
    learned = Scenario(network=WORKED_NETWORK, inputs=WORKED.inputs, targets=WORKED.targets)
    fixed = by_name(WORKED)
    for name in ("b1", "b2"):
        assert fixed[name].agrees
        assert fixed[name].by_hand == pytest.approx(known(learned)[name], rel=1e-13)


@pytest.mark.parametrize("updates", [10_000, 100_000])
def test_they_agree_where_little_but_rounding_is_left_of_a_gradient(updates: int) -> None:
    network = WORKED.run(updates).network_at(updates)
    trained = Scenario(network=network, inputs=WORKED.inputs, targets=WORKED.targets)
    check = check_gradients(trained)
    assert max(abs(row.by_hand) for row in check.rows) < 1e-4
    assert check.agrees


@pytest.mark.parametrize("weight", [0.1, 0.5, 3.0, -8.0])
def test_vanishing_gradients_of_five_sigmoid_layers_are_checked(weight: float) -> None:
    scenario = five_layers("sigmoid", weight)
    check = check_gradients(scenario)
    assert check.agrees
    wrong = {name: value * (1 + 1e-4) for name, value in known(scenario).items()}
    assert not by_name(scenario, wrong)["w1"].agrees


def test_differences_have_all_digits_of_a_gradient_that_is_tiny_beside_the_error() -> None:
    layer = Layer(((1e-30,),), (0.0,), "linear")
    scenario = Scenario(network=Network((layer,) * 5), inputs=((1.0,),), targets=((1.0,),))
    row = by_name(scenario)["w1"]
    assert row.by_differences == pytest.approx(-1e-120, rel=1e-12)


@pytest.mark.parametrize("name", WORKED_NETWORK.parameter_names())
def test_a_number_that_is_a_little_wrong_is_found(name: str) -> None:
    right = {row.name: row.by_hand for row in check_gradients(WORKED).rows}
    by_autograd = by_name(WORKED, right | {name: right[name] * (1 + 1e-9)})
    assert [row.name for row in by_autograd.values() if not row.agrees] == [name]
    assert by_autograd[name].autograd_difference > 1e-12
    assert by_autograd[name].remark == "autograd gives another number than by hand"
    by_both = by_name(WORKED, right | {name: right[name] * (1 + 1e-5)})[name]
    assert by_both.differences_difference > 1e-7
    assert by_both.remark == "autograd and the differences give another number than by hand"


@pytest.mark.parametrize("wrong", [math.nan, math.inf, 0.0])
def test_a_number_that_is_none_does_not_agree(wrong: float) -> None:
    row = by_name(WORKED, {"w5": wrong})["w5"]
    assert not row.agrees
    assert row.remark


@pytest.mark.parametrize("activation", ["ReLU", "leaky ReLU"])
def test_a_unit_on_its_corner_is_named(activation: str) -> None:
    hidden = Layer(((0.5,), (0.5,)), (0.25, -0.25), activation)
    network = Network((hidden, Layer(((1.0, 2.0),), (0.0,), "linear")))
    rows = by_name(Scenario(network=network, inputs=((0.5,),), targets=((3.0,),)))
    for name in ("w2", "b2"):
        assert not rows[name].agrees
        assert rows[name].remark == (
            f"h2 stands on the corner of {activation}: there is a slope to its left and another "
            "to its right"
        )
    # Autograd and by hand take the left slope; differences the mean of both.
    slope = {"ReLU": 0.0, "leaky ReLU": 0.01}[activation]
    sent_back = 2 * (0.5 - 3.0) * 0.5
    assert rows["w2"].by_hand == rows["w2"].by_autograd == pytest.approx(slope * sent_back)
    assert rows["w2"].by_differences == pytest.approx((slope + 1) / 2 * sent_back)
    assert all(rows[name].agrees for name in ("w1", "w3", "w4", "b1", "b3"))


def test_a_unit_beside_its_corner_is_on_one_side() -> None:
    for bias in (-0.25 - 1e-12, -0.25 + 1e-12):
        assert check_gradients(one_unit(0.5, bias, "ReLU", given=0.5, target=1.0)).agrees


def test_a_dead_unit_has_no_gradient_all_three_ways() -> None:
    check = check_gradients(one_unit(1.0, -3.0, "ReLU", target=1.0))
    assert check.agrees
    for row in check.rows:
        assert (row.by_hand, row.by_autograd, row.by_differences) == (0, 0, 0)


def test_an_output_on_its_target_is_a_corner_of_the_absolute_error() -> None:
    hidden = Layer(((1.0,),), (0.0,), "linear")
    output = Layer(((0.5,),), (0.0,), "ReLU")
    network = Network((hidden, output), "absolute error")
    on_target = Scenario(network=network, inputs=((1.0,),), targets=((0.5,),))
    assert check_gradients(on_target).agrees  # both slopes are equal but for the sign: 0
    wrong = by_name(on_target, {"w2": 1.0})["w2"]
    assert wrong.remark.startswith("autograd and the differences give another number than by hand")
    assert "o1 stands on its target, the corner of the absolute error" in wrong.remark


def test_an_output_that_rounds_to_its_target_is_on_the_corner_for_all_of_a_softmax() -> None:
    # out_o1 is 1 − 2·10⁻²², which 64 bits round to the target: the exact slope is −1, theirs 0.
    layer = Layer(((50.0,), (0.0,)), (0.0, 0.0), "softmax")
    network = Network((layer,), "absolute error")
    rows = by_name(Scenario(network=network, inputs=((1.0,),), targets=((1.0, 0.0),)))
    for name in ("w2", "b2"):
        assert not rows[name].agrees
        assert rows[name].remark.startswith("o1 stands on its target")


@pytest.mark.parametrize("targets", [(1.0, 0.0), (0.3, 0.7)])
def test_probabilities_near_0_and_1_agree(targets: tuple[float, float]) -> None:
    for weight in (30.0, 80.0, 500.0):
        layer = Layer(((weight,), (0.0,)), (0.0, 0.0), "softmax")
        network = Network((layer,), "softmax cross-entropy")
        scenario = Scenario(network=network, inputs=((1.0,),), targets=(targets,))
        assert check_gradients(scenario).agrees


@pytest.mark.parametrize("linear", [12.0, 33.0, -30.0, -600.0])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_saturated_units_agree(activation: str, linear: float) -> None:
    for target in (0.0, 0.3, 1.0):
        assert check_gradients(one_unit(linear, 0.0, activation, target=target)).agrees


@pytest.mark.parametrize(("linear", "target"), [(33.0, 0.2), (-33.0, 1.0), (-600.0, 0.5)])
def test_cross_entropy_near_0_and_1_agrees(linear: float, target: float) -> None:
    # Where F.binary_cross_entropy would clamp its logarithms and denominators.
    network = Network((Layer(((linear,),), (0.0,), "sigmoid"),), "binary cross-entropy")
    row = by_name(Scenario(network=network, inputs=((1.0,),), targets=((target,),)))["w1"]
    assert row.agrees
    assert row.by_hand == pytest.approx((1 if linear > 0 else 0) - target, abs=1e-12)


@pytest.mark.parametrize("loss", ["binary cross-entropy", "softmax cross-entropy"])
@pytest.mark.parametrize("linear", [36.0, 37.0, 40.0, 800.0, -37.0, -800.0])
def test_cross_entropies_of_outputs_that_round_to_0_or_1_agree(linear: float, loss: str) -> None:
    for target in (0.0, 0.3, 1.0):
        assert check_gradients(saturated(linear, target, loss)).agrees


def test_too_large_a_number_is_told_as_by_the_steps() -> None:
    scenario = one_unit(1e308, 0.0, given=1e308)
    with pytest.raises(OverflowedError) as by_steps:
        scenario.explain()
    with pytest.raises(OverflowedError) as by_check:
        check_gradients(scenario)
    assert str(by_check.value) == str(by_steps.value)
    with pytest.raises(OverflowedError, match=r"^E is made of numbers that are too large"):
        check_gradients(scenario, {"w1": 1.0, "b1": 1.0})


def test_settings_of_torch_and_decimal_stay_as_they_are() -> None:
    random = torch.get_rng_state()
    with localcontext() as context:
        digits = context.prec
        by_differences(WORKED)
        check_gradients(WORKED)
        assert context.prec == digits
        assert len(str(Decimal(1) / 3)) == digits + 2
    assert torch.get_default_dtype() == torch.float32
    assert torch.equal(random, torch.get_rng_state())


def test_gradients_are_found_also_where_grad_mode_is_off() -> None:
    with torch.no_grad():
        assert check_gradients(WORKED).agrees
