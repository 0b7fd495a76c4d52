"""What several exports say in the same words: the network in a sentence, what is printed."""

from blitz.backprop import symbols
from blitz.backprop.network import Network
from blitz.backprop.scenario import Scenario

DIGITS = 15
"""Significant digits of what scripts print: as many as every 64-bit number has for certain."""


def sizes_text(network: Network) -> str:
    """The network by the sizes of its layers: a network of 2-2-2 units."""
    return f"a network of {'-'.join(map(str, network.sizes))} units"


def about_network(network: Network) -> str:
    """Activations, of which one stands for all layers that are alike, and the loss."""
    used = [layer.activation for layer in network.layers]
    activations = used[0] if len(set(used)) == 1 else ", then ".join(used)
    return f"Activation: {activations}. Error: {network.loss}."


def learned_names(scenario: Scenario) -> tuple[str, ...]:
    """The parameters that an update changes, in order."""
    names = scenario.network.parameter_names()
    return names if scenario.update_biases else names[: scenario.network.num_weights]


def gradient_identifier(parameter: str) -> str:
    """∂E/∂parameter in Python: dE_dw5."""
    return symbols.derivative(symbols.error(), symbols.parameter(parameter)).identifier


def sample_names(scenario: Scenario) -> tuple[str, ...]:
    """The inputs and the targets of a sample: i1, i2, t1."""
    num_targets = len(scenario.targets[0])
    return (*scenario.network.input_names(), *(f"t{n}" for n in range(1, num_targets + 1)))
