"""Rounds: steps taken one after another until it is time to look around.

`StepByStep` gives every step to the device by itself; `replayed` gives a GPU many at once. Either
knows nothing of epochs' ends, commands or events.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from blitz.datasets import ImageDataset
from blitz.devices import synchronise
from blitz.training.averaging import WeightAverage
from blitz.training.batches import Epoch, epoch_batches
from blitz.training.step import StepResult, TrainingStep
from blitz.training.team import Team

Rate = Callable[[int], float]
"""The learning rate of a step, counted from the run's first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What some steps in a row came to."""

    num_steps: int
    """Taken: a step whose loss or gradient is not finite is not, and none after it."""
    loss: float
    """Mean over the images."""
    accuracy: float
    num_images: int
    seconds: float
    fault: Literal["", "loss", "gradient"]
    """What was not finite in the step after them, if that is why they ended."""


class Rounds(Protocol):
    """Who takes the steps of a run."""

    def begin_epoch(self, epoch: Epoch, first_batch: int) -> None:
        """Go through these images from this batch on."""

    def take(self, rate: Rate, step: int, last_step: int) -> Round:
        """Take steps from `step` until it is time, or `last_step` is the next."""


class StepByStep:
    """Each step is given to the device by itself.

    For a CPU, for several processes, and for rules that ask the device after each step.
    """

    def __init__(
        self,
        training_step: TrainingStep,
        dataset: ImageDataset,
        batch_size: int,
        *,
        seconds: float,
        team: Team,
        average: WeightAverage | None,
    ) -> None:
        """`seconds`: after them a round ends; 0 makes every step a round."""
        self._training_step = training_step
        self._dataset = dataset
        self._device = dataset.train_images.device
        self._batch_size = batch_size
        self._seconds = seconds
        self._team = team
        self._average = average
        self._round_steps = 1
        self._images_left = 0
        self._batches: Iterator[tuple[Tensor, Tensor]] = iter(())

    def begin_epoch(self, epoch: Epoch, first_batch: int) -> None:
        """See `Rounds`."""
        self._images_left = len(epoch.order) - first_batch * self._batch_size
        self._batches = epoch_batches(
            self._dataset, epoch, self._batch_size, first_batch, self._team
        )

    def take(self, rate: Rate, step: int, last_step: int) -> Round:
        """See `Rounds`."""
        results = []
        # Clocks differ: all processes of a team take as many steps as the first one's clock says.
        limit = step + self._team.agree(self._round_steps)
        start = time.perf_counter()
        with self._training_step.at_full_speed():
            for images, labels in self._batches:
                size = min(self._batch_size, self._images_left)
                result = self._training_step.take(images, labels, rate(step), size)
                results.append(result)
                is_taken = not self._training_step.is_stopped_by(result)
                if self._average is not None and is_taken:
                    self._average.update(step)
                self._images_left -= size
                step += 1
                if self._team.is_alone:
                    is_time = time.perf_counter() - start >= self._seconds
                else:
                    is_time = step >= limit
                if is_time or step == last_step or not is_taken:
                    break
        synchronise(self._device)
        seconds = time.perf_counter() - start
        self._round_steps = max(1, round(len(results) * self._seconds / seconds))
        return round_of(results, seconds, self._team)


def round_of(results: list[StepResult], seconds: float, team: Team) -> Round:
    """What these steps came to, all processes of a team taken together."""
    taken = _finite_steps(results)
    own = [result for result in taken if result.num_images]
    sums = torch.zeros(3, dtype=torch.float64)
    if own:
        sizes = torch.tensor([result.num_images for result in own], dtype=torch.float64)
        losses = torch.stack([result.loss for result in own]).cpu().double()
        logits = torch.cat([result.logits for result in own])  # [images, classes]
        labels = torch.cat([result.labels for result in own])  # [images]
        num_correct = (logits.argmax(1) == labels).sum().cpu()
        sums = torch.stack([losses @ sizes, num_correct.double(), sizes.sum()])
    loss, correct, num_images = team.sum(sums).tolist()
    fault: Literal["", "loss", "gradient"] = ""
    if len(taken) < len(results):
        fault = "gradient" if math.isfinite(results[len(taken)].loss) else "loss"
    return Round(
        num_steps=len(taken),
        loss=loss / max(1, num_images),
        accuracy=correct / max(1, num_images),
        num_images=int(num_images),
        seconds=seconds,
        fault=fault,
    )


def _finite_steps(results: list[StepResult]) -> list[StepResult]:
    """The steps before the first whose loss or gradient was not finite."""
    is_finite = torch.stack([result.magnitude for result in results]).isfinite().tolist()
    return results if all(is_finite) else results[: is_finite.index(False)]
