"""The training loop: convergence, determinism, resumption, interventions, divergence."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from blitz.models import build_model
from blitz.training import TrainConfig, Trainer, train
from blitz.training.batches import Epoch, epoch_batches
from blitz.training.evaluation import predict
from blitz.training.events import (
    Command,
    Diverged,
    EpochFinished,
    Event,
    Finished,
    Intervention,
    Started,
    StepsDone,
)
from blitz.training.state import TrainState
from blitz.training.step import TrainingStep
from tests.images import digits, squares

QUICK = TrainConfig(dataset="squares", model="net", epochs=2, batch_size=8, lr=0.01, device="cpu")


def run(config: TrainConfig, **options: Any) -> tuple[Trainer, list[Event]]:
    trainer = Trainer(config, squares(), **options)
    return trainer, list(trainer.events())


def last(events: Sequence[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def weights_of(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {k: v for k, v in trainer.state().tensors.items() if k.startswith(("model", "opti"))}


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].equal(other[name]), name


def test_digits_are_learned_to_97_percent() -> None:
    config = TrainConfig(
        optimizer="adamw", lr=0.003, schedule="one-cycle", batch_size=32, epochs=12, device="cpu"
    )
    *_, end = Trainer(config, digits()).events()
    assert isinstance(end, Finished)
    assert end.reason == "completed"
    assert end.accuracy is not None
    assert end.accuracy >= 0.97


def test_train_loads_the_data_and_ends_with_finished() -> None:
    events = list(train(TrainConfig(dataset="digits", model="net", epochs=1, device="cpu")))
    assert isinstance(events[0], Started)
    assert events[0].num_parameters == 61_706
    assert (events[0].num_train, events[0].num_test) == (1_438, 359)
    assert last(events).at.images == 1_438


def test_events_come_in_order_and_count_right() -> None:
    _, events = run(QUICK, summary_seconds=0)
    assert isinstance(events[0], Started)
    assert events[0].total_steps == 16
    steps = [event for event in events if isinstance(event, StepsDone)]
    assert [event.at.step for event in steps] == list(range(1, 17))
    # 60 images in batches of 8: seven whole ones and one of four
    assert [event.at.images for event in steps][6:9] == [56, 60, 68]
    epochs = [event for event in events if isinstance(event, EpochFinished)]
    assert [event.at.epoch for event in epochs] == [1.0, 2.0]
    assert all(sum(event.class_total) == 20 for event in epochs)
    assert all(sum(event.class_correct) / 20 == event.accuracy for event in epochs)
    assert last(events).accuracy == epochs[-1].accuracy


def test_a_summary_is_the_mean_over_its_images() -> None:
    _, every_step = run(QUICK, summary_seconds=0)
    _, by_epoch = run(QUICK, summary_seconds=1_000)
    small = [event for event in every_step if isinstance(event, StepsDone)][:8]
    large = next(event for event in by_epoch if isinstance(event, StepsDone))
    sizes = [8] * 7 + [4]
    for field in ("loss", "accuracy"):
        parts = [getattr(event, field) * size for event, size in zip(small, sizes, strict=True)]
        assert getattr(large, field) == pytest.approx(sum(parts) / 60, rel=1e-5)


def test_steps_equal_a_plain_loop_with_torch_optim() -> None:
    config = replace(QUICK, momentum=0.9, batch_size=32)
    trainer, _ = run(config)
    dataset = squares()
    torch.manual_seed(config.seed)
    model = build_model("net", channels=1, image_size=16, num_classes=2)
    optimizer = torch.optim.SGD(model.parameters(), lr=config.lr, momentum=0.9)
    for epoch in range(config.epochs):
        for images, labels in epoch_batches(dataset, Epoch.of(config, dataset, epoch), 32):
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()
    for name, value in model.state_dict().items():
        torch.testing.assert_close(
            weights_of(trainer)[f"model.{name}"], value, rtol=1e-4, atol=1e-6
        )


ALL_RULES = ["sgd", "nesterov", "adam", "adamw", "rmsprop"]


@pytest.mark.parametrize("optimizer", ALL_RULES)
@pytest.mark.parametrize("batch_size", [4, 16])
def test_two_runs_of_one_config_are_bit_identical(optimizer: Any, batch_size: int) -> None:
    config = replace(QUICK, optimizer=optimizer, batch_size=batch_size, lr=0.001)
    one, other = run(config)[0], run(config)[0]
    assert_same(weights_of(one), weights_of(other))


def test_another_seed_is_another_run() -> None:
    one, other = run(QUICK)[0], run(replace(QUICK, seed=1))[0]
    assert not weights_of(one)["model.fc1.weight"].equal(weights_of(other)["model.fc1.weight"])


def state_after(config: TrainConfig, step: int) -> TrainState:
    trainer = Trainer(config, squares(), summary_seconds=0)
    for event in trainer.events():
        if event.at.step >= step and not isinstance(event, Started):
            break
    return trainer.state()


@pytest.mark.parametrize("optimizer", ALL_RULES)
@pytest.mark.parametrize("step", [1, 3, 7, 8, 9, 15])
def test_stopping_at_any_step_and_resuming_is_bit_identical(optimizer: Any, step: int) -> None:
    config = replace(QUICK, optimizer=optimizer, schedule="one-cycle", lr=0.001)
    whole, whole_events = run(config)
    torch.manual_seed(12345)  # another process has another random state
    resumed = Trainer(config, squares(), state=state_after(config, step))
    events = list(resumed.events())
    assert_same(weights_of(resumed), weights_of(whole))
    end, whole_end = last(events), last(whole_events)
    assert (end.loss, end.accuracy) == (whole_end.loss, whole_end.accuracy)
    assert end.at.step == whole_end.at.step


RECIPE = replace(
    QUICK,
    model="speed",
    optimizer="nesterov",
    schedule="triangular",
    batch_size=12,
    label_smoothing=0.2,
    augment="flip-shift-cutout",
    whiten=True,
    norm_bias_lr=64.0,
)


@pytest.mark.parametrize("averaging", ["none", "ema", "lookahead"])
@pytest.mark.parametrize("step", [1, 5, 7])
def test_a_record_breaking_recipe_resumes_bit_identically(averaging: Any, step: int) -> None:
    config = replace(RECIPE, averaging=averaging)
    whole, whole_events = run(config)
    resumed = Trainer(config, squares(), state=state_after(config, step))
    events = list(resumed.events())
    assert_same(weights_of(resumed), weights_of(whole))
    assert last(events).loss == last(whole_events).loss


def test_of_averaged_weights_the_average_is_tested_and_saved() -> None:
    trainer, events = run(replace(QUICK, averaging="ema", lr=0.05), summary_seconds=0)
    model = build_model("net", channels=1, image_size=16, num_classes=2)
    weights = {k.removeprefix("model."): v for k, v in weights_of(trainer).items()}
    model.load_state_dict({k: v for k, v in weights.items() if not k.startswith("optimiser")})
    found = predict(model, squares())
    assert found.loss == pytest.approx(last(events).loss, rel=1e-5)


def test_whitened_filters_never_learn() -> None:
    trainer, _ = run(RECIPE)
    before = Trainer(RECIPE, squares())
    first, bias = "model.first.weight", "model.first.bias"
    assert weights_of(trainer)[first].equal(weights_of(before)[first])
    assert not weights_of(trainer)[bias].equal(weights_of(before)[bias])


def test_smoothed_labels_are_what_is_learned() -> None:
    _, plain = run(replace(QUICK, lr=1e-30, epochs=1), summary_seconds=1_000)
    _, smooth = run(replace(QUICK, lr=1e-30, epochs=1, label_smoothing=0.2), summary_seconds=1_000)
    dataset = squares()
    torch.manual_seed(QUICK.seed)
    model = build_model("net", channels=1, image_size=16, num_classes=2)
    logits = model(dataset.normalise(dataset.train_images))
    for events, smoothing in ((plain, 0.0), (smooth, 0.2)):
        expected = F.cross_entropy(logits, dataset.train_labels, label_smoothing=smoothing)
        steps = next(event for event in events if isinstance(event, StepsDone))
        assert steps.loss == pytest.approx(expected.item(), rel=1e-5)
    assert last(plain).loss == last(smooth).loss  # tests are judged plain


def test_a_state_taken_before_the_epochs_test_makes_up_for_it() -> None:
    state = state_after(QUICK, 8)  # the epoch's last step is done, its test is not
    resumed = Trainer(QUICK, squares(), state=state)
    epochs = [event for event in resumed.events() if isinstance(event, EpochFinished)]
    assert [event.at.step for event in epochs] == [8, 16]


def test_batch_normalisation_resumes_bit_identically() -> None:
    config = replace(QUICK, model="resnet18-frozen", image_size=None, epochs=1, batch_size=20)
    whole = run(config)[0]
    resumed = Trainer(config, squares(), state=state_after(config, 1))
    list(resumed.events())
    assert_same(weights_of(resumed), weights_of(whole))


def commanded(*commands: Command) -> Callable[[], Sequence[Command]]:
    """Gives the commands one by one, once every time it is asked."""
    waiting = list(commands)
    return lambda: [waiting.pop(0)] if waiting else []


def test_stop_ends_the_run_where_it_is() -> None:
    trainer = Trainer(QUICK, squares(), summary_seconds=0)
    events = list(trainer.events(commanded(Command(kind="stop"))))
    assert [type(event) for event in events] == [Started, Intervention, Finished]
    assert last(events).reason == "stopped"
    assert last(events).at.step == 0


def test_pause_waits_for_resume_and_changes_nothing() -> None:
    trainer = Trainer(QUICK, squares(), summary_seconds=0)
    kinds = [Command(kind="pause"), Command(kind="pause"), Command(kind="resume")]
    events = list(trainer.events(commanded(*kinds)))
    interventions = [event for event in events if isinstance(event, Intervention)]
    assert [event.kind for event in interventions] == ["paused", "resumed"]
    assert_same(weights_of(trainer), weights_of(run(QUICK)[0]))


def test_a_new_learning_rate_holds_from_then_on_and_through_a_resume() -> None:
    trainer = Trainer(QUICK, squares(), summary_seconds=0)
    events = trainer.events(commanded(Command(kind="learning rate", value=0.5)))
    rates = [next(e for e in events if isinstance(e, StepsDone)).learning_rate for _ in range(2)]
    assert rates == [0.5, 0.5]
    resumed = Trainer(QUICK, squares(), state=trainer.state(), summary_seconds=0)
    first = next(event for event in resumed.events() if isinstance(event, StepsDone))
    assert first.learning_rate == 0.5


def test_the_present_learning_rate_said_again_is_no_intervention() -> None:
    trainer = Trainer(QUICK, squares(), summary_seconds=0)
    asked = [Command(kind="learning rate", value=value) for value in (QUICK.lr, 0.5, 0.5)]
    events = list(trainer.events(commanded(*asked)))
    [change] = [event for event in events if isinstance(event, Intervention)]
    assert change.message == f"learning rate {QUICK.lr:g} → 0.5"


def test_a_schedule_goes_on_from_the_new_rate() -> None:
    trainer = Trainer(replace(QUICK, schedule="cosine"), squares(), summary_seconds=0)
    events = trainer.events(commanded(Command(kind="learning rate", value=0.5)))
    rates = [event.learning_rate for event in events if isinstance(event, StepsDone)]
    assert rates == pytest.approx(
        [0.25 * (1 + math.cos(math.pi * step / 16)) for step in range(16)]
    )


def diverging(config: TrainConfig) -> tuple[Trainer, list[Event]]:
    return run(replace(config, lr=100.0, epochs=20), summary_seconds=0)


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "rmsprop"])
def test_a_step_that_is_not_finite_is_not_taken(optimizer: Any) -> None:
    trainer, events = diverging(replace(QUICK, optimizer=optimizer, loss="mse"))
    assert last(events).reason == "diverged"
    diverged = events[-2]
    assert isinstance(diverged, Diverged)
    assert f"step {diverged.at.step + 1:,}" in diverged.message
    assert "100" in diverged.message
    assert all(value.isfinite().all() for value in weights_of(trainer).values())
    recorded = [event for event in events if isinstance(event, StepsDone)]
    assert all(math.isfinite(event.loss) for event in recorded)
    assert [event.at.step for event in recorded] == list(range(1, diverged.at.step + 1))


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_the_check_on_the_device_finds_the_same_step_as_the_one_on_the_host(
    optimizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(QUICK, optimizer=optimizer, loss="mse", lr=100.0, weight_decay=1.0, epochs=30)
    host, host_events = run(config, summary_seconds=0)
    assert last(host_events).reason == "diverged"
    original = TrainingStep.__init__

    def on_device(self: TrainingStep, *arguments: Any, **options: Any) -> None:
        original(self, *arguments, **options)
        self._checks_on_device = True

    monkeypatch.setattr(TrainingStep, "__init__", on_device)
    device, device_events = run(config, summary_seconds=1_000)
    assert last(device_events).at.step == last(host_events).at.step
    assert last(device_events).reason == last(host_events).reason
    assert_same(weights_of(device), weights_of(host))


def test_patience_stops_when_the_test_loss_no_longer_falls() -> None:
    config = replace(QUICK, lr=1e-30, epochs=50, patience=3)
    _, events = run(config)
    assert last(events).reason == "early stop"
    epochs = [event for event in events if isinstance(event, EpochFinished)]
    assert [event.is_best for event in epochs] == [True, False, False, False]


def test_bf16_learns_too() -> None:
    _, events = run(replace(QUICK, precision="bf16", epochs=8))
    accuracy = last(events).accuracy
    assert accuracy is not None
    assert accuracy > 0.9


def wrong_choices() -> Iterator[Any]:
    yield pytest.param({"batch_size": 61}, "60 training images", id="batch larger than the data")
    yield pytest.param({"precision": "tf32"}, "needs an NVIDIA GPU", id="tf32 on a processor")
    yield pytest.param({"device": "cuda:77"}, "this machine has", id="device that is not here")
    yield pytest.param({"model": "perceptron"}, "choose net", id="unknown model")
    yield pytest.param({"model": "resnet18", "batch_size": 1}, "at least 2", id="batch norm of one")


@pytest.mark.parametrize(("changes", "rule"), list(wrong_choices()))
def test_what_cannot_be_trained_is_refused_in_a_line(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=rule) as caught:
        Trainer(replace(QUICK, **changes), squares())
    assert "\n" not in str(caught.value)


def test_a_lone_last_image_is_left_out_of_batch_normalisation() -> None:
    config = replace(QUICK, model="resnet18-frozen", batch_size=59, epochs=1)
    _, events = run(config)
    assert isinstance(events[0], Started)
    assert "left out" in " ".join(events[0].notes)
    assert last(events).at.images == 59


def test_the_callers_choice_of_kernels_is_left_as_it_was() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)  # the loop itself takes one for so small a batch
    try:
        for event in Trainer(replace(QUICK, batch_size=1), squares()).events():
            assert torch.backends.mkldnn.enabled, event
            assert torch.get_num_threads() == 2, event
    finally:
        torch.set_num_threads(before)
