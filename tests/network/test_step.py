"""One training step taken apart: PyTorch's own loop is the oracle."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from blitz.models import build_model
from blitz.network.experiments import Variant, loss_points, variants
from blitz.network.step import MAX_STATES, StepByStep
from blitz.network.step_settings import OPTIMISERS, LossName, OptimiserName, StepSettings
from blitz.network.step_states import ACTIONS


def batch(num_images: int = 4, *, size: int = 32, channels: int = 1) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(num_images, channels, size, size, generator=generator)
    return images, torch.randint(10, (num_images,), generator=generator)


@pytest.fixture
def model() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build_model("net")


def stepped(
    model: nn.Module, actions: str = "", settings: StepSettings | None = None
) -> StepByStep:
    step = StepByStep(copy.deepcopy(model), *batch(), settings or StepSettings())
    for action in actions.split():
        step.take(action)  # type: ignore[arg-type]
    return step


def gradients(step: StepByStep) -> dict[str, Tensor | None]:
    return {each.name: step.live(each.name).gradient for each in step.states[-1].parameters}


def values(step: StepByStep) -> dict[str, Tensor]:
    return {each.name: step.live(each.name).value for each in step.states[-1].parameters}


def by_a_plain_loop(
    model: nn.Module, optimiser: OptimiserName, loss: LossName, num_steps: int
) -> dict[str, Tensor]:
    model = copy.deepcopy(model).train()
    images, labels = batch()
    made: dict[OptimiserName, torch.optim.Optimizer] = {
        "sgd": torch.optim.SGD(model.parameters(), lr=0.02),
        "momentum": torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.8),
        "nesterov": torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.8, nesterov=True),
        "adam": torch.optim.Adam(model.parameters(), lr=0.02),
        "rmsprop": torch.optim.RMSprop(model.parameters(), lr=0.02),
    }
    for _ in range(num_steps):
        made[optimiser].zero_grad()
        logits = model(images)
        if loss == "mse":
            value = F.mse_loss(logits, torch.eye(10)[labels])
        else:
            value = F.cross_entropy(logits, labels)
        value.backward()
        made[optimiser].step()
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("loss", ["cross-entropy", "mse"])
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_two_steps_end_where_a_plain_loop_ends_bit_for_bit(
    model: nn.Module, optimiser: OptimiserName, loss: LossName
) -> None:
    settings = StepSettings(optimiser=optimiser, lr=0.02, momentum=0.8, loss=loss)
    step = stepped(model, " ".join(ACTIONS * 2), settings)
    expected = by_a_plain_loop(model, optimiser, loss, 2)
    assert all(torch.equal(value, expected[name]) for name, value in values(step).items())
    assert not torch.equal(values(step)["conv1.weight"], model.get_parameter("conv1.weight"))


def test_there_is_no_gradient_before_the_first_backward(model: nn.Module) -> None:
    step = stepped(model, "zero_grad forward loss")
    assert all(state.gradient is None for state in step.states[-1].parameters)
    assert set(gradients(step).values()) == {None}
    step.backward()
    conv1 = step.states[-1].parameter("conv1.bias")
    found = step.live("conv1.bias").gradient
    assert found is not None
    assert conv1.gradient is not None
    assert conv1.gradient.norm == pytest.approx(float(found.norm()))
    assert conv1.num_passes == 1


def test_a_gradient_that_is_not_zeroed_becomes_twice_itself(model: nn.Module) -> None:
    step = stepped(model, "forward loss backward")
    once = {name: g.clone() for name, g in gradients(step).items() if g is not None}
    step.forward()
    step.loss()
    state = step.backward()
    twice = gradients(step)
    assert len(once) == 10
    assert all(torch.equal(2 * g, twice[name]) for name, g in once.items())  # type: ignore[arg-type]
    assert {each.num_passes for each in state.parameters} == {2}
    assert "2 passes" in state.sentence


def test_zero_grad_leaves_none_or_zeros(model: nn.Module) -> None:
    step = stepped(model, "forward loss backward")
    zeros = step.zero_grad(set_to_none=False)
    assert all(each.gradient_is_zero for each in zeros.parameters)
    assert all(g is not None and not g.any() for g in gradients(step).values())
    none = step.zero_grad()
    assert all(each.gradient is None and not each.gradient_is_zero for each in none.parameters)
    assert {each.num_passes for each in none.parameters} == {0}


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_frozen_parameters_stay_as_they_are_bit_for_bit(
    model: nn.Module, optimiser: OptimiserName
) -> None:
    frozen = ("conv1.weight", "conv1.bias", "fc2.weight")
    step = stepped(model, " ".join(ACTIONS * 3), StepSettings(optimiser=optimiser, frozen=frozen))
    for name, value in values(step).items():
        state = step.states[-1].parameter(name)
        assert torch.equal(value, model.get_parameter(name)) == (name in frozen)
        assert (state.gradient is None) == (state.update is None) == (name in frozen)
        assert state.requires_grad == (name not in frozen)


def test_an_update_tells_the_values_before_and_after_and_their_difference(
    model: nn.Module,
) -> None:
    step = stepped(model, settings=StepSettings(lr=0.5))
    old = model.get_parameter("conv1.weight").detach()
    for _ in range(2):
        for action in ACTIONS:
            step.take(action)
        state, live = step.states[-1].parameter("conv1.weight"), step.live("conv1.weight")
        assert state.before == tuple(old.flatten()[:4].tolist())
        assert state.after == tuple(live.value.flatten()[:4].tolist())
        assert live.update is not None
        assert torch.equal(live.update, live.value - old)
        assert state.update is not None
        assert state.update.largest == float((live.value - old).abs().max())
        old = live.value.clone()
    assert step.forward().parameter("conv1.weight").update is None


def test_without_gradients_an_update_changes_nothing_and_says_so(model: nn.Module) -> None:
    state = stepped(model, "forward loss update").states[-1]
    assert "Nothing happened" in state.sentence
    assert all(each.update is None for each in state.parameters)


def test_a_learning_rate_of_zero_changes_nothing_and_says_so(model: nn.Module) -> None:
    state = stepped(model, "forward loss backward update", StepSettings(lr=0)).states[-1]
    assert "No number changed" in state.sentence


@pytest.mark.parametrize(
    ("actions", "refused", "message"),
    [
        ("", "loss", "run forward first"),
        ("forward", "backward", "no loss yet"),
        ("forward loss forward", "backward", "no loss yet"),
        ("forward loss backward", "backward", "a second time"),
        ("forward loss backward forward loss update", "backward", "inplace operation"),
    ],
)
def test_an_action_at_the_wrong_time_is_refused_in_a_line(
    model: nn.Module, actions: str, refused: str, message: str
) -> None:
    step = stepped(model, actions)
    with pytest.raises(ValueError, match=message) as caught:
        step.take(refused)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 260
    step.zero_grad()
    for action in ACTIONS:  # and the next step works
        step.take(action)
    assert {each.num_passes for each in step.states[-1].parameters} == {1}


def test_a_network_frozen_from_end_to_end_has_no_backward(model: nn.Module) -> None:
    names = tuple(name for name, _ in model.named_parameters())
    step = stepped(model, "forward loss", StepSettings(frozen=names))
    with pytest.raises(ValueError, match="every parameter is frozen"):
        step.backward()


def test_numbers_that_are_not_finite_are_said_at_every_action(model: nn.Module) -> None:
    settings = StepSettings(lr=1e6, loss="mse")
    step = stepped(model, " ".join(ACTIONS * 3), settings)
    warnings = {state.action: state.warning for state in step.states[-4:]}
    assert all(warnings.values())
    assert "smaller learning rate" in warnings["update"]
    assert not math.isfinite(step.states[-1].loss or 0)


def test_one_image_is_too_few_for_batch_normalisation() -> None:
    step = StepByStep(build_model("resnet18"), *batch(1, channels=3), StepSettings())
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        step.forward()


def test_batch_normalisation_learns_in_training_mode_and_moves_its_buffers() -> None:
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Linear(64, 10)).eval()
    step = StepByStep(model, *batch(8, size=8), StepSettings())
    state = step.forward()
    assert "running mean" in state.sentence
    assert bool(model.get_buffer("1.running_mean").any())


def test_the_process_s_random_state_stays_as_it_was() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(1024, 10))
    before = torch.get_rng_state()
    step = StepByStep(model, *batch(), StepSettings())
    for action in ACTIONS:
        step.take(action)
    assert torch.equal(torch.get_rng_state(), before)


def test_gradients_are_recorded_where_a_thread_has_turned_them_off(model: nn.Module) -> None:
    with torch.no_grad():
        step = stepped(model, "zero_grad forward loss backward")
    assert step.states[-1].parameter("fc3.bias").gradient is not None


def test_old_states_are_forgotten_and_the_next_action_follows_the_loop(model: nn.Module) -> None:
    step = stepped(model)
    for action in ACTIONS * 9:
        assert step.next_action() == action
        step.take(action)
    assert len(step.states) == MAX_STATES
    assert step.states[-1].number == 45


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lr": math.nan}, "learning rate: nan"),
        ({"lr": -1}, "learning rate: -1"),
        ({"lr": 1e30}, "learning rate: 1e\\+30"),
        ({"momentum": 1}, "momentum: 1"),
        ({"momentum": math.nan}, "momentum: nan"),
        ({"optimiser": "nesterov", "momentum": 0}, "Nesterov"),
        ({"optimiser": "lion"}, "'lion'"),
        ({"loss": "hinge"}, "'hinge'"),
    ],
)
def test_settings_are_checked(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StepSettings(**given)  # type: ignore[arg-type]


def test_freezing_what_is_not_there_is_refused(model: nn.Module) -> None:
    with pytest.raises(ValueError, match=r"'fc9\.weight'"):
        stepped(model, settings=StepSettings(frozen=("fc9.weight",)))


# What goes wrong when…


def losses(model: nn.Module, variant: Variant, num_steps: int) -> list[float]:
    points = loss_points(lambda: copy.deepcopy(model), *batch(), variant, num_steps)
    return [point.loss for point in points]


def test_the_usual_curve_is_that_of_a_plain_loop_and_accumulation_another(
    model: nn.Module,
) -> None:
    usual, accumulated, frozen, large = variants(model, StepSettings(lr=0.1))
    found = losses(model, usual, 5)
    step = stepped(model, " ".join(ACTIONS * 6), StepSettings(lr=0.1))
    assert found == [state.loss for state in step.states if state.action == "loss"]
    without = losses(model, accumulated, 5)
    assert without[:2] == found[:2]
    assert without[2:] != found[2:]
    assert "fc3" in frozen.title
    assert losses(model, frozen, 5)[1:] != found[1:]
    assert large.settings.lr == 100


def test_a_curve_ends_at_the_loss_that_is_not_finite(model: nn.Module) -> None:
    large = variants(model, StepSettings(lr=1e6, loss="mse"))[-1]
    found = losses(model, large, 30)
    assert len(found) < 31
    assert [math.isfinite(loss) for loss in found] == [True] * (len(found) - 1) + [False]


def test_a_frozen_experiment_uses_the_layers_that_were_chosen(model: nn.Module) -> None:
    settings = StepSettings(frozen=("fc1.weight",))
    usual, _, frozen, _ = variants(model, settings)
    assert frozen.settings == settings
    assert usual.settings.frozen == ()
