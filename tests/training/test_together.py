"""Members trained together against the same runs alone."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import vmap

from blitz.training import TrainConfig, Trainer
from blitz.training.batches import Epoch, epoch_batches, epoch_order
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
from blitz.training.groups import MAX_MEMBERS, is_worth_it, split_into_groups
from blitz.training.optimisers import LearnableParameters
from blitz.training.step import StepResult
from blitz.training.together import Group
from blitz.training.together_layers import FastLayers
from tests.images import digits, squares

BASE = TrainConfig(dataset="squares", model="net", epochs=2, batch_size=8, lr=0.01, device="cpu")


@pytest.fixture(autouse=True, params=[1])
def _threads(request: pytest.FixtureRequest) -> Iterator[None]:
    """One thread unless a test says otherwise: two on a busy machine wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


def train(
    configs: Sequence[TrainConfig], commands: Any = lambda _: (), round_seconds: float = 0
) -> tuple[Group, list[list[Event]]]:
    """The group after its end, and the events of each member."""
    group = Group(configs, squares(), round_seconds=round_seconds)
    events: list[list[Event]] = [[] for _ in configs]
    for index, event in group.events(commands):
        events[index].append(event)
    return group, events


def of_kind(events: Sequence[Event], kind: Any) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def last(events: Sequence[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def alone(config: TrainConfig, order_seed: int) -> tuple[Trainer, list[Event]]:
    """The ordinary trainer from this config's weights, with the images in another seed's order."""
    trainer = Trainer(replace(config, seed=order_seed), squares(), summary_seconds=0)
    weights = Trainer(config, squares()).model.state_dict()
    trainer.model.load_state_dict(weights)
    return trainer, list(trainer.events())


def assert_alike(group: Group, configs: Sequence[TrainConfig], events: list[list[Event]]) -> None:
    for index, config in enumerate(configs):
        trainer, expected = alone(config, configs[0].seed)
        steps, expected_steps = of_kind(events[index], StepsDone), of_kind(expected, StepsDone)
        assert len(steps) == len(expected_steps)
        for one, other in zip(steps, expected_steps, strict=True):
            assert one.at.step == other.at.step
            assert one.at.images == other.at.images
            assert one.learning_rate == other.learning_rate
            assert one.loss == pytest.approx(other.loss, rel=1e-3, abs=1e-5)
        tensors, expected_tensors = group.members[index].state().tensors, trainer.state().tensors
        assert tensors.keys() == expected_tensors.keys()
        for name in tensors:
            if not name.startswith("random"):
                distance = (tensors[name] - expected_tensors[name]).norm()
                assert distance <= 0.01 * expected_tensors[name].norm(), name


# As alone


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam", "adamw", "rmsprop"])
def test_members_learn_as_they_would_alone_under_every_rule(optimizer: Any) -> None:
    base = replace(BASE, optimizer=optimizer, lr=0.001, weight_decay=0.01)
    configs = [
        base,
        replace(base, lr=0.003, seed=1),
        replace(base, momentum=0.5, schedule="cosine", seed=2),
    ]
    assert_alike(*_train_first(configs))


def _train_first(
    configs: Sequence[TrainConfig],
) -> tuple[Group, Sequence[TrainConfig], list[list[Event]]]:
    group, events = train(configs)
    return group, configs, events


@pytest.mark.parametrize("model", ["net", "net3x3"])
@pytest.mark.parametrize("changes", [{"width": 2}, {"loss": "mse", "lr": 0.1}, {"batch_size": 4}])
def test_members_learn_as_they_would_alone_in_every_network(model: str, changes: Any) -> None:
    base = replace(BASE, model=model, **changes)
    assert_alike(*_train_first([base, replace(base, lr=0.02, seed=5), replace(base, momentum=0.0)]))


def test_members_learn_as_they_would_alone_for_sixty_steps() -> None:
    base = replace(BASE, epochs=8, optimizer="sgd", lr=0.005)
    configs = [base, replace(base, lr=0.02, seed=3), replace(base, schedule="one-cycle", seed=4)]
    group, configs_, events = _train_first(configs)
    assert len(of_kind(events[0], StepsDone)) == 64
    assert_alike(group, configs_, events)


def test_events_of_a_member_are_those_of_an_ordinary_run() -> None:
    configs = [BASE, replace(BASE, lr=0.02)]
    _, events = train(configs)
    _, expected = alone(BASE, BASE.seed)
    assert [type(event) for event in events[0]] == [type(event) for event in expected]
    for one, other in zip(
        of_kind(events[0], EpochFinished), of_kind(expected, EpochFinished), strict=True
    ):
        assert one.at.epoch == other.at.epoch
        assert one.loss == pytest.approx(other.loss, rel=1e-3)
        assert one.class_total == other.class_total
    started = of_kind(events[1], Started)[0]
    assert started.notes == ("trained together with others: images in the order of seed 0",)


@pytest.mark.parametrize("_threads", [2], indirect=True)
def test_shares_in_two_threads_learn_as_they_would_alone() -> None:
    configs = [replace(BASE, lr=0.01 * (1 + seed), seed=seed) for seed in range(5)]
    assert_alike(*_train_first(configs))


def test_long_rounds_take_the_same_steps_as_single_ones() -> None:
    configs = [BASE, replace(BASE, lr=0.02)]
    single, _ = train(configs)
    long, events = train(configs, round_seconds=1_000)
    for one, other in zip(single.members, long.members, strict=True):
        assert (
            one.state().tensors["model.fc3.weight"].equal(other.state().tensors["model.fc3.weight"])
        )
    assert len(of_kind(events[0], StepsDone)) < 16


def test_state_of_a_member_is_resumed_by_an_ordinary_trainer() -> None:
    configs = [BASE, replace(BASE, lr=0.02)]
    group = Group(configs, squares(), round_seconds=0)
    for index, event in group.events():
        if index == 1 and isinstance(event, EpochFinished):
            break
    state = group.members[1].state()
    trainer = Trainer(configs[1], squares(), state=state)
    assert trainer.state().tensors["model.fc1.weight"].equal(state.tensors["model.fc1.weight"])
    _, expected = train(configs)
    *_, end = trainer.events()
    assert isinstance(end, Finished)
    assert end.at.step == 16
    # The second epoch's images come in another order than they would have together: seed 1's.
    assert end.loss == pytest.approx(last(expected[1]).loss, rel=0.2)


# One member's trouble is not the others'


def test_diverged_member_is_frozen_and_the_others_do_not_notice() -> None:
    healthy = [BASE, replace(BASE, lr=0.02, seed=1), replace(BASE, lr=0.005, seed=2)]
    broken = replace(BASE, lr=100.0, optimizer="sgd")
    group, events = train([healthy[0], broken, *healthy[1:]])
    assert last(events[1]).reason == "diverged"
    assert len(of_kind(events[1], Diverged)) == 1
    assert all(
        tensor.isfinite().all()
        for name, tensor in group.members[1].state().tensors.items()
        if name.startswith("model")
    )
    without, _ = train(healthy)
    for one, other in zip([0, 2, 3], range(3), strict=True):
        assert last(events[one]).reason == "completed"
        found, expected = group.members[one].state(), without.members[other].state()
        for name in ("model.conv1.weight", "model.fc3.bias", "optimiser.0"):
            torch.testing.assert_close(
                found.tensors[name], expected.tensors[name], rtol=1e-3, atol=1e-5
            )


def test_one_member_is_stopped_and_another_gets_a_new_learning_rate() -> None:
    asked = {
        0: iter([(), (Command(kind="stop"),)]),
        1: iter([(), (), (Command(kind="learning rate", value=0.05),)]),
        2: iter([(Command(kind="pause"),)]),
    }
    configs = [BASE, replace(BASE, lr=0.02), replace(BASE, lr=0.03)]
    _, events = train(configs, lambda index: next(asked[index], ()))
    assert last(events[0]).reason == "stopped"
    assert last(events[0]).at.step == 1
    assert [step.learning_rate for step in of_kind(events[1], StepsDone)][:4] == [
        0.02, 0.02, 0.05, 0.05,
    ]  # fmt: skip
    assert [event.kind for event in of_kind(events[1], Intervention)] == ["learning rate"]
    assert of_kind(events[2], Intervention) == []
    assert [last(events[index]).reason for index in (1, 2)] == ["completed", "completed"]


def test_patience_ends_one_member_alone() -> None:
    still = replace(BASE, lr=1e-30, epochs=4, patience=1)
    _, events = train([replace(BASE, epochs=4), still])
    assert last(events[1]).reason == "early stop"
    assert last(events[1]).at.epoch == 2
    assert last(events[0]).at.epoch == 4


# The layers


@pytest.mark.parametrize("side", [1, 3, 5])
@pytest.mark.parametrize("shares_images", [True, False])
def test_convolution_of_all_members_and_its_gradients_are_pytorchs(
    side: int, shares_images: bool
) -> None:
    torch.manual_seed(0)
    members, batch = 3, 2
    shape = (batch, 4, 9, 11) if shares_images else (members, batch, 4, 9, 11)
    images = torch.randn(shape, dtype=torch.float64, requires_grad=not shares_images)
    weight = torch.randn(members, 5, 4, side, side, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(members, 5, dtype=torch.float64, requires_grad=True)
    learnable = [weight, bias] if shares_images else [weight, bias, images]
    each = images.expand(members, *shape) if shares_images else images
    expected = torch.stack([F.conv2d(*one) for one in zip(each, weight, bias, strict=True)])
    with FastLayers():
        in_dims = (None if shares_images else 0, 0, 0)
        found = vmap(torch.conv2d, in_dims=in_dims)(images, weight, bias)
    torch.testing.assert_close(found, expected)
    direction = torch.randn_like(expected)
    torch.testing.assert_close(
        torch.autograd.grad(found, learnable, direction),
        torch.autograd.grad(expected, learnable, direction),
    )


def test_pooling_of_all_members_gives_ties_the_gradient_that_pytorch_does() -> None:
    images = torch.randint(0, 3, (3, 2, 4, 6, 6)).double().requires_grad_()
    expected = torch.stack([F.max_pool2d(one, 2) for one in images])
    with FastLayers():
        found = vmap(lambda one: F.max_pool2d(one, 2))(images)
    assert found.equal(expected)
    direction = torch.randn_like(expected)
    (gradient,) = torch.autograd.grad(found, images, direction)
    assert gradient.equal(torch.autograd.grad(expected, images, direction)[0])


# Which may, and when it pays


def test_runs_that_differ_in_what_is_shared_are_refused() -> None:
    with pytest.raises(ValueError, match="configs: 2 were given; runs that train together"):
        Group([BASE, replace(BASE, batch_size=4)], squares())
    with pytest.raises(ValueError, match="model: mlp was given; together train net, net3x3"):
        Group([replace(BASE, model="mlp")] * 2, squares())
    with pytest.raises(ValueError, match="precision: bf16 was given"):
        Group([replace(BASE, precision="bf16")] * 2, squares())
    with pytest.raises(ValueError, match="augment: 'flip' was given; a run with it trains alone"):
        Group([replace(BASE, augment="flip")] * 2, squares())


def test_groups_are_what_may_and_pays_and_the_rest_stays_alone() -> None:
    small = replace(BASE, batch_size=4)
    configs = [
        small,
        replace(small, optimizer="adam"),
        replace(small, lr=0.5, seed=9, momentum=0.1, schedule="cosine", weight_decay=0.1),
        replace(small, lr=0.1),
        replace(small, patience=2),
    ]
    assert split_into_groups(configs) == [[0, 2, 3, 4], [1]]
    others: list[dict[str, Any]] = [
        {"batch_size": 64}, {"model": "mlp"}, {"precision": "bf16"}, {"augment": "flip"},
        {"label_smoothing": 0.1}, {"averaging": "ema"}, {"whiten": True}, {"norm_bias_lr": 2.0},
    ]  # fmt: skip
    for changes in others:
        runs = [replace(small, seed=seed, **changes) for seed in range(4)]
        assert split_into_groups(runs) == [[0], [1], [2], [3]]
    assert not is_worth_it([small] * 3)
    assert is_worth_it([replace(small, device="cuda:0", seed=seed) for seed in range(2)])


def test_large_groups_are_divided() -> None:
    configs = [replace(BASE, batch_size=4, seed=seed) for seed in range(MAX_MEMBERS + 4)]
    assert [len(indices) for indices in split_into_groups(configs)] == [MAX_MEMBERS, 4]


# Moving weights


def test_moved_parameters_live_in_their_new_memory() -> None:
    trainer = Trainer(BASE, squares())
    before = {name: p.detach().clone() for name, p in trainer.model.named_parameters()}
    learnable = LearnableParameters(trainer.model)
    memory = torch.full_like(learnable.values[0], math.nan)
    learnable.move_to(memory)
    for name, parameter in trainer.model.named_parameters():
        assert parameter.equal(before[name])
    memory.zero_()
    assert all(not parameter.any() for parameter in trainer.model.parameters())


def test_together_digits_are_learned_as_well() -> None:
    base = TrainConfig(
        optimizer="adamw", schedule="one-cycle", batch_size=16, epochs=4, device="cpu"
    )
    group = Group([replace(base, lr=0.002), replace(base, lr=0.003, seed=1)], digits())
    ends = [event for _, event in group.events() if isinstance(event, Finished)]
    assert all(end.accuracy is not None and end.accuracy > 0.9 for end in ends)


def test_all_members_see_the_first_ones_order() -> None:
    seen: list[Tensor] = []
    configs = [replace(BASE, seed=7), replace(BASE, seed=8)]
    group = Group(configs, squares(), round_seconds=0)
    learn = group.members[1].learn

    def learn_and_tell(result: StepResult, gradient: Tensor) -> None:
        seen.append(result.labels)
        learn(result, gradient)

    group.members[1].learn = learn_and_tell  # type: ignore[method-assign]
    list(group.events())
    expected = [
        labels
        for epoch in range(2)
        for _, labels in epoch_batches(squares(), Epoch(order=epoch_order(60, 7, epoch)), 8)
    ]
    assert torch.cat(seen).equal(torch.cat(expected))
