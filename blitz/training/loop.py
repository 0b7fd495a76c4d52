"""The training loop: a config in, events out.

Imports torch and the data, nothing of stores, pages or progress bars. The images are resident on
the device, so there is no data loader. On a CPU two runs of one config are bit-identical, and so is
a run that was stopped at any step and resumed from its `state`.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from blitz.datasets import ImageDataset
from blitz.devices import memory_in_use, resolve_device
from blitz.models import count_parameters
from blitz.training import building
from blitz.training.averaging import WeightAverage
from blitz.training.batches import Epoch
from blitz.training.compiling import CompileError
from blitz.training.config import TrainConfig
from blitz.training.evaluation import Predictions, predict
from blitz.training.events import (
    Command,
    Diverged,
    EpochFinished,
    Event,
    Finished,
    FinishReason,
    Intervention,
    Position,
    Started,
    StepsDone,
)
from blitz.training.graph_queue import GraphQueue
from blitz.training.images import load_images
from blitz.training.replayed import ReplayedSteps
from blitz.training.rounds import Round, Rounds, StepByStep
from blitz.training.schedules import learning_rate_factor
from blitz.training.state import TrainState
from blitz.training.step import TrainingStep
from blitz.training.team import ALONE, Team

Commands = Callable[[], Sequence[Command]]

PAUSE_POLL_SECONDS = 0.1


def no_commands() -> Sequence[Command]:
    """Nobody asks anything of the run."""
    return ()


def train(
    config: TrainConfig, *, data_folder: Path | None = None, commands: Commands = no_commands
) -> Iterator[Event]:
    """Load the data, train, and yield what happens; raises ValueError for a wrong choice."""
    yield from Trainer(config, load_images(config, data_folder)).events(commands)


class Trainer:
    """One run: its network, its optimiser and how far it has come."""

    is_movable = False
    """Whether a small network's weights can be moved to other memory."""

    def __init__(
        self,
        config: TrainConfig,
        dataset: ImageDataset,
        *,
        state: TrainState | None = None,
        summary_seconds: float = 0.2,
        team: Team = ALONE,
    ) -> None:
        """Build the network and put the data on the device, or raise ValueError in one line.

        With `state`, go on from there. `summary_seconds` is the least time between two
        `StepsDone`; 0 gives one for every step. All processes of a team build alike; the batch
        size is that of all together.
        """
        self.config = config
        kind = resolve_device(config.device)
        self.device = torch.device(resolve_device(team.device(kind)))
        self.team = team
        building.check(config, dataset, self.device, team)
        if self.device.type == "cuda":
            building.set_up_gpu(config, self.device)
        self.dataset = dataset.to(self.device)
        self._notes: list[str] = []
        self._later_notes: list[str] = []
        self.model = building.network(config, self.dataset, team, self._notes, is_new=state is None)
        self._training_step = TrainingStep(
            config, self.model, self.dataset, team, is_movable=self.is_movable
        )
        num_train = len(dataset.train_labels)
        self._steps_per_epoch = building.count_steps_per_epoch(
            config, num_train, self.model, team, self._notes
        )
        self._total_steps = config.epochs * self._steps_per_epoch
        if config.compiled:
            self._compile()
        self._average = (
            WeightAverage(self.model, config.averaging, self._total_steps)
            if config.averaging != "none"
            else None
        )
        self.rounds = self._make_rounds(summary_seconds)
        self._has_begun_epoch = False

        self._step = 0
        self._seconds = 0.0
        self._base_lr = config.lr
        self._epochs_evaluated = 0
        self._answers: tuple[int, Predictions] | None = None
        self._best_loss = math.inf
        self._epochs_since_best = 0
        self._last_loss: float | None = None
        self._last_accuracy: float | None = None
        self._is_paused = False
        if state is not None:
            self._restore(state)

    # Building

    def _compile(self) -> None:
        if not self.team.is_alone:
            self._notes.append("not compiled: several processes train it")
            return
        images = self.dataset.normalise(self.dataset.train_images[: self.config.batch_size])
        try:
            self._training_step.compile(images)
        except CompileError as error:
            self._notes.append(f"not compiled: {error}")

    def _make_rounds(self, seconds: float) -> Rounds:
        step, size, average = self._training_step, self.config.batch_size, self._average
        if self.device.type == "cuda" and self.team.is_alone and step.never_asks:
            changes = Epoch.of(self.config, self.dataset, 0).changes
            return ReplayedSteps(
                step,
                self.dataset,
                size,
                seconds=seconds,
                queue=GraphQueue(self.device),
                tell=self._tell,
                average=average,
                room=changes.to(self.device) if changes else None,
            )
        if self.device.type == "cuda" and not step.never_asks:
            rule = self.config.optimizer
            self._notes.append(f"{rule} asks the GPU after each step, so it is slow")
        return StepByStep(
            step, self.dataset, size, seconds=seconds, team=self.team, average=average
        )

    def begin_with(self, tensors: Mapping[str, Tensor], note: str) -> None:
        """Take the weights of another run's state before the first step.

        Raises ValueError in one line where they are of another network.
        """
        prefix = "model."
        weights = {
            name.removeprefix(prefix): tensor
            for name, tensor in tensors.items()
            if name.startswith(prefix)
        }
        try:
            self.model.load_state_dict(weights)
        except RuntimeError as error:
            reason = str(error).splitlines()[-1].strip()
            raise ValueError(f"weights: those of the other run do not fit: {reason}") from error
        if self._average is not None:
            self._average.restart()
        self._notes.append(note)

    # Running

    def events(self, commands: Commands = no_commands) -> Iterator[Event]:
        """Train to the end, yielding what happens; `commands` is asked a few times a second."""
        commands = self.team.shared(commands)
        yield self._started()
        reason: FinishReason = "completed"
        while True:
            if self._epochs_evaluated < self._step // self._steps_per_epoch:
                yield self._finish_epoch()
                if self._should_stop_early():
                    reason = "early stop"
                    break
            if self._step >= self._total_steps:
                break
            interventions = self._obey(commands)
            yield from interventions
            if any(event.kind == "stopped" for event in interventions):
                reason = "stopped"
                break
            if self._is_paused:
                time.sleep(PAUSE_POLL_SECONDS)
                continue
            steps, problem = self._run_steps()
            yield from self._noted()
            if steps is not None:
                yield steps
            if problem is not None:
                yield Diverged(at=self._position(), message=problem)
                reason = "diverged"
                break
        yield self._finished(reason)

    def _tell(self, note: str) -> None:
        self._later_notes.append(note)

    def _noted(self) -> list[Intervention]:
        """What the steps had to say."""
        noted, self._later_notes = self._later_notes, []
        at = self._position()
        return [Intervention(at=at, kind="note", message=note) for note in noted]

    def _obey(self, commands: Commands) -> list[Intervention]:
        done = []
        for command in commands():
            if command.kind == "learning rate" and command.value not in (None, self._base_lr):
                done.append(self._change_learning_rate(command.value))
            elif command.kind == "stop":
                done.append(Intervention(at=self._position(), kind="stopped", message="stopped"))
                break
            elif command.kind == "pause" and not self._is_paused:
                self._is_paused = True
                done.append(Intervention(at=self._position(), kind="paused", message="paused"))
            elif command.kind == "resume" and self._is_paused:
                self._is_paused = False
                done.append(Intervention(at=self._position(), kind="resumed", message="resumed"))
        return done

    def _change_learning_rate(self, lr: float) -> Intervention:
        message = f"learning rate {self._base_lr:g} → {lr:g}"
        self._base_lr = lr
        return Intervention(at=self._position(), kind="learning rate", message=message)

    def _learning_rate(self, step: int) -> float:
        factor = learning_rate_factor(self.config.schedule, step, self._total_steps)
        return self._base_lr * factor

    def _run_steps(self) -> tuple[StepsDone | None, str | None]:
        """Take steps until it is time for a summary or the epoch ends.

        Returns the summary (none where no step was finite) and, if training diverged, why.
        """
        epoch, done = divmod(self._step, self._steps_per_epoch)
        if done == 0 or not self._has_begun_epoch:
            start = time.perf_counter()
            self.rounds.begin_epoch(Epoch.of(self.config, self.dataset, epoch), done)
            self._seconds += time.perf_counter() - start
            self._has_begun_epoch = True
        self.model.train()
        end = (epoch + 1) * self._steps_per_epoch
        return self._account_for(self.rounds.take(self._learning_rate, self._step, end))

    def _account_for(self, round_: Round) -> tuple[StepsDone | None, str | None]:
        """Count what was done."""
        self._seconds += round_.seconds
        self._step += round_.num_steps
        problem = self._describe_divergence(round_.fault) if round_.fault else None
        return self._summarise(round_) if round_.num_steps else None, problem

    def _summarise(self, round_: Round) -> StepsDone:
        return StepsDone(
            at=self._position(),
            loss=round_.loss,
            accuracy=round_.accuracy,
            learning_rate=self._learning_rate(self._step - 1),
            images_per_second=round_.num_images / round_.seconds,
            memory_bytes=memory_in_use(self.device),
        )

    def _describe_divergence(self, what: str) -> str:
        return (
            f"diverged at step {self._step + 1:,}: the {what} is not finite, so this step was "
            f"not taken; try a learning rate below {self._learning_rate(self._step):g}"
        )

    def _finish_epoch(self) -> EpochFinished:
        predictions = self.predictions(self.team)
        self._epochs_evaluated += 1
        self._last_loss, self._last_accuracy = predictions.loss, predictions.accuracy
        is_best = predictions.loss < self._best_loss
        self._epochs_since_best = 0 if is_best else self._epochs_since_best + 1
        self._best_loss = min(self._best_loss, predictions.loss)
        return EpochFinished(
            at=self._position(),
            loss=predictions.loss,
            accuracy=predictions.accuracy,
            class_correct=tuple(predictions.confusion.diagonal().tolist()),
            class_total=tuple(predictions.confusion.sum(1).tolist()),
            is_best=is_best,
        )

    def _should_stop_early(self) -> bool:
        is_last = self._step >= self._total_steps
        return not is_last and 0 < self.config.patience <= self._epochs_since_best

    def predictions(self, team: Team = ALONE) -> Predictions:
        """Answers of the present weights on the test images, worked out once for each step.

        With a team, all its processes have to ask.
        """
        if self._answers is None or self._answers[0] != self._step:
            config = self.config
            with self._average.held() if self._average is not None else nullcontext():
                # Each process has normalised batches of its own; the first one's are saved.
                team.from_first(self.model.buffers())
                answers = predict(
                    self.model,
                    self.dataset,
                    loss=config.loss,
                    precision=config.precision,
                    test_flips=config.test_flips,
                    team=team,
                )
            self._answers = (self._step, answers)
        return self._answers[1]

    # Records

    def _position(self) -> Position:
        epoch, step_in_epoch = divmod(self._step, self._steps_per_epoch)
        num_train, batch_size = len(self.dataset.train_labels), self.config.batch_size
        images_per_epoch = min(num_train, self._steps_per_epoch * batch_size)
        return Position(
            step=self._step,
            epoch=self._step / self._steps_per_epoch,
            images=epoch * images_per_epoch + step_in_epoch * batch_size,
            seconds=self._seconds,
        )

    def _started(self) -> Started:
        return Started(
            at=self._position(),
            device=str(self.device),
            classes=self.dataset.classes,
            num_train=len(self.dataset.train_labels),
            num_test=len(self.dataset.test_labels),
            num_parameters=count_parameters(self.model),
            total_steps=self._total_steps,
            notes=tuple(self._notes),
        )

    def _finished(self, reason: FinishReason) -> Finished:
        at = self._position()
        return Finished(
            at=at,
            reason=reason,
            loss=self._last_loss,
            accuracy=self._last_accuracy,
            images_per_second=at.images / at.seconds if at.seconds else 0.0,
        )

    # State

    def state(self) -> TrainState:
        """All that a bit-identical resume needs, copied to the CPU; valid at any event."""
        tensors = {
            name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, tensor in self._tensors().items()
        }
        tensors["random.cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(self.device)
        return TrainState(
            tensors=tensors,
            values={
                "step": self._step,
                "seconds": self._seconds,
                "base_lr": self._base_lr,
                "epochs_evaluated": self._epochs_evaluated,
                "best_loss": self._best_loss if math.isfinite(self._best_loss) else None,
                "epochs_since_best": self._epochs_since_best,
                "last_loss": self._last_loss,
                "last_accuracy": self._last_accuracy,
            },
        )

    def _tensors(self) -> dict[str, Tensor]:
        """All that learns or is remembered, by name, not copied.

        Under the names of the network's values are its averages, where it has any.
        """
        averages = self._average.tensors() if self._average is not None else {}
        return self._training_step.tensors() | averages

    def _restore(self, state: TrainState) -> None:
        with torch.no_grad():
            for name, tensor in self._tensors().items():
                tensor.copy_(state.tensors[name])
        torch.set_rng_state(state.tensors["random.cpu"])
        if self.device.type == "cuda" and "random.cuda" in state.tensors:
            torch.cuda.set_rng_state(state.tensors["random.cuda"], self.device)
        values: dict[str, Any] = state.values
        self._step = values["step"]
        self._seconds = values["seconds"]
        self._base_lr = values["base_lr"]
        self._epochs_evaluated = values["epochs_evaluated"]
        self._best_loss = math.inf if values["best_loss"] is None else values["best_loss"]
        self._epochs_since_best = values["epochs_since_best"]
        self._last_loss = values["last_loss"]
        self._last_accuracy = values["last_accuracy"]
