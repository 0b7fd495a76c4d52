"""The network that the page is about: which, with which weights, for which images."""

import copy
from dataclasses import dataclass

from torch import Tensor, nn

from blitz.datasets import ImageDataset
from blitz.network.images import adapt
from blitz.network.plan import NetworkPlan
from blitz.training.store import Run


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ChosenNetwork:
    """A network ready to be looked into, and the images that go with it."""

    plan: NetworkPlan
    source: str
    """What `load_dataset` calls the data set."""
    dataset: ImageDataset
    """At its own size; `inputs` makes of its images what the network takes."""
    run: Run | None
    """The run whose weights these are; none for random ones."""
    weights: str
    """What tells these weights from others: the checkpoint's hash; empty for random ones."""
    shared_model: nn.Module
    """Shared by all sessions: to be read and run without gradients, never changed."""

    @property
    def classes(self) -> tuple[str, ...]:
        """What the network's outputs mean: the classes that it learned, or would learn."""
        if self.run is not None and self.run.details is not None:
            return self.run.details.classes
        return self.dataset.classes

    @property
    def is_at_home(self) -> bool:
        """Whether the images are of the classes that the network knows."""
        return self.classes == self.dataset.classes

    def new_model(self) -> nn.Module:
        """A network of one's own with the same weights, to train and change."""
        return copy.deepcopy(self.shared_model)

    def adapted(self, images: Tensor) -> Tensor:
        """Images uint8 [N, C, H, W] with the channels and the size that the network takes."""
        return adapt(images, self.plan.channels, self.plan.image_size)

    def inputs(self, images: Tensor) -> Tensor:
        """What the network is fed: uint8 [N, C, H, W] of any size → float32 that fits it."""
        return self.dataset.normalise(self.adapted(images))
