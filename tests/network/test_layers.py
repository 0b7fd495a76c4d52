"""The arithmetic of single outputs, equal to what PyTorch computed."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from blitz.network.flow import run_flow, with_probabilities
from blitz.network.layers import Layer, read_layer
from blitz.network.layers.convolution import Convolution
from blitz.network.layers.pooling import AdaptivePooling, MaxPooling, MeanPooling
from blitz.network.layers.reshaping import Reshaping
from blitz.network.plan import NetworkPlan, build


def positions(layer: Layer, num: int = 12) -> list[tuple[int, ...]]:
    """Some elements of an output: the first, the last and others by chance."""
    shape = tuple(layer.output.shape)
    generator = torch.Generator().manual_seed(0)
    chance = [
        tuple(int(torch.randint(size, (), generator=generator)) for size in shape)
        for _ in range(num)
    ]
    return [(0,) * len(shape), tuple(size - 1 for size in shape), *chance]


def check_all(layer: Layer) -> None:
    for position in positions(layer):
        arithmetic = layer.explain(position)
        assert arithmetic is not None
        expected = float(layer.output[position])
        assert arithmetic.value == expected
        scale = max(1.0, *(float(abs(w.products).sum()) for w in arithmetic.windows), 1.0)
        assert arithmetic.computed == pytest.approx(expected, abs=2e-6 * scale, rel=1e-5)
        assert arithmetic.agrees


@pytest.mark.parametrize(
    ("model", "channels", "size"), [("net", 1, 32), ("net3x3", 3, 32), ("mlp", 1, 28),
                                    ("resnet18", 3, 64)],
)  # fmt: skip
def test_every_output_of_every_model_is_what_its_arithmetic_says(
    model: str, channels: int, size: int
) -> None:
    network = build(NetworkPlan(model=model, channels=channels, image_size=size, num_classes=10))
    images = torch.randn(2, channels, size, size, generator=torch.Generator().manual_seed(3))
    for step in with_probabilities(run_flow(network, images)).steps:
        check_all(step.layer)


@given(
    groups=st.sampled_from([1, 2]),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 2),
    has_bias=st.booleans(),
)
def test_convolutions_of_every_form(
    groups: int, kernel: int, stride: int, padding: int, dilation: int, has_bias: bool
) -> None:
    module = nn.Conv2d(
        4, 6, kernel, stride, padding, dilation=dilation, groups=groups, bias=has_bias
    ).eval()
    [step] = run_flow(module, torch.randn(1, 4, 9, 8)).steps
    assert isinstance(step.layer, Convolution)
    check_all(step.layer)
    _, _, rows, columns = step.output_shape
    # Each line of the formulas ends with the size that it explains.
    assert [line.rpartition("= ")[2] for line in step.layer.sizes] == [
        "6", str(rows), str(columns), str(sum(p.numel() for p in module.parameters())),
    ]  # fmt: skip


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_padding_by_name(padding: str) -> None:
    x, weight = torch.randn(1, 2, 7, 7), torch.randn(3, 2, 3, 3)
    layer = read_layer(
        "conv2d", [x, weight, None, 1, padding], {}, F.conv2d(x, weight, None, 1, padding)
    )
    check_all(layer)


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        (nn.MaxPool2d(3, 2, 1), MaxPooling),
        (nn.MaxPool2d(2), MaxPooling),
        (nn.AvgPool2d(3, 2, 1), MeanPooling),
        (nn.AvgPool2d(3, 2, 1, count_include_pad=False), MeanPooling),
        (nn.AdaptiveAvgPool2d((3, 2)), AdaptivePooling),
    ],
)
def test_pooling_of_every_form(module: nn.Module, kind: type[Layer]) -> None:
    [step] = run_flow(module.eval(), torch.randn(1, 3, 9, 8)).steps
    assert isinstance(step.layer, kind)
    check_all(step.layer)


def test_batch_normalisation_with_statistics_of_its_own_agrees_though_its_terms_cancel() -> None:
    module = nn.BatchNorm2d(4).eval()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for tensor in (module.running_mean, module.weight, module.bias):
            assert tensor is not None
            tensor.copy_(torch.randn(4, generator=generator) * 5)
        assert module.running_var is not None
        module.running_var.copy_(torch.rand(4, generator=generator))
    [step] = run_flow(module, torch.randn(1, 4, 20, 20, generator=generator) * 5).steps
    found = [
        step.layer.explain((0, c, y, x)) for c in range(4) for y in range(20) for x in range(20)
    ]
    assert all(each is not None and each.agrees for each in found)


def test_a_wrong_value_does_not_agree() -> None:
    logits = torch.tensor([[20.0, 0.0]])
    right = logits.softmax(1)
    wrong = right.clone()
    wrong[0, 1] *= 1.001  # of a probability of 2·10⁻⁹
    for output, agrees in ((right, True), (wrong, False)):
        arithmetic = read_layer("softmax", [logits], {"dim": 1}, output).explain((0, 1))
        assert arithmetic is not None
        assert arithmetic.agrees == agrees


def test_the_winner_of_a_window_is_the_element_that_pytorch_passes_the_gradient_to() -> None:
    x = torch.randn(1, 1, 6, 6, requires_grad=True)
    out = F.max_pool2d(x, 2)
    [step] = run_flow(nn.MaxPool2d(2).eval(), x.detach()).steps
    for position in positions(step.layer):
        (gradient,) = torch.autograd.grad(out[position], x, retain_graph=True)
        arithmetic = step.layer.explain(position)
        assert arithmetic is not None
        [window], [region] = arithmetic.windows, arithmetic.regions
        assert window.winner is not None
        place = region.rows[0] + window.winner[0], region.columns[0] + window.winner[1]
        assert gradient[0, 0][place] == 1


@pytest.mark.parametrize("channel", [0, 2])
def test_the_region_of_an_output_is_where_its_gradient_is(channel: int) -> None:
    module = nn.Conv2d(2, 3, 3, stride=2, padding=1).eval()
    x = torch.randn(1, 2, 8, 8, requires_grad=True)
    [step] = run_flow(module, x.detach()).steps
    position = (0, channel, 2, 3)
    (gradient,) = torch.autograd.grad(module(x)[position], x)
    arithmetic = step.layer.explain(position)
    assert arithmetic is not None
    [region] = arithmetic.regions
    found = gradient[0].nonzero()
    assert tuple(found.min(0).values.tolist()) == (
        region.channels[0], region.rows[0], region.columns[0],
    )  # fmt: skip
    assert tuple((found.max(0).values + 1).tolist()) == (
        region.channels[1], region.rows[1], region.columns[1],
    )  # fmt: skip


def test_flattening_keeps_elements_in_the_order_of_channels_rows_and_columns() -> None:
    x = torch.arange(2 * 3 * 4.0).reshape(1, 2, 3, 4)
    [step] = run_flow(nn.Flatten().eval(), x).steps
    assert isinstance(step.layer, Reshaping)
    for place in range(24):
        assert x[step.layer.source((0, place))] == place
    arithmetic = step.layer.explain((0, 17))
    assert arithmetic is not None
    # 17 = channel 1 · 12 + row 1 · 4 + column 1
    assert r"1 \cdot 12 + 1 \cdot 4 + 1 = 17" in arithmetic.formula


def test_nan_stays_nan_and_infinity_infinity() -> None:
    x = torch.tensor([[math.nan, math.inf, -math.inf, -1.0]])
    [step] = run_flow(nn.ReLU().eval(), x).steps
    values = [step.layer.explain((0, place)) for place in range(4)]
    assert [str(each.computed) for each in values if each] == ["nan", "inf", "0.0", "0.0"]
    assert all(each.agrees for each in values if each)
    linear = nn.Linear(4, 2).eval()
    [step] = run_flow(linear, x).steps
    arithmetic = step.layer.explain((0, 1))
    assert arithmetic is not None
    assert arithmetic.agrees
    assert r"\text{NaN}" in arithmetic.substituted
    image = torch.zeros(1, 1, 2, 2)
    image[0, 0, 1, 0] = math.nan
    [step] = run_flow(nn.MaxPool2d(2).eval(), image).steps
    arithmetic = step.layer.explain((0, 0, 0, 0))
    assert arithmetic is not None
    assert arithmetic.agrees


def test_softmax_of_large_logits_does_not_overflow() -> None:
    logits = torch.tensor([[1000.0, 999.0, 0.0]])
    layer = read_layer("softmax", [logits], {"dim": 1}, logits.softmax(1))
    check_all(layer)


@pytest.mark.parametrize("position", [(0, 0, 0), (0, 6, 0, 0), (0, 0, -1, 0), (0, 0, 0, 28)])
def test_an_element_that_is_not_there_is_refused(position: tuple[int, ...]) -> None:
    [step] = run_flow(nn.Conv2d(1, 6, 5).eval(), torch.randn(1, 1, 32, 32)).steps
    with pytest.raises(ValueError, match=r"position: .* was given; the output is \[1, 6, 28, 28\]"):
        step.layer.explain(position)


def test_unknown_operations_and_forms_are_plain_layers() -> None:
    def layer_of(module: nn.Module, x: Tensor) -> Layer:
        [step] = run_flow(module.eval(), x).steps
        return step.layer

    for module in (nn.Tanh(), nn.MaxPool2d(2, ceil_mode=True), nn.MaxPool2d(2, dilation=2)):
        found = layer_of(module, torch.randn(1, 2, 5, 5))
        assert type(found) is Layer
        assert found.explain((0,) * found.output.ndim) is None
        assert found.multiply_adds is None
