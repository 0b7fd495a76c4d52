"""Gradients by central differences: the error a little to the right minus a little to the left.

Uses only the formulas that go forward, never a derivative. In 64-bit arithmetic differences lose
half of their digits; with fifty or more nothing but the formula is left to be wrong.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext

from blitz.backprop.activations import SOFTMAX, activation_named, softmax
from blitz.backprop.network import Network
from blitz.backprop.scenario import Scenario

STEP = Decimal("1e-20")
"""Below the rounding of 64-bit numbers near 1: it steps over no corner that they can tell from."""
DIGITS = 50

Units = list[Decimal]


@dataclass(frozen=True, slots=True)
class _Sample:
    """One sample gone forward. linear[k], outputs[k + 1]: of layer k; outputs[0] are the inputs."""

    linear: list[Units]
    outputs: list[Units]
    targets: Units


@dataclass(frozen=True, slots=True)
class _Exact:
    """A network in decimals. weights[k][unit][source], biases[k][unit]; a shared one repeated."""

    network: Network
    weights: list[list[Units]]
    biases: list[Units]
    count: int

    def linear(self, layer: int, given: Units) -> Units:
        """Linear parts of a layer."""
        return [
            sum((w * x for w, x in zip(weights, given, strict=True)), start=bias)
            for weights, bias in zip(self.weights[layer], self.biases[layer], strict=True)
        ]

    def activated(self, layer: int, linear: Units) -> Units:
        """Values of a layer's units."""
        name = self.network.layers[layer].activation
        if name == SOFTMAX:
            return [softmax(linear, unit) for unit in range(len(linear))]
        return [activation_named(name).value(x) for x in linear]

    def sample(self, inputs: Sequence[float], targets: Sequence[float]) -> _Sample:
        """Go forward through all layers."""
        linear, outputs = [], [_decimals(inputs)]
        for layer in range(len(self.weights)):
            linear.append(self.linear(layer, outputs[-1]))
            outputs.append(self.activated(layer, linear[-1]))
        return _Sample(linear, outputs, _decimals(targets))

    def error_after(self, layer: int, linear: Units, targets: Units) -> Decimal:
        """A sample's error, gone forward from the linear parts of a layer."""
        outputs = self.activated(layer, linear)
        for after in range(layer + 1, len(self.weights)):
            linear = self.linear(after, outputs)
            outputs = self.activated(after, linear)
        errors = self.network.loss_function.errors(targets, linear, outputs, self.count)
        return sum(errors, start=Decimal(0))

    def difference(
        self, samples: Sequence[_Sample], layer: int, units: Sequence[int], source: int | None
    ) -> float:
        """(E(p + h) − E(p − h)) / 2h of a parameter p: the weight of a source, or a bias."""
        total = Decimal(0)
        for sample in samples:
            h = STEP if source is None else STEP * sample.outputs[layer][source]
            for sign in (1, -1):
                linear = [
                    x + sign * h if unit in units else x
                    for unit, x in enumerate(sample.linear[layer])
                ]
                total += sign * self.error_after(layer, linear, sample.targets)
        return float(total / (2 * STEP))


def by_differences(scenario: Scenario, digits: int = DIGITS) -> list[float]:
    """∂E/∂ all parameters, in the order of `Network.parameter_names`.

    digits: of the arithmetic. The step takes twenty of them, and the size of E beside the smallest
    gradient some more.

    64-bit numbers would not do: the first weight of five sigmoid layers of one unit, all weights
    0.1, comes out 1·10⁻⁶ of its gradient off with the best of all steps. Here it is 2·10⁻¹⁷.
    """
    # Numbers that 64 bits cannot hold are told of by the steps; here nothing stops at them.
    with localcontext(Context(prec=digits, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])):
        exact = _exact(scenario)
        pairs = zip(scenario.inputs, scenario.targets, strict=True)
        samples = [exact.sample(inputs, targets) for inputs, targets in pairs]
        places = (*_weights(scenario.network), *_biases(scenario.network))
        return [exact.difference(samples, *place) for place in places]


def _exact(scenario: Scenario) -> _Exact:
    layers = scenario.network.layers
    return _Exact(
        network=scenario.network,
        weights=[[_decimals(weights) for weights in layer.weights] for layer in layers],
        biases=[
            _decimals([layer.biases[layer.bias_of(unit)] for unit in range(layer.num_units)])
            for layer in layers
        ],
        count=scenario.network.loss_function.count(
            scenario.num_samples, scenario.network.sizes[-1]
        ),
    )


def _weights(network: Network) -> Iterator[tuple[int, Sequence[int], int]]:
    """Layer, unit and source of each weight."""
    for place, layer in enumerate(network.layers):
        for unit in range(layer.num_units):
            for source in range(layer.num_inputs):
                yield place, [unit], source


def _biases(network: Network) -> Iterator[tuple[int, Sequence[int], None]]:
    """Layer and units of each bias."""
    for place, layer in enumerate(network.layers):
        units = range(layer.num_units)
        for own in [units] if layer.shares_bias else [[unit] for unit in units]:
            yield place, own, None


def _decimals(values: Sequence[float]) -> Units:
    return [Decimal(value) for value in values]
