"""Changes that people make to a scenario; what can stay as it is, stays."""

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from blitz.backprop.losses import loss_named
from blitz.backprop.network import MAX_LAYERS, MAX_UNITS, Layer, Network, Table
from blitz.backprop.scenario import Scenario
from blitz.backprop.tables import SampleTable

SEED = 1
"""Of the weights that come with new units: the same for everybody who makes the same change."""


def read_sizes(text: str) -> tuple[int, ...]:
    """Sizes from a text such as 2-3-1: inputs, hidden layers, outputs. ValueError otherwise."""
    sizes: tuple[int, ...] = ()
    if re.fullmatch(r"\s*\d{1,3}(\s*[-, ]\s*\d{1,3})+\s*", text):
        sizes = tuple(int(digits) for digits in re.findall(r"\d+", text))
    if not 2 <= len(sizes) <= MAX_LAYERS + 1 or not all(1 <= n <= MAX_UNITS for n in sizes):
        raise ValueError(
            f"sizes: {text.strip()[:40]!r} was given; expected inputs and 1 to {MAX_LAYERS} layers "
            f"of 1 to {MAX_UNITS} each, such as 2-3-1"
        )
    return sizes


def write_sizes(sizes: Sequence[int]) -> str:
    """Sizes as `read_sizes` takes them."""
    return "-".join(map(str, sizes))


def with_sizes(scenario: Scenario, sizes: Sequence[int]) -> Scenario:
    """Other layers; columns of samples that are new hold 0."""
    return replace(
        scenario,
        network=_resized(scenario.network, sizes),
        inputs=_columns(scenario.inputs, sizes[0]),
        targets=_columns(scenario.targets, sizes[-1]),
    )


def with_samples(scenario: Scenario, table: SampleTable) -> Scenario:
    """Other samples; the network gets the inputs and outputs that they need."""
    hidden = scenario.network.sizes[1:-1]
    sizes = (len(table.inputs[0]), *hidden, len(table.targets[0]))
    network = _resized(scenario.network, sizes)
    return replace(scenario, network=network, inputs=table.inputs, targets=table.targets)


def with_activation(network: Network, layer: int, activation: str) -> Network:
    """Another activation in one layer."""
    layers = list(network.layers)
    layers[layer] = replace(layers[layer], activation=activation)
    return Network(layers, network.loss)


def with_loss(network: Network, loss: str) -> Network:
    """Another loss; the last layer gets the activation that it needs."""
    needed = loss_named(loss).activation
    *hidden, last = network.layers
    if needed is not None:
        last = replace(last, activation=needed)
    return Network((*hidden, last), loss)


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
