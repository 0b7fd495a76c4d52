"""The steps by hand: the worked example's published numbers, and formulas that are true."""

import math
from typing import Any

import pytest
from hypothesis import given, settings

from blitz.backprop.explain import explain
from blitz.backprop.network import Layer, Network
from blitz.backprop.scenario import Scenario
from blitz.backprop.steps import Step, StepKind
from blitz.backprop.worksheet import OverflowedError
from tests.backprop.networks import (
    WORKED,
    WORKED_NETWORK,
    TorchNetwork,
    one_unit,
    saturated,
    scenarios,
)
from tests.backprop.reading import (
    is_balanced_latex,
    symbols_in,
    value_of_python,
    value_of_text,
    value_of_text_numbers,
)

PUBLISHED = {
    "l_h1": 0.385,
    "l_h2": 0.400,
    "out_h1": 0.595078474,
    "out_h2": 0.598687660,
    "l_o1": 0.858310300,
    "l_o2": 0.917998606,
    "out_o1": 0.702307507,
    "out_o2": 0.714634132,
    "E_o1": 0.010906536,
    "E_o2": 0.085960732,
    "E": 0.096867268,
    "∂E/∂out_o1": -0.147692493,
    "∂out_o1/∂l_o1": 0.209071673,
    "∂l_o1/∂w5": 0.595078474,
    "∂E/∂w5": -0.018375021542,
    "w5⁺": 0.268375022,
    "∂E_o1/∂out_h1": -0.007719579,
    "∂E_o2/∂out_h1": 0.025367174,
    "∂E/∂out_h1": 0.017647595,
    "∂out_h1/∂l_h1": 0.240960084,
    "∂l_h1/∂w1": 0.1,
    "∂E/∂w1": 4.25236591e-4,
    "w1⁺": 0.049574763,
    "∂E/∂w2": 8.50473182e-4,
    "∂E/∂w3": 5.52971824e-4,
    "∂E/∂w4": 1.105943648e-3,
    "∂E/∂w6": -0.018486467138,
    "∂E/∂w7": 0.050318197108,
    "∂E/∂w8": 0.050623379959,
}


def steps_of(scenario: Scenario) -> dict[str, Step]:
    found = {step.name: step for step in scenario.explain().steps}
    assert len(found) == len(scenario.explain().steps), "two steps have one name"
    return found


@pytest.mark.parametrize(("name", "value"), PUBLISHED.items())
def test_worked_example_has_its_published_numbers(name: str, value: float) -> None:
    assert steps_of(WORKED)[name].value == pytest.approx(value, rel=0, abs=5.1e-10)


def test_updated_network_has_the_new_weights_and_the_old_biases() -> None:
    updated = WORKED.explain().updated
    assert updated.layers[1].weights[0][0] == pytest.approx(0.268375022, abs=5e-10)
    assert updated.layers[0].weights[0][0] == pytest.approx(0.049574763, abs=5e-10)
    assert [layer.biases for layer in updated.layers] == [(0.35,), (0.5,)]


def test_updates_are_the_weight_less_rate_times_gradient() -> None:
    steps = steps_of(WORKED)
    for name, value in zip(
        WORKED_NETWORK.parameter_names(), WORKED_NETWORK.parameters(), strict=True
    ):
        if name[0] == "w":
            assert steps[f"{name}⁺"].value == value - 1.0 * steps[f"∂E/∂{name}"].value


def test_steps_go_forward_then_back_from_the_last_layer() -> None:
    steps = WORKED.explain().steps
    forward = [step.kind.is_forward for step in steps]
    assert forward == sorted(forward, reverse=True)
    gradients = [step.about for step in steps if step.kind is StepKind.GRADIENT]
    assert gradients == ["w5", "w6", "w7", "w8", "w1", "w2", "w3", "w4"]


def test_each_symbol_is_known_before_it_is_used() -> None:
    known = {"i1", "i2", "t1", "t2", "η", *WORKED_NETWORK.parameter_names()}
    for step in WORKED.explain().steps:
        assert {symbol.name for symbol in symbols_in(step.expression)} <= known
        known.add(step.name)


def test_a_hidden_weight_shows_what_each_output_sends_back() -> None:
    step = steps_of(WORKED)["∂E/∂w1"]
    for part in ("E_{o1}", "E_{o2}", "\\mathit{out}_{h1}", "l_{h1}", "w_{1}"):
        assert part in step.formula
    for part in ("-0.00771957916", "0.0253671739", "0.240960084", "0.1"):
        assert part in step.substituted
    assert set(step.uses) == {"i1", "w1", "h1", "w5", "w7", "o1", "o2", "E"}


def test_paths_are_made_of_parts_of_the_network() -> None:
    parts = {"i1", "i2", "h1", "h2", "o1", "o2", "E", *WORKED_NETWORK.parameter_names()}
    for step in WORKED.explain().steps:
        assert set(step.uses) <= parts
        assert len(set(step.uses)) == len(step.uses)
        assert step.about in parts


def test_a_shared_bias_gets_the_sum_of_what_its_units_get() -> None:
    scenario = Scenario(network=WORKED_NETWORK, inputs=WORKED.inputs, targets=WORKED.targets)
    steps = steps_of(scenario)
    for bias, units in (("b2", ("o1", "o2")), ("b1", ("h1", "h2"))):
        expected = sum(steps[f"∂E/∂l_{unit}"].value for unit in units)
        assert steps[f"∂E/∂{bias}"].value == pytest.approx(expected, rel=1e-15)
        assert set(units) <= set(steps[f"∂E/∂{bias}"].uses)


def test_biases_held_fixed_have_no_steps() -> None:
    assert not [step for step in WORKED.explain().steps if step.about in ("b1", "b2")]


def test_a_gradient_is_the_sum_over_samples() -> None:
    table = Scenario(
        network=WORKED_NETWORK, inputs=((0.1, 0.2), (0.5, -1.0)), targets=((0.85, 0.3), (0.2, 0.9))
    )
    steps = steps_of(table)
    alone = [
        steps_of(Scenario(network=WORKED_NETWORK, inputs=(inputs,), targets=(targets,)))
        for inputs, targets in zip(table.inputs, table.targets, strict=True)
    ]
    assert steps["E"].value == pytest.approx(sum(one["E"].value for one in alone), rel=1e-15)
    for name in WORKED_NETWORK.parameter_names():
        parts = [steps[f"∂E{number}/∂{name}"] for number in ("⁽¹⁾", "⁽²⁾")]
        assert [part.sample for part in parts] == [1, 2]
        for part, one in zip(parts, alone, strict=True):
            assert part.kind is StepKind.SAMPLE_GRADIENT
            assert part.value == pytest.approx(one[f"∂E/∂{name}"].value, rel=1e-14)
        total = steps[f"∂E/∂{name}"]
        assert total.sample == 0
        assert total.value == sum(part.value for part in parts)


def test_softmax_and_its_cross_entropy_come_to_output_minus_target() -> None:
    layer = Layer(((1.0, 2.0), (3.0, -4.0), (0.5, 0.5)), (0.1, 0.2, 0.3), "softmax")
    network = Network((layer,), "softmax cross-entropy")
    targets = (0.2, 0.5, 0.3)
    steps = steps_of(Scenario(network=network, inputs=((0.3, 0.7),), targets=(targets,)))
    powers = [math.exp(steps[f"l_o{unit}"].value) for unit in (1, 2, 3)]
    for unit, (power, target) in enumerate(zip(powers, targets, strict=True), start=1):
        assert steps[f"out_o{unit}"].value == pytest.approx(power / sum(powers), rel=1e-14)
        expected = power / sum(powers) - target
        assert steps[f"∂E/∂l_o{unit}"].value == pytest.approx(expected, rel=1e-12)
        assert steps[f"E_o{unit}"].value == pytest.approx(
            -target * math.log(power / sum(powers)), rel=1e-14
        )


def test_softmax_before_another_loss_has_a_slope_for_each_pair_of_units() -> None:
    layer = Layer(((1.0, 2.0), (3.0, -4.0), (0.5, 0.5)), (0.1, 0.2, 0.3), "softmax")
    scenario = Scenario(network=Network((layer,)), inputs=((0.3, 0.7),), targets=((0.2, 0.5, 0.3),))
    steps = steps_of(scenario)
    assert {f"∂out_o{a}/∂l_o{b}" for a in (1, 2, 3) for b in (1, 2, 3)} <= set(steps)
    assert {f"∂E/∂out_o{unit}" for unit in (1, 2, 3)} <= set(steps)


CROSS_ENTROPIES = ("binary cross-entropy", "softmax cross-entropy")


@pytest.mark.parametrize("loss", CROSS_ENTROPIES)
@pytest.mark.parametrize("target", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("linear", [36.0, 37.0, 40.0, 800.0, -37.0, -800.0])
def test_nothing_finite_is_too_large_for_a_cross_entropy(
    linear: float, target: float, loss: str
) -> None:
    scenario = saturated(linear, target, loss)
    steps, expected = steps_of(scenario), TorchNetwork(scenario)
    assert steps["E"].value == pytest.approx(expected.error().item(), rel=1e-12, abs=1e-12)
    found = [steps[f"∂E/∂{name}"].value for name in scenario.network.parameter_names()]
    assert found == pytest.approx(expected.gradients(), rel=1e-12, abs=1e-12)


def test_an_error_far_below_the_rounding_of_its_output_is_kept() -> None:
    for linear in (-40.0, -700.0):  # ln(1 + e^l) is e^l but for its square
        steps = steps_of(saturated(linear, 0.0, "binary cross-entropy"))
        assert steps["E"].value == pytest.approx(math.exp(linear), rel=1e-12, abs=0)
    two = Network((Layer(((40.0,), (0.0,)), (0.0, 0.0), "softmax"),), "softmax cross-entropy")
    steps = steps_of(Scenario(network=two, inputs=((1.0,),), targets=((1.0, 0.0),)))
    assert steps["E"].value == pytest.approx(math.exp(-40), rel=1e-12, abs=0)


@pytest.mark.parametrize("loss", CROSS_ENTROPIES)
def test_the_way_back_from_a_cross_entropy_begins_with_output_minus_target(loss: str) -> None:
    steps = saturated(2.0, 0.3, loss).explain().steps
    back = [step for step in steps if not step.kind.is_forward]
    assert back[0].kind is StepKind.LINEAR_GRADIENT
    assert back[0].formula == ("\\frac{\\partial E}{\\partial l_{o1}} = \\mathit{out}_{o1} - t_{1}")
    assert not {StepKind.ERROR_SLOPE, StepKind.ACTIVATION_SLOPE} & {step.kind for step in back}
    [chain] = [step for step in back if step.name == "∂E/∂w1"]
    assert [symbol.name for symbol in symbols_in(chain.expression)][::-1] == [
        "∂E/∂l_o1", "∂l_o1/∂w1",
    ]  # fmt: skip


def test_a_mean_divides_output_minus_target() -> None:
    network = Network((Layer(((1.0,), (2.0,)), (0.0, 0.0), "sigmoid"),), "binary cross-entropy")
    table = Scenario(network=network, inputs=((1.0,), (2.0,)), targets=((0, 1), (1, 0)))
    step = steps_of(table)["∂E⁽²⁾/∂l_o1⁽²⁾"]
    assert step.formula.endswith("\\frac{\\mathit{out}_{o1}^{(2)} - t_{1}^{(2)}}{4}")
    assert step.value == pytest.approx((1 / (1 + math.exp(-2)) - 1) / 4, rel=1e-14)


@settings(max_examples=60)
@given(scenarios(most_layers=3, most_units=3))
def test_formulas_say_what_was_computed(scenario: Scenario) -> None:
    for step in scenario.explain().steps:
        if not (scenario.num_samples > 1 and step.sample == 0):  # samples share Python names
            read = value_of_python(step.expression)
            assert read == pytest.approx(step.value, rel=1e-14, abs=1e-15), step.name
        assert value_of_text(step.expression) == pytest.approx(step.value, rel=1e-12, abs=1e-14)
        scale = 1 + abs(step.value)
        written = value_of_text_numbers(step.expression)
        assert written == pytest.approx(step.value, rel=1e-5, abs=1e-6 * scale), step.name


@settings(max_examples=30)
@given(scenarios(most_layers=3, most_units=3))
def test_formulas_are_whole_latex(scenario: Scenario) -> None:
    for step in scenario.explain().steps:
        for written in (step.formula, step.substituted):
            assert is_balanced_latex(written), written
            assert written.startswith(f"{step.symbol.latex} = ")


@settings(max_examples=30)
@given(scenarios())
def test_names_and_samples_tell_all_steps_apart(scenario: Scenario) -> None:
    steps = steps_of(scenario)
    samples = {step.sample for step in steps.values()} - {0}
    assert samples == (
        set() if scenario.num_samples == 1 else {*range(1, scenario.num_samples + 1)}
    )


def test_too_large_a_number_is_named() -> None:
    with pytest.raises(OverflowedError, match=r"l_o1 = w1 · i1 \+ b1 is too large"):
        one_unit(1e308, 0.0, given=1e308).explain()
    with pytest.raises(OverflowedError, match="E_o1 = "):
        one_unit(1.0, 0.0, given=1e308).explain()
    with pytest.raises(OverflowedError, match="w1⁺ = w1 − η · ∂E/∂w1"):
        explain(one_unit(1e100, 0.0).network, [1e30], [0], 1e200)
    with pytest.raises(OverflowedError, match="l_h1 = "):
        explain(WORKED_NETWORK.with_parameters([1e308] * 10), [1e308, 1], [0, 0], 1.0)


@pytest.mark.parametrize(
    ("inputs", "targets", "rate", "message"),
    [
        ("text", [0, 0], 1.0, "inputs: 'text'"),
        (["a", "b"], [0, 0], 1.0, "inputs: 'a'"),
        ([math.nan, 0], [0, 0], 1.0, "inputs: nan was given; expected finite numbers"),
        ([0, 0], [math.inf, 0], 1.0, "targets: inf"),
        ([], [0, 0], 1.0, "inputs: none were given"),
        ([[]], [[0, 0]], 1.0, "inputs: none were given"),
        ([1, 2, 3], [0, 0], 1.0, "inputs: 3 were given; the network has 2"),
        ([1, 2], [0], 1.0, "targets: 1 were given; the network has 2"),
        ([[1, 2], [3]], [[0, 0]], 1.0, "inputs: rows of different length"),
        ([[1, 2], [3, 4]], [[0, 0]], 1.0, "targets: 1 samples; the inputs have 2"),
        ([[1, 2]] * 33, [[0, 0]] * 33, 1.0, "inputs: 33 samples; expected 1 to 32"),
        ([1, 2], [0, 0], -0.1, "learning rate: -0.1"),
        ([1, 2], [0, 0], math.nan, "learning rate: nan"),
        ([1, 2], [0, 0], "fast", "learning rate: 'fast'"),
        (None, [0, 0], 1.0, "inputs: None"),
        ([True, 1], [0, 0], 1.0, "inputs: True"),
        ([10**400, 1], [0, 0], 1.0, "inputs: 1000"),
    ],
)
def test_wrong_input_is_named(inputs: Any, targets: Any, rate: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r"^" + message):
        explain(WORKED_NETWORK, inputs, targets, rate)


def test_a_learning_rate_of_0_changes_nothing() -> None:
    assert explain(WORKED_NETWORK, [0.1, 0.2], [0.85, 0.3], 0).updated == WORKED_NETWORK
