"""What goes wrong when part of a training step is left out or too large: losses over many steps."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from blitz.network.step_settings import MAX_LR, StepSettings, freeze, loss_of, new_optimiser

LR_FACTOR = 1_000
MAX_STEPS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """A way to train on one batch again and again."""

    name: str
    title: str
    settings: StepSettings
    zeroes_gradients: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class LossPoint:
    """The loss before an update."""

    variant: str
    step: int
    """Counted from 0: so many updates were made before it."""
    loss: float
    """Not finite at the last point of a variant that diverged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LossCurve:
    """The losses of a variant."""

    title: str
    losses: tuple[float, ...]

    @property
    def ended_at(self) -> int | None:
        """The step whose loss was not finite; None where all were."""
        return len(self.losses) - 1 if not math.isfinite(self.losses[-1]) else None


def variants(model: nn.Module, settings: StepSettings) -> tuple[Variant, ...]:
    """As it should be, and with one thing wrong each."""
    names = [name for name, _ in model.named_parameters()]
    last_layer = names[-1].rpartition(".")[0]
    all_but_last = tuple(name for name in names if name.rpartition(".")[0] != last_layer)
    frozen = settings.frozen or all_but_last
    # In a network that is frozen but for its last layer this would be nothing new.
    is_new = any(model.get_parameter(name).requires_grad for name in frozen)
    large = min(LR_FACTOR * settings.lr, MAX_LR)
    free = replace(settings, frozen=())
    return (
        Variant(name="usual", title="as it should be", settings=free),
        Variant(
            name="accumulated", title="without zero_grad", settings=free, zeroes_gradients=False
        ),
        *(
            [
                Variant(
                    name="frozen",
                    title="your layers frozen"
                    if settings.frozen
                    else f"all but {last_layer} frozen",
                    settings=replace(settings, frozen=frozen),
                )
            ]
            if is_new
            else []
        ),
        Variant(
            name="large", title=f"learning rate {large:g}", settings=replace(free, lr=large)
        ),
    )  # fmt: skip


def loss_points(
    new_model: Callable[[], nn.Module],
    images: Tensor,
    labels: Tensor,
    variant: Variant,
    num_steps: int,
) -> Iterator[LossPoint]:
    """Train a new network on the same batch; ends early where the loss is not finite.

    images float32 [N, C, H, W], labels int64 [N]. Raises ValueError where there is nothing to
    learn, or a layer refuses the batch.
    """
    if not 1 <= num_steps <= MAX_STEPS:
        raise ValueError(f"steps: {num_steps} was given; expected 1 to {MAX_STEPS}")
    model = new_model().train()
    freeze(model, variant.settings.frozen)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not parameters:
        raise ValueError(f"{variant.title}: every parameter is frozen; nothing can learn")
    optimiser = new_optimiser(parameters, variant.settings)
    for step in range(num_steps + 1):
        if variant.zeroes_gradients:
            optimiser.zero_grad()
        with torch.enable_grad():
            loss = loss_of(model(images), labels, variant.settings.loss)
        value = loss.item()
        yield LossPoint(variant=variant.name, step=step, loss=value)
        if not math.isfinite(value):
            return
        loss.backward()
        optimiser.step()
