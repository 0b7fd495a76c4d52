"""The autograd page with somebody's network in its address, without a browser."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from streamlit.testing.v1 import AppTest

from blitz.autograd.examples import load_example
from blitz.backprop import Layer, Network
from blitz.backprop.address import encode
from blitz.backprop.exports import torch_script
from blitz.backprop.network import Table
from blitz.backprop.scenario import Scenario
from blitz.ui.graph.chosen_program import network_program
from blitz.ui.graph.scenes import scene_of
from blitz.ui.graph.state import Selection
from tests.ui.test_autograd_page import NAMES, codes, open_address, select, show_panel
from tests.ui.test_pages import labels, texts


def open_network(app: AppTest, scenario: Scenario) -> AppTest:
    return open_address(app, network=encode(scenario))


def scenario(sizes: list[int], num_samples: int = 1) -> Scenario:
    """A network of sigmoid units, and samples."""
    layers = [
        Layer(numbers(num_units, num_inputs), numbers(1, num_units)[0])
        for num_inputs, num_units in pairwise(sizes)
    ]
    inputs, targets = numbers(num_samples, sizes[0]), numbers(num_samples, sizes[-1])
    return Scenario(network=Network(tuple(layers)), inputs=inputs, targets=targets)


def numbers(num_rows: int, num_columns: int) -> Table:
    return tuple(
        tuple(0.3 * math.sin(1 + column + num_columns * row) for column in range(num_columns))
        for row in range(num_rows)
    )


LECTURE = Scenario(
    network=Network(
        (
            Layer(((0.05, 0.15), (0.10, 0.20)), (0.35,)),
            Layer(((0.25, 0.35), (0.30, 0.40)), (0.50,)),
        )
    ),
    inputs=((0.10, 0.20),),
    targets=((0.85, 0.30),),
    update_biases=False,
)


def marked(app: AppTest) -> list[str]:
    return [label for label in labels(app) if label.startswith("**")]


def test_a_network_in_the_address_shows_its_program(app: AppTest) -> None:
    open_network(app, LECTURE)
    assert "h1 = torch.sigmoid(w1 * i1 + w2 * i2 + b1)" in codes(app)
    assert [title.value for title in app.title] == ["A network of 2\\-2\\-2 units"]
    assert "dE_dw5 -0.0183750215420" in codes(app)
    assert not app.warning
    assert not marked(app)


def test_a_weight_of_a_network_shows_the_gradient_of_the_lecture(app: AppTest) -> None:
    open_network(app, LECTURE)
    graph = scene_of(network_program(encode(LECTURE))).graph
    [leaf] = [node.index for node in graph.nodes if node.label == "w5"]
    select(app, Selection(node=leaf))
    shown = "\n".join(str(element.proto.body) for element in app.get("html"))
    assert ">-0.01838<" in shown


def test_the_list_leads_from_a_network_to_an_example(app: AppTest) -> None:
    open_network(app, LECTURE)
    app.button(key="example-jacobian").click().run()
    assert not app.exception
    assert dict(app.query_params) == {"example": "jacobian"}
    assert load_example("jacobian").listing.strip() in codes(app)
    assert len(marked(app)) == 1


@pytest.mark.parametrize(
    "state", ["", "nonsense", encode(LECTURE)[:-9], encode(LECTURE)[5:], "é" * 9, "A" * 100_000]
)
def test_a_mangled_network_is_one_line_of_warning_and_the_first_example(
    app: AppTest, state: str
) -> None:
    open_address(app, network=state, example="lstm")
    [warning] = app.warning
    assert warning.value.startswith("No network to show")
    assert "\n" not in warning.value
    assert load_example(NAMES[0]).listing.strip() in codes(app)


def test_networks_that_differ_in_a_number_are_not_taken_for_each_other(app: AppTest) -> None:
    other = replace(LECTURE, inputs=((0.10, 0.25),))
    open_network(app, LECTURE)
    show_panel(app, "Why?")
    open_address(app, network=encode(other))
    show_panel(app, "Program")
    assert "i2 = torch.tensor(0.25)" in codes(app)
    found = [scene_of(network_program(encode(each))) for each in (LECTURE, other)]
    assert found[0] is not found[1]
    assert found[0] is scene_of(network_program(encode(LECTURE)))


def test_the_program_of_a_network_is_its_torch_script() -> None:
    assert network_program(encode(LECTURE)).source == torch_script(LECTURE)


def test_a_network_whose_numbers_are_too_large_says_where(app: AppTest) -> None:
    layers = (Layer(((1e200,),), (0.0,), "linear"),) * 2
    open_network(app, Scenario(network=Network(layers), inputs=((1.0,),), targets=((0.0,),)))
    [warning] = app.warning
    assert "NaN or infinity" in warning.value


def test_the_largest_network_opens(app: AppTest) -> None:
    open_network(app, scenario([8, 8, 8, 8, 8, 8], num_samples=16))
    # Each of 40 units has 8 products, 8 sums and its activation; stack, loss and division at the
    # end; 320 weights, 40 biases
    assert f"{40 * 17 + 3 + 320 + 40:,} nodes" in texts(app)
