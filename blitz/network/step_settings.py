"""What decides a training step beside the network and its batch: loss, optimiser, frozen layers.

Knows nothing about the states that a step goes through.
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

OptimiserName = Literal["sgd", "momentum", "nesterov", "adam", "rmsprop"]
LossName = Literal["cross-entropy", "mse"]

OPTIMISERS: tuple[OptimiserName, ...] = get_args(OptimiserName)
LOSSES: tuple[LossName, ...] = get_args(LossName)
MAX_LR = 1e6
LOSS_CODE: dict[LossName, str] = {
    "cross-entropy": "loss = F.cross_entropy(logits, labels)",
    "mse": "loss = F.mse_loss(logits, F.one_hot(labels, logits.shape[1]).float())",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class StepSettings:
    """ValueError in one line for a wrong value."""

    optimiser: OptimiserName = "sgd"
    lr: float = 0.01
    momentum: float = 0.9
    """Used by momentum and nesterov alone."""
    loss: LossName = "cross-entropy"
    frozen: tuple[str, ...] = ()
    """Names of parameters that must not learn."""

    def __post_init__(self) -> None:
        choices = (("optimiser", self.optimiser, OPTIMISERS), ("loss", self.loss, LOSSES))
        for name, value, names in choices:
            if value not in names:
                raise ValueError(f"{name}: {value!r} was given; choose {', '.join(names)}")
        check_rates(self.lr, self.momentum)
        if self.optimiser == "nesterov" and self.momentum == 0:
            raise ValueError("momentum: 0 was given; Nesterov's rule needs one above 0")

    @property
    def optimiser_code(self) -> str:
        """The line that makes the optimiser."""
        momentum = f", momentum={self.momentum:g}"
        name, more = {
            "sgd": ("SGD", ""),
            "momentum": ("SGD", momentum),
            "nesterov": ("SGD", f"{momentum}, nesterov=True"),
            "adam": ("Adam", ""),
            "rmsprop": ("RMSprop", ""),
        }[self.optimiser]
        return f"optimizer = torch.optim.{name}(model.parameters(), lr={self.lr:g}{more})"


def check_rates(lr: float, momentum: float) -> None:
    """ValueError where a learning rate or momentum is none that an optimiser takes."""
    if not (math.isfinite(lr) and 0 <= lr <= MAX_LR):
        raise ValueError(f"learning rate: {lr:g} was given; expected 0 to {MAX_LR:,.0f}")
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum: {momentum:g} was given; expected 0 to less than 1")


def loss_of(logits: Tensor, labels: Tensor, loss: LossName) -> Tensor:
    """Mean loss of a batch: cross-entropy, or squared distance from the one-hot labels.

    logits [N, classes], labels int64 [N] → a scalar.
    """
    if loss == "mse":
        return F.mse_loss(logits, F.one_hot(labels, logits.shape[1]).to(logits.dtype))
    return F.cross_entropy(logits, labels)


def new_optimiser(parameters: list[nn.Parameter], settings: StepSettings) -> torch.optim.Optimizer:
    """PyTorch's own, which skips parameters without a gradient."""
    match settings.optimiser:
        case "adam":
            return torch.optim.Adam(parameters, lr=settings.lr)
        case "rmsprop":
            return torch.optim.RMSprop(parameters, lr=settings.lr)
        case "sgd":
            return torch.optim.SGD(parameters, lr=settings.lr)
        case _:
            return torch.optim.SGD(
                parameters,
                lr=settings.lr,
                momentum=settings.momentum,
                nesterov=settings.optimiser == "nesterov",
            )


def freeze(model: nn.Module, names: tuple[str, ...]) -> None:
    """Let these parameters learn no more; ValueError for a name that the model has not."""
    parameters = dict(model.named_parameters())
    for name in names:
        if name not in parameters:
            raise ValueError(f"frozen: {name!r} was given; the network has no such parameter")
        parameters[name].requires_grad = False
