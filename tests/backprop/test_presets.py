"""Each preset shows what its sentence says."""

import itertools
import math

import numpy as np
import pytest

from blitz.backprop.presets import PRESETS, preset_named
from blitz.backprop.scenario import Scenario
from blitz.backprop.steps import StepKind
from blitz.backprop.tables import LINE, MOONS


def gradients(scenario: Scenario) -> dict[str, float]:
    steps = scenario.explain().steps
    return {step.about: step.value for step in steps if step.kind == StepKind.GRADIENT}


def mean_gradients(scenario: Scenario) -> list[float]:
    """Of each layer, over its weights."""
    found = gradients(scenario)
    layers = scenario.network.weight_names()
    return [float(np.mean([abs(found[w]) for unit in layer for w in unit])) for layer in layers]


def test_the_first_preset_is_the_worked_example() -> None:
    worked = PRESETS[0].scenario
    assert worked.network.parameters() == (
        0.05, 0.15, 0.10, 0.20, 0.25, 0.35, 0.30, 0.40, 0.35, 0.50,
    )  # fmt: skip
    assert (worked.inputs, worked.targets) == (((0.1, 0.2),), ((0.85, 0.3),))
    assert worked.learning_rate == 1
    assert not worked.update_biases


def test_contributions_to_w1_have_opposite_signs() -> None:
    steps = PRESETS[0].scenario.explain().steps
    parts = [s.value for s in steps if s.kind == StepKind.CONTRIBUTION and s.about == "h1"]
    assert len(parts) == 2
    assert parts[0] < 0 < parts[1]


def test_a_neuron_has_a_chain_of_three_factors() -> None:
    steps = preset_named("one-neuron").scenario.explain().steps
    [step] = [s for s in steps if s.name == "∂E/∂w1"]
    assert step.formula.count("\\times") == 2


def test_xor_waits_near_ln_2_and_then_is_learned() -> None:
    preset = preset_named("xor")
    errors = preset.scenario.run(preset.updates).errors
    assert 0.4 < errors[preset.updates // 4] < math.log(2)
    assert errors[-1] < 0.01


def test_moons_are_parted() -> None:
    preset = preset_named("moons")
    errors = preset.scenario.run(preset.updates).errors
    # Of a sample that is on the wrong side the error is above ln 2; the mean of all is lower.
    assert errors[-1] * len(MOONS.inputs) < math.log(2)


def test_sigmoids_make_gradients_vanish_and_relus_do_not() -> None:
    preset = preset_named("vanishing")
    assert preset.beside is not None
    sigmoid, relu = mean_gradients(preset.scenario), mean_gradients(preset.beside[1])
    assert len(sigmoid) == len(relu) == 5
    assert all(after > 2 * before for before, after in itertools.pairwise(sigmoid))
    assert sigmoid[-1] > 500 * sigmoid[0]
    assert max(relu) < 5 * min(relu)


def test_both_deep_networks_have_the_same_weights() -> None:
    preset = preset_named("vanishing")
    assert preset.beside is not None
    assert preset.beside[1].network.parameters() == preset.scenario.network.parameters()


def test_a_dead_relu_never_moves() -> None:
    preset = preset_named("dead")
    history = preset.scenario.run(preset.updates)
    assert {gradients(preset.scenario)[name] for name in ("w1", "b1")} == {0.0}
    first, last = preset.scenario.network, history.network_at(preset.updates)
    assert last.layers[0].weights[0] == first.layers[0].weights[0]
    assert last.layers[0].weights[1] != first.layers[0].weights[1]
    assert history.errors[-1] < 1e-6


def test_too_large_a_learning_rate_diverges_and_a_smaller_one_does_not() -> None:
    preset = preset_named("too-fast")
    history = preset.scenario.run(preset.updates)
    assert history.diverged_at is not None
    assert (np.diff(history.errors) > 0).all()
    # A quadratic function is descended for learning rates below 2 / its largest curvature.
    x = np.array([[x, 1.0] for (x,) in LINE.inputs])
    limit = 2 / np.linalg.eigvalsh(x.T @ x)[-1]
    assert 0.1 < limit < preset.scenario.learning_rate


def test_symmetric_units_never_part() -> None:
    preset = preset_named("symmetric")
    network = preset.scenario.run(preset.updates).network_at(preset.updates)
    hidden, last = network.layers
    assert hidden.weights[0] == hidden.weights[1]
    assert hidden.biases[0] == hidden.biases[1]
    assert last.weights[0][0] == last.weights[0][1]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_says_what_to_watch_in_one_sentence(preset: object) -> None:
    found = next(known for known in PRESETS if known is preset)
    assert found.watch.startswith("Watch ")
    assert preset_named(found.name) is found


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(ValueError, match="'nothing' was given; choose worked"):
        preset_named("nothing")
