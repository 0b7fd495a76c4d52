"""The sheet on which steps are written down, and the names of a network's parts at hand."""

import math

from blitz.backprop import symbols
from blitz.backprop.expressions import Expression, Symbol
from blitz.backprop.network import Network
from blitz.backprop.notation import text
from blitz.backprop.steps import Step, StepKind
from blitz.backprop.symbols import Label


class OverflowedError(ValueError):
    """A number that is too large for 64 bits; says which."""


class Worksheet:
    """Steps in the order in which they were computed."""

    def __init__(self, network: Network, num_samples: int) -> None:
        self.network = network
        self.num_samples = num_samples
        self.units = network.unit_names()
        self.sources = network.source_names()
        self.weights = network.weight_names()
        self.biases = network.bias_names()
        values = zip(network.parameter_names(), network.parameters(), strict=True)
        self.parameters = {name: symbols.parameter(name).of(value) for name, value in values}
        self.steps: list[Step] = []

    def write(
        self,
        label: Label,
        how: Expression,
        kind: StepKind,
        about: str,
        uses: tuple[str, ...],
        sample: int = 0,
    ) -> Symbol:
        """Write a step down; what it computed. OverflowedError where that is too large."""
        if not math.isfinite(how.value):
            raise OverflowedError(
                f"{label.name} = {text(how)} is too large: 64-bit numbers end at 1.8·10³⁰⁸"
            )
        symbol = label.of(how.value)
        self.steps.append(
            Step(symbol=symbol, expression=how, kind=kind, about=about, uses=uses, sample=sample)
        )
        return symbol

    def is_last(self, layer: int) -> bool:
        """Whether a layer is the output layer."""
        return layer + 1 == len(self.units)

    def bias_name(self, layer: int, unit: int) -> str:
        """The bias of a unit."""
        return self.biases[layer][self.network.layers[layer].bias_of(unit)]

    def ways_out(self, layer: int, unit: int) -> tuple[str, ...]:
        """Weights and units that take a unit's value on, and the error at their end."""
        if self.is_last(layer):
            return ("E",)
        weights = (of_unit[unit] for of_unit in self.weights[layer + 1])
        return (*weights, *self.units[layer + 1], "E")
