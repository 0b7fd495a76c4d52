"""The training loop: a config in, events out.

Imports torch and the data, nothing of stores, pages or progress bars. The images are resident on
the device, so there is no data loader; the step asks the device for nothing, so a GPU is never
waited for. On a CPU two runs of one config are bit-identical, and so is a run that was stopped at
any step and resumed from its `state`.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from blitz.datasets import ImageDataset, load_dataset
from blitz.devices import memory_in_use, resolve_device
from blitz.models import MODELS, build_model, count_parameters, load_pretrained
from blitz.training.batches import epoch_order
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
    dataset = load_dataset(
        config.dataset,
        folder=data_folder,
        image_size=config.image_size,
        skip_unreadable=config.skip_unreadable,
    )
    yield from Trainer(config, dataset).events(commands)


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
        summary_seconds: float = 0.25,
        team: Team = ALONE,
    ) -> None:
        """Build the network and put the data on the device, or raise ValueError in one line.

        With `state`, go on from there. `summary_seconds` is the least time between two
        `StepsDone`; 0 gives one for every step. All processes of a team build alike; the batch
        size is that of all together.
        """
        self.config = config
        self.device = torch.device(team.device(resolve_device(config.device)))
        self.team = team
        self._check(dataset)
        self._set_precision()
        self.dataset = dataset.to(self.device)
        self._notes: list[str] = []
        self._later_notes: list[str] = []
        self.model = self._build_model(is_new=state is None)
        self._training_step = TrainingStep(
            config, self.model, self.dataset, team, is_movable=self.is_movable
        )
        self._steps_per_epoch = self._count_steps_per_epoch()
        self._rounds = self._make_rounds(summary_seconds)
        self._has_begun_epoch = False
        self._total_steps = config.epochs * self._steps_per_epoch

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

    def _check(self, dataset: ImageDataset) -> None:
        config = self.config
        num_train = len(dataset.train_labels)
        if config.batch_size > num_train:
            raise ValueError(
                f"batch_size: {config.batch_size:,} was given; "
                f"{dataset.name} has {num_train:,} training images"
            )
        if config.batch_size < self.team.size:
            raise ValueError(
                f"batch_size: {config.batch_size:,} was given; "
                f"{self.team.size} processes need at least one image each"
            )
        if config.precision == "tf32" and self.device.type != "cuda":
            raise ValueError(f"precision: tf32 needs an NVIDIA GPU; this run is on {self.device}")

    def _set_precision(self) -> None:
        if self.device.type == "cuda":
            precision = "tf32" if self.config.precision == "tf32" else "ieee"
            torch.backends.cuda.matmul.fp32_precision = precision
            torch.backends.cudnn.conv.fp32_precision = precision  # type: ignore[attr-defined]

    def _build_model(self, *, is_new: bool) -> nn.Module:
        torch.manual_seed(self.config.seed)
        model = build_model(
            self.config.model,
            channels=self.dataset.channels,
            image_size=self.dataset.image_size,
            num_classes=self.dataset.num_classes,
            width=self.config.width,
        )
        if is_new and MODELS[self.config.model].is_pretrained:
            self._notes.append(load_pretrained(model))
        return self._with_common_statistics(model.to(self.device))

    def _with_common_statistics(self, model: nn.Module) -> nn.Module:
        """Batch normalisation over the whole batch also where several processes share it."""
        if self.team.is_alone or not _has_batch_norm(model):
            return model
        if self.device.type == "cuda":
            synchronised: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(model)
            return synchronised
        self._notes.append("batch normalisation sees each process's own images alone")
        return model

    def _make_rounds(self, seconds: float) -> Rounds:
        step, size = self._training_step, self.config.batch_size
        if self.device.type != "cuda" or not self.team.is_alone:
            return StepByStep(step, self.dataset, size, seconds=seconds, team=self.team)
        if not step.never_asks:
            self._notes.append(
                f"{self.config.optimizer} asks the GPU after each step, so it is slow"
            )
            return StepByStep(step, self.dataset, size, seconds=seconds, team=self.team)
        return ReplayedSteps(
            step,
            self.dataset,
            size,
            seconds=seconds,
            queue=GraphQueue(self.device),
            tell=self._tell,
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
        self._notes.append(note)

    def _count_steps_per_epoch(self) -> int:
        num_train, batch_size = len(self.dataset.train_labels), self.config.batch_size
        has_batch_norm = _has_batch_norm(self.model)
        if has_batch_norm and batch_size < 2 * self.team.size:
            raise ValueError(
                f"batch_size: {batch_size:,} was given; "
                f"{self.config.model} needs at least {2 * self.team.size}"
            )
        if has_batch_norm and 0 < num_train % batch_size < 2 * self.team.size:
            # Batch normalisation has no variance to divide by in a batch of one.
            self._notes.append(
                "the last image of each epoch is left out: it would be alone"
                if self.team.is_alone
                else "the last images of each epoch are left out: they are too few to be shared"
            )
            return num_train // batch_size
        return math.ceil(num_train / batch_size)

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
            if command.kind == "learning rate" and command.value is not None:
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
            order = epoch_order(len(self.dataset.train_labels), self.config.seed, epoch)
            self._rounds.begin_epoch(order, done)
            self._has_begun_epoch = True
        self.model.train()
        end = (epoch + 1) * self._steps_per_epoch
        return self._account_for(self._rounds.take(self._learning_rate, self._step, end))

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
            answers = predict(
                self.model,
                self.dataset,
                loss=config.loss,
                precision=config.precision,
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
            for name, tensor in self._training_step.tensors().items()
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

    def _restore(self, state: TrainState) -> None:
        with torch.no_grad():
            for name, tensor in self._training_step.tensors().items():
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


def _has_batch_norm(model: nn.Module) -> bool:
    return any(isinstance(module, nn.BatchNorm2d) for module in model.modules())
