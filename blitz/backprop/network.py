"""A small dense network: its numbers, and the names of its parts.

Units are i1, i2 … for inputs, h1, h2 … through all hidden layers, and o1, o2 … for outputs. Weights
are w1, w2 … unit by unit, layer after layer; biases b1, b2 … likewise, one for a layer that shares
its bias. Knows nothing about what is computed with them.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from numbers import Real
from typing import Any

from blitz.backprop.activations import ACTIVATION_NAMES, SOFTMAX
from blitz.backprop.losses import LOSS_NAMES, Loss, loss_named

MAX_LAYERS = 5
MAX_UNITS = 8
MAX_INPUTS = 8
MAX_SAMPLES = 32
ROUNDING = 1e-13
"""Probabilities that sum to 1 miss it by no more."""

Row = tuple[float, ...]
Table = tuple[Row, ...]


@dataclass(frozen=True, slots=True, init=False)
class Layer:
    """A dense layer: out = activation(weights · in + biases).

    weights: [n_out, n_in]. biases: n_out numbers, or one that all units of the layer share. Both
    may be given as lists, arrays or tensors. ValueError for what is no such layer.
    """

    weights: Table
    biases: Row
    activation: str

    def __init__(self, weights: Any, biases: Any, activation: str = "sigmoid") -> None:
        weights = table(weights, "weights")
        biases = row([biases] if isinstance(biases, Real) else biases, "biases")
        if not 1 <= len(weights) <= MAX_UNITS:
            raise ValueError(f"weights: {len(weights)} units; a layer has 1 to {MAX_UNITS}")
        if not 1 <= len(weights[0]) <= MAX_INPUTS:
            raise ValueError(f"weights: {len(weights[0])} a unit; expected 1 to {MAX_INPUTS}")
        if len(biases) not in (1, len(weights)):
            raise ValueError(
                f"biases: {len(biases)} for {len(weights)} units; expected one each, or one for all"
            )
        activation = _known(activation, ACTIVATION_NAMES, "activation")
        if activation == SOFTMAX and len(weights) == 1:
            raise ValueError("activation: softmax of a single unit is always 1; expected 2 or more")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "biases", biases)
        object.__setattr__(self, "activation", activation)

    @property
    def num_inputs(self) -> int:
        """Numbers that come in."""
        return len(self.weights[0])

    @property
    def num_units(self) -> int:
        """Numbers that go out."""
        return len(self.weights)

    @property
    def shares_bias(self) -> bool:
        """Whether several units have one bias together, as in the worked example."""
        return len(self.biases) < self.num_units

    def bias_of(self, unit: int) -> int:
        """Which of the layer's biases is this unit's."""
        return 0 if self.shares_bias else unit


@dataclass(frozen=True, slots=True, init=False)
class Network:
    """Dense layers one after the other, and the loss at their end.

    ValueError where layers do not fit together, or the loss not the last one.
    """

    layers: tuple[Layer, ...]
    loss: str

    def __init__(self, layers: Iterable[Layer], loss: str = "half squared error") -> None:
        layers = tuple(layers)
        if not 1 <= len(layers) <= MAX_LAYERS:
            raise ValueError(f"layers: {len(layers)} were given; a network has 1 to {MAX_LAYERS}")
        for place, (before, after) in enumerate(pairwise(layers), start=2):
            if after.num_inputs != before.num_units:
                raise ValueError(
                    f"layers: layer {place} takes {after.num_inputs} numbers; the layer before it "
                    f"has {before.num_units} units"
                )
            if before.activation == SOFTMAX:
                raise ValueError("activation: softmax belongs in the last layer only")
        loss = _known(loss, LOSS_NAMES, "loss")
        needed = loss_named(loss).activation
        if needed is not None and layers[-1].activation != needed:
            raise ValueError(
                f"loss: {loss} needs {needed} outputs; the last layer has {layers[-1].activation}"
            )
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "loss", loss)

    @property
    def loss_function(self) -> Loss:
        """The loss's formulas."""
        return loss_named(self.loss)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs, then units of each layer: (2, 2, 2)."""
        return (self.layers[0].num_inputs, *(layer.num_units for layer in self.layers))

    # Names

    def input_names(self) -> tuple[str, ...]:
        """i1, i2, …"""
        return tuple(f"i{n}" for n in range(1, self.sizes[0] + 1))

    def unit_names(self) -> tuple[tuple[str, ...], ...]:
        """For each layer the names of its units."""
        hidden = _counted("h", [layer.num_units for layer in self.layers[:-1]])
        return (*hidden, tuple(f"o{n}" for n in range(1, self.sizes[-1] + 1)))

    def source_names(self) -> tuple[tuple[str, ...], ...]:
        """For each layer the names of what its units take in."""
        return (self.input_names(), *self.unit_names()[:-1])

    def weight_names(self) -> tuple[tuple[tuple[str, ...], ...], ...]:
        """For each layer and unit the names of its weights, as `Layer.weights`."""
        counts = [layer.num_inputs for layer in self.layers for _ in layer.weights]
        names = iter(_counted("w", counts))
        return tuple(tuple(next(names) for _ in layer.weights) for layer in self.layers)

    def bias_names(self) -> tuple[tuple[str, ...], ...]:
        """For each layer the names of its biases, as `Layer.biases`."""
        return _counted("b", [len(layer.biases) for layer in self.layers])

    def parameter_names(self) -> tuple[str, ...]:
        """All weights, then all biases."""
        weights = (name for layer in self.weight_names() for unit in layer for name in unit)
        return (*weights, *(name for layer in self.bias_names() for name in layer))

    # Numbers

    def parameters(self) -> Row:
        """The values, in the order of `parameter_names`."""
        weights = (value for layer in self.layers for unit in layer.weights for value in unit)
        return (*weights, *(value for layer in self.layers for value in layer.biases))

    @property
    def num_weights(self) -> int:
        """Weights of all layers, without biases."""
        return sum(layer.num_units * layer.num_inputs for layer in self.layers)

    def with_parameters(self, values: Sequence[float]) -> "Network":
        """The same network with other numbers, in the order of `parameter_names`."""
        weights, biases = iter(values[: self.num_weights]), iter(values[self.num_weights :])
        layers = tuple(
            replace(
                layer,
                weights=tuple(_take(weights, layer.num_inputs) for _ in layer.weights),
                biases=_take(biases, len(layer.biases)),
            )
            for layer in self.layers
        )
        return replace(self, layers=layers)

    def samples(self, inputs: Any, targets: Any) -> tuple[Table, Table]:
        """Inputs and targets as tables of samples, from a table each or from one sample.

        Returns [num_samples, num_inputs] and [num_samples, num_outputs]. ValueError where they do
        not fit the network, each other, or the loss.
        """
        given, wanted = samples_table(inputs, "inputs"), samples_table(targets, "targets")
        for name, rows, width in (
            ("inputs", given, self.sizes[0]),
            ("targets", wanted, self.sizes[-1]),
        ):
            if len(rows[0]) != width:
                raise ValueError(f"{name}: {len(rows[0])} were given; the network has {width}")
        if len(given) != len(wanted):
            raise ValueError(f"targets: {len(wanted)} samples; the inputs have {len(given)}")
        self._check_targets(wanted)
        return given, wanted

    def _check_targets(self, targets: Table) -> None:
        if self.loss_function.activation is None:
            return
        for place, sample in enumerate(targets, start=1):
            for value in sample:
                if not 0 <= value <= 1:
                    raise ValueError(
                        f"targets: {value:g} in sample {place}; {self.loss} takes 0 to 1"
                    )
            total = math.fsum(sample)
            if self.loss_function.activation == SOFTMAX and abs(total - 1) > ROUNDING:
                raise ValueError(
                    f"targets: sample {place} sums to {total:.15g}; for {self.loss} they are "
                    "probabilities and sum to 1"
                )


def row(values: Any, name: str) -> Row:
    """Numbers from a list, an array or a tensor; ValueError where one is not finite."""
    found = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(found, str) or not hasattr(found, "__iter__"):
        raise ValueError(f"{name}: {found!r} was given; expected a list of numbers")
    return tuple(_number(value, name) for value in found)


def table(values: Any, name: str) -> Table:
    """Rows of numbers, all of one length and not empty; ValueError otherwise."""
    found = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(found, str) or not hasattr(found, "__iter__"):
        raise ValueError(f"{name}: {found!r} was given; expected rows of numbers")
    rows = tuple(row(each, name) for each in found)
    if not rows or not rows[0]:
        raise ValueError(f"{name}: none were given")
    if len({len(each) for each in rows}) > 1:
        raise ValueError(f"{name}: rows of different length")
    return rows


def samples_table(values: Any, name: str) -> Table:
    """A table of samples; one sample may come without brackets of its own."""
    found = values.tolist() if hasattr(values, "tolist") else values
    if hasattr(found, "__iter__") and not isinstance(found, str):
        found = tuple(found)
        if found and not hasattr(found[0], "__iter__"):
            found = (found,)
    rows = table(found, name)
    if len(rows) > MAX_SAMPLES:
        raise ValueError(f"{name}: {len(rows)} samples; expected 1 to {MAX_SAMPLES}")
    return rows


def finite(value: Any) -> float | None:
    """A number as a float; None for what is no number, or beyond 64 bits."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _number(value: Any, name: str) -> float:
    number = finite(value)
    if number is None:
        raise ValueError(f"{name}: {value!r} was given; expected finite numbers")
    return number


def _known(given: str, names: Sequence[str], field: str) -> str:
    """A name as it is written here; case, spaces, hyphens and underscores do not matter."""
    known = {_plain(name): name for name in names}
    if not isinstance(given, str) or _plain(given) not in known:
        raise ValueError(f"{field}: {given!r} was given; choose {', '.join(names)}")
    return known[_plain(given)]


def _plain(name: str) -> str:
    return "".join(sign for sign in name.lower() if sign.isalnum())


def _counted(letter: str, counts: Sequence[int]) -> tuple[tuple[str, ...], ...]:
    """Names in groups, counted through: [2, 1] gives (h1, h2), (h3,)."""
    groups, number = [], 1
    for count in counts:
        groups.append(tuple(f"{letter}{n}" for n in range(number, number + count)))
        number += count
    return tuple(groups)


def _take(values: Iterator[float], count: int) -> Row:
    return tuple(float(next(values)) for _ in range(count))
