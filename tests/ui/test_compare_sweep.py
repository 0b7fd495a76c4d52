"""The sweep panel: its form, its start, and the choice of what is shown, without a browser."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from blitz.training.config import TrainConfig
from blitz.training.runs import Run
from blitz.training.store import ACTIVE
from blitz.training.sweeps import SWEEP_PRESETS
from blitz.ui.compare.state import SELECTED
from blitz.ui.services import Services
from tests.ui.conftest import SECONDS
from tests.ui.test_compare_sweep_records import add
from tests.ui.test_pages import texts


def _panel() -> None:
    import streamlit as st

    from blitz.ui.compare.overview import chosen_runs
    from blitz.ui.compare.state import SELECTED
    from blitz.ui.compare.sweep_panel import show_sweep
    from blitz.ui.services import services

    st.session_state.setdefault(SELECTED, ())
    found = services()
    show_sweep(found, chosen_runs(found))


@pytest.fixture
def panel(server: Services) -> AppTest:
    assert server.store
    return run(AppTest.from_function(_panel, default_timeout=SECONDS))


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def field(app: AppTest, label: str) -> Any:
    """The widget with this label."""
    kinds = (app.text_input, app.number_input, app.selectbox, app.multiselect, app.toggle)
    return next(widget for kind in kinds for widget in kind if widget.label == label)


def put(app: AppTest, label: str, value: Any) -> AppTest:
    field(app, label).set_value(value)
    return run(app)


def search(app: AppTest, method: str) -> AppTest:
    app.segmented_control[0].set_value(method)
    return run(app)


def start_button(app: AppTest) -> Any:
    return next((button for button in app.button if button.label == "Start the sweep"), None)


def complaints(app: AppTest) -> list[str]:
    return [error.value.replace("\\", "") for error in app.error]


# The form


def test_learning_rates_around_a_thousandth_come_first(panel: AppTest) -> None:
    assert field(panel, "Over").value == ["lr"]
    rates = [float(text) for text in field(panel, "Learning rate").value.split(",")]
    assert min(rates) < 0.001 < max(rates)
    assert 0.001 in rates
    assert "**6 runs** over learning rate." in texts(panel)


@pytest.mark.parametrize("text", ["1e30", "nan", "inf", "-1", "", "0.1;0.2", "<b>", "0.1 to 0.2"])
def test_bad_input_gives_one_line_below_its_field_and_loses_nothing(
    panel: AppTest, text: str
) -> None:
    put(panel, "Name", "mine")
    put(panel, "Learning rate", text)
    [complaint] = complaints(panel)
    assert "was given; expected" in complaint
    assert "\n" not in complaint
    assert start_button(panel) is None
    assert field(panel, "Learning rate").value == text
    assert field(panel, "Name").value == "mine"
    put(panel, "Learning rate", "0.1, 0.2")
    assert not panel.error
    assert not start_button(panel).disabled


def test_too_many_runs_are_refused(panel: AppTest) -> None:
    put(panel, "Seeds for each", 100)
    assert complaints(panel) == ["runs: 600 would be made; expected from 1 to 256"]


def test_a_preset_fills_in_what_the_sweep_is_over(panel: AppTest) -> None:
    [preset] = [preset for preset in SWEEP_PRESETS if preset.title == "Update rules"]
    put(panel, "Preset", preset)
    assert field(panel, "Over").value == ["optimizer"]
    assert field(panel, "Optimiser").value == ["sgd", "nesterov", "adam", "adamw", "rmsprop"]
    assert "**5 runs** over optimiser." in texts(panel)


def test_what_was_typed_stays_while_other_fields_and_searches_are_looked_at(
    panel: AppTest,
) -> None:
    put(panel, "Learning rate", "0.5, 0.6")
    search(panel, "Random")
    assert field(panel, "Learning rate").value == "0.0001 to 0.03"
    put(panel, "Learning rate", "0.25 to 0.5")
    put(panel, "Over", ["seed"])
    search(panel, "Grid")
    put(panel, "Over", ["lr", "seed"])
    assert field(panel, "Learning rate").value == "0.5, 0.6"
    search(panel, "Random")
    assert field(panel, "Learning rate").value == "0.25 to 0.5"


def test_what_the_sweep_is_over_is_not_asked_for_again(panel: AppTest) -> None:
    labels = {number.label for number in panel.number_input}
    assert labels == {"Epochs of each", "Seeds for each"}
    put(panel, "Over", ["epochs", "seed"])
    assert not panel.number_input
    put(panel, "Over", [])
    assert start_button(panel) is None


def test_only_what_differs_is_told(panel: AppTest) -> None:
    put(panel, "Over", ["lr", "momentum", "batch_size"])
    put(panel, "Momentum", "0.5")
    assert "**18 runs** over learning rate and batch size. " in texts(panel)
    put(panel, "Learning rate", "0.1")
    put(panel, "Batch size", "4")
    assert "**1 run**." in texts(panel)
    assert "sweep · batch size 4, lr 0\\.1, momentum 0\\.5" in texts(panel)


def test_a_random_search_of_fewer_different_runs_than_asked_for_says_so(panel: AppTest) -> None:
    search(panel, "Random")
    put(panel, "Over", ["optimizer"])
    assert "**3 runs** over optimiser." in texts(panel)
    assert "12 were asked for; there are no more different ones." in texts(panel)


def test_the_base_is_a_chosen_runs_settings_and_its_epochs(
    panel: AppTest, server: Services
) -> None:
    base = add(server, "**base**", None, epochs=7, dataset="digits")
    panel.session_state[SELECTED] = (base.id,)
    panel.run()
    options = field(panel, "Settings of").options
    assert "Digits in seconds" in options
    assert field(panel, "Epochs of each").value == 15  # of the preset, chosen before
    field(panel, "Settings of").select_index(options.index("**base**"))
    run(panel)
    assert field(panel, "Epochs of each").value == 7
    # It stays the base though other runs are chosen now.
    panel.session_state[SELECTED] = ()
    run(panel)
    assert field(panel, "Settings of").value == base.id


# The start


def test_a_start_makes_the_runs_once_and_selects_them(
    panel: AppTest, server: Services, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    put(panel, "Learning rate", "0.01, 0.02")
    put(panel, "Epochs of each", 1)
    put(panel, "Name", "<b>mine</b>")
    start_button(panel).click()
    run(panel)
    runs = server.store.list_runs()[::-1]
    assert [made.name for made in runs] == ["<b>mine</b> · lr 0.01", "<b>mine</b> · lr 0.02"]
    assert [(made.config.lr, made.config.epochs) for made in runs] == [(0.01, 1), (0.02, 1)]
    assert panel.session_state[SELECTED] == tuple(made.id for made in runs)
    assert len({made.sweep for made in runs}) == 1
    assert field(panel, "Sweep shown").value == runs[0].sweep

    def has_ended() -> bool:
        return not any(made.status in ACTIVE for made in server.launcher.runs())

    wait_for(has_ended)
    panel.run()
    assert [made.status for made in server.launcher.runs()] == ["finished", "finished"]
    assert "2 of 2 done" in texts(panel)
    assert "Best so far: **" in texts(panel)


def test_a_sweep_under_way_is_not_started_again(panel: AppTest, server: Services) -> None:
    put(panel, "Learning rate", "0.01, 0.02")
    put(panel, "Epochs of each", 10_000)
    first = start_button(panel).click()
    run(panel)
    assert start_button(panel).disabled
    # A second click on the button as it was, that comes late, is a click on another one.
    assert start_button(panel).key != first.key
    assert len(server.store.list_runs()) == 2
    put(panel, "Learning rate", "0.01, 0.03")
    assert not start_button(panel).disabled


def test_hopeless_runs_of_a_sweep_under_way_are_stopped_on_request(
    panel: AppTest, server: Services
) -> None:
    put(panel, "Learning rate", "0.01, 0.02")
    put(panel, "Epochs of each", 10_000)
    start_button(panel).click()
    run(panel)
    for wanted in (True, False):
        put(panel, "Stop hopeless runs", wanted)
        assert {made.halving for made in server.store.list_runs()} == {2 if wanted else None}
        assert field(panel, "Stop hopeless runs").value is wanted


# What is shown


def test_an_earlier_sweep_is_found_and_its_runs_are_selected(
    panel: AppTest, server: Services
) -> None:
    earlier = [add(server, f"old · lr {lr}", "one", accuracy=lr, lr=lr) for lr in (0.1, 0.2)]
    add(server, "new", "two")
    run(panel)
    shown = field(panel, "Sweep shown")
    assert shown.value is None
    label = next(option for option in shown.options if option.startswith("old"))
    assert label.startswith("old · learning rate · 2 runs · ")
    shown.select_index(shown.options.index(label))
    run(panel)
    assert panel.session_state[SELECTED] == tuple(made.id for made in earlier)
    assert "Best so far: **20.00%** with learning rate 0\\.2" in texts(panel)
    # Some of its runs alone are drawn as runs that were chosen.
    panel.session_state[SELECTED] = (earlier[0].id,)
    run(panel)
    assert field(panel, "Sweep shown").value is None
    assert "1 of 1 done" in texts(panel)


def test_deleted_runs_of_a_sweep_are_not_drawn(panel: AppTest, server: Services) -> None:
    kept, gone = (add(server, f"a · {name}", "one") for name in "xy")
    server.store.hide_run(gone.id)
    panel.session_state[SELECTED] = (kept.id,)
    run(panel)
    assert field(panel, "Sweep shown").value == "one"
    assert "1 of 1 done" in texts(panel)


def test_a_base_on_a_device_that_is_gone_is_told(panel: AppTest, server: Services) -> None:
    config = TrainConfig(device="cuda:7")
    base: Run = server.store.create_run(name="far", config=config, device="cuda:7", token="far")
    server.store.change_status(base.id, {"starting"}, "finished")
    panel.session_state[SELECTED] = (base.id,)
    panel.run()
    options = field(panel, "Settings of").options
    field(panel, "Settings of").select_index(options.index("far"))
    run(panel)
    [complaint] = complaints(panel)
    assert "cuda:7" in complaint
