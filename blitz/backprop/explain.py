"""Backpropagation by hand: every number of one update, in the order in which it is computed.

Forward: each unit's linear part and value, each output's error, the total. Backward, unit by unit
from the last layer on: the factors of the chain rule, their product for each weight, its new value.
Plain 64-bit arithmetic; autograd has no part in it.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from blitz.backprop import symbols
from blitz.backprop.expressions import Expression, Sum, Symbol
from blitz.backprop.network import Network, finite
from blitz.backprop.one_sample import OneSample
from blitz.backprop.steps import Step, StepKind
from blitz.backprop.worksheet import Worksheet


class Explanation(NamedTuple):
    """All steps of one update, and the network after it."""

    steps: tuple[Step, ...]
    updated: Network


def explain(
    network: Network,
    inputs: Any,
    targets: Any,
    learning_rate: float,
    update_biases: bool = True,
) -> Explanation:
    """Compute one update by gradient descent step by step.

    inputs, targets: one sample, or a table [num_samples, num_inputs] and [num_samples,
    num_outputs]. update_biases: else biases are held fixed, and have no steps.

    ValueError for what does not fit together; OverflowedError, which is one, where a number becomes
    too large for 64 bits. After the 2-2-2 example of the lecture on backpropagation.
    """
    rate = symbols.LEARNING_RATE.of(checked_learning_rate(learning_rate))
    given, wanted = network.samples(inputs, targets)
    sheet = Worksheet(network, len(given))
    samples = [
        OneSample(sheet, number if len(given) > 1 else 0, *sample)
        for number, sample in enumerate(zip(given, wanted, strict=True), start=1)
    ]
    errors = [sample.forward() for sample in samples]
    if len(errors) > 1:
        uses = (*sheet.units[-1], "E")
        sheet.write(symbols.error(), Sum(*errors), StepKind.TOTAL, "E", uses)
    new = {name: symbol.value for name, symbol in sheet.parameters.items()}
    for layer in reversed(range(len(network.layers))):
        for name, gradient in _layer_gradients(sheet, samples, layer, update_biases):
            after = sheet.parameters[name] - rate * gradient
            step = sheet.write(symbols.updated(name), after, StepKind.UPDATE, name, (name,))
            new[name] = step.value
    return Explanation(tuple(sheet.steps), network.with_parameters(list(new.values())))


def checked_learning_rate(value: float) -> float:
    """A learning rate as a float; ValueError where it is negative or no finite number."""
    rate = finite(value)
    if rate is None or rate < 0:
        raise ValueError(f"learning rate: {value!r} was given; expected a finite number from 0 up")
    return rate


def _layer_gradients(
    sheet: Worksheet, samples: Sequence[OneSample], layer: int, update_biases: bool
) -> Iterator[tuple[str, Symbol]]:
    """Go back through a layer; the gradients of its parameters, each as soon as it is known."""
    for sample in samples:
        sample.enter(layer)
    num_units = len(sheet.units[layer])
    own_bias = update_biases and len(sheet.biases[layer]) == num_units
    for unit, name in enumerate(sheet.units[layer]):
        for sample in samples:
            sample.unit_gradient(layer, unit)
        path = (name, *sheet.ways_out(layer, unit))
        for source, weight in enumerate(sheet.weights[layer][unit]):
            uses = (sheet.sources[layer][source], weight, *path)
            chains = [sample.weight_chain(layer, unit, source) for sample in samples]
            yield weight, _gradient(sheet, weight, uses, chains)
        if own_bias:
            bias = sheet.biases[layer][unit]
            chains = [sample.bias_chain(layer, [unit], bias) for sample in samples]
            yield bias, _gradient(sheet, bias, (bias, *path), chains)
    if update_biases and not own_bias:
        [bias] = sheet.biases[layer]
        units = range(num_units)
        ways = (way for unit in units for way in sheet.ways_out(layer, unit))
        uses = tuple(dict.fromkeys((bias, *sheet.units[layer], *ways)))
        chains = [sample.bias_chain(layer, units, bias) for sample in samples]
        yield bias, _gradient(sheet, bias, uses, chains)


def _gradient(
    sheet: Worksheet, name: str, uses: tuple[str, ...], chains: Sequence[Expression]
) -> Symbol:
    """∂E/∂name: the chain of the one sample, or the sum of what all samples give."""
    parameter = symbols.parameter(name)
    label = symbols.derivative(symbols.error(), parameter)
    if len(chains) == 1:
        return sheet.write(label, chains[0], StepKind.GRADIENT, name, uses)
    parts = []
    for sample, chain in enumerate(chains, start=1):
        of_sample = symbols.derivative(symbols.error(sample=sample), parameter)
        kind = StepKind.SAMPLE_GRADIENT
        parts.append(sheet.write(of_sample, chain, kind, name, uses, sample))
    return sheet.write(label, Sum(*parts), StepKind.GRADIENT, name, uses)
