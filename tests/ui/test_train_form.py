"""The train page's form: every choice of a run has its field, and wrong ones are told beside it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import fields

import pytest
import torch
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Widget

from blitz.training.config import TrainConfig
from blitz.training.presets import PRESETS
from blitz.training.sweeps import field_title
from blitz.ui.services import Services
from blitz.ui.train_values import KEY
from tests.ui.test_pages import labels, open_train, press, texts

RECIPE = next(preset for preset in PRESETS if preset.is_for_gpu)
WaitFor = Callable[[Callable[[], bool]], None]


def choose_recipe(app: AppTest) -> AppTest:
    open_train(app)
    app.selectbox(key=KEY + "preset").set_value(RECIPE).run()
    assert not app.exception
    return app


def widgets(app: AppTest) -> list[Widget]:
    return [*app.selectbox, *app.number_input, *app.checkbox]


def test_every_choice_of_a_run_has_a_field_with_the_presets_value(app: AppTest) -> None:
    choose_recipe(app)
    shown = {widget.key: widget.value for widget in widgets(app)}
    for field in fields(TrainConfig):
        if field.name not in ("skip_unreadable", "image_size"):  # asked with the files; "as it is"
            assert shown[KEY + field.name] == getattr(RECIPE.config, field.name), field.name


def test_a_recipe_for_gpus_says_how_long_this_processor_needs(
    app: AppTest, wait_for: WaitFor
) -> None:
    choose_recipe(app)
    app.selectbox(key=KEY + "device").set_value("cpu").run()
    assert "Made for a GPU" in texts(app)
    line = "the recipe is 2.4\N{NO-BREAK SPACE}·\N{NO-BREAK SPACE}10¹⁵ floating-point operations"
    wait_for(lambda: line in texts(app.run()))
    assert not app.exception


def test_other_presets_say_nothing_of_gpus(app: AppTest) -> None:
    assert "Made for a GPU" not in texts(open_train(app))


def test_without_a_gpu_auto_is_a_processor(app: AppTest) -> None:
    says_so = "Made for a GPU" in texts(choose_recipe(app))
    has_gpu = torch.cuda.is_available() or torch.backends.mps.is_available()
    assert says_so is not has_gpu


WRONG = [
    ("lr", float("nan"), "expected a number above 0 to 100"),
    ("lr", -1.0, "expected a number above 0 to 100"),
    ("lr", 1e30, "expected a number above 0 to 100"),
    ("batch_size", 0, "expected a whole number from 1"),
    ("batch_size", 10**9, "expected a whole number from 1"),
    ("batch_size", 2_000, "there are 1,438 training images"),
    ("epochs", 0, "expected a whole number from 1"),
    ("seed", -1, "expected a whole number from 0"),
    ("width", 1_000, "expected a whole number from 1"),
    ("label_smoothing", 1.0, "expected a number from 0 to 0.99"),
    ("norm_bias_lr", 0.0, "expected a number above 0 to 1000"),
    ("processes", 65, "65 was given; expected a whole number from 1 to 64"),
    ("processes", 2.5, "2.5 was given; expected a whole number from 1 to 64"),
    ("processes", 1e9, "1000000000 was given; expected a whole number from 1 to 64"),
    ("processes", 1e300, "1e+300 was given; expected a whole number from 1 to 64"),
    ("seed", 1e20, "1e+20 was given; expected a whole number from 0 to 9,007,199,"),
    # The next smaller one is the last that a browser tells from its neighbours.
    ("seed", 2.0**53, "expected a whole number from 0 to 9,007,199,254,740,991"),
    ("seed", 0.5, "0.5 was given; expected a whole number from 0 to"),
    ("epochs", 1.5, "1.5 was given; expected a whole number from 1 to"),
    ("patience", -1, "-1 was given; expected a whole number from 0 to"),
]


@pytest.mark.parametrize(("name", "value", "rule"), WRONG)
def test_a_wrong_number_is_told_in_a_line_and_cannot_be_started(
    app: AppTest, name: str, value: float, rule: str
) -> None:
    open_train(app)
    field = KEY + name
    right = app.number_input(key=field).value
    app.number_input(key=field).set_value(value).run()
    assert not app.exception
    [error] = app.error
    assert rule in error.value.replace("\\", "")
    assert "\n" not in error.value
    assert "Start" not in labels(app)
    app.number_input(key=field).set_value(right).run()
    assert "Start" in labels(app)
    assert not app.error


def test_a_run_has_the_whole_numbers_that_stand_in_the_form(app: AppTest, server: Services) -> None:
    open_train(app)
    app.number_input(key=KEY + "seed").set_value(2.0**53 - 1).run()
    app.number_input(key=KEY + "epochs").set_value(1.0).run()
    press(app, "Start")
    [run] = server.launcher.runs()
    assert (run.config.seed, run.config.epochs) == (2**53 - 1, 1)
    assert isinstance(run.config.epochs, int)


def test_a_fault_of_the_database_is_a_line_in_the_form(app: AppTest, server: Services) -> None:
    open_train(app)
    with closing(sqlite3.connect(server.settings.home / "runs.sqlite")) as database:
        database.execute("ALTER TABLE runs RENAME TO elsewhere")
        press(app, "Start")
        database.execute("ALTER TABLE elsewhere RENAME TO runs")
    assert not app.exception
    assert any("database" in error.value for error in app.error)


def test_fields_are_called_as_everywhere_else(app: AppTest) -> None:
    open_train(app)
    shown = {widget.key: widget.label for widget in widgets(app)}
    for field in fields(TrainConfig):
        if field.name != "skip_unreadable":  # asked with the files
            assert shown[KEY + field.name] == field_title(field.name).capitalize()


@pytest.mark.parametrize(
    ("model", "rule"),
    [("mlp", "does not begin with a convolution"), ("resnet18", "starts from layers already")],
)
def test_a_first_layer_that_cannot_be_whitened_is_told_at_its_field(
    app: AppTest, model: str, rule: str
) -> None:
    open_train(app)
    app.checkbox(key=KEY + "whiten").check().run()
    assert "Start" in labels(app)  # net begins with a convolution
    app.selectbox(key=KEY + "model").set_value(model).run()
    [error] = app.error
    assert rule in error.value
    assert "Start" not in labels(app)
