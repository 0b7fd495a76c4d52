"""Updates against torch.optim's, on real gradients."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from blitz.models import build_model
from blitz.training import TrainConfig
from blitz.training.config import OptimiserName
from blitz.training.optimisers import FLAT_LIMIT, LearnableParameters, Optimiser

Build = Callable[[list[nn.Parameter]], torch.optim.Optimizer]
LR, DECAY = 0.01, 0.1
RULES: list[tuple[OptimiserName, float, Build]] = [
    ("sgd", 0.0, lambda p: torch.optim.SGD(p, LR, weight_decay=DECAY)),
    ("sgd", 0.9, lambda p: torch.optim.SGD(p, LR, 0.9, weight_decay=DECAY)),
    ("nesterov", 0.9, lambda p: torch.optim.SGD(p, LR, 0.9, weight_decay=DECAY, nesterov=True)),
    ("adam", 0.9, lambda p: torch.optim.Adam(p, LR, weight_decay=DECAY, fused=True)),
    ("adamw", 0.9, lambda p: torch.optim.AdamW(p, LR, weight_decay=DECAY, fused=True)),
    ("rmsprop", 0.0, lambda p: torch.optim.RMSprop(p, LR, weight_decay=DECAY)),
    ("rmsprop", 0.5, lambda p: torch.optim.RMSprop(p, LR, weight_decay=DECAY, momentum=0.5)),
]


def loss_of(model: nn.Module) -> Tensor:
    images = torch.randn(8, 1, 28, 28, generator=torch.Generator().manual_seed(3))
    loss: Tensor = model(images).square().mean()
    return loss


def same_model_twice(name: str) -> tuple[nn.Module, nn.Module]:
    models = []
    for _ in range(2):
        torch.manual_seed(0)
        models.append(build_model(name, channels=1, image_size=28))
    return models[0], models[1]


def assert_same_steps(
    own: tuple[nn.Module, LearnableParameters, Optimiser],
    torchs: tuple[nn.Module, torch.optim.Optimizer],
    num_steps: int,
) -> None:
    (ours, learnable, optimiser), (theirs, reference) = own, torchs
    for _ in range(num_steps):
        learnable.zero_gradients()
        loss_of(ours).backward()
        optimiser.step(learnable.gradients(), LR)
        reference.zero_grad()
        loss_of(theirs).backward()
        reference.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("model", ["net", "mlp"])
@pytest.mark.parametrize(("rule", "momentum", "build"), RULES)
def test_ten_steps_equal_torchs_optimizer(
    rule: OptimiserName, momentum: float, build: Build, model: str
) -> None:
    ours, theirs = same_model_twice(model)
    config = TrainConfig(optimizer=rule, momentum=momentum, lr=LR, weight_decay=DECAY)
    learnable = LearnableParameters(ours)
    optimiser = Optimiser(config, learnable.values)
    reference = build(list(theirs.parameters()))
    assert_same_steps((ours, learnable, optimiser), (theirs, reference), 10)


def test_small_models_are_one_tensor_and_large_ones_are_not() -> None:
    small, large = LearnableParameters(build_model("net")), LearnableParameters(build_model("mlp"))
    assert small.is_flat
    assert [value.numel() for value in small.values] == [61_706]
    assert not large.is_flat
    assert sum(value.numel() for value in large.values) == 669_706 > FLAT_LIMIT


@pytest.mark.parametrize("name", ["net", "mlp"])
def test_gradients_and_norm_are_autograds(name: str) -> None:
    ours, theirs = same_model_twice(name)
    learnable = LearnableParameters(ours)
    for _ in range(2):  # the second time without the first one's gradients
        learnable.zero_gradients()
        loss_of(ours).backward()
    expected = torch.autograd.grad(loss_of(theirs), list(theirs.parameters()))
    whole = torch.cat([gradient.reshape(-1) for gradient in expected])
    got = torch.cat([gradient.reshape(-1) for gradient in learnable.gradients()])
    torch.testing.assert_close(got, whole)
    torch.testing.assert_close(learnable.gradient_norm(), whole.norm())


@pytest.mark.parametrize("rule", ["sgd", "nesterov", "adam", "adamw"])
def test_a_step_can_be_left_out_by_a_tensors_value(rule: OptimiserName) -> None:
    learnable = LearnableParameters(build_model("net"))
    optimiser = Optimiser(TrainConfig(optimizer=rule), learnable.values)
    assert optimiser.can_skip_on_device
    before = [value.clone() for value in learnable.values]
    memory = [tensor.clone() for tensor in optimiser.tensors()]
    bad = [torch.full_like(value, float("nan")) for value in learnable.values]
    optimiser.step(bad, 0.1, skip=torch.ones(()))
    assert all(a.equal(b) for a, b in zip(learnable.values, before, strict=True))
    assert all(a.equal(b) for a, b in zip(optimiser.tensors(), memory, strict=True))
    optimiser.step([torch.ones_like(v) for v in learnable.values], 0.1, skip=torch.zeros(()))
    assert not learnable.values[0].equal(before[0])


@pytest.mark.parametrize(("rule", "momentum", "build"), RULES)
def test_some_values_can_learn_faster_than_others(
    rule: OptimiserName, momentum: float, build: Build
) -> None:
    ours, theirs = same_model_twice("net")
    config = TrainConfig(optimizer=rule, momentum=momentum, lr=LR, weight_decay=DECAY)
    learnable = LearnableParameters(ours, may_be_flat=False)
    names = ("fc1.bias", "fc3.bias")
    factors = learnable.rate_factors([ours.get_parameter(name) for name in names], 8.0)
    optimiser = Optimiser(config, learnable.values, factors)
    fast = [theirs.get_parameter(name) for name in names]
    others = [value for name, value in theirs.named_parameters() if name not in names]
    reference = build(others)
    reference.add_param_group({"params": fast, "lr": 8 * LR, "weight_decay": DECAY / 8})
    assert_same_steps((ours, learnable, optimiser), (theirs, reference), 3)


def test_frozen_parameters_do_not_learn() -> None:
    model = build_model("resnet18-frozen", channels=1)
    learnable = LearnableParameters(model)
    assert sum(value.numel() for value in learnable.values) == 512 * 10 + 10


def test_a_model_without_learning_parameters_is_refused() -> None:
    model = build_model("net").requires_grad_(requires_grad=False)
    with pytest.raises(ValueError, match="no parameter learns"):
        LearnableParameters(model)
