"""Steps replayed as one: the same run as step by step, on a GPU or on what stands for one."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from blitz.training import TrainConfig, Trainer, replayed
from blitz.training.batches import Epoch
from blitz.training.events import Command, Diverged, Event, Finished, Intervention, StepsDone
from blitz.training.graph_queue import GraphQueue
from blitz.training.replayed import MAX_STEPS, ReplayedSteps, piece_sizes
from blitz.training.rounds import Rounds, StepByStep
from blitz.training.state import TrainState
from blitz.training.team import ALONE
from tests.images import squares
from tests.training.recorded_on_cpu import RecordedOnCpu

CONFIG = TrainConfig(
    dataset="squares", model="net", epochs=6, batch_size=8, lr=0.01, schedule="cosine", device="cpu"
)
RULES = ["sgd", "nesterov", "adam", "adamw"]

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")),
]


class ReplayingTrainer(Trainer):
    """A trainer that replays its steps also where there is no GPU."""

    queue: GraphQueue

    def _make_rounds(self, seconds: float) -> Rounds:
        is_cuda = self.device.type == "cuda"
        self.queue = GraphQueue(self.device) if is_cuda else RecordedOnCpu()
        changes = Epoch.of(self.config, self.dataset, 0).changes
        self.rounds = ReplayedSteps(
            self._training_step,
            self.dataset,
            self.config.batch_size,
            seconds=seconds,
            queue=self.queue,
            tell=self._tell,
            average=self._average,
            room=changes.to(self.device) if changes else None,
        )
        return self.rounds


class ByStep(Trainer):
    """A trainer that takes each step by itself also on a GPU."""

    def _make_rounds(self, seconds: float) -> Rounds:
        return StepByStep(
            self._training_step,
            self.dataset,
            self.config.batch_size,
            seconds=seconds,
            team=ALONE,
            average=self._average,
        )


def run(
    kind: type[Trainer],
    config: TrainConfig = CONFIG,
    commands: Callable[[], Sequence[Command]] = tuple,
    **options: Any,
) -> tuple[Any, list[Event]]:
    trainer = kind(config, squares(), **options)
    return trainer, list(trainer.events(commands))


def weights_of(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {k: v for k, v in trainer.state().tensors.items() if k.startswith("model.")}


def last(events: Sequence[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def assert_close(one: Trainer, other: Trainer) -> None:
    for name, value in weights_of(one).items():
        torch.testing.assert_close(value, weights_of(other)[name], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("optimizer", RULES)
def test_replayed_steps_end_where_steps_taken_one_by_one_do(optimizer: Any, device: str) -> None:
    config = replace(CONFIG, optimizer=optimizer, lr=0.003, weight_decay=0.01)
    by_step, _ = run(ByStep, replace(config, device=device))
    trainer, events = run(ReplayingTrainer, replace(config, device=device))
    assert_close(trainer, by_step)
    assert last(events).at.step == 48
    assert last(events).at.images == 360


RECIPE = replace(
    CONFIG,
    optimizer="nesterov",
    label_smoothing=0.2,
    augment="flip-shift-cutout",
    schedule="triangular",
    batch_size=12,
)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("averaging", ["none", "ema", "lookahead"])
def test_changed_images_and_averaged_weights_are_the_same_as_step_by_step(
    averaging: Any, device: str
) -> None:
    config = replace(RECIPE, averaging=averaging)
    by_step, _ = run(ByStep, replace(config, device=device))
    trainer, _ = run(ReplayingTrainer, replace(config, device=device))
    assert_close(trainer, by_step)


def test_many_steps_are_one_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replayed, "REPLAY_SECONDS", 1_000.0)  # however slow this machine is
    trainer, _ = run(ReplayingTrainer, replace(CONFIG, epochs=40))
    assert trainer.queue.num_replays < 200  # of 320 steps
    assert trainer.rounds.largest().num_steps == 7


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("model", ["resnet18-frozen", "net3x3", "mlp"])
def test_any_network_can_be_replayed(model: str, device: str) -> None:
    config = replace(CONFIG, model=model, epochs=1, batch_size=12, optimizer="sgd")
    by_step, _ = run(ByStep, replace(config, device=device))
    trainer, _ = run(ReplayingTrainer, replace(config, device=device))
    assert_close(trainer, by_step)


def test_a_round_tells_the_mean_over_its_images() -> None:
    _, one_by_one = run(ByStep, replace(CONFIG, epochs=1))
    _, whole = run(ReplayingTrainer, replace(CONFIG, epochs=1), summary_seconds=1_000)
    expected = [event for event in one_by_one if isinstance(event, StepsDone)]
    found = [event for event in whole if isinstance(event, StepsDone)]

    def totals(events: list[StepsDone]) -> list[float]:
        ends = [event.at.images for event in events]
        counts = [end - start for start, end in zip([0, *ends], ends, strict=False)]
        pairs = list(zip(events, counts, strict=True))
        return [sum(e.loss * n for e, n in pairs), sum(e.accuracy * n for e, n in pairs)]

    assert totals(found) == pytest.approx(totals(expected), rel=1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("device", DEVICES)
def test_the_first_step_that_is_not_finite_and_all_after_it_are_left_out(
    optimizer: Any, device: str
) -> None:
    config = replace(
        CONFIG, optimizer=optimizer, loss="mse", lr=100.0, weight_decay=1.0, epochs=30,
        schedule="constant",
    )  # fmt: skip
    _, expected = run(ByStep, replace(config, device=device), summary_seconds=0)
    trainer, events = run(ReplayingTrainer, replace(config, device=device), summary_seconds=1_000)
    assert last(events).reason == "diverged"
    assert all(value.isfinite().all() for value in weights_of(trainer).values())
    # The host looks at the norm, whose squares are too large for float32 a little earlier.
    steps = last(events).at.step - last(expected).at.step
    assert 0 <= steps <= 2
    diverged = events[-2]
    assert isinstance(diverged, Diverged)
    assert f"step {diverged.at.step + 1:,}" in diverged.message


def state_after(config: TrainConfig, step: int) -> TrainState:
    trainer = ReplayingTrainer(config, squares(), summary_seconds=0)
    for event in trainer.events():
        if isinstance(event, StepsDone) and event.at.step >= step:
            break
    return trainer.state()


@pytest.mark.parametrize("step", [1, 7, 8, 21])
def test_a_run_goes_on_from_any_step(step: int) -> None:
    config = replace(CONFIG, optimizer="adamw", lr=0.003)
    whole, _ = run(ReplayingTrainer, config)
    resumed, _ = run(ReplayingTrainer, config, state=state_after(config, step))
    assert_close(resumed, whole)


def test_commands_are_heard_between_rounds() -> None:
    waiting = [Command(kind="learning rate", value=0.5), Command(kind="stop")]
    trainer = ReplayingTrainer(replace(CONFIG, schedule="constant"), squares(), summary_seconds=0)
    events = list(trainer.events(lambda: [waiting.pop(0)] if waiting else []))
    steps = [event for event in events if isinstance(event, StepsDone)]
    assert [event.learning_rate for event in steps] == [0.5]
    assert last(events).reason == "stopped"


class _AskingTrainer(ReplayingTrainer):
    """Its network asks for a value, which no recording can know."""

    def _make_rounds(self, seconds: float) -> Rounds:
        def ask(_model: object, _images: object, logits: torch.Tensor) -> torch.Tensor:
            return logits if float(logits[0, 0].detach()) < math.inf else -logits

        self.model.register_forward_hook(ask)
        return super()._make_rounds(seconds)


@pytest.mark.parametrize("device", DEVICES)
def test_what_cannot_be_recorded_is_taken_step_by_step_and_said(device: str) -> None:
    by_step, _ = run(ByStep, replace(CONFIG, device=device))
    trainer, events = run(_AskingTrainer, replace(CONFIG, device=device))
    notes = [e.message for e in events if isinstance(e, Intervention) and e.kind == "note"]
    assert len(notes) == 1
    assert "one by one" in notes[0]
    assert not trainer.queue.can_record
    assert_close(trainer, by_step)


@pytest.mark.parametrize("most", [1, 2, 7, MAX_STEPS])
@pytest.mark.parametrize("num_steps", [0, 1, 5, 97, 98, 12_500])
def test_an_epochs_steps_are_split_into_few_pieces(num_steps: int, most: int) -> None:
    sizes = piece_sizes(num_steps, most)
    assert 1 in sizes
    assert len(sizes) <= 3
    assert max(sizes) <= max(1, most)
    left, pieces = num_steps, 0
    while left:
        left -= max(size for size in sizes if size <= left)
        pieces += 1
    assert pieces <= math.ceil(num_steps / most) + 1
