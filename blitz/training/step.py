"""One optimiser step: forward, loss, backward, update; and never an update that is not finite.

Knows nothing of epochs, data sets or events. On a GPU nothing here waits for the device.
"""

import gc
import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from blitz.datasets import ImageDataset
from blitz.models import norm_biases
from blitz.training.compiling import compiled
from blitz.training.config import TrainConfig
from blitz.training.evaluation import loss_of
from blitz.training.optimisers import LearnableParameters, Optimiser
from blitz.training.team import ALONE, Team

TINY_STEP = 8
"""Images of 32×32 in a step up to which a small network's step counts as tiny; twice the width
counts as twice the images. Measured on two cores: without oneDNN batch 4 is 1.3 times as fast, 8
equal, 16 half as fast. A second thread gains nothing up to here and loses much where another
process wants its core: each operation is over before that thread has woken."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step computed, still on the device."""

    loss: Tensor
    logits: Tensor
    labels: Tensor
    magnitude: Tensor
    """Loss plus gradient norm: finite exactly if both are; where not, nothing was updated."""
    num_images: int
    """How many of the images are this process's own: all, or none (see `epoch_batches`)."""


class TrainingStep:
    """A network with its optimiser, ready to learn from one batch after another."""

    def __init__(
        self,
        config: TrainConfig,
        model: nn.Module,
        dataset: ImageDataset,
        team: Team = ALONE,
        *,
        is_movable: bool = False,
    ) -> None:
        """`model` and `dataset` are on the same device.

        `is_movable`: a small model's weights can be moved, see `LearnableParameters.move_to`.
        """
        self._config = config
        self._model = model
        self._team = team
        self._device = device = dataset.train_images.device
        # Of several processes the gradients live in buckets that are averaged as they fill. A GPU
        # updates many tensors by one kernel, and to add each gradient to a flat one takes many.
        may_be_flat = team.is_alone and (is_movable or device.type != "cuda")
        fast = norm_biases(model) if config.norm_bias_lr != 1 else []
        self.learnable = LearnableParameters(model, may_be_flat=may_be_flat and not fast)
        self._network = team.wrap(model)
        self._compiled: nn.Module | None = None
        work = config.batch_size * config.width * dataset.image_size**2 / 32**2
        self._memory_format = memory_format(config)
        self._is_on_cpu = device.type == "cpu"
        self._is_tiny = self._is_on_cpu and self.learnable.is_flat and work <= TINY_STEP
        factors = self.learnable.rate_factors(fast, config.norm_bias_lr)
        self._optimiser = Optimiser(config, self.learnable.values, factors)
        # Reading a number off the CPU costs nothing. Off a GPU it would stop the queue of work,
        # so there a flag on the device makes this and all later updates do nothing.
        self._checks_on_device = device.type == "cuda" and self._optimiser.can_skip_on_device
        self._skip = torch.zeros((), device=device)
        self._one = torch.ones((), device=device)

    def compile(self, images: Tensor) -> None:
        """Have batches of this shape go through a compiled network; CompileError where it fails."""
        precision = torch.bfloat16 if self._config.precision == "bf16" else None
        try:
            self._compiled = compiled(self._model, self.laid_out(images), precision)
        finally:
            self.learnable.zero_gradients()

    @property
    def never_asks(self) -> bool:
        """Whether `take_on_device` may be called."""
        return self._optimiser.can_skip_on_device

    def take(
        self, images: Tensor, labels: Tensor, lr: float, batch_size: int | None = None
    ) -> StepResult:
        """Learn from one batch: float32 [batch, C, H, W] and int64 [batch].

        Of several processes each gives its share of a batch of `batch_size` images.
        """
        self.learnable.zero_gradients()
        with self._autocast():
            logits, loss = self._forward(images, labels)
        if batch_size is None or self._team.is_alone:
            num_images = len(labels)
            loss.backward()
            magnitude = loss.detach() + self.learnable.gradient_norm()
        else:
            # The mean over processes of these is the mean over all images of the batch.
            num_images = self._team.share_size(batch_size)
            (loss * (num_images * self._team.size / batch_size)).backward()
            magnitude = self.learnable.gradient_norm()  # the same for all processes
        result = StepResult(
            loss=loss.detach(),
            logits=logits.detach(),
            labels=labels,
            magnitude=magnitude,
            num_images=num_images,
        )
        self.update(self.learnable.gradients(), result.magnitude, lr)
        return result

    def take_on_device(
        self, images: Tensor, labels: Tensor, rate: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The same without asking the device anything, and with a learning rate that lies on it.

        Returns the loss, the logits, and whether this step and all later ones are left out (1).
        """
        self.learnable.zero_gradients()
        with self._autocast():
            logits, loss = self._forward(images, labels)
        loss.backward()
        gradients, loss = self.learnable.gradients(), loss.detach()
        # One kernel looks through all tensors; what it multiplies them by is one.
        torch._amp_foreach_non_finite_check_and_unscale_([*gradients, loss], self._skip, self._one)
        self._optimiser.step(gradients, rate, skip=self._skip)
        return loss, logits.detach(), self._skip.clone()

    def _forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        config = self._config
        is_whole = self._compiled is not None and len(images) == config.batch_size
        network: Any = self._compiled if is_whole else self._network
        logits = network(self.laid_out(images))
        return logits, loss_of(logits, labels, config.loss, config.label_smoothing)

    def laid_out(self, images: Tensor) -> Tensor:
        """The images as the network's kernels want them to lie."""
        return images.contiguous(memory_format=self._memory_format)

    def update(self, gradients: list[Tensor], magnitude: Tensor, lr: float) -> None:
        """Change the values along these gradients, unless the magnitude is not finite."""
        if self._checks_on_device:
            torch.maximum(self._skip, (~magnitude.isfinite()).float(), out=self._skip)
            self._optimiser.step(gradients, lr, skip=self._skip)
        elif math.isfinite(magnitude):
            self._optimiser.step(gradients, lr)

    def is_stopped_by(self, result: StepResult) -> bool:
        """Whether it is known already, without waiting, that this step was not finite."""
        return not self._checks_on_device and not math.isfinite(result.magnitude)

    def _autocast(self) -> AbstractContextManager[object]:
        if self._config.precision == "bf16":
            return torch.autocast(self._device.type, torch.bfloat16)
        return nullcontext()

    @contextmanager
    def at_full_speed(self) -> Iterator[None]:
        """What makes steps fast and must not outlast them; to be held around many."""
        was_collecting = gc.isenabled()
        # A step leaves no cycles behind, and looking for them takes 4% of a tiny step.
        gc.disable()
        try:
            with _cpu_kernels(is_tiny=self._is_tiny) if self._is_on_cpu else nullcontext():
                yield
        finally:
            if was_collecting:
                gc.enable()

    def tensors(self) -> dict[str, Tensor]:
        """The network's weights and buffers and the optimiser's memory, by name, not copied."""
        named = {f"model.{name}": tensor for name, tensor in self._model.state_dict().items()}
        for index, tensor in enumerate(self._optimiser.tensors()):
            named[f"optimiser.{index}"] = tensor
        return named


def memory_format(config: TrainConfig) -> torch.memory_format:
    """How images and feature maps lie: what multiplies small numbers in tiles wants channels last.

    For PyTorch's own arithmetic of float32 the usual order is faster.
    """
    return torch.contiguous_format if config.precision == "float32" else torch.channels_last


@contextmanager
def _cpu_kernels(*, is_tiny: bool) -> Iterator[None]:
    # `torch.backends.mkldnn.flags` would also touch TF32, which warns on machines without it.
    switch: Any = torch.backends.mkldnn
    had_onednn, num_threads, had_denormals = switch.enabled, torch.get_num_threads(), _denormals()
    # The momentum of a unit that no longer learns halves until it is denormal and stays so, and
    # arithmetic on such numbers takes twenty times as long. They count as zero.
    torch.set_flush_denormal(True)
    if is_tiny:
        switch.enabled = False
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_flush_denormal(not had_denormals)
        switch.enabled = had_onednn
        torch.set_num_threads(num_threads)


def _denormals() -> bool:
    """Whether numbers below the smallest normal one are told from zero."""
    return bool(torch.full((), 1e-39) * 0.5 != 0)
