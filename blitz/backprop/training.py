"""Many updates of a small network, and a look back at any of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from blitz.backprop.explain import checked_learning_rate, explain
from blitz.backprop.network import Network
from blitz.backprop.passes import Array, Parameters, arrays, backward, flat, forward, total_error
from blitz.backprop.worksheet import OverflowedError

MAX_STEPS = 100_000
MAX_SNAPSHOTS = 2_000
"""Networks kept along the way; those between are computed again when asked for."""


class Training(NamedTuple):
    """Errors before any update and after each, float64 [steps + 1], and the network at the end.

    Both end before the update that made a number too large for 64 bits, if one did.
    """

    errors: Array
    network: Network


def train_network(
    network: Network,
    inputs: Any,
    targets: Any,
    learning_rate: float,
    steps: int,
    update_biases: bool = True,
) -> Training:
    """Update a network by gradient descent, each time with all samples.

    inputs, targets: one sample, or a table [num_samples, num_inputs] and [num_samples,
    num_outputs]. ValueError for what does not fit together.
    """
    history = run_updates(network, inputs, targets, learning_rate, steps, update_biases)
    return Training(history.errors, history.network_at(history.num_updates))


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """Updates that were made, each of which can be looked at again.

    errors: before any update and after each. snapshots: parameters before any update and after
    every `stride` of them, [num_snapshots, num_parameters]. Both are read-only. diverged_at: the
    update after which the error or a parameter was too large for 64 bits, or None; it is not
    counted among the updates.
    """

    network: Network
    inputs: Array
    targets: Array
    learning_rate: float
    update_biases: bool
    errors: Array
    snapshots: Array
    stride: int
    diverged_at: int | None

    @property
    def num_updates(self) -> int:
        """Updates made."""
        return len(self.errors) - 1

    def network_at(self, update: int) -> Network:
        """The network after so many updates."""
        return self.network.with_parameters(self.parameters_at(update).tolist())

    def parameters_at(self, update: int) -> Array:
        """The parameters after so many updates, in the order of `Network.parameter_names`."""
        if not 0 <= update <= self.num_updates:
            raise ValueError(f"update: {update} was given; there are 0 to {self.num_updates}")
        snapshot, more = divmod(update, self.stride)
        values = self.snapshots[snapshot]
        parameters = arrays(self.network.with_parameters(values.tolist()))
        for _ in range(more):
            passed = forward(self.network, parameters, self.inputs)
            gradients = backward(self.network, parameters, passed, self.targets)
            parameters = _updated(parameters, gradients, self.learning_rate, self.update_biases)
        return flat(parameters)


def run_updates(
    network: Network,
    inputs: Any,
    targets: Any,
    learning_rate: float,
    steps: int,
    update_biases: bool = True,
) -> History:
    """As `train_network`, with all that is in between."""
    rate = checked_learning_rate(learning_rate)
    if isinstance(steps, bool) or not isinstance(steps, int) or not 0 <= steps <= MAX_STEPS:
        raise ValueError(f"steps: {steps!r} was given; expected a whole number to {MAX_STEPS:,}")
    x, t = (np.array(table) for table in network.samples(inputs, targets))
    stride = 1  # doubled whenever there are too many: where a run will end is not known before
    parameters = arrays(network)
    errors: list[float] = []
    snapshots: list[Array] = []
    # What becomes too large is told once: by the error, or by a linear part, since sigmoid makes a
    # finite error even of an infinite weight.
    with np.errstate(all="ignore"):
        for update in range(steps + 1):
            passed = forward(network, parameters, x)
            error = float(total_error(network, passed, t))
            if not (math.isfinite(error) and all(np.isfinite(x).all() for x in passed.linear)):
                break
            errors.append(error)
            if update % stride == 0:
                snapshots.append(flat(parameters))
            if len(snapshots) > MAX_SNAPSHOTS:
                snapshots, stride = snapshots[::2], 2 * stride
            if update < steps:
                gradients = backward(network, parameters, passed, t)
                parameters = _updated(parameters, gradients, rate, update_biases)
    if not errors:
        explain(network, inputs, targets, rate, update_biases)  # says which number it is
        raise OverflowedError("E is too large for a 64-bit number before any update")
    return History(
        network=network, inputs=x, targets=t, learning_rate=rate, update_biases=update_biases,
        errors=_read_only(errors), snapshots=_read_only(snapshots), stride=stride,
        diverged_at=len(errors) if len(errors) <= steps else None,
    )  # fmt: skip


def _read_only(numbers: Sequence[float] | Sequence[Array]) -> Array:
    """An array that all who look at a history may share."""
    found = np.array(numbers)
    found.setflags(write=False)
    return found


def _updated(
    parameters: Parameters, gradients: Parameters, rate: float, update_biases: bool
) -> Parameters:
    return [
        (weights - rate * of_weights, biases - rate * of_biases if update_biases else biases)
        for (weights, biases), (of_weights, of_biases) in zip(parameters, gradients, strict=True)
    ]
