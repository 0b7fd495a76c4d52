"""Networks for tests: the worked example, and any."""

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from blitz.backprop.activations import ACTIVATION_NAMES, SOFTMAX
from blitz.backprop.losses import LOSS_NAMES, loss_named
from blitz.backprop.network import Layer, Network
from blitz.backprop.scenario import Scenario

WORKED_NETWORK = Network(
    (
        Layer(((0.05, 0.15), (0.10, 0.20)), (0.35,), "sigmoid"),
        Layer(((0.25, 0.35), (0.30, 0.40)), (0.50,), "sigmoid"),
    )
)
WORKED = Scenario(
    network=WORKED_NETWORK,
    inputs=((0.10, 0.20),),
    targets=((0.85, 0.30),),
    learning_rate=1.0,
    update_biases=False,
)


def one_unit(
    weight: float, bias: float, activation: str = "linear", given: float = 1.0, target: float = 0.0
) -> Scenario:
    """A single unit with a single input."""
    network = Network((Layer(((weight,),), (bias,), activation),))
    return Scenario(network=network, inputs=((given,),), targets=((target,),), learning_rate=0.5)


def saturated(linear: float, target: float, loss: str) -> Scenario:
    """One input of 1, and an output whose linear part is given; softmax has others of 0 and 1."""
    layer, targets = Layer(((linear,),), (0.0,), "sigmoid"), [target]
    if loss == "softmax cross-entropy":
        layer = Layer(((linear,), (0.0,), (1.0,)), (0.0, 0.0, 0.0), "softmax")
        targets += [(1 - target) / 2] * 2
    network = Network((layer,), loss)
    return Scenario(network=network, inputs=((1.0,),), targets=(tuple(targets),))


def five_layers(activation: str, weight: float) -> Scenario:
    """Five layers of two units whose weights are all the same."""
    layer = Layer(((weight, weight), (weight, weight)), (0.1, 0.2), activation)
    return Scenario(network=Network((layer,) * 5), inputs=((0.4, 0.6),), targets=((0.9, 0.1),))


@st.composite
def scenarios(draw: st.DrawFn, most_layers: int = 5, most_units: int = 4) -> Scenario:
    """Any network, with normally distributed numbers and a learning rate that is not large."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    loss = draw(st.sampled_from(LOSS_NAMES))
    sizes = draw(st.lists(st.integers(1, most_units), min_size=2, max_size=most_layers + 1))
    last = loss_named(loss).activation or draw(st.sampled_from(ACTIVATION_NAMES))
    if last == SOFTMAX:
        sizes[-1] = max(2, sizes[-1])
    hidden = [name for name in ACTIVATION_NAMES if name != SOFTMAX]
    layers = []
    for place, (num_inputs, num_units) in enumerate(pairwise(sizes), start=2):
        shares = draw(st.booleans())
        layers.append(
            Layer(
                random.normal(size=(num_units, num_inputs)),
                random.normal(size=1 if shares else num_units),
                last if place == len(sizes) else draw(st.sampled_from(hidden)),
            )
        )
    num_samples = draw(st.sampled_from((1, 1, 2, 5)))
    targets = random.random((num_samples, sizes[-1]))
    if last == SOFTMAX:
        targets /= targets.sum(-1, keepdims=True)
    return Scenario(
        network=Network(tuple(layers), loss),
        inputs=random.normal(size=(num_samples, sizes[0])),  # type: ignore[arg-type]
        targets=targets,  # type: ignore[arg-type]
        learning_rate=draw(st.sampled_from((0.0, 0.01, 0.1))),
        update_biases=draw(st.booleans()),
    )


class TorchNetwork:
    """The same network in PyTorch, float64."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        layers = scenario.network.layers
        self.weights = [_tensor(layer.weights).requires_grad_() for layer in layers]
        self.biases = [_tensor(layer.biases).requires_grad_() for layer in layers]

    def error(self) -> Tensor:
        """The total error."""
        out = linear = _tensor(self.scenario.inputs)
        for layer, weight, bias in zip(
            self.scenario.network.layers, self.weights, self.biases, strict=True
        ):
            linear = F.linear(out, weight) + bias
            out = _activated(layer.activation, linear)
        targets = _tensor(self.scenario.targets)
        match self.scenario.network.loss:
            case "half squared error":
                return ((targets - out) ** 2).sum() / 2
            case "mean squared error":
                return F.mse_loss(out, targets)
            case "absolute error":
                return F.l1_loss(out, targets, reduction="sum")
            case "binary cross-entropy":
                return F.binary_cross_entropy_with_logits(linear, targets)
            case _:
                return F.cross_entropy(linear, targets)

    def gradients(self) -> list[float]:
        """All weights', then all biases'."""
        found = torch.autograd.grad(self.error(), [*self.weights, *self.biases])
        return _flat(found)

    def values(self) -> list[float]:
        """All weights, then all biases."""
        return _flat([*self.weights, *self.biases])


def _flat(tensors: Any) -> list[float]:
    return [value for tensor in tensors for value in tensor.detach().flatten().tolist()]


def _tensor(values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _activated(name: str, x: Tensor) -> Tensor:
    match name:
        case "sigmoid":
            return torch.sigmoid(x)
        case "tanh":
            return torch.tanh(x)
        case "ReLU":
            return torch.relu(x)
        case "leaky ReLU":
            return F.leaky_relu(x)
        case "softmax":
            return torch.softmax(x, -1)
        case _:
            return x
