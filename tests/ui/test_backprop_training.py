"""The panels of many updates, in a page that holds nothing else."""

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from blitz.backprop.notation import number_text
from blitz.ui.backprop.training_panel import SCRUBBER
from tests.backprop.networks import WORKED

SECONDS = 240


def page() -> None:
    from dataclasses import replace

    import streamlit as st

    from blitz.ui.backprop.surface_panel import show_surface
    from blitz.ui.backprop.training_panel import show_training
    from tests.backprop.networks import WORKED, five_layers, one_unit

    state = st.session_state
    state.setdefault("backprop_updates", 0)
    state.setdefault("backprop_shown", 0)
    exploding = replace(one_unit(1.0, 0.0), learning_rate=3.0)
    chosen = {
        "worked": WORKED,
        "still": replace(WORKED, learning_rate=0.0),
        "exploding": exploding,
        "deep": five_layers("sigmoid", 0.5),
    }[state.get("example", "worked")]
    beside = {
        "relu": ("five ReLU layers", five_layers("ReLU", 0.5)),
        "exploding": ("exploding", exploding),
        "": None,
    }[state.get("beside", "")]
    history = chosen.run(state["backprop_updates"])
    show_training(chosen, history, state["backprop_shown"], beside=beside)
    show_surface(chosen, history, state["backprop_shown"])


def opened(**state: Any) -> AppTest:
    app = AppTest.from_function(page, default_timeout=SECONDS)
    for key, value in state.items():
        app.session_state[key] = value
    return run(app)


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=f"backprop_{key}").click()
    return run(app)


def place(app: AppTest) -> tuple[int, int]:
    """The update shown, and how many were made."""
    return app.session_state["backprop_shown"], app.session_state["backprop_updates"]


def numbers(app: AppTest) -> list[str]:
    return [metric.value for metric in app.metric]


def charts(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def captions(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption)


def test_buttons_make_updates_and_show_the_last() -> None:
    app = opened()
    assert place(press(app, "make_1")) == (1, 1)
    assert place(press(app, "make_100")) == (101, 101)
    assert place(press(app, "make_10000")) == (10_101, 10_101)
    assert numbers(app)[0] == "10,101 of 10,101"
    assert place(press(app, "back_to_start")) == (0, 0)


def test_there_are_no_more_updates_than_may_be_made() -> None:
    def nearly_all() -> None:  # which takes long to compute, and is not looked at here
        import streamlit as st

        from blitz.ui.backprop.training_panel import make_updates

        st.session_state["backprop_updates"] = 99_950
        make_updates(100)

    assert place(run(AppTest.from_function(nearly_all))) == (100_000, 100_000)


def test_the_worked_example_is_shown_to_nine_digits() -> None:
    app = opened(backprop_updates=100)
    assert numbers(app) == ["0 of 100", "0.0968672682", "0 (× 1)"]
    table = app.dataframe[0].value
    assert table["now"].tolist() == ["0.702307507", "0.714634132"]
    assert table["target"].tolist() == ["0.85", "0.3"]


def test_a_network_in_between_is_shown_beside_the_start() -> None:
    app = opened(backprop_updates=100, backprop_shown=40)
    errors = WORKED.run(40).errors
    assert numbers(app)[1] == number_text(float(errors[-1]))
    assert numbers(app)[2].startswith(number_text(float(errors[-1] - errors[0]), 4))
    table = app.dataframe[0].value
    assert table["at the start"].tolist() == ["0.702307507", "0.714634132"]
    before, now, target = (
        float(table[name][0].replace("−", "-")) for name in ("at the start", "now", "target")
    )
    assert before < now < target


def test_the_scrubber_and_its_buttons_move_the_update_shown() -> None:
    app = opened(backprop_updates=100, backprop_shown=100)
    assert app.button(key="backprop_one_on").disabled
    assert place(press(app, "one_back")) == (99, 100)
    app.slider(key=SCRUBBER).set_value(7)
    assert place(run(app)) == (7, 100)
    assert numbers(app)[0] == "7 of 100"
    assert place(press(app, "one_on")) == (8, 100)
    assert app.slider(key=SCRUBBER).value == 8


def test_a_clicked_point_is_shown_and_a_click_that_selects_nothing_changes_nothing() -> None:
    def clicked() -> None:  # as Streamlit puts a selection into the session
        import streamlit as st

        from blitz.ui.backprop.training_panel import ERROR_CHART, show_clicked

        st.session_state.setdefault("backprop_shown", 3)
        points = st.session_state["points"]
        st.session_state[ERROR_CHART] = {"selection": {"points": points}}
        show_clicked()

    app = AppTest.from_function(clicked)
    app.session_state["points"] = []
    assert run(app).session_state["backprop_shown"] == 3
    app.session_state["points"] = [{"x": 40, "y": 0.01}]
    assert run(app).session_state["backprop_shown"] == 40


def test_before_any_update_there_is_nothing_to_scrub() -> None:
    app = opened()
    assert app.slider(key=SCRUBBER).disabled
    assert app.button(key="backprop_one_back").disabled
    assert app.button(key="backprop_one_on").disabled
    assert len(charts(app)) == 1  # the surface


def test_a_diverged_run_says_where_and_what_to_do() -> None:
    app = opened(example="exploding", backprop_updates=5_000, backprop_shown=5_000)
    [warning] = app.warning
    # E is 4 to 16 times as large after every update; 64-bit numbers end at 1.8e308.
    assert "Diverged at update" in warning.value
    assert "smaller learning rate" in warning.value
    shown, made = (int(number) for number in numbers(app)[0].replace(",", "").split(" of "))
    assert shown == made < 1_100
    assert f"update {made + 1}:" in warning.value.replace(",", "")
    assert app.button(key="backprop_make_1").disabled
    assert not app.button(key="backprop_back_to_start").disabled


def test_without_a_learning_rate_no_parameter_moves() -> None:
    app = opened(example="still", backprop_updates=10)
    assert "no parameter moves" in app.info[0].value
    assert "no parameter moves" not in "".join(info.value for info in opened().info)


def test_a_network_beside_has_its_curve_and_its_gradients() -> None:
    app = opened(example="deep", beside="relu", backprop_updates=10)
    error, _, gradients, _ = charts(app)
    lines = [trace["name"] for trace in error["data"] if trace.get("mode") == "lines"]
    assert lines == ["this network", "five ReLU layers"]
    assert [bars["name"] for bars in gradients["data"]] == ["this network", "five ReLU layers"]


def test_gradients_are_beside_each_other_before_any_update() -> None:
    app = opened(example="deep", beside="relu")
    assert [bars["name"] for bars in charts(app)[0]["data"]] == ["this network", "five ReLU layers"]


def test_a_network_beside_that_diverged_is_named() -> None:
    app = opened(beside="exploding", backprop_updates=5_000, backprop_shown=5_000)
    [warning] = app.warning
    assert warning.value.startswith("exploding: diverged at update")
    assert numbers(app)[0] == "5,000 of 5,000"


# The surface


def axes(app: AppTest) -> tuple[str | None, str | None]:
    x = app.selectbox(key="backprop_surface_x").value
    return x, app.selectbox(key="backprop_surface_y").value


def titles(app: AppTest) -> list[str]:
    layout = charts(app)[-1]["layout"]
    return [layout[axis]["title"]["text"] for axis in ("xaxis", "yaxis")]


def test_the_surface_is_of_the_first_two_then_of_those_that_moved_most() -> None:
    app = opened()
    assert axes(app) == ("w1", "w2")
    press(app, "make_100")
    # As the largest gradients of the worked example foretell
    assert axes(app) == ("w7", "w8")
    assert titles(app) == ["w7", "w8"]


def test_what_a_person_chose_stays() -> None:
    app = opened()
    app.selectbox(key="backprop_surface_x").set_value("w5")
    run(app)
    press(app, "make_100")
    assert axes(app) == ("w5", "w2")
    app.session_state["example"] = "exploding"  # which has w1 and b1 alone
    assert axes(run(app)) == ("w1", "b1")


def test_two_equal_parameters_make_no_surface() -> None:
    app = opened(backprop_surface_x="b1", backprop_surface_y="b1")
    assert "two different" in app.info[0].value
    assert not charts(app)


def test_the_surface_says_that_it_is_a_slice() -> None:
    app = opened(backprop_updates=50, backprop_shown=20)
    assert "A slice" in captions(app)
    assert "as after update 20" in captions(app)
    assert "A slice" not in captions(opened(example="exploding", backprop_updates=5))


def test_all_widgets_survive_the_largest_numbers() -> None:
    for shown in (0, 300, 5_000):
        opened(example="exploding", backprop_updates=5_000, backprop_shown=shown)


@pytest.mark.parametrize("shown", [0, 60])
def test_what_is_shown_is_clipped_to_what_was_made(shown: int) -> None:
    app = opened(backprop_updates=50, backprop_shown=shown)
    assert numbers(app)[0] == f"{min(shown, 50)} of 50"
