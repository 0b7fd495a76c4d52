"""The steps of a forward pass, against PyTorch's own answers."""

import copy
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from blitz.models import MODELS
from blitz.network import timing
from blitz.network.flow import run_flow, with_probabilities
from blitz.network.plan import NetworkPlan, build
from blitz.network.records import INPUT, Flow
from blitz.network.timing import SHORT_SECONDS, flow_times, threads_for


def net(model: str = "net", channels: int = 1, image_size: int = 32) -> nn.Module:
    return build(NetworkPlan(model=model, channels=channels, image_size=image_size, num_classes=10))


def names(flow: Flow) -> list[str]:
    return [step.name for step in flow.steps]


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    return net("resnet18", 3, 64)


@pytest.fixture(scope="module")
def resnet_flow(resnet: nn.Module) -> Flow:
    return run_flow(resnet, torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)))


def test_the_steps_of_net_are_those_of_its_forward_with_the_shapes_of_the_lecture() -> None:
    flow = run_flow(net(), torch.randn(1, 1, 32, 32))
    assert [(step.name, step.output_shape[1:]) for step in flow.steps] == [
        ("conv1", (6, 28, 28)),
        ("relu", (6, 28, 28)),
        ("max_pool2d", (6, 14, 14)),
        ("conv2", (16, 10, 10)),
        ("relu", (16, 10, 10)),
        ("max_pool2d", (16, 5, 5)),
        ("flatten", (400,)),
        ("fc1", (120,)),
        ("relu", (120,)),
        ("fc2", (84,)),
        ("relu", (84,)),
        ("fc3", (10,)),
    ]
    assert [step.sources for step in flow.steps] == [(i - 1,) for i in range(12)]
    assert flow.steps[0].sources == (INPUT,)


def test_net3x3_ends_its_convolutions_with_576_values() -> None:
    flow = run_flow(net("net3x3"), torch.randn(1, 1, 32, 32))
    assert flow.steps[6].output_shape == (1, 576)
    assert flow.steps[0].parameters[0].shape == (6, 1, 3, 3)


def test_the_mlp_goes_from_784_to_512_to_512_to_10_on_three_images() -> None:
    flow = run_flow(net("mlp", 1, 28), torch.rand(3, 1, 28, 28))
    assert [step.operation for step in flow.steps] == [
        "Flatten", "Linear", "ReLU", "Linear", "ReLU", "Linear",
    ]  # fmt: skip
    assert [step.output_shape for step in flow.steps] == [
        (3, 784), (3, 512), (3, 512), (3, 512), (3, 512), (3, 10),
    ]  # fmt: skip
    assert flow.steps[1].within == "linear_relu_stack"
    assert sum(step.num_parameters for step in flow.steps) == 669_706


@pytest.mark.parametrize(
    ("model", "channels", "expected"), [("net", 1, 61_706), ("net", 3, 62_006), ("mlp", 1, 669_706)]
)
def test_the_steps_have_all_parameters_of_the_lecture(
    model: str, channels: int, expected: int
) -> None:
    size = 28 if model == "mlp" else 32
    flow = run_flow(net(model, channels, size), torch.randn(1, channels, size, size))
    assert sum(step.num_parameters for step in flow.steps) == expected


@pytest.mark.parametrize("name", MODELS)
def test_what_comes_out_is_what_the_model_returns_and_multiply_adds_are_pytorchs(
    name: str,
) -> None:
    model = net(name, 3, 64)
    images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    flow = run_flow(model, images)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        expected = model(images)
    assert torch.equal(flow.output, expected)
    assert torch.equal(flow.input, images)
    counted = sum(step.layer.multiply_adds or 0 for step in flow.steps)
    assert 2 * counted == counter.get_total_flops()


def test_each_step_of_a_resnet_is_what_its_module_makes_of_what_went_in(
    resnet: nn.Module, resnet_flow: Flow
) -> None:
    modules = dict(resnet.named_modules())
    num_modules = 0
    for step in resnet_flow.steps:
        if step.module:
            with torch.no_grad():
                expected = modules[step.module](step.layer.inputs[0].clone())
            assert torch.equal(step.output, expected), step.name
            num_modules += 1
    assert num_modules == 20 + 20 + 17 + 1 + 1 + 1  # conv, norm, relu, two pools, linear


def test_residual_branches_come_together_in_additions(resnet_flow: Flow) -> None:
    steps = resnet_flow.steps
    sums = [step for step in steps if step.operation == "add"]
    assert len(sums) == 8
    for step in sums:
        left, right = (steps[source] for source in step.sources)
        assert torch.equal(step.output, left.output + right.output)
        assert torch.equal(step.layer.inputs[0], left.output)
        assert left.name.endswith("bn2")
        is_shortcut = right.name.endswith("downsample.1")
        assert is_shortcut or right.name in ("maxpool", *(s.name for s in steps if s.use == 2))


def test_a_module_called_twice_is_two_steps(resnet_flow: Flow) -> None:
    uses = [step.use for step in resnet_flow.steps if step.name == "layer1.0.relu"]
    assert uses == [1, 2]


class Branches(nn.Module):
    """Functions, methods, operators and one module twice in a row."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = nn.Linear(4, 4)
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, x: Tensor) -> Tensor:
        x = self.twice(self.twice(x))
        y = F.linear(x, self.twice.weight)
        left, right = (x + y).chunk(2, dim=1)
        view = left[:, :1]
        view += 10
        return torch.cat([left * self.scale, right.sigmoid()], dim=1)


def test_functions_methods_operators_and_views_are_steps_with_the_values_of_their_time() -> None:
    model = Branches().eval()
    x = torch.arange(4.0).reshape(1, 4)
    flow = run_flow(model, x)
    assert names(flow) == [
        "twice", "twice", "linear", "add", "chunk", "getitem", "add", "mul", "sigmoid", "cat",
    ]  # fmt: skip
    assert [step.use for step in flow.steps[:2]] == [1, 2]
    assert [each.name for each in flow.steps[2].parameters] == ["twice.weight"]
    assert [each.name for each in flow.steps[7].parameters] == ["scale"]
    with torch.no_grad():
        assert torch.equal(flow.output, model(x))
        # The view's change is in what is multiplied, though `left` was made before it.
        left = flow.steps[7].layer.inputs[0]
        assert torch.equal(left, flow.steps[4].output + torch.tensor([[10.0, 0.0]]))


def test_a_model_is_left_as_it_was(resnet: nn.Module) -> None:
    before = {name: tensor.clone() for name, tensor in resnet.state_dict().items()}
    hooks = [len(module._forward_hooks) for module in resnet.modules()]
    run_flow(resnet, torch.randn(1, 3, 64, 64))
    assert all(torch.equal(tensor, before[name]) for name, tensor in resnet.state_dict().items())
    assert [len(module._forward_hooks) for module in resnet.modules()] == hooks
    assert not any(module.training for module in resnet.modules())


def test_one_model_runs_in_many_threads_and_is_copied_meanwhile(resnet: nn.Module) -> None:
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected = resnet(images)
    with ThreadPoolExecutor(4) as pool:
        flows = [pool.submit(run_flow, resnet, images) for _ in range(6)]
        copies = [pool.submit(copy.deepcopy, resnet) for _ in range(6)]
    for flow in flows:
        assert torch.allclose(flow.result().output, expected, atol=1e-5)
        assert len(flow.result().steps) == 69
    for found in copies:
        assert not any(module._forward_hooks for module in found.result().modules())


class Counting(nn.Module):
    """Notes with how many threads it is run, and how often."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[int] = []

    def __deepcopy__(self, _: object) -> "Counting":
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.threads.append(torch.get_num_threads())
        return x + 1


def test_a_pass_counts_what_it_keeps_in_memory() -> None:
    flow = run_flow(nn.Linear(3, 2).eval(), torch.zeros(1, 3))
    assert flow.num_bytes == 4 * (3 + 2 + (3 * 2 + 2))


def test_known_times_are_taken_for_those_of_another_input() -> None:
    model = Counting().eval()
    times = flow_times(model, torch.zeros(2))
    assert len(times.steps) == 1
    assert times.whole > 0
    before = len(model.threads)
    flow = run_flow(model, torch.ones(2), times)
    assert len(model.threads) == before + 1
    assert (flow.seconds, flow.steps[0].seconds) == (times.whole, times.steps[0])
    assert flow.output.tolist() == [2.0, 2.0]


def test_a_short_pass_leaves_the_other_cores_alone_and_a_long_one_has_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timing, "USUAL_THREADS", 3)
    usual = torch.get_num_threads()
    model = Counting().eval()
    try:
        run_flow(model, torch.zeros(2))
        assert torch.get_num_threads() == 3
        with threads_for(SHORT_SECONDS):
            assert torch.get_num_threads() == 3
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(usual)
    assert (model.threads[0], model.threads[-1]) == (1, 1)


def test_a_thread_begun_during_a_short_pass_takes_no_threads_from_later_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timing, "USUAL_THREADS", 3)
    usual = torch.get_num_threads()
    is_within, is_begun = Event(), Event()

    def short_pass() -> None:
        with threads_for(0.0):
            is_within.set()
            is_begun.wait()

    def pass_of_another() -> None:
        is_within.wait()
        torch.get_num_threads()  # from now on this thread has a number of its own
        is_begun.set()
        first.result()
        run_flow(net(), torch.zeros(1, 1, 32, 32))

    try:
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(short_pass)
            pool.submit(pass_of_another).result()
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == 3
    finally:
        torch.set_num_threads(usual)


def test_frozen_layers_are_told() -> None:
    flow = run_flow(net("resnet18-frozen", 3, 32), torch.randn(1, 3, 32, 32))
    frozen = {each.name: each.is_frozen for step in flow.steps for each in step.parameters}
    assert {name for name, is_frozen in frozen.items() if not is_frozen} == {
        "fc.weight", "fc.bias",
    }  # fmt: skip


def test_what_a_model_refuses_is_told_in_one_line() -> None:
    with pytest.raises(
        ValueError, match=r"input: \[1, 3, 32, 32\] was refused: .*channels"
    ) as told:
        run_flow(net(), torch.randn(1, 3, 32, 32))
    assert "\n" not in str(told.value)
    model = net().train()
    with pytest.raises(ValueError, match="training mode"):
        run_flow(model, torch.randn(1, 1, 32, 32))


def test_probabilities_add_up_to_one_and_are_softmax_of_the_logits() -> None:
    flow = run_flow(net(), torch.randn(2, 1, 32, 32))
    longer = with_probabilities(flow)
    assert len(longer.steps) == len(flow.steps) + 1
    assert torch.equal(longer.output, flow.output.softmax(1))
    assert longer.output.sum(1).tolist() == pytest.approx([1.0, 1.0])
    assert longer.steps[-1].sources == (11,)


def test_random_weights_of_a_seed_are_those_that_a_program_gets_with_it() -> None:
    from blitz.models import Net

    state = torch.get_rng_state()
    built = build(NetworkPlan(model="net", channels=1, image_size=32, num_classes=10, seed=7))
    assert torch.equal(torch.get_rng_state(), state)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        expected = Net()
    for ours, theirs in zip(built.parameters(), expected.parameters(), strict=True):
        assert torch.equal(ours, theirs)
