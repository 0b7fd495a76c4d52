"""The error over two parameters, compared with PyTorch and with arithmetic."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blitz.backprop.curves.surface import Surface, error_surface
from blitz.backprop.network import Layer, Network
from blitz.backprop.scenario import Scenario
from tests.backprop.networks import WORKED, TorchNetwork, one_unit, scenarios


def torch_error(
    scenario: Scenario, parameters: list[float], surface: Surface, y: int, x: int
) -> float:
    """What PyTorch finds at a point of the surface, all other parameters being as given."""
    names = scenario.network.parameter_names()
    parameters[names.index(surface.x_name)] = float(surface.x[x])
    parameters[names.index(surface.y_name)] = float(surface.y[y])
    network = scenario.network.with_parameters(parameters)
    return float(TorchNetwork(replace(scenario, network=network)).error().detach())


@settings(max_examples=60)
@given(scenario=scenarios(), data=st.data())
def test_every_point_is_the_error_that_torch_finds_there(
    scenario: Scenario, data: st.DataObject
) -> None:
    history = scenario.run(3)
    names = st.sampled_from(scenario.network.parameter_names())
    x_name, y_name = data.draw(st.lists(names, min_size=2, max_size=2, unique=True))
    update = data.draw(st.integers(0, history.num_updates))
    surface = error_surface(history, update, x_name, y_name, size=4)
    for y in range(4):
        for x in range(4):
            parameters = history.parameters_at(update).tolist()
            expected = torch_error(scenario, parameters, surface, y, x)
            assert surface.errors[y, x] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_large_network_is_computed_in_parts_that_fit_together() -> None:
    numbers = np.random.default_rng(1)
    layers = [Layer(numbers.normal(size=(8, 8)), numbers.normal(size=8), "tanh") for _ in range(4)]
    last = Layer(numbers.normal(size=(8, 8)), numbers.normal(size=8), "softmax")
    scenario = Scenario(
        network=Network((*layers, last), "softmax cross-entropy"),
        inputs=numbers.normal(size=(32, 8)),  # type: ignore[arg-type]
        targets=np.eye(8)[numbers.integers(0, 8, 32)],  # type: ignore[arg-type]
    )
    history = scenario.run(0)
    surface = error_surface(history, 0, "w3", "b40", size=41)
    for y, x in ((0, 0), (20, 7), (40, 40)):
        expected = torch_error(scenario, history.parameters_at(0).tolist(), surface, y, x)
        assert surface.errors[y, x] == pytest.approx(expected, rel=1e-9)


def test_before_any_update_it_reaches_1_around_the_network() -> None:
    surface = error_surface(WORKED.run(0), 0, "w1", "w5")
    assert (surface.x[0], surface.x[-1]) == pytest.approx((0.05 - 1, 0.05 + 1))
    assert (surface.y[0], surface.y[-1]) == pytest.approx((0.25 - 1, 0.25 + 1))
    assert surface.present == pytest.approx((0.05, 0.25, 0.096867268), abs=5e-10)
    assert surface.path.tolist() == [[0.05, 0.25]]


def test_it_covers_the_whole_path_with_a_margin() -> None:
    history = WORKED.run(5_000)
    surface = error_surface(history, 0, "w7", "w8")
    places = [history.network.parameter_names().index(name) for name in ("w7", "w8")]
    for axis, values in zip((surface.x, surface.y), history.snapshots[:, places].T, strict=True):
        assert axis[0] < values.min() < values.max() < axis[-1]
    end = history.parameters_at(5_000)[places]
    assert surface.path[-1].tolist() == end.tolist()


def test_of_an_exploding_run_the_path_ends_at_the_update_shown() -> None:
    # E = w² / 2 with a learning rate of 3: each w is −2 times the one before
    scenario = replace(one_unit(1.0, 0.0), learning_rate=3.0, update_biases=False)
    history = scenario.run(2_000)
    assert history.diverged_at is not None
    surface = error_surface(history, 4, "w1", "b1")
    assert surface.path[:, 0].tolist() == [1, -2, 4, -8, 16]
    assert 16 < surface.x[-1] < 32


def test_what_is_too_large_for_64_bits_is_masked() -> None:
    largest = np.sqrt(np.finfo(float).max)  # whose square is the last 64-bit number
    surface = error_surface(one_unit(float(largest), 0.0).run(0), 0, "w1", "b1")
    fits = surface.x <= largest
    assert 0 < fits.sum() < len(fits)
    assert np.isfinite(surface.errors[:, fits]).all()
    assert np.isnan(surface.errors[:, ~fits]).all()


def test_a_path_across_all_numbers_has_finite_axes() -> None:
    history = WORKED.run(2)
    snapshots = history.snapshots.copy()
    snapshots[:, 0] = [-1.7e308, 1.7e308, 0.05]
    surface = error_surface(replace(history, snapshots=snapshots), 1, "w1", "w2")
    assert np.isfinite(surface.x).all()


@pytest.mark.parametrize(
    ("x_name", "y_name", "complaint"),
    [("w9", "w1", "x_name: 'w9' was given"), ("w1", "", "y_name: ''"), ("w1", "w1", "different")],
)
def test_other_names_are_refused(x_name: str, y_name: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        error_surface(WORKED.run(0), 0, x_name, y_name)
