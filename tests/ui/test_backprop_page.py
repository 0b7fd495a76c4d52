"""What a person sees and can do on the backpropagation page, without a browser."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from blitz.backprop.address import decode, encode
from blitz.backprop.network import Layer, Network
from blitz.backprop.presets import PRESETS, preset_named
from blitz.backprop.scenario import Scenario
from blitz.backprop.training import MAX_STEPS
from blitz.ui.backprop.state import PANELS
from tests.ui.conftest import ENTRY, SECONDS
from tests.ui.test_pages import labels, press, texts

WORKED = PRESETS[0].scenario


def open_page(app: AppTest, **address: str) -> AppTest:
    app.run()
    app.switch_page("backprop.py")
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def scenario(app: AppTest) -> Scenario:
    found: Scenario = app.session_state["backprop_scenario"]
    return found


def address(app: AppTest, name: str) -> str:
    value = app.query_params[name]
    return value if isinstance(value, str) else value[0]


def choose_panel(app: AppTest, panel: str) -> AppTest:
    app.session_state["backprop_panel"] = panel
    app.run()
    assert not app.exception
    return app


def complaints(app: AppTest) -> list[str]:
    found = [str(error.value).replace("\\", "") for error in app.error]
    assert all("\n" not in text for text in found)
    return found


def test_it_opens_with_the_worked_example(app: AppTest) -> None:
    open_page(app)
    assert scenario(app) == WORKED
    assert app.title[0].value == "Two, two, two"
    assert "l_{h1} = w_{1} \\times i_{1} + w_{2} \\times i_{2} + b_{1}" in texts(app)
    assert "0.385" in texts(app)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_every_preset_opens_and_every_panel_of_it(app: AppTest, preset: object) -> None:
    found = next(known for known in PRESETS if known is preset)
    open_page(app, example=found.name)
    assert scenario(app) == found.scenario
    assert found.watch in texts(app).replace("\\", "")
    for panel in PANELS:
        choose_panel(app, panel)
        assert not complaints(app)


def test_a_preset_is_chosen_from_the_list(app: AppTest) -> None:
    open_page(app)
    press(app, "XOR")
    assert scenario(app) == preset_named("xor").scenario
    assert address(app, "example") == "xor"


def test_the_present_step_comes_from_the_address(app: AppTest) -> None:
    names = [step.name for step in WORKED.explain().steps]
    open_page(app, example="worked", step=str(names.index("∂E/∂w5")))
    # Figures of the notes on the worked example.
    assert "-0.147692493 \\times 0.209071673 \\times 0.595078474" in texts(app)
    assert "-0.018375021542" in texts(app)


def test_what_was_changed_is_in_the_address_and_comes_back(app: AppTest) -> None:
    open_page(app)
    app.number_input(key="backprop_field_rate").set_value(0.125).run()
    app.text_input(key="backprop_field_sizes").set_value("2-3-2").run()
    app.selectbox(key="backprop_field_loss").set_value("absolute error").run()
    shared = decode(address(app, "network"))
    assert shared == scenario(app)
    assert (shared.learning_rate, shared.network.sizes) == (0.125, (2, 3, 2))
    other = AppTest.from_file(str(ENTRY), default_timeout=SECONDS)
    open_page(other, network=address(app, "network"))
    assert scenario(other) == shared


def test_updates_and_the_one_shown_are_in_the_address(app: AppTest) -> None:
    open_page(app, example="worked", updates="300", shown="100")
    choose_panel(app, "Training")
    assert app.session_state["backprop_shown"] == 100
    assert (address(app, "updates"), address(app, "shown")) == ("300", "100")


@pytest.mark.parametrize("damaged", ["nonsense", encode(WORKED)[:-7], "é", "A" * 5000])
def test_a_damaged_address_falls_back_and_says_so(app: AppTest, damaged: str) -> None:
    open_page(app, network=damaged)
    assert scenario(app) == WORKED
    [warning] = app.warning
    assert "numbers in the address are damaged" in warning.value


def test_an_unknown_example_falls_back_and_says_so(app: AppTest) -> None:
    open_page(app, example="<script>")
    assert scenario(app) == WORKED
    assert "no such example" in app.warning[0].value


@pytest.mark.parametrize("name", ["updates", "shown", "step", "sample"])
@pytest.mark.parametrize("value", ["", "x", "-5", "1e9", "999999999999999"])
def test_odd_numbers_in_the_address_count_as_the_nearest_that_is_possible(
    app: AppTest, name: str, value: str
) -> None:
    open_page(app, example="worked", **{name: value})
    assert not complaints(app)
    state = app.session_state
    most = {"updates": MAX_STEPS, "shown": 0, "step": len(WORKED.explain().steps) - 1, "sample": 1}
    number = state[f"backprop_{'place' if name == 'step' else name}"]
    assert number == (most[name] if value.startswith("999") else 1 if name == "sample" else 0)


def test_a_network_counts_whatever_example_it_names(app: AppTest) -> None:
    xor = preset_named("xor").scenario
    open_page(app, example="nothing", network=encode(xor))
    assert scenario(app) == xor
    assert not app.warning


def test_a_player_that_was_left_holds_nothing_back(app: AppTest) -> None:
    open_page(app)
    app.session_state["backprop_is_playing"] = True
    app.run()
    press(app, "A neuron")
    press(app, "Two, two, two")
    assert "lesson" not in app.query_params
    app.session_state["backprop_is_playing"] = True
    app.run()
    app.switch_page("home.py").run()
    app.switch_page("backprop.py").run()
    app.text_input(key="backprop_field_sizes").set_value("2-4-2").run()
    assert decode(address(app, "network")) == scenario(app)


def test_a_complaint_ends_with_the_next_change_and_the_field_tells_what_counts(
    app: AppTest,
) -> None:
    open_page(app)
    app.text_input(key="backprop_field_sizes").set_value("2-9-1").run()
    assert complaints(app)
    app.number_input(key="backprop_field_rate").set_value(0.5).run()
    assert not complaints(app)
    assert app.text_input(key="backprop_field_sizes").value == "2-2-2"
    app.text_input(key="backprop_field_sizes").set_value("2-9-1").run()
    choose_panel(app, "Training")
    choose_panel(app, "Numbers")
    assert not complaints(app)


def test_a_network_of_ones_own_is_not_described_as_the_preset(app: AppTest) -> None:
    open_page(app)
    app.text_input(key="backprop_field_sizes").set_value("3-1").run()
    assert PRESETS[0].watch not in texts(app).replace("\\", "")
    assert app.title[0].value == "A network of your own"
    assert "Begun from “Two, two, two”" in texts(app).replace("\\", "")


def test_an_emptied_field_is_told_and_changes_nothing(app: AppTest) -> None:
    open_page(app)
    for key, name in (("rate", "learning rate"), ("bias_0", "b1")):
        app.number_input(key=f"backprop_field_{key}").set_value(None).run()
        assert not app.exception
        assert complaints(app) == [f"{name} is empty; expected a number"]
        assert scenario(app) == WORKED


def test_what_was_changed_is_there_after_another_page(app: AppTest) -> None:
    open_page(app)
    app.text_input(key="backprop_field_sizes").set_value("2-4-2").run()
    app.switch_page("home.py").run()
    app.switch_page("backprop.py").run()
    assert not app.exception
    assert scenario(app).network.sizes == (2, 4, 2)


WRONG_SIZES = ["2-9-1", "", "<b>two</b>"]


@pytest.mark.parametrize("sizes", WRONG_SIZES)
def test_wrong_sizes_are_told_in_a_line_and_change_nothing(app: AppTest, sizes: str) -> None:
    open_page(app)
    app.text_input(key="backprop_field_sizes").set_value(sizes).run()
    assert not app.exception
    [complaint] = complaints(app)
    assert complaint.startswith("sizes: ")
    assert "was given; " in complaint
    assert scenario(app) == WORKED
    assert app.text_input(key="backprop_field_sizes").value == sizes
    app.text_input(key="backprop_field_sizes").set_value("2-2-2").run()
    assert not complaints(app)


def test_a_wrong_learning_rate_is_told_in_a_line_and_changes_nothing(app: AppTest) -> None:
    open_page(app)
    app.number_input(key="backprop_field_rate").set_value(-1.0).run()
    assert not app.exception
    [complaint] = complaints(app)
    assert complaint == "learning rate: -1.0 was given; expected a finite number from 0 up"
    assert scenario(app) == WORKED
    app.number_input(key="backprop_field_rate").set_value(0.5).run()
    assert not complaints(app)


def test_a_learning_rate_of_0_is_told(app: AppTest) -> None:
    open_page(app)
    app.number_input(key="backprop_field_rate").set_value(0.0).run()
    assert "no number ever changes" in texts(app)


def test_a_huge_learning_rate_diverges_and_says_when(app: AppTest) -> None:
    huge = replace(preset_named("too-fast").scenario, learning_rate=1e200)
    diverged_at = huge.run(10).diverged_at
    assert diverged_at is not None
    open_page(app, example="too-fast", network=encode(huge), updates="100")
    choose_panel(app, "Training")
    said = [*complaints(app), *(str(warning.value) for warning in app.warning), texts(app)]
    assert any(f"iverged at update {diverged_at}" in text for text in said)


def test_numbers_that_are_too_large_are_named_and_can_be_mended(app: AppTest) -> None:
    network = Network([Layer([[10.0, 1.0]], [0.0], "linear")])
    large = Scenario(network=network, inputs=((1e308, 0.0),), targets=((1.0,),))
    open_page(app, network=encode(large))
    [complaint] = complaints(app)
    assert complaint.startswith("l_o1 = w1 · i1 + w2 · i2 + b1 is too large")
    assert "nan" not in texts(app)
    app.text_input(key="backprop_field_sizes").set_value("2-2").run()
    assert app.selectbox(key="backprop_field_loss").value == "half squared error"
    press(app, "One neuron")
    assert not complaints(app)


def test_a_loss_brings_its_activation(app: AppTest) -> None:
    open_page(app)
    app.selectbox(key="backprop_field_loss").set_value("softmax cross-entropy").run()
    assert not complaints(app)
    assert scenario(app).network.layers[-1].activation == "softmax"
    app.selectbox(key="backprop_field_loss").set_value("binary cross-entropy").run()
    assert not complaints(app)
    assert scenario(app).network.loss == "binary cross-entropy"


def test_samples_are_chosen_and_looked_at_one_by_one(app: AppTest) -> None:
    open_page(app)
    app.selectbox(key="backprop_field_samples").set_value("XOR").run()
    assert scenario(app).num_samples == 4
    assert "^{(1)}" in texts(app)
    app.number_input(key="backprop_sample_field").set_value(3).run()
    assert "^{(3)}" in texts(app)
    assert address(app, "sample") == "3"


def test_biases_that_learn_have_steps(app: AppTest) -> None:
    open_page(app)
    app.toggle(key="backprop_field_learn").set_value(True).run()
    assert scenario(app).update_biases
    app.toggle(key="backprop_field_shared").set_value(False).run()
    assert scenario(app).network.bias_names() == (("b1", "b2"), ("b3", "b4"))


def test_every_gradient_is_checked(app: AppTest) -> None:
    open_page(app, example="worked")
    choose_panel(app, "Check")
    assert "All 10 gradients agree" in app.success[0].value
    frame = app.dataframe[0].value
    assert frame["name"].tolist() == [*(f"w{n}" for n in range(1, 9)), "b1", "b2"]
    assert frame["by_hand"][4] == "−0.018375021542"
    assert frame["agrees"].all()


def test_there_is_something_to_take_away(app: AppTest) -> None:
    open_page(app)
    choose_panel(app, "Take away")
    [download] = app.get("download_button")
    assert download.proto.label == "Download backprop.py"
    assert "import math" in app.code[0].value


def test_a_lesson_is_shown_and_the_network_waits(app: AppTest) -> None:
    open_page(app)
    app.text_input(key="backprop_field_sizes").set_value("2-4-2").run()
    lesson = next(label for label in labels(app) if "neuron" in label and label != "One neuron")
    press(app, lesson)
    assert "lesson" in app.query_params
    press(app, "Two, two, two")
    assert scenario(app).network.sizes == (2, 4, 2)
