"""Networks of every kind, for what is written of them."""

import math
from itertools import pairwise
from typing import Any

from blitz.backprop import Layer, Network
from blitz.backprop.scenario import Scenario

XOR = ([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])


def numbers(count: int, start: int = 0) -> list[float]:
    """Numbers between −1 and 1 without a pattern."""
    return [round(math.sin(1.7 * n * n + 0.3), 3) for n in range(start, start + count)]


def layer(num_inputs: int, num_units: int, activation: str, shares_bias: bool = False) -> Layer:
    flat = numbers(num_inputs * num_units, start=num_units)
    rows = [flat[at : at + num_inputs] for at in range(0, len(flat), num_inputs)]
    return Layer(rows, numbers(1 if shares_bias else num_units, start=3), activation)


def network(sizes: list[int], activations: list[str], loss: str = "half squared error") -> Network:
    layers = zip(pairwise(sizes), activations, strict=True)
    return Network(tuple(layer(*size, activation) for size, activation in layers), loss)


def make_scenario(network: Network, inputs: Any, targets: Any, **options: Any) -> Scenario:
    return Scenario(network=network, inputs=inputs, targets=targets, **options)


def table(num_samples: int, width: int) -> list[list[float]]:
    return [numbers(width, start=width * n) for n in range(num_samples)]


WORKED = make_scenario(
    Network(
        (
            Layer([[0.05, 0.15], [0.10, 0.20]], 0.35),
            Layer([[0.25, 0.35], [0.30, 0.40]], 0.50),
        )
    ),
    [0.10, 0.20],
    [0.85, 0.30],
    update_biases=False,
)
ONE_HOT = [[1, 0, 0], [0, 0, 1], [0.2, 0.3, 0.5]]
SCENARIOS = {
    "worked example": WORKED,
    "shared biases that learn": make_scenario(
        WORKED.network, WORKED.inputs, WORKED.targets, learning_rate=0.3
    ),
    "XOR": make_scenario(
        network([2, 3, 1], ["tanh", "tanh"], "mean squared error"),
        XOR[0],
        XOR[1],
        learning_rate=0.5,
    ),
    "ReLU": make_scenario(network([3, 4, 2], ["ReLU", "leaky ReLU"]), table(3, 3), table(3, 2)),
    "softmax": make_scenario(
        network([2, 3, 3], ["sigmoid", "softmax"], "softmax cross-entropy"),
        table(3, 2),
        ONE_HOT,
    ),
    "softmax of one sample": make_scenario(
        network([2, 3], ["softmax"], "softmax cross-entropy"),
        [0.4, -2],
        ONE_HOT[2],
    ),
    "softmax with squares": make_scenario(network([2, 3], ["softmax"]), table(3, 2), ONE_HOT),
    "binary cross-entropy": make_scenario(
        network([2, 2, 2], ["tanh", "sigmoid"], "binary cross-entropy"),
        XOR[0],
        [[0, 1], [1, 0], [1, 0.5], [0, 0.25]],
    ),
    "sigmoid outputs that round to 0 and 1": make_scenario(
        Network((Layer([[36], [800], [-800]], [0, 0, 0]),), "binary cross-entropy"),
        [[1], [2]],
        [[0, 0, 1], [0.25, 1, 0]],
    ),
    "softmax outputs that round to 0 and 1": make_scenario(
        Network((Layer([[0], [800], [-37]], [0, 0, 0], "softmax"),), "softmax cross-entropy"),
        [[1], [-1]],
        [[1, 0, 0], [0.5, 0.25, 0.25]],
    ),
    "absolute error": make_scenario(
        network([1, 2], ["linear"], "absolute error"),
        [[1], [2], [3]],
        [[3, -1], [5, 0], [7, 1]],
        learning_rate=0.01,
    ),
    "five layers": make_scenario(
        network([8, 8, 8, 8, 8, 8], ["tanh", "sigmoid", "ReLU", "leaky ReLU", "linear"]),
        table(4, 8),
        table(4, 8),
        update_biases=False,
    ),
    "one neuron": make_scenario(
        Network((Layer([[2]], 1, "sigmoid"),)), [0.5], [0], learning_rate=0
    ),
}
