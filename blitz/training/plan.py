"""What the processes of a run begin with: the first one makes it, and all build the same of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from blitz.datasets import ImageDataset
from blitz.training.config import TrainConfig
from blitz.training.loop import Trainer
from blitz.training.state import TrainState
from blitz.training.team import Team


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Choices and weights of a run that is about to be trained."""

    config: TrainConfig
    """With the device by its kind; each process takes its own."""
    state: TrainState | None
    """Where to go on from."""
    weights: Mapping[str, Tensor] | None = None
    """Of another run's state, to begin with."""
    note: str = ""
    """Where the weights are from."""

    def trainer(self, dataset: ImageDataset, team: Team) -> Trainer:
        """The same trainer on every process; ValueError where the choices do not go together."""
        trainer = Trainer(self.config, dataset, state=self.state, team=team)
        if self.weights is not None:
            trainer.begin_with(self.weights, self.note)
        return trainer
