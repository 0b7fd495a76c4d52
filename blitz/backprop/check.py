"""The gradients of a scenario proved three ways: by hand, by autograd, by central differences.

Each way states the network anew: the chain rule in 64-bit numbers, PyTorch's own functions, and the
formula of the error alone in fifty or more digits (see differences.py). How far apart two numbers
may be depends on what they were added up from (see rounding.py). Shows nothing; the caller does.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from blitz.backprop.activations import SOFTMAX
from blitz.backprop.differences import DIGITS, by_differences
from blitz.backprop.losses import BINARY_CROSS_ENTROPY, SOFTMAX_CROSS_ENTROPY
from blitz.backprop.passes import gradients
from blitz.backprop.rounding import Corner, RoundingAnalysis
from blitz.backprop.scenario import Scenario
from blitz.backprop.steps import StepKind
from blitz.backprop.worksheet import OverflowedError

AUTOGRAD_TOLERANCE = 1e-12
DIFFERENCES_TOLERANCE = 1e-7
SMALLEST_SCALE = 1e-150
"""Below, a product of two such numbers is 0 in 64 bits; they are compared as if of this size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterCheck:
    """One gradient, found three ways.

    scale: the size of all that was added up to the gradient by hand. The differences are between
    another way and by hand, as a share of scale or, where that is larger, of the larger number.
    agrees: whether both are within their tolerance. remark: why not, in words; "" where they are.
    """

    name: str
    by_hand: float
    by_autograd: float
    by_differences: float
    scale: float
    autograd_difference: float
    differences_difference: float
    agrees: bool
    remark: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GradientCheck:
    """All parameters, in the order of `Network.parameter_names`."""

    rows: tuple[ParameterCheck, ...]

    @property
    def agrees(self) -> bool:
        """Whether every gradient does."""
        return all(row.agrees for row in self.rows)


def check_gradients(
    scenario: Scenario, by_hand: Mapping[str, float] | None = None
) -> GradientCheck:
    """Find every gradient three ways and compare.

    by_hand: gradients that are already known from the steps, by the parameter's name; without it
    the steps are computed. Biases held fixed have no step: theirs come from the array arithmetic.

    OverflowedError, a ValueError, where a number becomes too large for 64 bits.
    """
    if by_hand is None:
        steps = scenario.explain().steps
        by_hand = {step.about: step.value for step in steps if step.kind is StepKind.GRADIENT}
    names = scenario.network.parameter_names()
    with np.errstate(all="ignore"):  # infinity within a formula may still give a finite number
        arrays = gradients(scenario.network, np.array(scenario.inputs), np.array(scenario.targets))
        rounding = RoundingAnalysis(scenario)
        scales, corners = rounding.gradient_scales().tolist(), rounding.corners()
    hand = [by_hand.get(name, float(value)) for name, value in zip(names, arrays, strict=True)]
    by_autograd, error = _by_autograd(scenario)
    named = ("E", *(f"∂E/∂{name}" for name in names))
    for name, size in zip(named, (error, *scales), strict=True):
        if not math.isfinite(size):
            raise OverflowedError(f"{name} is made of numbers that are too large for 64 bits")
    differences = by_differences(scenario, _digits(error, scales))
    ways = zip(names, hand, by_autograd, differences, scales, strict=True)
    return GradientCheck(rows=tuple(_compared(*way, corners) for way in ways))


def _compared(
    name: str,
    by_hand: float,
    by_autograd: float,
    by_differences: float,
    scale: float,
    corners: Sequence[Corner],
) -> ParameterCheck:
    autograd_difference = _relative(by_autograd, by_hand, scale)
    differences_difference = _relative(by_differences, by_hand, scale)
    autograd_agrees = autograd_difference <= AUTOGRAD_TOLERANCE
    differences_agree = differences_difference <= DIFFERENCES_TOLERANCE
    why = [corner.remark for corner in corners if name in corner.moved_by]
    return ParameterCheck(
        name=name,
        by_hand=by_hand,
        by_autograd=by_autograd,
        by_differences=by_differences,
        scale=scale,
        autograd_difference=autograd_difference,
        differences_difference=differences_difference,
        agrees=autograd_agrees and differences_agree,
        remark=_remark(autograd_agrees, differences_agree, why),
    )


def _relative(value: float, by_hand: float, scale: float) -> float:
    size = max(scale, abs(value), abs(by_hand), SMALLEST_SCALE)
    return abs(value - by_hand) / size


def _remark(autograd_agrees: bool, differences_agree: bool, why: Sequence[str]) -> str:
    """A corner is reason enough for the differences; both other ways take the same side of it."""
    if autograd_agrees and differences_agree:
        return ""
    if autograd_agrees:
        return "; ".join(why) or "the differences give another number than by hand"
    others = "autograd gives" if differences_agree else "autograd and the differences give"
    return "; ".join([f"{others} another number than by hand", *why])


def _digits(error: float, scales: Sequence[float]) -> int:
    """Digits for differences: more where gradients are small beside E, or the 1 of sigmoid."""
    smallest = max(SMALLEST_SCALE, min((scale for scale in scales if scale), default=1.0))
    return DIGITS + max(0, round(math.log10(max(error, 1.0)) - math.log10(smallest)) - 15)


def _by_autograd(scenario: Scenario) -> tuple[list[float], float]:
    """∂E/∂ all parameters by torch.autograd, and E, in float64."""
    layers = scenario.network.layers
    with torch.enable_grad():
        weights = [_tensor(layer.weights).requires_grad_() for layer in layers]
        biases = [_tensor(layer.biases).requires_grad_() for layer in layers]
        linear = outputs = _tensor(scenario.inputs)  # [num_samples, num_inputs]
        for layer, weight, bias in zip(layers, weights, biases, strict=True):
            linear = outputs @ weight.T + bias
            outputs = _ACTIVATIONS[layer.activation](linear)
        targets = _tensor(scenario.targets)
        error = _error(scenario.network.loss, linear, outputs, targets)
        found = torch.autograd.grad(error, [*weights, *biases])
    return [value for gradient in found for value in gradient.flatten().tolist()], error.item()


def _tensor(values: Sequence[float] | Sequence[Sequence[float]]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, device="cpu")


def _softmax(x: Tensor) -> Tensor:
    return F.softmax(x, dim=-1)


def _identity(x: Tensor) -> Tensor:
    return x


_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": F.relu,
    "leaky ReLU": F.leaky_relu,
    "linear": _identity,
    SOFTMAX: _softmax,
}


def _error(loss: str, logits: Tensor, outputs: Tensor, targets: Tensor) -> Tensor:
    """The total error; of cross-entropies from the linear parts of the outputs, the logits.

    F.binary_cross_entropy of the outputs holds logarithms above −100 and keeps its denominator
    above 1e-12, so that its gradient is not that of the formula where outputs come near 0 or 1.
    """
    if loss == BINARY_CROSS_ENTROPY.name:
        return F.binary_cross_entropy_with_logits(logits, targets)
    if loss == SOFTMAX_CROSS_ENTROPY.name:
        return F.cross_entropy(logits, targets)
    if loss == "half squared error":
        return F.mse_loss(outputs, targets, reduction="sum") / 2
    if loss == "mean squared error":
        return F.mse_loss(outputs, targets)
    assert loss == "absolute error", loss
    return F.l1_loss(outputs, targets, reduction="sum")
