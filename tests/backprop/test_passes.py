"""The passes as array arithmetic, against PyTorch and against the steps by hand."""

import numpy as np
import pytest
from hypothesis import given, settings

from blitz.backprop.network import Layer, Network
from blitz.backprop.passes import arrays, flat, forward, gradients, total_error
from blitz.backprop.rounding import RoundingAnalysis
from blitz.backprop.scenario import Scenario
from blitz.backprop.steps import StepKind
from tests.backprop.networks import (
    WORKED,
    WORKED_NETWORK,
    TorchNetwork,
    five_layers,
    saturated,
    scenarios,
)


def error_of(scenario: Scenario) -> float:
    network, parameters = scenario.network, arrays(scenario.network)
    passed = forward(network, parameters, np.array(scenario.inputs))
    return float(total_error(network, passed, np.array(scenario.targets)))


def gradients_of(scenario: Scenario) -> list[float]:
    found = gradients(scenario.network, np.array(scenario.inputs), np.array(scenario.targets))
    return [float(value) for value in found]


@settings(max_examples=150)
@given(scenarios())
def test_gradients_are_those_of_autograd(scenario: Scenario) -> None:
    scales = RoundingAnalysis(scenario).gradient_scales()
    found, expected = gradients_of(scenario), TorchNetwork(scenario).gradients()
    for ours, theirs, scale in zip(found, expected, scales, strict=True):
        assert abs(ours - theirs) <= 1e-12 * max(scale, abs(theirs))


@settings(max_examples=150)
@given(scenarios())
def test_error_is_that_of_torch(scenario: Scenario) -> None:
    expected = TorchNetwork(scenario).error().item()
    assert error_of(scenario) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@settings(max_examples=100)
@given(scenarios())
def test_steps_by_hand_and_passes_agree(scenario: Scenario) -> None:
    steps = scenario.explain().steps
    by_hand = {step.about: step.value for step in steps if step.kind is StepKind.GRADIENT}
    [total] = [step.value for step in steps if step.kind is StepKind.TOTAL and not step.sample]
    assert total == pytest.approx(error_of(scenario), rel=1e-13, abs=1e-15)
    names = scenario.network.parameter_names()
    learned = [name for name in names if name[0] == "w" or scenario.update_biases]
    assert sorted(by_hand) == sorted(learned)
    scales = RoundingAnalysis(scenario).gradient_scales()
    for name, value, scale in zip(names, gradients_of(scenario), scales, strict=True):
        if name in by_hand:
            assert abs(by_hand[name] - value) <= 1e-13 * scale


@given(scenarios(most_layers=2, most_units=3))
def test_many_networks_go_forward_at_once_as_one_by_one(scenario: Scenario) -> None:
    network, inputs, targets = (
        scenario.network,
        np.array(scenario.inputs),
        np.array(scenario.targets),
    )
    factors = np.array([[0.5, 1.0], [-1.0, 2.0], [0.0, 3.0]])  # [3, 2] networks
    many = [
        (factors[..., None, None] * weights, factors[..., None] * biases)
        for weights, biases in arrays(network)
    ]
    errors = total_error(network, forward(network, many, inputs), targets)
    assert errors.shape == (3, 2)
    for place in np.ndindex(3, 2):
        one = [(weights[place], biases[place]) for weights, biases in many]
        expected = total_error(network, forward(network, one, inputs), targets)
        assert errors[place] == pytest.approx(float(expected), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("loss", ["binary cross-entropy", "softmax cross-entropy"])
@pytest.mark.parametrize("target", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("linear", [36.0, 37.0, 40.0, 800.0, -37.0, -800.0, 0.0])
@np.errstate(over="ignore")  # e^800 is infinite, and 1 / (1 + e^800) is 0
def test_outputs_that_round_to_0_or_1_have_their_error_and_gradients(
    linear: float, target: float, loss: str
) -> None:
    scenario = saturated(linear, target, loss)
    expected = TorchNetwork(scenario)
    assert error_of(scenario) == pytest.approx(expected.error().item(), rel=1e-12, abs=1e-12)
    assert gradients_of(scenario) == pytest.approx(expected.gradients(), rel=1e-12, abs=1e-12)


@given(scenarios())
def test_arrays_are_the_parameters_in_order(scenario: Scenario) -> None:
    network = scenario.network
    assert tuple(flat(arrays(network)).tolist()) == network.parameters()


def test_outputs_of_the_worked_example() -> None:
    passed = forward(WORKED_NETWORK, arrays(WORKED_NETWORK), np.array(WORKED.inputs))
    assert passed.outputs[1][0] == pytest.approx([0.595078474, 0.598687660], abs=5e-10)
    assert passed.outputs[2][0] == pytest.approx([0.702307507, 0.714634132], abs=5e-10)


def test_a_scale_is_no_less_than_its_gradient_and_not_much_more_without_cancellation() -> None:
    scenario = five_layers("ReLU", 0.5)
    scales = RoundingAnalysis(scenario).gradient_scales()
    for gradient, scale in zip(gradients_of(scenario), scales, strict=True):
        assert abs(gradient) <= scale <= 200 * abs(gradient)


def test_a_scale_counts_the_terms_that_cancel() -> None:
    network = Network((Layer(((1e8, -1e8),), (0.25,), "linear"),))
    scenario = Scenario(network=network, inputs=((1.0, 1.0),), targets=((0.25,),))
    assert gradients_of(scenario) == [0, 0, 0]
    assert (RoundingAnalysis(scenario).gradient_scales() >= 2e8).all()
