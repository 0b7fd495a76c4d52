"""Many updates: each as by hand, all as with torch.optim, and what goes wrong told in time."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from blitz.backprop.network import Layer, Network
from blitz.backprop.passes import arrays, forward
from blitz.backprop.presets import preset_named
from blitz.backprop.scenario import Scenario
from blitz.backprop.training import run_updates, train_network
from blitz.backprop.worksheet import OverflowedError
from tests.backprop.networks import (
    WORKED,
    WORKED_NETWORK,
    TorchNetwork,
    one_unit,
    scenarios,
)


def outputs(network: Network, scenario: Scenario) -> list[float]:
    passed = forward(network, arrays(network), np.array(scenario.inputs))
    return [float(value) for value in passed.outputs[-1][0]]


def test_errors_begin_before_any_update() -> None:
    history = WORKED.run(3)
    assert history.errors.shape == (4,)
    assert history.num_updates == 3
    assert history.errors[0] == pytest.approx(0.096867268, abs=5e-10)
    assert history.network_at(0) == WORKED_NETWORK


def test_no_updates_give_the_error_and_the_network_as_it_is() -> None:
    training = train_network(WORKED_NETWORK, [0.1, 0.2], [0.85, 0.3], 1.0, 0)
    assert training.errors == pytest.approx([0.096867268], abs=5e-10)
    assert training.network == WORKED_NETWORK


@settings(max_examples=30)
@given(scenarios())
def test_each_update_is_the_one_by_hand(scenario: Scenario) -> None:
    history = scenario.run(3)
    for update in range(3):
        before = history.network_at(update)
        by_hand = run_by_hand(scenario, before)
        after = history.network_at(update + 1).parameters()
        assert after == pytest.approx(by_hand.parameters(), rel=1e-9, abs=1e-11)


def run_by_hand(scenario: Scenario, network: Network) -> Network:
    return Scenario(
        network=network, inputs=scenario.inputs, targets=scenario.targets,
        learning_rate=scenario.learning_rate, update_biases=scenario.update_biases,
    ).explain().updated  # fmt: skip


def by_sgd(scenario: Scenario, updates: int) -> tuple[list[float], list[float]]:
    """Errors before any update and after each, and the parameters at the end."""
    theirs = TorchNetwork(scenario)
    learned = [*theirs.weights, *(theirs.biases if scenario.update_biases else [])]
    optimiser = torch.optim.SGD(learned, lr=scenario.learning_rate)
    errors = [theirs.error().item()]
    for _ in range(updates):
        optimiser.zero_grad()
        theirs.error().backward()
        optimiser.step()
        errors.append(theirs.error().item())
    return errors, theirs.values()


@settings(max_examples=25)
@given(scenarios())
def test_updates_are_those_of_sgd(scenario: Scenario) -> None:
    history, (errors, parameters) = scenario.run(5), by_sgd(scenario, 5)
    assert history.errors == pytest.approx(errors, rel=1e-8, abs=1e-10)
    assert history.parameters_at(5) == pytest.approx(parameters, rel=1e-8, abs=1e-10)


@pytest.mark.parametrize(("name", "rate"), [("xor", 50.0), ("moons", 20.0), ("moons", 50.0)])
def test_large_steps_with_a_cross_entropy_go_as_with_sgd(name: str, rate: float) -> None:
    scenario = replace(preset_named(name).scenario, learning_rate=rate)
    history = scenario.run(1_000)
    assert history.diverged_at is None
    # From where it stands: such steps may be chaotic, and then rounding grows with every update.
    for update in range(0, 1_000, 40):
        here = replace(scenario, network=history.network_at(update))
        errors, parameters = by_sgd(here, 1)
        assert history.errors[update : update + 2] == pytest.approx(errors, rel=1e-9, abs=1e-12)
        assert history.parameters_at(update + 1) == pytest.approx(parameters, rel=1e-9, abs=1e-9)


def test_what_a_history_holds_cannot_be_written_over() -> None:
    history = WORKED.run(3)
    for array in (history.errors, history.snapshots):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_worked_example_reaches_its_targets() -> None:
    history = WORKED.run(10_000)
    assert outputs(history.network_at(10_000), WORKED) == pytest.approx([0.85, 0.30], abs=1e-6)
    assert history.errors[-1] < 1e-12
    assert (np.diff(history.errors) <= 0).all()
    assert history.diverged_at is None


def test_biases_held_fixed_stay_and_others_learn() -> None:
    fixed = WORKED.run(50).network_at(50)
    assert [layer.biases for layer in fixed.layers] == [(0.35,), (0.5,)]
    learned = run_updates(WORKED_NETWORK, WORKED.inputs, WORKED.targets, 1.0, 50).network_at(50)
    assert all(
        after.biases != before.biases
        for before, after in zip(WORKED_NETWORK.layers, learned.layers, strict=True)
    )


def test_a_learning_rate_of_0_changes_nothing() -> None:
    history = run_updates(WORKED_NETWORK, WORKED.inputs, WORKED.targets, 0, 20)
    assert history.network_at(20) == WORKED_NETWORK
    assert len(set(history.errors.tolist())) == 1
    assert history.diverged_at is None


LONG = run_updates(WORKED_NETWORK, WORKED.inputs, WORKED.targets, 1.0, 7_001)


@settings(max_examples=20)
@given(st.integers(0, 7_001))
def test_a_look_back_equals_training_just_so_far(update: int) -> None:
    so_far = train_network(WORKED_NETWORK, WORKED.inputs, WORKED.targets, 1.0, update)
    assert LONG.network_at(update) == so_far.network
    assert LONG.errors[: update + 1].tolist() == so_far.errors.tolist()


@pytest.mark.parametrize("update", [-1, 4, 10**9])
def test_an_update_that_was_not_made_cannot_be_looked_at(update: int) -> None:
    with pytest.raises(ValueError, match=f"update: {update} was given; there are 0 to 3"):
        WORKED.run(3).network_at(update)


@pytest.mark.parametrize("rate", [3.0, 10.0, 1e3, 1e30, 1e150])
def test_divergence_is_told_with_its_update(rate: float) -> None:
    # One linear unit, E = ½w²: each update multiplies w by 1 − η.
    scenario = one_unit(1.0, 0.0)
    history = run_updates(scenario.network, [1.0], [0.0], rate, 5_000, update_biases=False)
    weight, updates = 1.0, 0
    while math.isfinite(weight * weight):
        weight -= rate * weight
        updates += 1
    assert history.diverged_at == updates
    assert history.num_updates == updates - 1
    assert np.isfinite(history.errors).all()
    assert all(map(math.isfinite, history.network_at(history.num_updates).parameters()))


def test_an_infinite_weight_is_divergence_also_where_the_error_stays_finite() -> None:
    unit = one_unit(0.0, 0.0, "sigmoid")  # ∂E/∂w1 = ½ · ¼ · 100, and then sigmoid(−∞) = 0
    history = run_updates(unit.network, [100.0], [0.0], 1.7e308, 100)
    assert history.diverged_at == 1
    assert history.network_at(0) == unit.network
    assert history.errors.tolist() == [0.125]


def test_large_weights_that_64_bits_can_hold_are_not_divergence() -> None:
    network = Network((Layer(((1e308, 1e308),), (0.0,), "sigmoid"),))
    history = run_updates(network, [0.5, -0.5], [0.0], 1.0, 2)
    assert history.errors[0] == 0.125
    assert history.diverged_at is None


def test_a_training_that_converges_at_its_last_update_has_not_diverged() -> None:
    for steps in (1, 5):
        assert WORKED.run(steps).diverged_at is None


def test_too_large_an_error_before_any_update_is_told() -> None:
    with pytest.raises(OverflowedError, match=r"^E_o1 = .* is too large"):
        run_updates(WORKED_NETWORK, [0.1, 0.2], [1e308, 0], 1.0, 5)


@pytest.mark.parametrize("steps", [-1, 100_001, 1.5, "many", True, None])
def test_steps_that_are_no_count_are_named(steps: Any) -> None:
    with pytest.raises(ValueError, match=r"^steps: "):
        train_network(WORKED_NETWORK, [0.1, 0.2], [0.85, 0.3], 1.0, steps)


@pytest.mark.parametrize("rate", [-1.0, math.nan, math.inf, "fast"])
def test_learning_rates_that_are_none_are_named(rate: Any) -> None:
    with pytest.raises(ValueError, match=r"^learning rate: "):
        train_network(WORKED_NETWORK, [0.1, 0.2], [0.85, 0.3], rate, 5)


def test_exclusive_or_is_learnt() -> None:
    hidden = Layer(((1.5, -1.0), (-1.2, 1.4), (0.8, 0.9)), (0.1, -0.2, 0.3), "tanh")
    network = Network(
        (hidden, Layer(((1.0, 1.0, -1.0),), (0.0,), "sigmoid")), "binary cross-entropy"
    )
    inputs, targets = ((0, 0), (0, 1), (1, 0), (1, 1)), ((0,), (1,), (1,), (0,))
    training = train_network(network, inputs, targets, 0.5, 3_000)
    passed = forward(network, arrays(training.network), np.array(inputs, dtype=float))
    assert passed.outputs[-1].round().tolist() == [[0], [1], [1], [0]]
    assert training.errors[-1] < 0.05
