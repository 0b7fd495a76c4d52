"""The picture of a network: what can be clicked, where it lies, and where clicks lead."""

from itertools import combinations, pairwise
from math import dist

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blitz.backprop import Layer, Network, explain
from blitz.backprop.diagram.figures import LINE_WIDTHS, network_figure
from blitz.backprop.diagram.outline import headings, stops
from blitz.backprop.diagram.positions import HEIGHT, WIDTH, positions
from blitz.backprop.steps import Step, StepKind

LECTURE = Network(
    (
        Layer(((0.05, 0.15), (0.10, 0.20)), (0.35,)),
        Layer(((0.25, 0.35), (0.30, -0.40)), (0.50,)),
    )
)
CLICK_PIXELS = 8.0
"""No two things to click are nearer to each other."""


def network_of(*sizes: int, shares_bias: bool = False, activation: str = "sigmoid") -> Network:
    layers = [
        Layer([[0.1] * before] * after, [0.1] if shares_bias else [0.1] * after)
        for before, after in pairwise(sizes)
    ]
    last = Layer(layers[-1].weights, layers[-1].biases, activation)
    return Network((*layers[:-1], last))


networks = st.builds(
    lambda sizes, shares_bias: network_of(*sizes, shares_bias=shares_bias),
    st.lists(st.integers(1, 8), min_size=2, max_size=6),
    st.booleans(),
)


def click_targets(figure: go.Figure) -> dict[str, tuple[float, float]]:
    """Name and place of all that answers a pointer; a name that comes twice fails."""
    found: dict[str, tuple[float, float]] = {}
    for trace in figure.data:
        if trace.hoverinfo == "skip":
            continue
        for name, x, y in zip(trace.customdata, trace.x, trace.y, strict=True):
            assert name not in found, name
            found[name] = (x, y)
    return found


def lecture_steps(update_biases: bool = True) -> tuple[Step, ...]:
    return explain(LECTURE, (0.10, 0.20), (0.85, 0.30), 1.0, update_biases).steps


@given(networks)
def test_every_name_of_the_network_can_be_clicked_once(network: Network) -> None:
    units = [name for layer in network.unit_names() for name in layer]
    expected = {*network.input_names(), *units, *network.parameter_names(), "E"}
    assert set(click_targets(network_figure(network))) == expected


@given(networks)
def test_what_can_be_clicked_does_not_coincide(network: Network) -> None:
    targets = click_targets(network_figure(network))
    assert min(dist(*pair) for pair in combinations(targets.values(), 2)) >= CLICK_PIXELS


@given(networks)
def test_all_of_it_lies_within_the_picture(network: Network) -> None:
    places = positions(network)
    for x, y in (*places.units.values(), *places.biases.values()):
        assert 10 <= x <= WIDTH - 10
        assert 10 <= y <= HEIGHT - 10


@given(networks)
def test_a_weights_mark_lies_on_its_line_outside_the_units(network: Network) -> None:
    places = positions(network)
    for line in places.lines[: network.num_weights]:
        mark = places.weights[line.names[0]]
        whole = dist(line.start, line.end)
        assert dist(line.start, mark) + dist(mark, line.end) == pytest.approx(whole)
        assert min(dist(line.start, mark), dist(mark, line.end)) > places.radius


def test_a_weights_line_leads_from_its_source_to_its_unit() -> None:
    places = positions(LECTURE)
    name_at = {point: name for name, point in places.units.items()}
    ends = {
        line.names[0]: (name_at[line.start], name_at[line.end])
        for line in places.lines[: LECTURE.num_weights]
    }
    assert ends == {
        "w1": ("i1", "h1"), "w2": ("i2", "h1"), "w3": ("i1", "h2"), "w4": ("i2", "h2"),
        "w5": ("h1", "o1"), "w6": ("h2", "o1"), "w7": ("h1", "o2"), "w8": ("h2", "o2"),
    }  # fmt: skip


def test_a_shared_bias_is_one_mark_with_a_line_to_each_unit() -> None:
    places = positions(LECTURE)
    links = [line.names for line in places.lines[LECTURE.num_weights :]]
    assert links == [
        ("b1", "h1"), ("b1", "h2"), ("b2", "o1"), ("b2", "o2"), ("o1", "E"), ("o2", "E"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["l_h1", "E", "∂E/∂w1", "∂E/∂b1", "w5⁺"])
def test_the_lines_of_a_step_are_those_of_the_names_it_uses(name: str) -> None:
    step = next(step for step in lecture_steps() if step.name == name)
    lit = {line.names for line in positions(LECTURE).lines if set(line.names) <= set(step.uses)}
    error = {("o1", "E"), ("o2", "E")}
    of_b1 = {("b1", "h1"), ("b1", "h2")}
    expected = {
        "l_h1": {("w1", "w1"), ("w2", "w2"), ("b1", "h1")},
        "E": error,
        "∂E/∂w1": {("w1", "w1"), ("w5", "w5"), ("w7", "w7"), *error},
        "∂E/∂b1": {*((f"w{n}", f"w{n}") for n in range(5, 9)), *of_b1, *error},
        "w5⁺": {("w5", "w5")},
    }
    assert lit == expected[name]


def test_lines_tell_a_weights_sign_and_size() -> None:
    traces = network_figure(LECTURE).data
    widths = {
        (trace.name, trace.line.width): len(trace.x) // 3
        for trace in traces
        if trace.name in ("positive", "negative")
    }
    thin, middle, thick = LINE_WIDTHS  # up to 0.133, 0.267 and 0.4
    assert widths == {
        ("positive", thin): 2, ("positive", middle): 3, ("positive", thick): 2,
        ("negative", thick): 1,
    }  # fmt: skip


def test_weights_that_are_all_zero_have_lines_too() -> None:
    figure = network_figure(Network((Layer([[0.0, 0.0]], [0.0]),)))
    assert [len(trace.x) for trace in figure.data if trace.name == "positive"] == [6]


def test_clicks_lead_to_the_chain_and_to_the_sum() -> None:
    steps = lecture_steps()
    leads = {
        name: [steps[place].name for place in places]
        for name, places in stops(LECTURE, steps).items()
    }
    assert leads["w5"] == ["∂E/∂w5", "w5⁺"]
    assert leads["b1"] == ["∂E/∂b1", "b1⁺"]
    assert leads["h1"] == ["l_h1", "∂E/∂out_h1"]
    assert leads["o2"] == ["l_o2", "∂E/∂out_o2"]
    assert leads["E"] == ["E"]


@pytest.mark.parametrize(
    ("activation", "loss"),
    [("sigmoid", "binary cross-entropy"), ("softmax", "softmax cross-entropy")],
)
def test_an_output_before_a_cross_entropy_leads_to_output_minus_target(
    activation: str, loss: str
) -> None:
    network = Network(network_of(2, 2, 2, activation=activation).layers, loss)
    steps = explain(network, [1, 2], [1, 0], 0.1).steps
    found = stops(network, steps)
    assert [steps[place].name for place in found["o2"]] == ["l_o2", "∂E/∂l_o2"]
    assert [steps[place].name for place in found["h1"]] == ["l_h1", "∂E/∂out_h1"]


def test_what_has_no_step_of_its_own_leads_to_the_first_that_uses_it() -> None:
    steps = lecture_steps(update_biases=False)
    found = stops(LECTURE, steps)
    assert [steps[place].name for place in found["i2"]] == ["l_h1"]
    assert [steps[place].name for place in found["b2"]] == ["l_o1"]


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_everything_leads_somewhere_with_several_samples_too(activation: str) -> None:
    network = network_of(3, 2, 3, activation=activation)
    explained = explain(network, [[1, 2, 3], [0, 1, 0]], [[1, 0, 0], [0, 1, 0]], 0.1)
    steps = [step for step in explained.steps if step.sample in (0, 2)]
    found = stops(network, steps)
    assert all(found.values())
    assert [steps[place].kind for place in found["E"]] == [StepKind.TOTAL] * 2
    assert [steps[place].kind for place in found["w1"]] == [StepKind.GRADIENT, StepKind.UPDATE]


def test_headings_follow_the_calculation() -> None:
    found = headings(LECTURE, lecture_steps())
    assert list(dict.fromkeys(found)) == [
        "Forward: hidden layer", "Forward: output layer", "Error",
        "Backward: o1", "Backward: o2", "Backward: b2, shared by o1 to o2",
        "Backward: h1", "Backward: h2", "Backward: b1, shared by h1 to h2",
    ]  # fmt: skip
