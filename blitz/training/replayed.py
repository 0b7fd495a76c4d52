"""Rounds on one GPU: the kernels of many steps are recorded once, and replayed as one piece.

A small step is over in less time than Python needs to ask for it. So the images' indices and the
learning rates of several steps go to fixed places on the device, one CUDA graph takes all those
steps, and what they came to lies in a fixed place again. Who asks waits only for what it asked a
moment ago, and at a round's end. What cannot be recorded is taken kernel by kernel, with the same
results.

An average of the weights is taken between recordings: an exponential one after every single step,
which leaves a small network little of the gain.
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from blitz.datasets import ImageDataset
from blitz.training.augmentation import EpochAugmentation
from blitz.training.averaging import WeightAverage
from blitz.training.batches import Epoch, prepared
from blitz.training.graph_queue import GraphQueue, RecordingError
from blitz.training.rounds import Rate, Round
from blitz.training.step import TrainingStep

WARM_UP_STEPS = 3
"""Steps of one shape before they are recorded: libraries choose their kernels in the first ones,
and allocate what they keep."""
MAX_STEPS = 64
"""The most steps recorded as one: by then a start costs less than a hundredth of a small step."""
REPLAY_SECONDS = 0.02
"""What a replay takes at most, as far as it can be split: a run is to answer at once."""
REPLAY_BYTES = 256 * 2**20
"""Size of the float images of one replay at most."""

ALIGNMENT = 32
"""Bytes at whose multiples batches begin: else libraries take other kernels for some of them, and
would look for these while a recording is made."""


class ReplayedSteps:
    """Takes the steps of a run on a GPU."""

    def __init__(
        self,
        training_step: TrainingStep,
        dataset: ImageDataset,
        batch_size: int,
        *,
        seconds: float,
        queue: GraphQueue,
        tell: Callable[[str], None],
        average: WeightAverage | None,
        room: EpochAugmentation | None,
    ) -> None:
        """`seconds`: after them a round ends; 0 makes every step a round. `tell` takes notes.

        `room`: a fixed place on the device for what an epoch does to the images, if it does.
        """
        self._training_step = training_step
        self._dataset = dataset
        self._batch_size = batch_size
        self._seconds = seconds
        self._queue = queue
        self._tell = tell
        self._average = average
        self._changes = room
        self._pieces: dict[tuple[int, int], Piece] = {}
        self._sizes: Sequence[int] = (1,)
        self._seconds_per_step = math.inf
        """Unknown as long as it is so much, and then each step is waited for."""
        self._has_sizes = seconds == 0
        self._order = torch.empty(0, dtype=torch.int64)
        self._position = 0

    def begin_epoch(self, epoch: Epoch, first_batch: int) -> None:
        """See `Rounds`."""
        self._order = epoch.order.to(self._dataset.train_labels.device)
        self._position = first_batch * self._batch_size
        if self._changes is not None and epoch.changes is not None:
            self._changes.copy_(epoch.changes)

    def take(self, rate: Rate, step: int, last_step: int) -> Round:
        """See `Rounds`."""
        outcomes: list[Tensor] = []
        sizes: list[int] = []
        is_steady = True
        start = time.perf_counter()
        with self._training_step.at_full_speed(), self._queue.working():
            while step < last_step:
                piece = self._next_piece(min(last_step - step, self._steps_until_average(step)))
                is_steady = is_steady and piece.is_recorded
                outcomes.append(self._run(piece, [rate(step + i) for i in range(piece.num_steps)]))
                sizes += [piece.batch_size] * piece.num_steps
                step += piece.num_steps
                if self._average is not None:  # if no step is taken any more, of the same weights
                    self._average.update(step - 1)
                if time.perf_counter() - start >= self._seconds:
                    break
            outcome = torch.cat(outcomes, 1).cpu()
        seconds = time.perf_counter() - start
        self._seconds_per_step = seconds / len(sizes)
        if is_steady and not self._has_sizes:
            self._choose_sizes()
        return _round_of(outcome, sizes, seconds)

    def largest(self) -> "Piece":
        """The most steps that are taken as one so far: a measure of what replays alone cost."""
        return max(self._pieces.values(), key=lambda piece: piece.num_steps * piece.batch_size)

    def _steps_until_average(self, step: int) -> int:
        """The average is taken between pieces, since how strongly differs from time to time."""
        if self._average is None:
            return MAX_STEPS
        return self._average.every - step % self._average.every

    def _next_piece(self, num_steps: int) -> "Piece":
        images_left = len(self._order) - self._position
        if images_left < self._batch_size:
            key = (1, images_left)
        else:
            whole = min(num_steps, images_left // self._batch_size)
            key = (max(size for size in self._sizes if size <= whole), self._batch_size)
        if key not in self._pieces:
            self._pieces[key] = Piece(self._training_step, self._dataset, self._changes, *key)
        return self._pieces[key]

    def _run(self, piece: "Piece", rates: list[float]) -> Tensor:
        """Let the device take these steps; what they come to, still on the device."""
        count = piece.num_steps * piece.batch_size
        piece.indices.copy_(self._order[self._position : self._position + count])
        self._queue.send(rates, piece.rates)
        self._position += count
        self._prepare(piece)
        piece.run()
        self._queue.mark(piece.num_steps * self._seconds_per_step)
        return piece.outcome.clone()

    def _prepare(self, piece: "Piece") -> None:
        """Record the piece once it is warm."""
        is_warm = piece.num_steps > 1 or piece.times_run >= WARM_UP_STEPS
        if piece.is_recorded or not is_warm or not self._queue.can_record:
            return
        try:
            piece.record(self._queue)
        except RecordingError as error:
            self._sizes = (1,)
            self._tell(f"steps are given to the GPU one by one: {error}")

    def _choose_sizes(self) -> None:
        """Once it is known how long a replayed step takes, choose how many make a piece."""
        self._has_sizes = True
        bytes_per_image = 4 * self._dataset.train_images[0].numel()
        most = min(
            self._average.every if self._average is not None else MAX_STEPS,
            int(REPLAY_SECONDS / self._seconds_per_step),
            REPLAY_BYTES // (bytes_per_image * self._batch_size),
        )
        self._sizes = piece_sizes(len(self._dataset.train_labels) // self._batch_size, most)


def piece_sizes(num_steps: int, most: int) -> tuple[int, ...]:
    """Numbers of steps, at most `most`, that make up an epoch's in few pieces of few kinds."""
    if num_steps < 1 or most < 2:
        return (1,)
    num_pieces = math.ceil(num_steps / most)
    size = math.ceil(num_steps / num_pieces)
    rest = num_steps - size * (num_steps // size)
    return tuple(sorted({1, size, rest} - {0}))


class Piece:
    """Some steps of one batch size: fixed places for what goes in and comes out, and the work."""

    def __init__(
        self,
        training_step: TrainingStep,
        dataset: ImageDataset,
        changes: EpochAugmentation | None,
        num_steps: int,
        batch_size: int,
    ) -> None:
        device = dataset.train_images.device
        self.num_steps = num_steps
        self.batch_size = batch_size
        self.indices = torch.zeros(num_steps * batch_size, dtype=torch.int64, device=device)
        """Which images, in order."""
        self.rates = torch.zeros(num_steps, device=device)
        """The learning rate of each step."""
        self.outcome = torch.zeros((3, num_steps), device=device)
        """Loss, number of right answers, and whether the step was left out, for each step."""
        self._losses, self._num_correct, self._skipped = self.outcome.unbind()
        self.times_run = 0
        self._training_step = training_step
        self._dataset = dataset
        self._changes = changes
        self._replay: Callable[[], None] | None = None

    @property
    def is_recorded(self) -> bool:
        """Whether to run is to replay."""
        return self._replay is not None

    def run(self) -> None:
        """Take the steps."""
        self.times_run += 1
        (self._replay or self._take)()

    def record(self, queue: GraphQueue) -> None:
        """Let all later runs be replays; RecordingError where that cannot be."""
        self._replay = queue.record(self._take)

    def _take(self) -> None:
        images, labels = prepared(self._dataset, self.indices, self._changes)
        images = self._training_step.laid_out(images)
        losses, logits, skips = [], [], []
        batches = zip(images.split(self.batch_size), labels.split(self.batch_size), strict=True)
        for index, (batch, truth) in enumerate(batches):
            if batch.data_ptr() % ALIGNMENT:
                batch = batch.clone()
            loss, answers, skip = self._training_step.take_on_device(
                batch, truth, self.rates[index]
            )
            losses.append(loss)
            logits.append(answers)
            skips.append(skip)
        is_right = torch.cat(logits).argmax(1) == labels
        self._losses.copy_(torch.stack(losses))
        self._num_correct.copy_(is_right.view(self.num_steps, -1).sum(1))
        self._skipped.copy_(torch.stack(skips))


def _round_of(outcome: Tensor, batch_sizes: list[int], seconds: float) -> Round:
    losses, num_correct, skipped = outcome.double()
    num_steps = int((skipped == 0).sum())  # once one is left out, so are all after it
    fault: Literal["", "loss", "gradient"] = ""
    if num_steps < len(batch_sizes):
        fault = "gradient" if math.isfinite(losses[num_steps]) else "loss"
    sizes = torch.tensor(batch_sizes[:num_steps], dtype=torch.float64)
    num_images = int(sizes.sum())
    return Round(
        num_steps=num_steps,
        loss=float(losses[:num_steps] @ sizes) / max(1, num_images),
        accuracy=float(num_correct[:num_steps].sum()) / max(1, num_images),
        num_images=num_images,
        seconds=seconds,
        fault=fault,
    )
