"""What a network makes of inputs around its samples: of one input a curve, of two a map."""

from dataclasses import dataclass

import numpy as np

from blitz.backprop.network import Network
from blitz.backprop.passes import Array, arrays, forward

MOST_INPUTS = 2
MARGIN = 0.25
"""How far beyond the samples, as a share of their extent."""
POINTS = {1: 201, 2: 61}


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """A network's first output over its inputs.

    axes: of each input the values along it. values: [points] of one input, [points of the second,
    points of the first] of two. inputs [num_samples, num_inputs], targets [num_samples]: what it
    learns from.
    """

    axes: tuple[Array, ...]
    values: Array
    inputs: Array
    targets: Array


def response(network: Network, inputs: Array, targets: Array) -> Response:
    """The first output over one input or two; ValueError for a network of more."""
    num_inputs = inputs.shape[1]
    if num_inputs > MOST_INPUTS:
        raise ValueError(f"inputs: {num_inputs} were given; expected 1 or {MOST_INPUTS}")
    axes = tuple(_axis(column, POINTS[num_inputs]) for column in inputs.T)
    # [points, num_inputs], the first input changing fastest
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*axes)], axis=1)
    with np.errstate(all="ignore"):  # what is too large is a gap in the picture
        outputs = forward(network, arrays(network), grid).outputs[-1][:, 0]
    values = outputs.reshape([len(axis) for axis in reversed(axes)])
    return Response(axes=axes, values=values, inputs=inputs, targets=targets[:, 0])


def _axis(samples: Array, points: int) -> Array:
    low, high = float(samples.min()), float(samples.max())
    margin = MARGIN * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, points)
