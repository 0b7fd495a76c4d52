"""Loss functions: the error of one output beside its derivative, for any kind of number.

The total error is the sum over outputs and samples. Losses that are means divide each error by the
number of things averaged, as PyTorch's functions do by default.

Cross-entropies also have a form that begins with the linear parts. Networks compute with that one:
an output that rounds to 0 or 1 has no logarithm any more, its linear part still tells the error.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from blitz.backprop.expressions import log_sum_exp, over, sign, softplus, times_log

Mean = Literal["", "outputs", "samples"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LinearForm:
    """A loss and the activation before it, taken together.

    error: of target, linear parts of all outputs, the place of the output among them, and n.
    slope: its derivative by the output's linear part, of target, output and n.
    """

    error: Callable[[Any, Sequence[Any], int, int], Any]
    slope: Callable[[Any, Any, int], Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """How far outputs are from targets.

    error: of target, output and the number n averaged over. slope: its derivative by the output.
    mean: over what; "" for a sum. activation: what the outputs need, or None. linear: the form
    that begins with linear parts, of a loss that needs an activation. pytorch: as a call, of
    outputs, or of logits where PyTorch computes from the linear parts more exactly.
    """

    name: str
    error: Callable[[Any, Any, int], Any]
    slope: Callable[[Any, Any, int], Any]
    mean: Mean
    activation: str | None = None
    linear: LinearForm | None = None
    pytorch: str = ""

    def count(self, num_samples: int, num_outputs: int) -> int:
        """The n of `error` and `slope`."""
        if self.mean == "samples":
            return num_samples
        return num_samples * num_outputs if self.mean == "outputs" else 1

    def errors(
        self, targets: Sequence[Any], linear: Sequence[Any], outputs: Sequence[Any], n: int
    ) -> list[Any]:
        """The error of each output of a network; from linear parts, where there is that form."""
        if self.linear is None:
            return [self.error(t, o, n) for t, o in zip(targets, outputs, strict=True)]
        return [self.linear.error(t, linear, unit, n) for unit, t in enumerate(targets)]


def _mean(x: Any, n: int) -> Any:
    return x if n == 1 else x / n


def _binary_error(t: Any, linear: Sequence[Any], unit: int, n: int) -> Any:
    # −ln out and −ln(1 − out), out = 1 / (1 + e^−l)
    return _mean(t * softplus(-linear[unit]) + (1 - t) * softplus(linear[unit]), n)


def _softmax_error(t: Any, linear: Sequence[Any], unit: int, n: int) -> Any:
    # −ln out, out = 1 / (1 + Σ e^(l_j − l_k)), the sum over all other outputs
    others = [x - linear[unit] for place, x in enumerate(linear) if place != unit]
    return _mean(t * log_sum_exp([0, *others]), n)


def _off_target(t: Any, o: Any, n: int) -> Any:
    # Exact for softmax because a sample's targets sum to 1
    return _mean(o - t, n)


HALF_SQUARED_ERROR = Loss(
    name="half squared error",
    error=lambda t, o, n: (t - o) ** 2 / 2,
    slope=lambda t, o, n: o - t,
    mean="",
    pytorch="F.mse_loss(outputs, targets, reduction='sum') / 2",
)
MEAN_SQUARED_ERROR = Loss(
    name="mean squared error",
    error=lambda t, o, n: _mean((t - o) ** 2, n),
    slope=lambda t, o, n: _mean(2 * (o - t), n),
    mean="outputs",
    pytorch="F.mse_loss(outputs, targets)",
)
ABSOLUTE_ERROR = Loss(
    name="absolute error",
    error=lambda t, o, n: abs(o - t),
    slope=lambda t, o, n: sign(o - t),
    mean="",
    pytorch="F.l1_loss(outputs, targets, reduction='sum')",
)
BINARY_CROSS_ENTROPY = Loss(
    name="binary cross-entropy",
    error=lambda t, o, n: _mean(-(times_log(t, o) + times_log(1 - t, 1 - o)), n),
    slope=lambda t, o, n: _mean(over(1 - t, 1 - o) - over(t, o), n),
    mean="outputs",
    activation="sigmoid",
    linear=LinearForm(error=_binary_error, slope=_off_target),
    pytorch="F.binary_cross_entropy_with_logits(logits, targets)",
)
SOFTMAX_CROSS_ENTROPY = Loss(
    name="softmax cross-entropy",
    error=lambda t, o, n: _mean(-times_log(t, o), n),
    slope=lambda t, o, n: _mean(-over(t, o), n),
    mean="samples",
    activation="softmax",
    linear=LinearForm(error=_softmax_error, slope=_off_target),
    pytorch="F.cross_entropy(logits, targets)",
)

LOSSES = (
    HALF_SQUARED_ERROR,
    MEAN_SQUARED_ERROR,
    ABSOLUTE_ERROR,
    BINARY_CROSS_ENTROPY,
    SOFTMAX_CROSS_ENTROPY,
)
LOSS_NAMES = tuple(loss.name for loss in LOSSES)

_BY_NAME = {loss.name: loss for loss in LOSSES}


def loss_named(name: str) -> Loss:
    """The loss with this name."""
    return _BY_NAME[name]
