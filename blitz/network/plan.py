"""Which network is looked into, as plain values, and the network built of them.

Leaves trained weights to whoever has them.
"""

from dataclasses import dataclass

import torch
from torch import nn

from blitz.model_memory import check_memory
from blitz.models import build_model, check_model
from blitz.turns import one_at_a_time

MAX_SEED = 2**53 - 1
"""The largest whole number that a field in a browser holds exactly."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkPlan:
    """All that decides a network with random weights; ValueError in one line for a wrong value."""

    model: str
    """Name of a network in `blitz.models`."""
    channels: int
    image_size: int
    """Height and width of the images that it takes, in pixels."""
    num_classes: int
    width: int = 1
    seed: int = 0
    """Decides the random weights: those that a training run with this seed begins with."""

    def __post_init__(self) -> None:
        check_model(self.model, image_size=self.image_size, width=self.width)
        for name, high in (("channels", 3), ("num_classes", 100_000), ("width", 64)):
            value = getattr(self, name)
            if not 1 <= value <= high:
                raise ValueError(f"{name}: {value} was given; expected 1 to {high:,}")
        self.check_batch(1)
        if not 0 <= self.seed <= MAX_SEED:
            raise ValueError(f"seed: {self.seed} was given; expected 0 to {MAX_SEED}")

    def check_batch(self, num_images: int) -> None:
        """Raise ValueError in one line where so many images together take too much memory."""
        check_memory(
            self.model, channels=self.channels, image_size=self.image_size,
            num_classes=self.num_classes, width=self.width, num_images=num_images,
        )  # fmt: skip


def build(plan: NetworkPlan) -> nn.Module:
    """The network in evaluation mode; the process's random state stays as it was."""
    with one_at_a_time(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        return _built(plan)


def build_empty(plan: NetworkPlan) -> nn.Module:
    """The same on PyTorch's meta device: names and shapes without numbers, in no time."""
    with torch.device("meta"):
        return _built(plan)


def _built(plan: NetworkPlan) -> nn.Module:
    model = build_model(
        plan.model,
        channels=plan.channels,
        image_size=plan.image_size,
        num_classes=plan.num_classes,
        width=plan.width,
    )
    return model.eval()
