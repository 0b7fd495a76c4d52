"""What a network may be, what its parts are called, and what is said of one that cannot be."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given

from blitz.backprop.network import Layer, Network
from blitz.backprop.scenario import Scenario
from tests.backprop.networks import WORKED_NETWORK, scenarios

ONE = Layer(((1.0,),), (0.0,), "sigmoid")
TWO = Layer(((1.0,), (2.0,)), (0.0,), "sigmoid")


def test_names_of_the_worked_example() -> None:
    network = WORKED_NETWORK
    assert network.sizes == (2, 2, 2)
    assert network.input_names() == ("i1", "i2")
    assert network.unit_names() == (("h1", "h2"), ("o1", "o2"))
    assert network.source_names() == (("i1", "i2"), ("h1", "h2"))
    assert network.weight_names() == ((("w1", "w2"), ("w3", "w4")), (("w5", "w6"), ("w7", "w8")))
    assert network.bias_names() == (("b1",), ("b2",))
    assert network.parameter_names() == (*(f"w{n}" for n in range(1, 9)), "b1", "b2")
    assert network.parameters() == (0.05, 0.15, 0.1, 0.2, 0.25, 0.35, 0.3, 0.4, 0.35, 0.5)


def test_numbers_go_on_through_the_layers() -> None:
    first = Layer(((1.0, 1.0), (1.0, 1.0), (1.0, 1.0)), (0.0, 0.0, 0.0))
    second = Layer(((1.0, 1.0, 1.0), (1.0, 1.0, 1.0)), (0.0,))
    third = Layer(((1.0, 1.0),), (0.0,))
    network = Network((first, second, third))
    assert network.unit_names() == (("h1", "h2", "h3"), ("h4", "h5"), ("o1",))
    assert network.weight_names()[1] == (("w7", "w8", "w9"), ("w10", "w11", "w12"))
    assert network.weight_names()[2] == (("w13", "w14"),)
    assert network.bias_names() == (("b1", "b2", "b3"), ("b4",), ("b5",))
    assert network.num_weights == 14


@given(scenarios())
def test_parameters_can_be_taken_out_and_put_back(scenario: Scenario) -> None:
    network = scenario.network
    values = network.parameters()
    assert len(values) == len(network.parameter_names()) == len(set(network.parameter_names()))
    assert network.with_parameters(values) == network
    doubled = network.with_parameters([2 * value for value in values])
    assert doubled.parameters() == tuple(2 * value for value in values)
    assert doubled.sizes == network.sizes
    assert doubled.loss == network.loss
    assert [layer.activation for layer in doubled.layers] == [
        layer.activation for layer in network.layers
    ]


def test_one_bias_is_shared_by_all_units() -> None:
    assert TWO.shares_bias
    assert [TWO.bias_of(unit) for unit in (0, 1)] == [0, 0]
    own = Layer(((1.0,), (2.0,)), (0.0, 1.0))
    assert not own.shares_bias
    assert [own.bias_of(unit) for unit in (0, 1)] == [0, 1]
    assert not ONE.shares_bias


@pytest.mark.parametrize("kind", [np.array, torch.tensor, list])
def test_numbers_may_come_as_lists_arrays_or_tensors(kind: Any) -> None:
    layer = Layer(kind([[0.5, 0.25]]), kind([0.75]))
    assert layer == Layer(((0.5, 0.25),), (0.75,))
    assert isinstance(layer.weights[0][0], float)


def test_a_single_number_is_a_shared_bias() -> None:
    assert Layer([[1], [2]], 3).biases == (3.0,)


@pytest.mark.parametrize("given", ["relu", "ReLU", " RELU ", "leaky_relu", "Leaky-ReLU"])
def test_names_of_activations_may_be_written_freely(given: str) -> None:
    expected = "leaky ReLU" if "eaky" in given else "ReLU"
    assert Layer(((1.0,),), (0.0,), given).activation == expected


@pytest.mark.parametrize(
    ("weights", "biases", "activation", "message"),
    [
        ([], [0], "tanh", "weights: none were given"),
        ([[]], [0], "tanh", "weights: none were given"),
        ([[1], [1, 2]], [0], "tanh", "weights: rows of different length"),
        ([[1]] * 9, [0], "tanh", "weights: 9 units; a layer has 1 to 8"),
        ([[1] * 9], [0], "tanh", "weights: 9 a unit; expected 1 to 8"),
        ([[1]], [0, 0], "tanh", "biases: 2 for 1 units"),
        ([[1]], [], "tanh", "biases: 0 for 1 units"),
        ([[math.nan]], [0], "tanh", "weights: nan was given; expected finite numbers"),
        ([[1]], [math.inf], "tanh", "biases: inf was given"),
        ([["one"]], [0], "tanh", "weights: 'one' was given"),
        ("1", [0], "tanh", "weights: '1' was given"),
        ([1, 2], [0], "tanh", "weights: 1 was given; expected a list of numbers"),
        (3, [0], "tanh", "weights: 3 was given"),
        ([[True]], [0], "tanh", "weights: True was given"),
        ([[1]], None, "tanh", "biases: None was given"),
        ([[1]], [0], "step", "activation: 'step' was given; choose sigmoid, tanh, ReLU"),
        ([[1]], [0], None, "activation: None was given"),
        ([[1]], [0], "softmax", "activation: softmax of a single unit is always 1"),
    ],
)
def test_what_is_no_layer_is_named(
    weights: Any, biases: Any, activation: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=r"^" + message):
        Layer(weights, biases, activation)


@pytest.mark.parametrize(
    ("layers", "loss", "message"),
    [
        ((), "half squared error", "layers: 0 were given; a network has 1 to 5"),
        ((ONE,) * 6, "half squared error", "layers: 6 were given"),
        ((TWO, ONE), "half squared error", "layers: layer 2 takes 1 numbers; the layer before it "
         "has 2 units"),
        ((ONE,), "hinge", "loss: 'hinge' was given; choose half squared error"),
        ((ONE,), "softmax cross-entropy", "loss: softmax cross-entropy needs softmax outputs; the "
         "last layer has sigmoid"),
        ((Layer(((1.0,),), (0.0,), "tanh"),), "binary cross-entropy", "loss: binary cross-entropy "
         "needs sigmoid outputs"),
        ((Layer(((1.0,), (1.0,)), (0.0,), "softmax"), Layer(((1.0, 1.0),), (0.0,))),
         "half squared error", "activation: softmax belongs in the last layer only"),
    ],
)  # fmt: skip
def test_what_is_no_network_is_named(layers: Any, loss: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^" + message):
        Network(layers, loss)


def test_one_sample_may_come_without_a_table() -> None:
    expected = (((0.1, 0.2),), ((0.85, 0.3),))
    assert WORKED_NETWORK.samples([0.1, 0.2], [0.85, 0.3]) == expected
    assert WORKED_NETWORK.samples([[0.1, 0.2]], np.array([[0.85, 0.3]])) == expected


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([0.5, 0.6], "targets: sample 1 sums to 1.1"),
        ([0.5, 0.5 + 1e-12], "targets: sample 1 sums to 1.000000000001; "),
        ([-0.5, 1.5], "targets: -0.5 in sample 1; softmax cross-entropy takes 0 to 1"),
    ],
)
def test_targets_of_softmax_cross_entropy_are_probabilities(targets: Any, message: str) -> None:
    layer = Layer(((1.0,), (2.0,)), (0.0,), "softmax")
    network = Network((layer,), "softmax cross-entropy")
    with pytest.raises(ValueError, match=r"^" + message):
        network.samples([1.0], targets)
    assert network.samples([1.0], [0.25, 0.75])


def test_targets_of_binary_cross_entropy_are_from_0_to_1() -> None:
    network = Network((ONE,), "binary cross-entropy")
    with pytest.raises(ValueError, match=r"^targets: 2 in sample 2; binary"):
        network.samples([[1], [1]], [[1], [2]])
    assert network.samples([[1], [1]], [[1], [0]])
