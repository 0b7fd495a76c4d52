"""One update as a PyTorch script in float64: the same numbers by autograd.

The script is also a program for the graph explorer: its docstring ends with what to trace, and what
it does after its backward pass leaves the graph whole. It consists of words from here, names that
networks count, and Python floats that were checked to be finite: no text that a person wrote is in
it, so a server may run it.
"""

import textwrap
from collections.abc import Iterator, Sequence

from blitz.backprop import symbols
from blitz.backprop.activations import SOFTMAX
from blitz.backprop.exports.statements import WIDTH, assignment, call_assigned
from blitz.backprop.exports.wording import (
    DIGITS,
    about_network,
    gradient_identifier,
    learned_names,
    sizes_text,
)
from blitz.backprop.network import Network, Table
from blitz.backprop.scenario import Scenario

_FUNCTIONS = {
    "sigmoid": "torch.sigmoid",
    "tanh": "torch.tanh",
    "ReLU": "torch.relu",
    "leaky ReLU": "F.leaky_relu",
}
_LEARNING_RATE = symbols.LEARNING_RATE.identifier
_BACKWARD = f"""\
# Backward; the graph is kept, so that one can look at it afterwards
E.backward(retain_graph=True)

# Update
with torch.no_grad():
    updated = {{
        name: value - {_LEARNING_RATE} * value.grad for name, value in learned.items()
    }}

print(f"E {{E.item():.{DIGITS}g}}")
for name in learned:
    print(f"{gradient_identifier("{name}")} {{learned[name].grad.item():.{DIGITS}g}}")
for name in updated:
    print(f"{symbols.updated("{name}").identifier} {{updated[name].item():.{DIGITS}g}}")
"""


def torch_script(scenario: Scenario) -> str:
    """A script that prints what `python_script`'s prints, to the letter but for rounding."""
    return "\n".join(
        [
            _docstring(scenario),
            "import torch",
            "import torch.nn.functional as F",
            "",
            "torch.set_default_dtype(torch.float64)",
            "",
            "# Inputs and targets" + (", a number a sample" if scenario.num_samples > 1 else ""),
            *_columns("i", scenario.inputs),
            *_columns("t", scenario.targets),
            "",
            "# Weights, biases and learning rate",
            *_parameters(scenario),
            "",
            "# Forward",
            *_units(scenario.network),
            *_error(scenario.network),
            "",
            _BACKWARD,
        ]
    )


def _docstring(scenario: Scenario) -> str:
    network = scenario.network
    text = (
        f"{about_network(network)} Each number that learns is a leaf of its own, and its gradient "
        "is the one that the chain rule gives by hand."
    )
    if not scenario.update_biases:
        text += " Biases are held fixed: they require no gradient."
    title = sizes_text(network).capitalize()
    return f'"""{title}\n\n{textwrap.fill(text, WIDTH)}\n\nGraph: E\n"""\n'


def _columns(letter: str, rows: Table) -> Iterator[str]:
    """Each input or target as a tensor over the samples; of one sample a single number."""
    for number, column in enumerate(zip(*rows, strict=True), start=1):
        written = repr(column[0]) if len(rows) == 1 else repr(list(column))
        yield call_assigned(f"{letter}{number}", "torch.tensor", written)


def _parameters(scenario: Scenario) -> Iterator[str]:
    network, learned = scenario.network, learned_names(scenario)
    for name, value in zip(network.parameter_names(), network.parameters(), strict=True):
        option = ", requires_grad=True" if name in learned else ""
        yield f"{name} = torch.tensor({value!r}{option})"
    yield call_assigned("learned", "dict", ", ".join(f"{name}={name}" for name in learned))
    yield f"{_LEARNING_RATE} = {scenario.learning_rate!r}"


def _units(network: Network) -> Iterator[str]:
    """Each unit under its name."""
    units, sources = network.unit_names(), network.source_names()
    weights, biases = network.weight_names(), network.bias_names()
    for place, layer in enumerate(network.layers):
        for unit, name in enumerate(units[place]):
            terms = zip(weights[place][unit], sources[place], strict=True)
            products = [f"{weight} * {source}" for weight, source in terms]
            linear = " + ".join([*products, biases[place][layer.bias_of(unit)]])
            if place + 1 == len(units) and _takes_logits(network):
                yield assignment(_linear_part(name), linear)
            else:
                yield _unit(name, layer.activation, linear)


def _unit(name: str, activation: str, linear: str) -> str:
    if activation in _FUNCTIONS:
        return call_assigned(name, _FUNCTIONS[activation], linear)
    return assignment(name, linear)


def _takes_logits(network: Network) -> bool:
    """Whether what comes after the last linear parts takes those of all units together."""
    is_softmax = network.layers[-1].activation == SOFTMAX
    return is_softmax or "logits" in network.loss_function.pytorch


def _error(network: Network) -> Iterator[str]:
    """The outputs side by side, and how far they are from the targets."""
    names, loss = network.unit_names()[-1], network.loss_function
    if _takes_logits(network):
        yield _stack("logits", [_linear_part(name) for name in names])
        if "outputs" in loss.pytorch:
            yield "outputs = torch.softmax(logits, dim=-1)"
    else:
        yield _stack("outputs", names)
    yield _stack("targets", [f"t{number}" for number in range(1, len(names) + 1)])
    yield f"E = {loss.pytorch}"


def _stack(name: str, parts: Sequence[str]) -> str:
    return f"{name} = torch.stack([{', '.join(parts)}], dim=-1)"


def _linear_part(name: str) -> str:
    return symbols.linear(name, sample=0).identifier
