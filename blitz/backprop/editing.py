"""Changes that people make to a scenario; what can stay as it is, stays."""

import math
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from blitz.backprop.activations import SIGMOID, SOFTMAX
from blitz.backprop.losses import BINARY_CROSS_ENTROPY, loss_named
from blitz.backprop.network import MAX_LAYERS, MAX_UNITS, Layer, Network, Row, Table
from blitz.backprop.scenario import Scenario
from blitz.backprop.tables import SampleTable

SEED = 1
"""Of the weights that come with new units: the same for everybody who makes the same change."""


def read_sizes(text: str) -> tuple[int, ...]:
    """Units of each layer from "3-4-2", the inputs first; ValueError naming what is wrong."""
    parts = re.split(r"[\s,–→-]+", text.strip())
    if parts == [""]:
        raise ValueError("sizes: nothing was given; expected numbers as in 3-4-2")
    for part in parts:
        if not re.fullmatch(r"[0-9]{1,4}", part):
            raise ValueError(f"sizes: {part[:20]!r} was given; expected numbers as in 3-4-2")
        if not 1 <= int(part) <= MAX_UNITS:
            raise ValueError(f"sizes: {int(part)} was given; a layer has 1 to {MAX_UNITS} units")
    if not 2 <= len(parts) <= MAX_LAYERS + 1:
        raise ValueError(
            f"sizes: {len(parts)} were given; expected the inputs and 1 to {MAX_LAYERS} layers"
        )
    return tuple(int(part) for part in parts)


def write_sizes(sizes: Sequence[int]) -> str:
    """Sizes as `read_sizes` takes them."""
    return "-".join(map(str, sizes))


def with_sizes(scenario: Scenario, sizes: Sequence[int]) -> Scenario:
    """Other layers; columns of samples that are new hold 0."""
    network = _resized(scenario.network, sizes)
    targets = _fitting(_columns(scenario.targets, sizes[-1]), network)
    inputs = _columns(scenario.inputs, sizes[0])
    return replace(scenario, network=network, inputs=inputs, targets=targets)


def with_samples(scenario: Scenario, table: SampleTable) -> Scenario:
    """Other samples; the network gets the inputs and outputs that they need, and the loss, too."""
    network = scenario.network
    num_outputs = len(table.targets[0])
    if network.layers[-1].activation == SOFTMAX and num_outputs == 1:  # of one unit it is always 1
        last = replace(network.layers[-1], activation=SIGMOID.name)
        network = Network((*network.layers[:-1], last), BINARY_CROSS_ENTROPY.name)
    network = _resized(network, (len(table.inputs[0]), *network.sizes[1:-1], num_outputs))
    targets = _fitting(table.targets, network)
    return replace(scenario, network=network, inputs=table.inputs, targets=targets)


def with_activation(network: Network, layer: int, activation: str) -> Network:
    """Another activation in one layer."""
    layers = list(network.layers)
    layers[layer] = replace(layers[layer], activation=activation)
    return Network(layers, network.loss)


def with_loss(scenario: Scenario, loss: str) -> Scenario:
    """Another loss; the last layer gets the activation, and samples the targets, that it needs."""
    needed = loss_named(loss).activation
    *hidden, last = scenario.network.layers
    if needed is not None:
        last = replace(last, activation=needed)
    network = Network((*hidden, last), loss)
    return replace(scenario, network=network, targets=_fitting(scenario.targets, network))


def with_shared_biases(network: Network, shared: bool) -> Network:
    """One bias for all units of a layer, the first unit's, or one for each."""
    return Network(
        [
            replace(layer, biases=layer.biases[:1] * (1 if shared else layer.num_units))
            if layer.shares_bias != shared
            else layer
            for layer in network.layers
        ],
        network.loss,
    )


def _resized(network: Network, sizes: Sequence[int]) -> Network:
    """Numbers that both networks have are kept; new weights are random between −1 and 1.

    The last layer keeps its activation; a new hidden layer takes that of the first layer.
    """
    chance = random.Random(SEED)
    num_layers = len(sizes) - 1
    layers = []
    for place, (num_inputs, num_units) in enumerate(pairwise(sizes)):
        fresh = [
            [round(chance.uniform(-1, 1), 2) for _ in range(num_inputs)] for _ in range(num_units)
        ]
        before = network.layers[place] if place < len(network.layers) else None
        is_shared = any(layer.shares_bias for layer in network.layers)
        biases = [0.0] * (1 if is_shared else num_units)
        if before is not None:
            for row, old_row in zip(fresh, before.weights, strict=False):
                row[: len(old_row)] = old_row[: len(row)]
            old_biases = before.biases[: len(biases)]
            biases[: len(old_biases)] = old_biases
        layers.append(Layer(fresh, biases, _activation(network, place, num_layers)))
    return Network(layers, network.loss)


def _activation(network: Network, place: int, num_layers: int) -> str:
    if place == num_layers - 1:
        return network.layers[-1].activation
    is_known_hidden = place < len(network.layers) - 1
    known = network.layers[place if is_known_hidden else 0].activation
    return known if is_known_hidden or len(network.layers) > 1 else "sigmoid"


def _columns(rows: Table, width: int) -> Table:
    return tuple((*row[:width], *(0.0,) * (width - len(row))) for row in rows)


def _fitting(targets: Table, network: Network) -> Table:
    """Targets as the loss can take them: cut to 0 and 1, or all for the largest of a sample."""
    needed = network.loss_function.activation
    if needed is None:
        return targets
    cut = tuple(tuple(min(max(value, 0.0), 1.0) for value in row) for row in targets)
    if needed != SOFTMAX:
        return cut
    return tuple(row if abs(math.fsum(row) - 1) < 1e-13 else _one_hot(row) for row in cut)


def _one_hot(row: Row) -> Row:
    largest = row.index(max(row))
    return tuple(float(place == largest) for place in range(len(row)))
