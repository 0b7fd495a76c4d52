"""Loss functions: the error of one output beside its derivative, for any kind of number.

The total error is the sum over outputs and samples. Losses that are means divide each error by the
number of things averaged, as PyTorch's functions do by default.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from blitz.backprop.expressions import over, sign, times_log

Mean = Literal["", "outputs", "samples"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """How far outputs are from targets.

    error: of target, output and the number n averaged over. slope: its derivative by the output.
    mean: over what; "" for a sum. activation: what the outputs need, or None. pytorch: as a call,
    of outputs, or of logits where PyTorch computes from the linear parts more exactly.
    """

    name: str
    error: Callable[[Any, Any, int], Any]
    slope: Callable[[Any, Any, int], Any]
    mean: Mean
    activation: str | None = None
    pytorch: str = ""

    def count(self, num_samples: int, num_outputs: int) -> int:
        """The n of `error` and `slope`."""
        if self.mean == "samples":
            return num_samples
        return num_samples * num_outputs if self.mean == "outputs" else 1


def _mean(x: Any, n: int) -> Any:
    return x if n == 1 else x / n


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
    pytorch="F.binary_cross_entropy_with_logits(logits, targets)",
)
SOFTMAX_CROSS_ENTROPY = Loss(
    name="softmax cross-entropy",
    error=lambda t, o, n: _mean(-times_log(t, o), n),
    slope=lambda t, o, n: _mean(-over(t, o), n),
    mean="samples",
    activation="softmax",
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
