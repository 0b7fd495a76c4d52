"""Records of the states that a training step goes through, and how they are measured."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

Action = Literal["zero_grad", "forward", "loss", "backward", "update"]
ACTIONS: tuple[Action, ...] = get_args(Action)
"""In the order of a training loop."""
NUM_FIRST = 4
"""Values of each parameter that a state keeps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ValueStatistics:
    """How the numbers of a tensor are spread; not finite where one of them is not."""

    mean: float
    norm: float
    """Euclidean norm: the root of the sum of squares."""
    minimum: float
    maximum: float

    @property
    def largest(self) -> float:
        """Of all magnitudes."""
        return max(abs(self.minimum), abs(self.maximum))

    @property
    def is_finite(self) -> bool:
        """Whether every number is."""
        return math.isfinite(self.minimum) and math.isfinite(self.maximum)


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterState:
    """A parameter as an action left it."""

    name: str
    shape: tuple[int, ...]
    requires_grad: bool
    values: ValueStatistics
    gradient: ValueStatistics | None
    """None where `.grad` is None."""
    num_passes: int
    """Backward passes that are added up in the gradient."""
    update: ValueStatistics | None
    """Of the change; None where the action was no update, or left this parameter alone."""
    before: tuple[float, ...]
    """The first few values before this action."""
    after: tuple[float, ...]

    @property
    def gradient_is_zero(self) -> bool:
        """Whether there is a gradient, of zeros alone."""
        return self.gradient is not None and self.gradient.largest == 0


@dataclass(frozen=True, kw_only=True, slots=True)
class StepState:
    """What an action did."""

    number: int
    """Counted from 0, which is the start."""
    action: Action | None
    """None at the start."""
    code: str
    """The line that ran."""
    sentence: str
    warning: str
    """What is wrong with the numbers; empty where nothing is."""
    loss: float | None
    """The present one; none before the first and after a new forward pass."""
    parameters: tuple[ParameterState, ...]

    def parameter(self, name: str) -> ParameterState:
        """The parameter of this name."""
        return next(each for each in self.parameters if each.name == name)


def statistics(tensor: Tensor) -> ValueStatistics:
    """Of all elements, in three passes over them."""
    minimum, maximum = torch.aminmax(tensor)
    return ValueStatistics(
        mean=float(tensor.mean()),
        # In float32 the squares of small and of large numbers would leave its range.
        norm=float(torch.linalg.vector_norm(tensor, dtype=torch.float64)),
        minimum=float(minimum),
        maximum=float(maximum),
    )


def first_values(parameter: nn.Parameter) -> tuple[float, ...]:
    """The first few, in the order of memory."""
    return tuple(parameter.detach().reshape(-1)[:NUM_FIRST].tolist())
