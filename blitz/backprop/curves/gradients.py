"""How large the gradients of each layer are."""

import numpy as np

from blitz.backprop.network import Network, Table
from blitz.backprop.passes import Array, arrays, backward, forward


def gradient_sizes(network: Network, inputs: Table | Array, targets: Table | Array) -> Array:
    """The mean of |∂E/∂w| over the weights of each layer, [num_layers].

    inputs [num_samples, num_inputs], targets [num_samples, num_outputs]. Where numbers grow too
    large for 64 bits, what comes out is not finite.
    """
    parameters = arrays(network)
    with np.errstate(all="ignore"):
        passed = forward(network, parameters, np.asarray(inputs))
        gradients = backward(network, parameters, passed, np.asarray(targets))
        return np.array([np.abs(of_weights).mean() for of_weights, _ in gradients])
