"""What people change counts; what can stay, stays."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blitz.backprop.activations import SOFTMAX
from blitz.backprop.editing import (
    read_sizes,
    with_activation,
    with_loss,
    with_samples,
    with_shared_biases,
    with_sizes,
    write_sizes,
)
from blitz.backprop.presets import PRESETS, preset_named
from blitz.backprop.tables import MOONS, SAMPLE_TABLES, XOR

WORKED = PRESETS[0].scenario
SIZES = st.lists(st.integers(1, 8), min_size=2, max_size=6).map(tuple)


@given(SIZES)
def test_sizes_are_read_as_they_are_written(sizes: tuple[int, ...]) -> None:
    assert read_sizes(write_sizes(sizes)) == sizes


@given(SIZES)
def test_numbers_that_both_networks_have_are_kept(sizes: tuple[int, ...]) -> None:
    new = with_sizes(WORKED, sizes)
    assert new.network.sizes == sizes
    for before, after in zip(WORKED.network.layers, new.network.layers, strict=False):
        for old_row, new_row in zip(before.weights, after.weights, strict=False):
            both = min(len(old_row), len(new_row))
            assert new_row[:both] == old_row[:both]
        assert after.biases[0] == before.biases[0]
    both = min(sizes[0], 2)
    assert new.inputs[0][:both] == WORKED.inputs[0][:both]


def test_the_same_change_gives_everybody_the_same_weights() -> None:
    assert with_sizes(WORKED, (2, 4, 2)) == with_sizes(WORKED, (2, 4, 2))


def test_more_layers_keep_the_activation_of_the_last_one() -> None:
    network = with_sizes(preset_named("xor").scenario, (2, 2, 3, 1)).network
    assert [layer.activation for layer in network.layers] == ["tanh", "tanh", "sigmoid"]


@pytest.mark.parametrize("table", SAMPLE_TABLES, ids=lambda table: table.name)
def test_samples_bring_their_sizes(table: object) -> None:
    chosen = next(known for known in SAMPLE_TABLES if known is table)
    new = with_samples(WORKED, chosen)
    assert (new.inputs, new.targets) == (chosen.inputs, chosen.targets)
    assert new.network.sizes == (len(chosen.inputs[0]), 2, 1)


def test_xor_and_moons_are_what_they_are_called() -> None:
    assert [t == ((a + b) % 2,) for (a, b), t in zip(XOR.inputs, XOR.targets, strict=True)] == (
        [True] * 4
    )
    for (x, y), (moon,) in zip(MOONS.inputs, MOONS.targets, strict=True):
        centre = (1.0, 0.5) if moon else (0.0, 0.0)
        distance = (x - centre[0]) ** 2 + (y - centre[1]) ** 2
        assert distance == pytest.approx(1, abs=0.03)


def test_a_loss_brings_the_activation_and_the_targets_that_it_needs() -> None:
    new = with_loss(WORKED, "softmax cross-entropy")
    assert [layer.activation for layer in new.network.layers] == ["sigmoid", SOFTMAX]
    assert new.targets == ((1, 0),)  # of 0.85 and 0.3 the first is larger


def test_targets_are_cut_to_what_a_loss_can_take() -> None:
    outside = replace(WORKED, targets=((1.5, -2.0),))
    assert with_loss(outside, "binary cross-entropy").targets == ((1, 0),)


def test_fewer_outputs_leave_targets_that_are_probabilities() -> None:
    three = with_sizes(with_loss(WORKED, "softmax cross-entropy"), (2, 3))
    third = replace(three, targets=((0, 0, 1),))
    assert with_sizes(third, (2, 2)).targets == ((1, 0),)


def test_samples_of_one_target_end_a_softmax() -> None:
    network = with_samples(with_loss(WORKED, "softmax cross-entropy"), XOR).network
    assert (network.loss, network.layers[-1].activation) == ("binary cross-entropy", "sigmoid")


def test_an_activation_that_the_loss_cannot_take_is_refused() -> None:
    network = with_loss(WORKED, "binary cross-entropy").network
    with pytest.raises(ValueError, match="binary cross-entropy needs sigmoid outputs"):
        with_activation(network, 1, "tanh")


def test_shared_biases_become_own_ones_and_back() -> None:
    own = with_shared_biases(WORKED.network, shared=False)
    assert own.bias_names() == (("b1", "b2"), ("b3", "b4"))
    assert own.layers[0].biases == (0.35, 0.35)
    assert with_shared_biases(own, shared=True) == WORKED.network
