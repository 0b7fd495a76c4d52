"""Paths, thinning, sizes of gradients, and the charts of them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blitz.backprop.curves.figures import (
    MAX_LINES,
    MAX_POINTS,
    MAX_TARGETS,
    error_figure,
    gradients_figure,
    parameters_figure,
    surface_figure,
)
from blitz.backprop.curves.gradients import gradient_sizes
from blitz.backprop.curves.paths import (
    Path,
    burst_at,
    exploded,
    most_moved,
    path_of,
    thin,
    visible_path,
)
from blitz.backprop.curves.surface import error_surface
from blitz.backprop.scenario import Scenario
from tests.backprop.networks import WORKED, TorchNetwork, five_layers, one_unit, scenarios

# E = w² / 2 with a learning rate of 3: each w is −2 times the one before
EXPLODING = replace(one_unit(1.0, 0.0), learning_rate=3.0, update_biases=False)
WAY = Path(
    updates=np.arange(3),
    values=np.array([[0.0, 5.0, 1.0, 1.0], [9.0, 5.5, -1.0, 1.0], [1.0, 6.0, 1.0, 1.0]]),
)


# Paths


@pytest.mark.parametrize("updates", [0, 1, 2_000, 2_001, 9_999])
def test_a_path_begins_at_the_start_and_ends_at_the_last_update(updates: int) -> None:
    history = WORKED.run(updates)
    path = path_of(history)
    assert (path.updates[0], path.updates[-1]) == (0, updates)
    assert (np.diff(path.updates) > 0).all()
    middle = len(path.updates) // 2
    for place in (0, middle, -1):
        expected = history.parameters_at(int(path.updates[place]))
        assert path.values[place].tolist() == expected.tolist()


def test_a_run_that_ends_early_keeps_each_of_its_updates() -> None:
    history = EXPLODING.run(100_000)
    assert history.num_updates < 2_000
    assert path_of(history).updates.tolist() == list(range(history.num_updates + 1))


def test_only_of_an_exploding_run_the_path_ends_before_its_end() -> None:
    calm, wild = WORKED.run(50), EXPLODING.run(50)
    # Each w is −1.1 times the one before, each error 1.21 times: 13,781 times after 50 updates
    growing = replace(EXPLODING, learning_rate=2.1).run(50)
    assert [exploded(run) for run in (calm, growing, wild)] == [False, False, True]
    assert visible_path(calm, 3).updates[-1] == 50
    assert visible_path(wild, 3).values[:, 0].tolist() == [1, -2, 4, -8]
    assert burst_at(wild) == 10  # 4¹⁰ is the first power of 4 beyond a million


def test_the_axis_of_errors_ends_with_64_bit_numbers() -> None:
    growing = EXPLODING.run(5_000)
    assert growing.errors[-1] > 1e307
    axis = error_figure({"wild": growing}, 0).layout.yaxis
    assert axis.range[1] > 308.2  # log10 of the largest
    assert max(axis.tickvals) == 1e300


def test_most_moved_is_by_the_width_of_the_way_not_by_its_end() -> None:
    assert most_moved(WAY, range(4), 2) == [0, 2]
    assert most_moved(WAY, [1, 3], 2) == [1, 3]


def test_where_nothing_moved_the_first_come_first() -> None:
    still = Path(updates=WAY.updates, values=np.ones((3, 4)))
    assert most_moved(still, range(4), 2) == [0, 1]


# Thinning


@given(
    values=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=400),
    max_points=st.integers(10, 100),
)
def test_thinning_keeps_both_ends_and_both_extremes(values: list[float], max_points: int) -> None:
    array = np.array(values)
    kept = thin(array, max_points)
    assert len(kept) <= max(max_points, 1)
    assert (np.diff(kept) > 0).all()
    assert (kept[0], kept[-1]) == (0, len(array) - 1)
    assert (array[kept].min(), array[kept].max()) == (array.min(), array.max())
    if len(array) <= max_points:
        assert kept.tolist() == list(range(len(array)))


# Gradients


@settings(max_examples=60)
@given(scenario=scenarios())
def test_sizes_of_gradients_are_means_of_what_torch_finds(scenario: Scenario) -> None:
    network = TorchNetwork(scenario)
    network.error().backward()
    sizes = gradient_sizes(scenario.network, scenario.inputs, scenario.targets)
    for size, weights in zip(sizes.tolist(), network.weights, strict=True):
        assert weights.grad is not None
        assert size == pytest.approx(float(weights.grad.abs().mean()), rel=1e-9, abs=1e-15)


def test_gradients_vanish_in_sigmoid_layers_and_not_in_relu_layers() -> None:
    sizes = {
        name: gradient_sizes(scenario.network, scenario.inputs, scenario.targets)
        for name in ("sigmoid", "ReLU")
        for scenario in (five_layers(name, 0.5),)
    }
    assert sizes["sigmoid"][0] < 1e-2 * sizes["sigmoid"][-1]
    assert sizes["ReLU"][0] > 1e-1 * sizes["ReLU"][-1]


# Figures


def traces(figure: Any) -> list[dict[str, Any]]:
    return [trace.to_plotly_json() for trace in figure.data]


def test_the_error_curve_is_thinned_and_has_its_ends() -> None:
    history = WORKED.run(10_000)
    line, targets, shown = traces(error_figure({"": history}, 300))
    assert len(line["x"]) <= MAX_POINTS
    assert (line["x"][0], line["x"][-1]) == (0, 10_000)
    assert (line["y"] == history.errors[line["x"]]).all()
    assert len(targets["x"]) == MAX_TARGETS
    assert (targets["y"] == history.errors[targets["x"]]).all()
    assert (shown["x"], shown["y"]) == ([300], [history.errors[300]])
    assert shown["text"][0].startswith("<b>300</b>: E = 1.21·10⁻⁶")


def test_every_update_of_a_short_run_can_be_clicked() -> None:
    _, targets, _ = traces(error_figure({"": WORKED.run(100)}, 0))
    assert targets["x"].tolist() == list(range(101))


def test_the_error_axis_is_logarithmic_unless_all_errors_are_zero() -> None:
    perfect = one_unit(1.0, 0.0, target=1.0).run(5)
    assert error_figure({"": WORKED.run(5)}, 0).layout.yaxis.type == "log"
    assert error_figure({"": perfect}, 0).layout.yaxis.type == "linear"


def test_a_diverged_end_is_marked() -> None:
    history = EXPLODING.run(5_000)
    [end] = [trace for trace in traces(error_figure({"": history}, 0)) if "diverged" in str(trace)]
    assert end["x"] == [history.num_updates]
    assert not any(
        "diverged" in str(trace) for trace in traces(error_figure({"": WORKED.run(3)}, 0))
    )


def test_another_curve_beside_has_its_name_and_another_colour_and_dash() -> None:
    figure = error_figure({"mine": WORKED.run(5), "other": EXPLODING.run(5)}, 0)
    lines = [trace for trace in traces(figure) if trace["mode"] == "lines"]
    assert [line["name"] for line in lines] == ["mine", "other"]
    assert len({line["line"]["color"] for line in lines}) == 2
    assert len({line["line"]["dash"] for line in lines}) == 2
    assert figure.layout.showlegend


def test_lines_are_those_parameters_that_moved_most_in_order_of_names() -> None:
    numbers = np.random.default_rng(0)
    values = np.cumsum(numbers.normal(size=(50, 30)) * np.arange(30), axis=0)
    names = [f"w{n}" for n in range(30)]
    lines = traces(parameters_figure(names, Path(updates=np.arange(50), values=values), 7))
    widths = {name: np.ptp(column) for name, column in zip(names, values.T, strict=True)}
    widest = sorted(names, key=lambda name: -widths[name])[:MAX_LINES]
    assert [line["name"] for line in lines] == sorted(widest, key=names.index)
    looks = {(line["line"]["color"], line["line"]["dash"]) for line in lines}
    assert len(looks) == MAX_LINES


def test_lines_have_the_values_of_the_path() -> None:
    lines = traces(parameters_figure(["w1", "w2", "w3", "b1"], WAY, 1))
    assert [line["y"].tolist() for line in lines] == WAY.values.T.tolist()


def test_a_surface_of_few_decades_has_its_errors_as_colours() -> None:
    surface = error_surface(WORKED.run(0), 0, "w1", "w2")
    contour, *_, present = traces(surface_figure(surface))
    assert (contour["z"] == surface.errors).all()
    assert (present["x"], present["y"]) == ([0.05], [0.15])


def test_a_surface_of_many_decades_has_powers_of_ten_as_colours_and_errors_on_hover() -> None:
    surface = error_surface(WORKED.run(1_000), 1_000, "w7", "w8")
    contour, *_ = traces(surface_figure(surface))
    power = np.log10(surface.errors)
    six_decades = power > power.max() - 6
    assert np.allclose(contour["z"][six_decades], power[six_decades])
    assert contour["z"].min() >= power.max() - 7
    assert (contour["customdata"] == surface.errors).all()
    assert "%{customdata" in contour["hovertemplate"]
    assert "≤" not in str(contour["colorbar"])  # it has less than seven decades


def test_the_lowest_errors_share_a_colour_and_masked_ones_have_none() -> None:
    surface = error_surface(WORKED.run(0), 0, "w1", "w2", size=3)
    errors = np.array([[0.0, 1e-9, 1.0], [np.nan, 1e-2, 0.1], [0.0, 0.1, 1.0]])
    contour, *_ = traces(surface_figure(replace(surface, errors=errors)))
    assert contour["z"][0].tolist() == [-6, -6, 0]
    assert contour["colorbar"]["ticktext"][0] == "≤ 10<sup>−6</sup>"
    assert np.isnan(contour["z"][1, 0])


@pytest.mark.parametrize("value", [0.0, np.nan, 3.5])
def test_a_flat_surface_is_drawn(value: float) -> None:
    surface = error_surface(WORKED.run(0), 0, "w1", "w2", size=3)
    flat = replace(surface, errors=np.full((3, 3), value))
    assert np.array_equal(traces(surface_figure(flat))[0]["z"], flat.errors, equal_nan=True)


def test_gradients_of_two_networks_stand_side_by_side_and_zeros_say_so() -> None:
    figure = gradients_figure({"mine": np.array([0.0, 0.02]), "other": np.array([0.5, 0.25, 0.1])})
    mine, other = traces(figure)
    assert [mine["name"], other["name"]] == ["mine", "other"]
    assert mine["text"] == ["0", "0.02"]
    assert other["y"] == [0.5, 0.25, 0.1]
    foot, top = figure.layout.yaxis.range
    assert foot < np.log10(0.02) < np.log10(0.5) < top
    assert np.log10(mine["y"][0]) == pytest.approx(foot)  # no height


def test_gradients_that_are_all_zero_are_drawn() -> None:
    [bars] = traces(gradients_figure({"": np.zeros(2)}))
    assert bars["text"] == ["0", "0"]
