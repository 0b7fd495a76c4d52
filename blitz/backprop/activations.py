"""Activation functions: each one beside its derivative, for any kind of number.

Formulas are functions of expressions, floats, arrays and Decimals alike; see expressions.py.
Softmax alone takes all units of its layer together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blitz.backprop.expressions import NumberLike, exp, tanh, times, where_positive

LEAK = 0.01
"""Slope of the leaky ReLU below 0, PyTorch's default."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Activation:
    """What a unit makes of its linear part.

    value: of the linear part l. slope: the derivative, of l and of the value out; where the
    function has a corner, what PyTorch takes. span: the open or closed interval of its values.
    has_corner: whether the derivative jumps at 0.
    """

    name: str
    value: Callable[[Any], Any]
    slope: Callable[[Any, Any], Any]
    span: str
    has_corner: bool = False


SIGMOID = Activation(
    name="sigmoid",
    value=lambda x: 1 / (1 + exp(-x)),
    slope=lambda x, out: out * (1 - out),
    span="(0, 1)",
)
TANH = Activation(
    name="tanh", value=tanh, slope=lambda x, out: 1 - out**2, span="(−1, 1)"
)  # fmt: skip
RELU = Activation(
    name="ReLU",
    value=lambda x: where_positive(x, x, 0),
    slope=lambda x, out: where_positive(x, 1, 0),
    span="[0, ∞)",
    has_corner=True,
)
LEAKY_RELU = Activation(
    name="leaky ReLU",
    value=lambda x: where_positive(x, x, times(LEAK, x)),
    slope=lambda x, out: where_positive(x, 1, LEAK),
    span="(−∞, ∞)",
    has_corner=True,
)
LINEAR = Activation(
    name="linear", value=lambda x: x, slope=lambda x, out: 1, span="(−∞, ∞)"
)  # fmt: skip

UNIT_ACTIVATIONS = (SIGMOID, TANH, RELU, LEAKY_RELU, LINEAR)
SOFTMAX = "softmax"
ACTIVATION_NAMES = (*(activation.name for activation in UNIT_ACTIVATIONS), SOFTMAX)

_BY_NAME = {activation.name: activation for activation in UNIT_ACTIVATIONS}


def activation_named(name: str) -> Activation:
    """The activation of single units with this name; every one but softmax."""
    return _BY_NAME[name]


def softmax(linear: Sequence[NumberLike], unit: int) -> NumberLike:
    """Softmax of one unit, e^l_k / Σ e^l_j with numerator and denominator divided by e^l_k.

    Written so it overflows only where the value is 0. linear: of all units of the layer.
    """
    others = [exp(x - linear[unit]) for place, x in enumerate(linear) if place != unit]
    return 1 / sum(others, start=1)


def softmax_slope(outputs: Sequence[NumberLike], unit: int, by: int) -> NumberLike:
    """∂out_unit/∂l_by."""
    own = outputs[unit]
    return own * (1 - own) if unit == by else -own * outputs[by]


def softmax_array(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Softmax over the last axis of [..., num_units]."""
    found: NDArray[np.float64] = 1 / np.exp(linear[..., None, :] - linear[..., :, None]).sum(-1)
    return found


def softmax_backward(
    outputs: NDArray[np.float64], slope: NDArray[np.float64]
) -> NDArray[np.float64]:
    """∂E/∂l from ∂E/∂out, both [..., num_units]."""
    found: NDArray[np.float64] = outputs * (slope - (slope * outputs).sum(-1, keepdims=True))
    return found
