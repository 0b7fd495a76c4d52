"""The lessons' numbers: PyTorch, arithmetic or the worked lecture says what they have to be."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from blitz.backprop.activations import RELU, SIGMOID, UNIT_ACTIVATIONS, Activation
from blitz.backprop.basics import (
    ActivationPoint,
    Equation,
    LineLoss,
    LossPoint,
    Neuron,
    Softmax,
    WeightCheck,
    autograd_slope,
    layer_counts,
    total_count,
)
from blitz.backprop.basics.activations import NOTES
from blitz.backprop.basics.equations import aligned
from blitz.backprop.basics.figures import (
    activation_figure,
    layers_figure,
    line_loss_figure,
    loss_figure,
    neuron_figure,
    softmax_figure,
    weight_check_figure,
)
from blitz.backprop.basics.layers import unit_names
from blitz.backprop.basics.losses import takes_probabilities
from blitz.backprop.editing import read_sizes
from blitz.backprop.losses import (
    BINARY_CROSS_ENTROPY,
    HALF_SQUARED_ERROR,
    LOSSES,
    SOFTMAX_CROSS_ENTROPY,
    Loss,
)
from blitz.backprop.notation import text, text_numbers
from blitz.backprop.symbols import Label

moderate = st.floats(-50, 50, allow_nan=False)
activations = pytest.mark.parametrize("activation", UNIT_ACTIVATIONS, ids=lambda each: each.name)


def check(
    inputs: tuple[float, ...] = (1, 180, 70), lower: float = 6, upper: float = 13
) -> WeightCheck:
    return WeightCheck(
        inputs=inputs, weights=(0.1, 0.03, 0.06), bias=0, lower=lower, upper=upper
    )  # fmt: skip


# A neuron


def test_the_neuron_is_the_sigmoid_of_2x_plus_1() -> None:
    neuron = Neuron(x=1)
    assert neuron.linear().value == 3
    assert f"{neuron.output().value:.9f}" == "0.952574127"  # 1 / (1 + e⁻³)
    assert neuron.linear().lines() == ("w \\times x + b", "2 \\times 1 + 1", "3")
    assert text(neuron.output_of_x()) == "1 / (1 + exp(−(2 · x + 1)))"


@given(x=moderate, weight=moderate, bias=moderate)
def test_both_parts_in_one_have_the_neurons_value(x: float, weight: float, bias: float) -> None:
    for activation in UNIT_ACTIVATIONS:
        neuron = Neuron(x=x, weight=weight, bias=bias, activation=activation)
        assert neuron.output_of_x().value == neuron.output().value
        linear, output = neuron.curves(np.array([x]))
        assert linear[0] == neuron.linear().value
        assert math.isclose(output[0], neuron.output().value, rel_tol=1e-12)


def test_a_line_is_written_once_where_symbols_and_numbers_are_the_same() -> None:
    one = Equation(Label("a", "a", "a"), 1)
    assert one.lines() == ("1",)
    assert aligned(one).count("&=") == 1


@pytest.mark.parametrize("given", [None, math.nan, math.inf, 1e308, "two", True])
def test_what_is_no_moderate_number_is_told_by_name(given: object) -> None:
    with pytest.raises(ValueError, match=r"^w: .+; expected ") as told:
        Neuron(x=1, weight=given)  # type: ignore[arg-type]
    assert "inf" not in str(told.value)
    assert "nan" not in str(told.value)
    assert "\n" not in str(told.value)


# The weight check


def test_the_weights_of_the_lecture_give_9_7_which_is_normal() -> None:
    assert [text_numbers(product) for product in check().products()] == [
        "0.1 · 1", "0.03 · 180", "0.06 · 70",
    ]  # fmt: skip
    assert text_numbers(check().sum_of_products()) == "0.1 + 5.4 + 4.2 + 0"
    assert check().result().value == pytest.approx(9.7, abs=1e-12)
    assert check().is_normal


def test_the_ends_of_the_interval_are_outside() -> None:
    at_end = WeightCheck(inputs=[2], weights=[3], bias=0, lower=0, upper=6)
    assert not at_end.is_normal
    assert not WeightCheck(inputs=[2], weights=[3], bias=0, lower=6, upper=9).is_normal
    assert WeightCheck(inputs=[2], weights=[3], bias=0, lower=5, upper=7).is_normal


def test_a_heavier_person_is_not_normal() -> None:
    assert not check((1, 180, 130)).is_normal  # 0.1 + 5.4 + 7.8 = 13.3


@pytest.mark.parametrize(("lower", "upper"), [(13.0, 6.0), (6.0, 6.0)])
def test_an_interval_without_inside_is_told(lower: float, upper: float) -> None:
    with pytest.raises(ValueError, match=r"interval: .* lower end below"):
        check(lower=lower, upper=upper)


def test_a_missing_input_is_told_by_name() -> None:
    with pytest.raises(ValueError, match="x2: nothing was given"):
        check((1, math.nan, 70))
    with pytest.raises(ValueError, match="weights: 3 for 2 inputs"):
        check((1, 70))


# Activations


@activations
@given(linear=st.one_of(st.just(0.0), moderate))
def test_the_formula_of_each_derivative_is_what_autograd_finds(
    activation: Activation, linear: float
) -> None:
    point = ActivationPoint(activation=activation, linear=linear)
    assert point.slope().value == pytest.approx(autograd_slope(point), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("activation", "module"),
    list(
        zip(
            UNIT_ACTIVATIONS,
            (nn.Sigmoid(), nn.Tanh(), nn.ReLU(), nn.LeakyReLU(), nn.Identity()),
            strict=True,
        )
    ),
    ids=lambda each: getattr(each, "name", ""),
)
def test_curves_are_pytorchs(activation: Activation, module: nn.Module) -> None:
    linear = torch.linspace(-6, 6, 49, dtype=torch.float64, requires_grad=True)
    output = module(linear)
    [slope] = torch.autograd.grad(output.sum(), linear)
    at = linear.detach().numpy()
    values, slopes = ActivationPoint(activation=activation, linear=0).curves(at)
    np.testing.assert_allclose(values, output.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(slopes, slope.numpy(), rtol=1e-9, atol=1e-15)


def test_what_the_notes_say_of_flat_places_is_true() -> None:
    def slope(name: str, linear: float) -> float:
        [activation] = [each for each in UNIT_ACTIVATIONS if each.name == name]
        return autograd_slope(ActivationPoint(activation=activation, linear=linear))

    assert set(NOTES) == {each.name for each in UNIT_ACTIVATIONS}
    assert slope("sigmoid", 5) < 0.007
    assert slope("sigmoid", 0) == 0.25
    assert slope("tanh", 3) < 0.01
    assert slope("tanh", 0) == 1
    assert slope("ReLU", 0) == 0
    assert slope("leaky ReLU", 0) == 0.01


@given(linear=st.lists(moderate, min_size=2, max_size=8))
def test_softmax_is_pytorchs_and_sums_to_1(linear: list[float]) -> None:
    softmax = Softmax(linear)
    expected = torch.tensor(linear, dtype=torch.float64).softmax(0).tolist()
    assert [output.value for output in softmax.outputs()] == pytest.approx(expected, rel=1e-12)
    assert softmax.total().value == pytest.approx(1, abs=1e-12)


def test_softmax_takes_linear_parts_of_any_allowed_size() -> None:
    assert [output.value for output in Softmax([1e6, -1e6]).outputs()] == [1, 0]
    with pytest.raises(ValueError, match="l2: nothing was given"):
        Softmax([1, math.nan])
    with pytest.raises(ValueError, match="units: 1 were given"):
        Softmax([1])


# Losses

PYTORCH_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "half squared error": lambda o, t: F.mse_loss(o, t) / 2,
    "mean squared error": F.mse_loss,
    "absolute error": F.l1_loss,
    "binary cross-entropy": F.binary_cross_entropy,
    "softmax cross-entropy": lambda o, t: -t * o.log(),
}


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@given(target=st.floats(0, 1), output=st.floats(0.01, 0.99))
def test_each_loss_and_its_slope_are_pytorchs(loss: Loss, target: float, output: float) -> None:
    given_output = torch.tensor(output, dtype=torch.float64, requires_grad=True)
    error = PYTORCH_LOSSES[loss.name](given_output, torch.tensor(target, dtype=torch.float64))
    [slope] = torch.autograd.grad(error, given_output)
    point = LossPoint(loss=loss, target=target, output=output)
    assert point.error().value == pytest.approx(error.item(), rel=1e-9, abs=1e-12)
    assert point.slope().value == pytest.approx(slope.item(), rel=1e-9, abs=1e-12)
    assert point.curve(np.array([output]))[0] == pytest.approx(error.item(), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("loss", [BINARY_CROSS_ENTROPY, SOFTMAX_CROSS_ENTROPY])
def test_cross_entropies_take_probabilities(loss: Loss) -> None:
    assert takes_probabilities(loss)
    for output in (0, 1, -0.5):
        with pytest.raises(ValueError, match=r"output: .* between 0 and 1"):
            LossPoint(loss=loss, target=1, output=output)
    with pytest.raises(ValueError, match=r"target: 1\.5 was given"):
        LossPoint(loss=loss, target=1.5, output=0.5)


def test_other_losses_take_any_number() -> None:
    assert LossPoint(loss=HALF_SQUARED_ERROR, target=2, output=-2).error().value == 8


def test_the_loss_of_a_line_is_the_sum_of_vertical_distances() -> None:
    line = LineLoss(points=[(0, 1.5), (1, 2.5), (2, 5.5), (3, 6.5)], weight=1, bias=1)
    assert [term.value for term in line.terms()] == [0.5, 0.5, 2.5, 2.5]
    assert line.total().value == 6
    assert text(line.terms()[0].right) == "|w · x1 + b − y1|"


@given(st.lists(st.tuples(moderate, moderate), min_size=1, max_size=20), moderate, moderate)
def test_the_loss_of_a_line_is_pytorchs(
    points: list[tuple[float, float]], weight: float, bias: float
) -> None:
    x, y = torch.tensor(points, dtype=torch.float64).T
    expected = F.l1_loss(weight * x + bias, y, reduction="sum").item()
    line = LineLoss(points=points, weight=weight, bias=bias)
    assert line.total().value == pytest.approx(expected, rel=1e-12, abs=1e-9)


def test_points_that_cannot_be_used_are_told() -> None:
    with pytest.raises(ValueError, match="y in row 2: nothing was given"):
        LineLoss(points=[(1, 2), (3, math.nan)], weight=1, bias=1)
    with pytest.raises(ValueError, match="points: 0 were given"):
        LineLoss(points=[], weight=1, bias=1)


# Layers


@given(st.lists(st.integers(1, 8), min_size=2, max_size=6))
def test_a_network_has_as_many_parameters_as_pytorchs(sizes: list[int]) -> None:
    modules = [nn.Linear(before, after) for before, after in pairwise(sizes)]
    counts = [sum(p.numel() for p in module.parameters()) for module in modules]
    assert [count.parameters().value for count in layer_counts(sizes)] == counts
    assert total_count(sizes).value == sum(counts)
    assert read_sizes("-".join(map(str, sizes))) == tuple(sizes)
    assert [len(names) for names in unit_names(sizes)] == sizes


def test_the_count_is_written_as_arithmetic() -> None:
    hidden, output = layer_counts((3, 4, 2))
    assert (hidden.name, text(hidden.parameters())) == ("hidden layer", "3 · 4 + 4")
    assert (output.name, text(output.parameters())) == ("output layer", "4 · 2 + 2")
    assert total_count((784, 512, 512, 10)).value == 669_706  # the notes' MLP for Fashion-MNIST


def test_sizes_may_be_separated_by_commas_spaces_and_dashes() -> None:
    assert read_sizes(" 3, 4 2 ") == read_sizes("3–4→2") == (3, 4, 2)


@pytest.mark.parametrize(
    "given", ["", " ", "3", "3-9", "0-2", "3-four", "-3-2", "2.5-1", "1-1-1-1-1-1-1", "9" * 500]
)
def test_sizes_that_are_none_are_told_in_a_short_line(given: str) -> None:
    with pytest.raises(ValueError, match=r"^sizes: ") as told:
        read_sizes(given)
    assert len(str(told.value)) < 100


# Figures


@activations
@given(number=st.floats(-1e6, 1e6))
def test_the_point_lies_on_the_curve(activation: Activation, number: float) -> None:
    neuron = Neuron(x=number, weight=-number, bias=number, activation=activation)
    _, _, _, point = neuron_figure(neuron).data
    assert (point.x[0], point.y[0]) == (number, neuron.output().value)


def test_the_tangent_touches_the_curve_with_the_slope() -> None:
    point = ActivationPoint(activation=SIGMOID, linear=1)
    _, _, tangent, *_ = activation_figure(point).data
    rise = (tangent.y[1] - tangent.y[0]) / (tangent.x[1] - tangent.x[0])
    assert rise == pytest.approx(0.196611933, abs=1e-9)
    assert tangent.y.mean() == pytest.approx(1 / (1 + math.exp(-1)))


def test_a_derivative_that_jumps_is_drawn_with_a_gap() -> None:
    _, derivative, *_ = activation_figure(ActivationPoint(activation=RELU, linear=1)).data
    assert derivative.x[np.isnan(derivative.y)].tolist() == [0]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_the_curve_of_a_loss_is_finite(loss: Loss) -> None:
    curve, *_ = loss_figure(LossPoint(loss=loss, target=1, output=0.5)).data
    assert np.isfinite(curve.y).all()


def test_products_are_drawn_end_to_end() -> None:
    bars, result = weight_check_figure(check(), ("sex", "height", "weight")).data
    assert bars.base.tolist() == pytest.approx([0, 0.1, 5.5, 9.7])
    assert result.x[0] == pytest.approx(9.7)
    assert result.marker.symbol == "circle"


def test_a_line_of_a_weight_is_drawn_for_each_weight() -> None:
    traces = layers_figure((3, 4, 2)).data
    lines = [int(np.isnan(trace.x).sum()) for trace in traces if trace.mode == "lines"]
    assert lines == [12, 8]
    assert [list(trace.text) for trace in traces if trace.text is not None] == [
        ["i1", "i2", "i3"], ["h1", "h2", "h3", "h4"], ["o1", "o2"],
    ]  # fmt: skip


def test_distances_are_drawn_from_points_to_the_line() -> None:
    _, distances, _ = line_loss_figure(LineLoss(points=[(2, 9)], weight=1, bias=1)).data
    assert distances.x[:2].tolist() == [2, 2]
    assert distances.y[:2].tolist() == [9, 3]


def test_bars_of_softmax_are_its_values() -> None:
    [bars] = softmax_figure(Softmax([0, math.log(3)])).data
    assert list(bars.x) == pytest.approx([0.25, 0.75])
