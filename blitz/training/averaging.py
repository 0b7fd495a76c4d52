"""A network's weights averaged over its last steps: less noisy than those of any one step.

`ema` keeps an exponential moving average beside the training, which does not notice it (Polyak
and Juditsky 1992). `lookahead` also sends the weights back to their average every few steps, more
strongly the nearer the end (Zhang et al. 2019 in the form of tysam-code's hlb-CIFAR10, 2023, and
Jordan 2024). Both average what batch normalisation remembers as well.

Knows nothing about optimisers, records or checkpoints.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn

EMA_DECAY = 0.99
LOOKAHEAD_STEPS = 5
"""Steps that the weights go ahead before they are sent back."""
LOOKAHEAD_DECAY = 0.95**LOOKAHEAD_STEPS
"""How much of the average stays at the end of a run."""


class WeightAverage:
    """The average of one network's weights and floating-point buffers, on their device."""

    def __init__(
        self, model: nn.Module, kind: Literal["ema", "lookahead"], total_steps: int
    ) -> None:
        """Begin with the weights as they are; `total_steps` of the whole run."""
        self._model = model
        self._kind = kind
        self._total_steps = total_steps
        self._averages = [value.clone() for value in self._values()]

    @property
    def every(self) -> int:
        """Number of steps after which `update` does something, counted from the first step."""
        return 1 if self._kind == "ema" else LOOKAHEAD_STEPS

    def restart(self) -> None:
        """Forget the steps so far: the average is the network as it is now."""
        torch._foreach_copy_(self._averages, self._values())

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after optimiser step number `step` (0 is the first).

        Called after every step, or after those `every` names and the last; after the last one the
        network holds the average. Only asks things of the device, never for an answer.
        """
        is_last = step + 1 == self._total_steps
        if (step + 1) % self.every and not is_last:
            return
        values = self._values()
        if (step + 1) % self.every == 0:
            torch._foreach_lerp_(self._averages, values, 1 - self._decay(step))
        if self._kind == "lookahead" or is_last:
            torch._foreach_copy_(values, self._averages)

    def _decay(self, step: int) -> float:
        if self._kind == "ema":
            # The first averages would mostly be the random weights of the beginning.
            return min(EMA_DECAY, (step + 1) / (step + 10))
        return LOOKAHEAD_DECAY * ((step + 1) / self._total_steps) ** 3

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the network hold the averages meanwhile, to be evaluated or exported."""
        with torch.no_grad():
            values = self._values()
            own = [value.clone() for value in values]
            torch._foreach_copy_(values, self._averages)
        try:
            yield
        finally:
            with torch.no_grad():
                torch._foreach_copy_(values, own)

    def tensors(self) -> dict[str, Tensor]:
        """What a run needs to go on, by name, not copied: to be saved, or copied into.

        `model.` names the averages, for these are the weights that were evaluated and that others
        may want; `unaveraged.` names the network's own.
        """
        averages = zip(self._named_values(), self._averages, strict=True)
        own = {f"unaveraged.{name}": value for name, value in self._named_values().items()}
        return {f"model.{name}": average for name, average in averages} | own

    def _values(self) -> list[Tensor]:
        return list(self._named_values().values())

    def _named_values(self) -> dict[str, Tensor]:
        """The network's values that learn or are remembered, where they lie now."""
        learning = {n: p.detach() for n, p in self._model.named_parameters() if p.requires_grad}
        buffers = {n: b for n, b in self._model.named_buffers() if b.is_floating_point()}
        return learning | buffers
