"""Gradients into updates: PyTorch's own update rules, on as few tensors as pays.

`torch.optim.Optimizer.step` spends about 0.1 ms a step on hooks and grouping, a tenth of a whole
step of a small network. The functions beneath it do the same arithmetic, so they are called
directly. A small model's parameters are moved into one tensor first: one update, one
norm and one zeroing instead of ten each.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop

from blitz.training.config import TrainConfig

FLAT_LIMIT = 2**18
"""Parameters up to which one flat tensor is faster. Beyond it, adding each gradient to a flat one
costs more memory traffic than the calls it saves."""


class LearnableParameters:
    """The parameters of a model that learn, and their gradients.

    Small models: `values` and the gradients are one flat tensor each, of which the model's own
    parameters become views. Large models: the model's parameters as they are.
    """

    def __init__(self, model: nn.Module, *, may_be_flat: bool = True) -> None:
        """`may_be_flat`: whether the gradients' memory is nobody else's."""
        self._parameters = [p for p in model.parameters() if p.requires_grad]
        if not self._parameters:
            raise ValueError("model: no parameter learns")
        num_parameters = sum(p.numel() for p in self._parameters)
        self.is_flat = may_be_flat and num_parameters <= FLAT_LIMIT
        self.values = [self._flatten()] if self.is_flat else [p.data for p in self._parameters]

    def _flatten(self) -> Tensor:
        flat = torch.cat([p.detach().reshape(-1) for p in self._parameters])
        self._flat_gradient = torch.zeros_like(flat)
        parts = self._flat_gradient.split([p.numel() for p in self._parameters])
        for parameter, part in zip(self._parameters, parts, strict=True):
            parameter.grad = part.view_as(parameter)
        self._view(flat)
        return flat

    def _view(self, flat: Tensor) -> None:
        parts = flat.split([p.numel() for p in self._parameters])
        for parameter, part in zip(self._parameters, parts, strict=True):
            parameter.data = part.view_as(parameter)

    def move_to(self, memory: Tensor) -> None:
        """Let a small model's values, and whoever holds them, live in this flat memory."""
        assert self.is_flat
        memory.copy_(self.values[0])
        self.values[0].data = memory
        self._view(memory)

    def zero_gradients(self) -> None:
        """Forget the gradients of the step before."""
        if self.is_flat:
            self._flat_gradient.zero_()
        else:
            for parameter in self._parameters:
                parameter.grad = None

    def gradients(self) -> list[Tensor]:
        """The gradients after a backward pass, in the order of `values`."""
        if self.is_flat:
            return [self._flat_gradient]
        return [p.grad for p in self._parameters if p.grad is not None]

    def rate_factors(self, fast: Sequence[nn.Parameter], factor: float) -> list[float]:
        """For each of `values` how fast it learns: the fast ones so many times as fast."""
        if self.is_flat:
            return [1.0]
        return [factor if any(p is one for one in fast) else 1.0 for p in self._parameters]

    def gradient_norm(self) -> Tensor:
        """Euclidean norm of all gradients together, a scalar on the device."""
        if self.is_flat:
            norm: Tensor = torch.linalg.vector_norm(self._flat_gradient)
            return norm
        return torch.nn.utils.get_total_norm(self.gradients())


class Optimiser:
    """One update rule with what it remembers of earlier steps."""

    def __init__(
        self, config: TrainConfig, values: list[Tensor], factors: Sequence[float] = ()
    ) -> None:
        """`factors`: how many times as fast as the learning rate says each of the values learns.

        The weight decay of sgd, nesterov and adamw pulls all values alike, however fast they learn.
        """
        self._config = config
        self._groups = [
            (indices, factor, _Group(config, [values[i] for i in indices], factor))
            for factor, indices in _by_factor(factors or [1.0] * len(values)).items()
        ]

    @property
    def can_skip_on_device(self) -> bool:
        """Whether a step can be left out by a tensor's value, without asking the device."""
        return self._config.optimizer != "rmsprop"

    def step(self, gradients: list[Tensor], lr: float | Tensor, skip: Tensor | None = None) -> None:
        """Update the values in place; where `skip` (float32, one value) is 1, leave them."""
        for indices, factor, group in self._groups:
            rate = lr if factor == 1 else lr * factor
            group.step([gradients[i] for i in indices], rate, skip)

    def tensors(self) -> list[Tensor]:
        """All that the rule remembers, in a fixed order: to be saved, or copied into."""
        return [tensor for _, _, group in self._groups for tensor in group.tensors()]


def _by_factor(factors: Sequence[float]) -> dict[float, list[int]]:
    """The indices of the values that learn equally fast."""
    groups: dict[float, list[int]] = {}
    for index, factor in enumerate(factors):
        groups.setdefault(factor, []).append(index)
    return groups


class _Group:
    """Values that learn equally fast."""

    def __init__(self, config: TrainConfig, values: list[Tensor], factor: float) -> None:
        self._config = config
        self._weight_decay = config.weight_decay / factor
        self._values = values
        self._num_moments = 2 if config.optimizer in ("adam", "adamw", "rmsprop") else 1
        self._moments = [
            [torch.zeros_like(value) for value in values] for _ in range(self._num_moments)
        ]
        # The rules count their steps in float32 tensors, one for each parameter.
        self._steps = [torch.zeros((), device=self._steps_device(value)) for value in values]

    def _steps_device(self, value: Tensor) -> torch.device:
        # The fused Adam reads its count on the device; RMSprop only counts.
        return value.device if self._config.optimizer in ("adam", "adamw") else torch.device("cpu")

    def step(self, gradients: list[Tensor], lr: float | Tensor, skip: Tensor | None = None) -> None:
        config = self._config
        if config.optimizer in ("sgd", "nesterov"):
            # Beneath the public function, which takes 40 µs to group tensors by device.
            torch._fused_sgd_(
                self._values,
                gradients,
                self._moments[0] if config.momentum > 0 else [],
                found_inf=skip,
                lr=lr,
                momentum=config.momentum,
                weight_decay=self._weight_decay,
                dampening=0.0,
                nesterov=config.optimizer == "nesterov",
                maximize=False,
                is_first_step=False,  # the moments begin as zeros
            )
        elif config.optimizer in ("adam", "adamw"):
            adam(
                self._values,
                gradients,
                self._moments[0],
                self._moments[1],
                [],
                self._steps,
                fused=True,
                found_inf=skip,
                decoupled_weight_decay=config.optimizer == "adamw",
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=lr,
                weight_decay=self._weight_decay,
                eps=1e-8,
                maximize=False,
            )
        else:
            rmsprop(
                self._values,
                gradients,
                self._moments[0],
                [],
                self._moments[1],
                self._steps,
                lr=lr,
                alpha=0.99,
                eps=1e-8,
                weight_decay=self._weight_decay,
                momentum=config.momentum,
                centered=False,
            )

    def tensors(self) -> list[Tensor]:
        return [tensor for moment in self._moments for tensor in moment] + self._steps
