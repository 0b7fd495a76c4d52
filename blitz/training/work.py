"""The work of one run: from the wait for its device to what is recorded at its end.

What training is, `loop` knows; what a row or a checkpoint is, `recorder` does. torch is imported
only once the device is free.
"""

import logging
import threading
import time
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from blitz.settings import Settings
from blitz.training.checkpoint_writer import Save, describe_disk_fault
from blitz.training.device_slot import device_slot
from blitz.training.events import (
    Command,
    Diverged,
    EpochFinished,
    Event,
    Finished,
    Intervention,
    Position,
    Started,
    StepsDone,
)
from blitz.training.recorder import Recorder
from blitz.training.runs import GIVEN_FILE, PARENT_FILE
from blitz.training.store import CheckpointKind, Run, RunDetails, RunStatus, RunStore

if TYPE_CHECKING:
    from blitz.datasets import ImageDataset
    from blitz.training.loop import Trainer
    from blitz.training.plan import Plan
    from blitz.training.state import TrainState
    from blitz.training.team import Team

CHECKPOINT_SECONDS = 30.0

log = logging.getLogger(__name__)


class Watcher(Protocol):
    """Whoever looks on in this process, for example a terminal."""

    def message(self, text: str) -> None: ...

    def event(self, event: Event) -> None: ...


class Nobody:
    """Nobody looks on."""

    def message(self, text: str) -> None:
        pass

    def event(self, event: Event) -> None:
        pass


class StoppedEarly(Exception):  # noqa: N818 - an order, not a fault
    """A stop was asked for before training began."""


class Work:
    """One run from the queue to its end."""

    def __init__(
        self,
        settings: Settings,
        store: RunStore,
        run: Run,
        recorder: Recorder,
        is_interrupted: threading.Event,
        watcher: Watcher,
        team: "Team | None" = None,
    ) -> None:
        """`team`: the processes that train the run together with this one, the first of them."""
        self._settings = settings
        self._store = store
        self._run = run
        self._folder = settings.runs_folder / run.id
        self._recorder = recorder
        self._is_interrupted = is_interrupted
        self._watcher = watcher
        self._team = team
        self._has_told_plan = False
        self._early_commands: list[Command] = []
        self._loss, self._accuracy = run.loss, run.accuracy
        self._saved_at = time.monotonic()
        self._why = ""
        """By which rule the run was asked to stop, if it was no person."""
        self.siblings: Collection[str] = ()
        """Ids of the runs that this process carries out."""
        self.ending: tuple[RunStatus, str] = ("stopped", "stopped")
        """The status and message to end with, right once the trainer has finished."""

    def carry_out(self) -> tuple[RunStatus, str]:
        """The status and message to end with."""
        try:
            with self.device_slot():
                return self.train()
        finally:
            if self._team is not None and not self._has_told_plan:
                self._team.agree(None)  # the others need not wait

    def device_slot(self) -> AbstractContextManager[None]:
        """Hold the run's device; StoppedEarly where it is asked to stop before it is free."""
        return device_slot(
            self._settings,
            self._store,
            self._run,
            siblings=self.siblings,
            look=self.stop_if_asked,
            tell=self.tell,
        )

    def train(self) -> tuple[RunStatus, str]:
        """Do the work, on a device that is held; the status and message to end with."""
        self._recorder.status("preparing", "loading the data set")
        state = self._last_state()
        if state is not None and GIVEN_FILE in state.values:
            return self._evaluate(self.load_dataset(), state)
        trainer = self._trainer(state)
        for event in trainer.events(self.commands):
            self.record(trainer, event)
        return self.ending

    def stop_if_asked(self) -> None:
        """Obey a stop; keep other commands for the loop."""
        for command in self.commands():
            if command.kind == "stop":
                raise StoppedEarly
            self._early_commands.append(command)

    # Preparing

    def load_dataset(self) -> "ImageDataset":
        """The run's images; StoppedEarly where it is asked to stop meanwhile."""
        from blitz.training.images import load_images

        self.stop_if_asked()

        def progress(task: str, done: int, total: int) -> None:
            self.stop_if_asked()
            self.tell(f"{task}: {done:,} of {total:,}" if total else f"{task}: {done:,}")

        return load_images(self._run.config, self._settings.data_folder, progress)

    def _last_state(self) -> "TrainState | None":
        """The newest checkpoint that can be loaded; what was recorded after it is removed."""
        from blitz.training.checkpoints import CheckpointError, load_state, sweep
        from blitz.training.predictions import forget_predictions

        found: TrainState | None = None
        step = -1
        rows = self._store.checkpoints(self._run.id)
        for row in sorted(rows, key=lambda row: (row.step, row.id), reverse=True):
            try:
                found, step = load_state(self._folder / row.file_name, row.sha256), row.step
                break
            except CheckpointError as error:
                cause = error.__cause__
                if isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError):
                    raise  # a fault of the moment proves nothing about the file
                log.warning("%s; an older one is tried", error)
                self._store.remove_checkpoint(row.id)
        if self._run.attempt > 1:
            forget_predictions(self._folder)
            self._store.rewind(self._run.id, step)
        sweep(self._folder, {row.file_name for row in self._store.checkpoints(self._run.id)})
        return found

    def _trainer(self, state: "TrainState | None") -> "Trainer":
        from blitz.training.team import ALONE

        plan = self._plan(state)
        if self._team is None:
            return plan.trainer(self.load_dataset(), ALONE)
        self._team.agree(plan)
        self._has_told_plan = True
        try:
            dataset = self.load_dataset()
        except Exception as error:
            with suppress(ValueError):  # the others, which have no fault, are told of this one
                self._team.all_must(str(error) or "stopped")
            raise
        self._team.all_must("")
        return plan.trainer(dataset, self._team)

    def _plan(self, state: "TrainState | None") -> "Plan":
        """What the run begins with: its last state, or a fork with its parent's weights."""
        from blitz.training.checkpoints import load_state
        from blitz.training.plan import Plan

        config = replace(self._run.config, device=self._run.device)
        parent = self._folder / PARENT_FILE
        if state is not None or not parent.exists():
            return Plan(config=config, state=state)
        return Plan(
            config=config,
            state=None,
            weights=load_state(parent).tensors,
            note=f"begins with the weights of another run at step {self._run.parent_step:,}",
        )

    def _evaluate(self, dataset: "ImageDataset", state: "TrainState") -> tuple[RunStatus, str]:
        """Record how weights do that somebody gave, instead of training them."""
        from blitz.training.weights_in.evaluating import evaluate

        return evaluate(self._run, self._folder, dataset, state, self._recorder)

    # Training

    def record(self, trainer: "Trainer", event: Event) -> None:
        """Record what the run's trainer told, with the checkpoints that belong to it."""
        self._watcher.event(event)
        match event:
            case Started():
                self._started(event)
                if event.at.step == 0:  # untrained, or as a fork begins
                    self._keep_epoch(trainer, event.at)
            case StepsDone():
                self._recorder.row(event)
                if time.monotonic() - self._saved_at >= CHECKPOINT_SECONDS:
                    self._save(trainer, event.at)
            case EpochFinished():
                self._recorder.row(event)
                self._loss, self._accuracy = event.loss, event.accuracy
                state = self._save(trainer, event.at, is_best=event.is_best)
                self._keep_epoch(trainer, event.at, state)
            case Intervention():
                self._intervene(trainer, event)
            case Diverged():
                # The weights are on their way to infinity: the last checkpoint is better.
                self._recorder.event("diverged", event.message, event.at)
                self.ending = ("diverged", event.message)
            case Finished():
                self.ending = self._finish(trainer, event) or self.ending

    def commands(self) -> Sequence[Command]:
        """What is asked of the run; a signal, its sweep, or a new attempt may stop it."""
        recorder = self._recorder
        is_ended = self._is_interrupted.is_set() or recorder.is_superseded.is_set()
        if recorder.verdict and not is_ended:
            self._why = recorder.verdict
        if is_ended or recorder.verdict:
            return (Command(kind="stop"),)
        early, self._early_commands = self._early_commands, []
        return early + self._recorder.commands()

    def _started(self, event: Started) -> None:
        details = RunDetails(
            classes=event.classes,
            num_train=event.num_train,
            num_test=event.num_test,
            num_parameters=event.num_parameters,
            notes=event.notes,
        )
        at = event.at
        self._recorder.change(
            details=details,
            total_steps=event.total_steps,
            step=at.step,
            epoch=at.epoch,
            seconds=at.seconds,
        )
        self._recorder.status("running")
        if self._run.attempt > 1:
            self._recorder.event("continued", f"goes on from step {at.step:,}", at)

    def _intervene(self, trainer: "Trainer", event: Intervention) -> None:
        self._recorder.event(event.kind, event.message, event.at)
        if event.kind in ("paused", "stopped"):
            self._save(trainer, event.at, is_urgent=True)
        if event.kind == "paused":
            self._recorder.status("paused")
        elif event.kind == "resumed":
            self._recorder.status("running")

    def _finish(self, trainer: "Trainer", event: Finished) -> tuple[RunStatus, str] | None:
        self._recorder.change(images_per_second=event.images_per_second)
        if event.reason == "diverged":
            return None
        self._save(trainer, event.at, is_urgent=True)
        self._save_predictions(trainer, event.at.step)
        if event.reason == "stopped":
            why = f": {self._why}" if self._why else ""
            return ("stopped", f"stopped at step {event.at.step:,}{why}")
        if event.reason == "early stop":
            epochs = self._run.config.patience
            return ("finished", f"stopped early: {epochs} epochs without a lower test loss")
        return ("finished", "")

    def _save(
        self, trainer: "Trainer", at: Position, *, is_best: bool = False, is_urgent: bool = False
    ) -> "TrainState":
        state = trainer.state()
        self._saved_at = time.monotonic()
        kinds: tuple[CheckpointKind, ...] = ("last", "best") if is_best else ("last",)
        for kind in kinds:
            self._recorder.save(
                Save(
                    kind=kind,
                    state=state,
                    at=at,
                    loss=self._loss,
                    accuracy=self._accuracy,
                    is_urgent=is_urgent,
                )
            )
        return state

    def _keep_epoch(
        self, trainer: "Trainer", at: Position, state: "TrainState | None" = None
    ) -> None:
        """Keep the weights and answers of this moment to look back at, where that is wanted."""
        from blitz.training.predictions import with_answers

        if not (self._run.config.keep_epochs and self._recorder.keeps_epochs):
            return
        answers = trainer.predictions()
        whole = with_answers(state or trainer.state(), answers, trainer.dataset.test_labels)
        self._recorder.save(
            Save(
                kind="epoch",
                state=whole,
                at=at,
                loss=answers.loss,
                accuracy=answers.accuracy,
                is_urgent=True,  # many may come while the recorder rests
            )
        )

    def _save_predictions(self, trainer: "Trainer", step: int) -> None:
        """Keep the answers of the final weights on the test images, for comparing runs."""
        from blitz.training.predictions import save_predictions

        try:
            save_predictions(self._folder, trainer.predictions(), trainer.dataset.test_labels, step)
        except OSError as error:
            log.warning("the predictions were not saved: %s", describe_disk_fault(error))

    def tell(self, message: str) -> None:
        """Say what is going on to whoever looks at the run."""
        self._recorder.change(message=message)
        self._watcher.message(message)
