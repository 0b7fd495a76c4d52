"""The forward and the backward pass as array arithmetic, for all samples at once.

The same formulas as in the steps by hand, applied to arrays. Parameters may have leading axes:
then many networks of one shape go forward at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blitz.backprop.activations import (
    SOFTMAX,
    activation_named,
    softmax_array,
    softmax_backward,
)
from blitz.backprop.network import Network

Array = NDArray[np.float64]
Parameters = list[tuple[Array, Array]]
"""Of each layer the weights [..., n_out, n_in] and biases [..., n_out or 1]."""


@dataclass(frozen=True, slots=True)
class Forward:
    """What the units computed.

    linear[k], outputs[k + 1]: of layer k, [..., num_samples, n_out]. outputs[0] are the inputs.
    """

    linear: list[Array]
    outputs: list[Array]


def arrays(network: Network) -> Parameters:
    """A network's weights and biases as arrays."""
    return [(np.array(layer.weights), np.array(layer.biases)) for layer in network.layers]


def flat(parameters: Parameters) -> Array:
    """All weights, then all biases, as `Network.parameters`."""
    return np.concatenate(
        [weights.ravel() for weights, _ in parameters] + [biases for _, biases in parameters]
    )


def forward(network: Network, parameters: Parameters, inputs: Array) -> Forward:
    """Go forward. inputs: [num_samples, num_inputs]."""
    linear: list[Array] = []
    outputs = [inputs]
    for layer, (weights, biases) in zip(network.layers, parameters, strict=True):
        x = outputs[-1] @ weights.swapaxes(-1, -2) + biases[..., None, :]
        linear.append(x)
        is_softmax = layer.activation == SOFTMAX
        outputs.append(
            softmax_array(x) if is_softmax else activation_named(layer.activation).value(x)
        )
    return Forward(linear, outputs)


def total_error(network: Network, passed: Forward, targets: Array) -> Array:
    """The error [...] over all outputs and samples. targets: [num_samples, n_out]."""
    loss, count = network.loss_function, network.loss_function.count(*targets.shape)
    linear, outputs = passed.linear[-1], passed.outputs[-1]
    found: Array
    if loss.linear is None:
        found = loss.error(targets, outputs, count).sum((-2, -1))
    else:  # which takes outputs one by one, each with the linear parts of all
        units = range(targets.shape[1])
        of_units = [linear[..., unit] for unit in units]
        errors = (loss.linear.error(targets[:, k], of_units, k, count) for k in units)
        found = sum(error.sum(-1) for error in errors)
    return found


def backward(
    network: Network, parameters: Parameters, passed: Forward, targets: Array
) -> Parameters:
    """The gradients of all weights and biases; of parameters without leading axes."""
    gradients: Parameters = []
    delta = _output_delta(network, passed, targets)  # ∂E/∂l of the layer, [num_samples, n_out]
    for place in reversed(range(len(parameters))):
        layer, (weights, biases) = network.layers[place], parameters[place]
        of_biases = delta.sum(0) if len(biases) == layer.num_units else delta.sum(keepdims=True)[0]
        gradients.append((delta.T @ passed.outputs[place], of_biases))
        if place:
            before = activation_named(network.layers[place - 1].activation)
            slope = before.slope(passed.linear[place - 1], passed.outputs[place])
            delta = (delta @ weights) * slope
    return gradients[::-1]


def _output_delta(network: Network, passed: Forward, targets: Array) -> Array:
    """∂E/∂l of the outputs."""
    loss, linear, out = network.loss_function, passed.linear[-1], passed.outputs[-1]
    count = loss.count(*targets.shape)
    found: Array
    if loss.linear is not None:
        found = loss.linear.slope(targets, out, count)
        return found
    slope, activation = loss.slope(targets, out, count), network.layers[-1].activation
    if activation == SOFTMAX:
        return softmax_backward(out, slope)
    found = slope * activation_named(activation).slope(linear, out)
    return found


def gradients(network: Network, inputs: Array, targets: Array) -> Array:
    """∂E/∂ all parameters, in the order of `Network.parameter_names`."""
    parameters = arrays(network)
    passed = forward(network, parameters, inputs)
    return flat(backward(network, parameters, passed, targets))
