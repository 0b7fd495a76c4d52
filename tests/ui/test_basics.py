"""The lessons on what a network is made of, each on a page of its own, without a browser."""

import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from blitz.ui.backprop.basics import LESSONS

SECONDS = 240
NAMES = [lesson.name for lesson in LESSONS]


def _page(name: str) -> None:
    import streamlit as st

    from blitz.ui.backprop.basics import LESSONS

    chosen = st.session_state.get("lesson", name)
    next(lesson for lesson in LESSONS if lesson.name == chosen).show()


def lesson(name: str, **numbers: Any) -> AppTest:
    """A lesson with some of its fields set."""
    app = AppTest.from_function(_page, args=(name,), default_timeout=SECONDS)
    for field, value in numbers.items():
        app.session_state[f"basics_{field}"] = value
    return run(app)


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    elements = [*app.markdown, *app.caption, *app.latex, *app.success, *app.warning, *app.error]
    return "\n".join(str(element.value) for element in elements)


def edit(app: AppTest, name: str, row: int, **cells: float | None) -> AppTest:
    """What typing into a table leads to."""
    app.session_state[f"basics_{name}"] = {
        "edited_rows": {row: cells}, "added_rows": [], "deleted_rows": [],
    }  # fmt: skip
    return run(app)


def num_charts(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


def test_lessons_are_named_for_the_address() -> None:
    assert NAMES == ["neuron", "weight-check", "activations", "losses", "layers"]


@pytest.mark.parametrize("name", NAMES)
def test_every_lesson_shows_charts_and_no_message(name: str) -> None:
    app = lesson(name)
    assert num_charts(app) >= 1
    assert not app.error
    assert not re.search(r"\b(nan|inf|None)\b", texts(app))


def test_the_neuron_starts_as_the_sigmoid_of_2x_plus_1() -> None:
    shown = texts(lesson("neuron"))
    assert "f(x) = 2 \\times x + 1" in shown
    assert "0.952574127" in shown  # 1 / (1 + e⁻³)


def test_another_bias_and_activation_change_the_neuron() -> None:
    shown = texts(lesson("neuron", neuron_b=0.0, neuron_x=0.5, neuron_activation="tanh"))
    assert "0.761594156" in shown  # tanh 1
    assert "\\tanh" in shown


@pytest.mark.parametrize(
    ("name", "field", "told"),
    [("neuron", "neuron_w", "w"), ("weight-check", "check_b", "b"),
     ("weight-check", "check_from", "from")],
)  # fmt: skip
def test_a_number_that_is_too_large_is_one_line(name: str, field: str, told: str) -> None:
    app = lesson(name)
    app.number_input(key=f"basics_{field}").set_value(1e308)
    run(app)
    [error] = app.error
    assert error.value.startswith(f"{told}\\: ")
    assert "\n" not in error.value
    assert num_charts(app) == 0


def test_the_weights_of_the_lecture_are_normal() -> None:
    app = lesson("weight-check")
    assert "9.7 lies between 6 and 13: **normal**" in texts(app)
    assert "0.1 + 5.4 + 4.2 + 0" in texts(app)


def test_another_interval_makes_it_not_normal() -> None:
    app = lesson("weight-check", check_from=10.0)
    assert "**not normal**" in texts(app)
    assert not app.error


def test_a_reversed_interval_is_told() -> None:
    app = lesson("weight-check", check_from=20.0)
    [error] = app.error
    assert "lower end" in error.value


def test_an_edited_cell_changes_the_sum() -> None:
    app = edit(lesson("weight-check"), "check_table", 2, x=130.0)
    assert "13.3" in texts(app)  # 0.1 + 5.4 + 7.8
    assert "**not normal**" in texts(app)


def test_an_empty_cell_is_told() -> None:
    app = edit(lesson("weight-check"), "check_table", 1, w=None)
    [error] = app.error
    assert error.value.startswith("w2\\: nothing was given")


def test_numbers_are_kept_while_another_lesson_is_shown() -> None:
    app = edit(lesson("weight-check", check_b=1.5), "check_table", 2, x=100.0)
    app.session_state["lesson"] = "layers"
    run(app)
    app.session_state["lesson"] = "weight-check"
    run(app)
    assert "0.1 + 5.4 + 6 + 1.5" in texts(app)


def test_the_derivative_stands_beside_autograds() -> None:
    shown = texts(lesson("activations"))
    assert shown.count("0.196611933") >= 3  # by formula, by autograd, among all
    assert "vanishes" in shown


@pytest.mark.parametrize("name", ["tanh", "ReLU", "leaky ReLU", "linear"])
def test_every_activation_can_be_chosen_at_its_corner(name: str) -> None:
    app = lesson("activations", activation=name, activation_l=0.0)
    assert num_charts(app) == 2


def test_an_edited_linear_part_changes_the_probabilities() -> None:
    app = edit(lesson("activations"), "softmax_table", 0, l1=0.0, l2=0.0, l3=0.0, l4=0.0)
    assert texts(app).count("$0.25$") == 4


def test_an_empty_linear_part_is_told() -> None:
    app = edit(lesson("activations"), "softmax_table", 0, l3=None)
    [error] = app.error
    assert error.value.startswith("l3\\: nothing was given")


@pytest.mark.parametrize(
    ("loss", "error"),
    [
        ("half squared error", "0.15125"),  # ½ (0.85 − 0.3)²
        ("mean squared error", "0.3025"),
        ("absolute error", "0.55"),
        ("binary cross-entropy", "0.356674944"),  # −ln 0.7
        ("softmax cross-entropy", "0.356674944"),
    ],
)
def test_every_loss_shows_its_value(loss: str, error: str) -> None:
    assert f"&= {error} " in texts(lesson("losses", loss=loss))


def test_the_distances_of_the_line_are_added() -> None:
    assert "| **sum** | 0.5 + 0.5 + 2.5 + 2.5 | **6** |" in texts(lesson("losses"))
    assert "| **sum** | 0.5 + 0.5 + 0.5 + 0.5 | **2** |" in texts(
        lesson("losses", line_w=2.0, line_b=1.0)
    )


def test_a_point_without_y_is_told_and_an_empty_row_is_none() -> None:
    app = edit(lesson("losses"), "line_table", 1, y=None)
    [error] = app.error
    assert error.value.startswith("y in row 2\\: nothing was given")
    app = edit(lesson("losses"), "line_table", 1, x=None, y=None)
    assert not app.error
    assert "0.5 + 2.5 + 2.5" in texts(app)


def test_layers_are_counted_as_arithmetic() -> None:
    shown = texts(lesson("layers"))
    assert "| hidden layer | 3 · 4 + 4 | 16 |" in shown
    assert "| **total** | 16 + 10 | **26** |" in shown
    assert "669,706" in shown


@pytest.mark.parametrize("given", ["", "3", "3-nine", "<b>-2", "1e308-2"])
def test_sizes_that_are_none_are_told(given: str) -> None:
    app = lesson("layers")
    app.text_input(key="basics_sizes").set_value(given)
    run(app)
    [error] = app.error
    assert error.value.startswith("sizes\\: ")
    assert num_charts(app) == 0
