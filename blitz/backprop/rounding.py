"""How far rounding can move a gradient, and where a corner leaves it undecided.

Every 64-bit operation is off by a share of its result. Carried through the rest of the calculation
with absolute values, so that nothing cancels, the results add up to a gradient's scale: two honest
computations differ by a small multiple of 1e-16 of it, also where the gradient itself is nearly 0
because large terms cancel. The running error analysis of J. H. Wilkinson, to first order.
"""

from dataclasses import dataclass

import numpy as np

from blitz.backprop.activations import SIGMOID, SOFTMAX, TANH, activation_named
from blitz.backprop.losses import ABSOLUTE_ERROR, MEAN_SQUARED_ERROR
from blitz.backprop.network import Network
from blitz.backprop.passes import Array, Parameters, arrays, flat
from blitz.backprop.passes import forward as go_forward
from blitz.backprop.scenario import Scenario

EPS = float(np.finfo(np.float64).eps)
ON_CORNER = 1e-13
"""As a share of what was added up: so near, rounding decides on which side a unit stands."""


@dataclass(frozen=True, slots=True)
class Sized:
    """Numbers, and the size of what they were made from: they are off by a share of that."""

    value: Array
    size: Array

    def times(self, other: "Sized") -> "Sized":
        """Each is off by its own share, times the other; where both are 0 that share counts."""
        size = abs(self.value) * other.size + self.size * (abs(other.value) + EPS * other.size)
        return Sized(self.value * other.value, size)

    def through(self, matrix: Array) -> "Sized":
        """Weighted sums, of the last axis."""
        return Sized(self.value @ matrix, self.size @ abs(matrix))


@dataclass(frozen=True, slots=True)
class Corner:
    """A unit that stands where a slope jumps. moved_by: the parameters that it depends on."""

    moved_by: frozenset[str]
    remark: str


class RoundingAnalysis:
    """A scenario gone through once more, with sizes beside all numbers."""

    def __init__(self, scenario: Scenario) -> None:
        self.network = scenario.network
        self.parameters = arrays(scenario.network)
        self.targets = np.array(scenario.targets)
        passed = go_forward(self.network, self.parameters, np.array(scenario.inputs))
        # linear[k], outputs[k + 1]: of layer k, [num_samples, n_out]
        self.linear: list[Sized] = []
        self.outputs = [Sized(passed.outputs[0], abs(passed.outputs[0]))]
        for place, (weights, biases) in enumerate(self.parameters):
            size = self.outputs[-1].size @ abs(weights).T + abs(biases)
            self.linear.append(Sized(passed.linear[place], size))
            self.outputs.append(self._output(place, passed.outputs[place + 1]))

    def gradient_scales(self) -> Array:
        """Sizes of ∂E/∂ all parameters, in the order of `Network.parameter_names`."""
        scales: Parameters = []
        delta = self._output_delta()  # ∂E/∂l, [num_samples, n_out]
        for place in reversed(range(len(self.parameters))):
            weights, biases = self.parameters[place]
            given = self.outputs[place]
            rounded = abs(given.value) + EPS * given.size
            of_weights = delta.size.T @ rounded + abs(delta.value).T @ given.size
            shared = len(biases) < len(weights)
            scales.append((of_weights, np.atleast_1d(delta.size.sum(None if shared else 0))))
            if place:
                delta = delta.through(weights).times(self._slope(place - 1))
        return flat(scales[::-1])

    def corners(self) -> list[Corner]:
        """Units on the corner of their activation, or of the absolute error."""
        found: list[Corner] = []
        for place, (layer, names) in enumerate(
            zip(self.network.layers, self.network.unit_names(), strict=True)
        ):
            if layer.activation == SOFTMAX or not activation_named(layer.activation).has_corner:
                continue
            words = f"{layer.activation}: there is a slope to its left and another to its right"
            found += [
                Corner(_moving(self.network, place, unit), f"{names[unit]} stands on the corner "
                       f"of {words}")
                for unit in _near_zero(self.linear[place])
            ]  # fmt: skip
        if self.network.loss == ABSOLUTE_ERROR.name:
            last, words = len(self.parameters) - 1, "the corner of the absolute error"
            found += [
                Corner(_moving(self.network, last, unit), f"o{unit + 1} stands on its target, "
                       f"{words}: there is a slope below it and another above")
                for unit in _near_zero(self._off_target())
            ]  # fmt: skip
        return found

    def _output(self, place: int, out: Array) -> Sized:
        """f(l) is rounded, and carries on f′(l) times what l is off by."""
        size = self.linear[place].size
        if self.network.layers[place].activation == SOFTMAX:
            return Sized(out, out * (1 + size + (out * size).sum(-1, keepdims=True)))
        activation = activation_named(self.network.layers[place].activation)
        slope = activation.slope(self.linear[place].value, out)
        return Sized(out, abs(out) + abs(slope) * size)

    def _slope(self, place: int) -> Sized:
        """∂out/∂l; its own derivative by out is 1 − 2·out for sigmoid, −2·out for tanh."""
        activation = activation_named(self.network.layers[place].activation)
        out = self.outputs[place + 1]
        slope = activation.slope(self.linear[place].value, out.value) + np.zeros_like(out.value)
        bend = np.zeros_like(out.value)
        if activation is SIGMOID:
            bend = 1 - 2 * out.value
        elif activation is TANH:
            bend = -2 * out.value
        return Sized(slope, abs(slope) + abs(bend) * out.size)

    def _off_target(self) -> Sized:
        out = self.outputs[-1]
        return Sized(out.value - self.targets, out.size + abs(self.targets))

    def _output_delta(self) -> Sized:
        """∂E/∂l of the outputs."""
        loss, off = self.network.loss_function, self._off_target()
        n = loss.count(*self.targets.shape)
        if loss.linear is not None:
            slope_at_once = loss.linear.slope(self.targets, self.outputs[-1].value, n)
            return Sized(slope_at_once, off.size / n)
        slope = off
        if loss is MEAN_SQUARED_ERROR:
            slope = Sized(2 * off.value / n, 2 * off.size / n)
        elif loss is ABSOLUTE_ERROR:
            slope = Sized(np.sign(off.value), np.ones_like(off.size))
        if self.network.layers[-1].activation != SOFTMAX:
            return slope.times(self._slope(len(self.parameters) - 1))
        # ∂E/∂l = out · (∂E/∂out − Σ ∂E/∂out · out), the sum over all outputs
        mixed = slope.times(self.outputs[-1])
        value = slope.value - mixed.value.sum(-1, keepdims=True)
        size = slope.size + mixed.size.sum(-1, keepdims=True)
        return self.outputs[-1].times(Sized(value, size))


def _near_zero(numbers: Sized) -> list[int]:
    """Units that rounding may put on either side of 0 in some sample."""
    near = abs(numbers.value) <= ON_CORNER * numbers.size
    return [int(unit) for unit in np.flatnonzero(near.any(0))]


def _moving(network: Network, place: int, unit: int) -> frozenset[str]:
    """Names of the parameters that a unit of a layer depends on; softmax mixes all of its layer."""
    layer, weights, biases = network.layers[place], network.weight_names(), network.bias_names()
    units = range(layer.num_units) if layer.activation == SOFTMAX else [unit]
    before = (name for each in weights[:place] for of_unit in each for name in of_unit)
    biases_before = (name for each in biases[:place] for name in each)
    own = (name for each in units for name in weights[place][each])
    own_biases = (biases[place][layer.bias_of(each)] for each in units)
    return frozenset((*before, *biases_before, *own, *own_biases))
