"""Averaged weights, against the averages worked out by hand."""

from collections.abc import Sequence
from typing import Literal, get_args

import pytest
import torch
from torch import Tensor, nn

from blitz.training.averaging import EMA_DECAY, LOOKAHEAD_DECAY, WeightAverage

Kind = Literal["ema", "lookahead"]
KINDS = get_args(Kind)


class Walk(nn.Module):
    """One number that learns, one that is remembered, one frozen and one that counts."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))
        self.frozen = nn.Parameter(torch.ones(1), requires_grad=False)
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("count", torch.tensor(0))

    def step(self, to: float) -> None:
        with torch.no_grad():
            self.weight.fill_(to)
            self.get_buffer("mean").fill_(10 * to)
            self.get_buffer("count").add_(1)


def values(model: Walk) -> tuple[float, float]:
    return float(model.weight.detach()[0]), float(model.get_buffer("mean")[0])


def test_ema_is_the_moving_average_and_leaves_training_alone() -> None:
    model = Walk()
    average = WeightAverage(model, "ema", total_steps=100)
    expected = 0.0
    for step in range(60):
        model.step(to=step + 1.0)
        average.update(step)
        decay = min(EMA_DECAY, (step + 1) / (step + 10))
        expected = decay * expected + (1 - decay) * (step + 1)
        assert values(model) == (step + 1, 10 * (step + 1))
    with average.held():
        assert values(model) == pytest.approx((expected, 10 * expected), rel=1e-5)
    assert values(model) == (60, 600)


def test_lookahead_sends_the_weights_back_every_five_steps() -> None:
    model, total = Walk(), 40
    average = WeightAverage(model, "lookahead", total)
    slow = 0.0
    for step in range(total - 1):
        model.step(to=values(model)[0] + 1.0)
        fast = values(model)[0]
        average.update(step)
        if (step + 1) % 5 == 0:
            decay = LOOKAHEAD_DECAY * ((step + 1) / total) ** 3
            slow = decay * slow + (1 - decay) * fast
            assert values(model) == pytest.approx((slow, 10 * slow), rel=1e-5)
        else:
            assert values(model)[0] == fast
    assert slow < total - 5  # it did hold them back


@pytest.mark.parametrize("kind", KINDS)
def test_after_the_last_step_the_network_holds_the_average(kind: Kind) -> None:
    model = Walk()
    average = WeightAverage(model, kind, total_steps=7)
    for step in range(7):
        model.step(to=step + 1.0)
        average.update(step)
    own = values(model)
    assert own[0] < 7
    with average.held():
        assert values(model) == own


def test_what_is_frozen_or_counted_is_not_averaged() -> None:
    model = Walk()
    average = WeightAverage(model, "ema", total_steps=9)
    model.step(to=1.0)
    average.update(0)
    with average.held():
        assert int(model.get_buffer("count")) == 1
        assert float(model.frozen.detach()) == 1
    assert {name.partition(".")[2] for name in average.tensors()} == {"weight", "mean"}


def test_the_network_gets_its_own_weights_back_also_after_an_error() -> None:
    model = Walk()
    average = WeightAverage(model, "ema", total_steps=9)
    model.step(to=3.0)
    with pytest.raises(ZeroDivisionError), average.held():
        model.step(to=1 / 0)
    assert values(model) == (3, 30)


def test_restarted_it_begins_with_the_weights_as_they_are() -> None:
    model = Walk()
    average = WeightAverage(model, "ema", total_steps=9)
    model.step(to=3.0)
    average.restart()
    with average.held():
        assert values(model) == (3, 30)


def walk(model: Walk, average: WeightAverage, steps: Sequence[int]) -> None:
    for step in steps:
        model.step(to=values(model)[0] * 0.9 + step)
        average.update(step)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stop", [3, 5, 12])
def test_saved_and_copied_into_another_it_goes_on_bit_for_bit(kind: Kind, stop: int) -> None:
    model = Walk()
    average = WeightAverage(model, kind, total_steps=20)
    walk(model, average, range(stop))
    named: dict[str, Tensor] = {f"model.{k}": v for k, v in model.state_dict().items()}
    named |= average.tensors()
    with average.held():
        assert float(named["model.weight"][0]) == values(model)[0]  # what is evaluated is saved
    saved = {name: tensor.clone() for name, tensor in named.items()}
    walk(model, average, range(stop, 20))

    other = Walk()
    resumed = WeightAverage(other, kind, total_steps=20)
    into = {f"model.{k}": v for k, v in other.state_dict().items()} | resumed.tensors()
    with torch.no_grad():
        for name, tensor in into.items():
            tensor.copy_(saved[name])
    walk(other, resumed, range(stop, 20))
    assert other.weight.equal(model.weight)
    assert other.get_buffer("mean").equal(model.get_buffer("mean"))
    ended = average.tensors()
    assert all(tensor.equal(ended[name]) for name, tensor in resumed.tensors().items())


def test_it_averages_where_the_weights_lie_now() -> None:
    model = Walk()
    average = WeightAverage(model, "ema", total_steps=9)
    model.weight.data = torch.full((2,), 8.0)  # moved into other memory
    average.update(0)
    with average.held():
        assert values(model)[0] == pytest.approx(8 * 0.9)
    assert values(model)[0] == 8
