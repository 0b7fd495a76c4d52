"""Fully connected layers: the units of each, and how many weights and biases they have."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from blitz.backprop.expressions import Expression, Number, Sum
from blitz.backprop.network import Layer, Network


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerCount:
    """What a layer has to learn: a weight from each number coming in to each unit, and biases."""

    name: str
    num_inputs: int
    num_units: int

    def weights(self) -> Expression:
        """Inputs times units."""
        return Number(self.num_inputs) * Number(self.num_units)

    def parameters(self) -> Expression:
        """Weights, and a bias for each unit."""
        return self.weights() + self.num_units


def layer_counts(sizes: Sequence[int]) -> tuple[LayerCount, ...]:
    """The count of each layer that has weights; sizes: the inputs first."""
    *hidden, last = pairwise(sizes)
    names = [
        "hidden layer" if len(hidden) == 1 else f"hidden layer {n + 1}" for n in range(len(hidden))
    ]
    return tuple(
        LayerCount(name=name, num_inputs=num_inputs, num_units=num_units)
        for name, (num_inputs, num_units) in zip(
            [*names, "output layer"], [*hidden, last], strict=True
        )
    )


def total_count(sizes: Sequence[int]) -> Sum:
    """The parameters of all layers, added."""
    counts = layer_counts(sizes)
    return Sum(*(Number(int(count.parameters().value)) for count in counts))


def unit_names(sizes: Sequence[int]) -> tuple[tuple[str, ...], ...]:
    """The names of inputs and units, layer by layer, as in the rest of the calculator."""
    layers = tuple(
        Layer(((0.0,) * num_inputs,) * num_units, (0.0,) * num_units, "linear")
        for num_inputs, num_units in pairwise(sizes)
    )
    network = Network(layers)
    return (network.input_names(), *network.unit_names())
