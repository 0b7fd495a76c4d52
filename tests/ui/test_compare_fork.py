"""The form that begins a run with another one's weights, with real training processes."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from blitz.training import runner
from blitz.training.config import TrainConfig
from blitz.training.store import MAX_NAME, Run
from blitz.ui.compare.fork_panel import CHECKPOINT, PARENT, TOKEN, default_name
from blitz.ui.compare.state import KEY, PANEL, SELECTED
from blitz.ui.services import Services
from blitz.ui.text import plain
from tests.ui.test_compare_page import add_run, open_page

CONFIG = TrainConfig(
    dataset="digits", model="net", device="cpu", epochs=2, lr=0.05, keep_epochs=True
)


@pytest.fixture
def parent(server: Services) -> Run:
    return trained(server, "parent")


def trained(server: Services, name: str, config: TrainConfig = CONFIG) -> Run:
    run = server.store.create_run(name=name, config=config, device="cpu", token=name)
    assert runner.run(server.settings, server.store, run.id) == "finished"
    return run


def open_form(app: AppTest, *runs: Run) -> AppTest:
    open_page(app, runs=",".join(run.id for run in runs), panel="Fork")
    assert app.session_state[PANEL] == "Fork"
    return app


def field(name: str, run: Run) -> str:
    return f"{KEY}fork-{name}-{run.id}"


def press_fork(app: AppTest) -> None:
    [button] = [button for button in app.button if button.label == "Fork"]
    button.click().run()
    assert not app.exception


def forks(server: Services) -> list[Run]:
    """The newest first."""
    found = [run for run in server.store.list_runs() if run.parent]
    for run in found:
        if server.launcher.view(run).ended_at is None:
            server.launcher.stop(run.id)
    return found


def test_a_fork_begins_with_the_chosen_epoch_and_is_drawn_beside_all_that_are_chosen(
    app: AppTest, server: Services, parent: Run
) -> None:
    other = add_run(server, "other")
    open_form(app, other, parent)
    assert "saved no weights" in app.info[0].value
    app.selectbox(PARENT).set_value(parent.id).run()
    epoch = next(row for row in server.store.checkpoints(parent.id)
                 if (row.kind, row.epoch) == ("epoch", 1.0))  # fmt: skip
    app.selectbox(CHECKPOINT).set_value(epoch.id)
    chosen = {"lr": 0.002, "epochs": 1, "momentum": 0.5, "batch_size": 32, "seed": 7}
    for name, value in chosen.items():
        app.number_input(field(name, parent)).set_value(value)
    press_fork(app)
    [fork] = forks(server)
    assert (fork.parent, fork.parent_step) == (parent.id, epoch.step)
    assert chosen.items() <= fork.config.to_dict().items()
    assert app.session_state[SELECTED] == (other.id, parent.id, fork.id)
    assert app.session_state[PANEL] == "Curves"
    assert [toast.value for toast in app.toast] == ["parent · fork is starting."]


def test_a_number_that_is_not_whole_is_refused_and_a_long_seed_stays(
    app: AppTest, server: Services
) -> None:
    parent = trained(server, "parent", replace(CONFIG, seed=2**60 + 1))
    open_form(app, parent)
    app.number_input(field("batch_size", parent)).set_value(2.5)
    press_fork(app)
    [error] = app.error
    assert "batch size: 2.5 was given; expected a whole number" in error.value.replace("\\", "")
    app.number_input(field("batch_size", parent)).set_value(32.0)
    press_fork(app)
    [fork] = forks(server)
    assert (fork.config.batch_size, fork.config.seed) == (32, 2**60 + 1)


def test_forks_have_names_of_their_own(app: AppTest, server: Services, parent: Run) -> None:
    open_form(app, parent)
    press_fork(app)
    app.session_state[PANEL] = "Fork"
    app.run()
    assert app.text_input(field("name", parent)).placeholder == "parent · fork 2"
    press_fork(app)
    app.session_state[PANEL] = "Fork"
    app.run()
    app.text_input(field("name", parent)).set_value(" <b>mine</b> ")
    press_fork(app)
    assert [run.name for run in forks(server)] == [
        "<b>mine</b>", "parent · fork 2", "parent · fork",
    ]  # fmt: skip


def test_of_a_long_name_both_ends_are_kept_and_the_number(server: Services) -> None:
    long = add_run(server, "x" * (MAX_NAME - 1) + "y")
    first = default_name(long, [long])
    second = default_name(long, [long, add_run(server, first)])
    assert first.startswith("xxx")
    assert first.endswith("xy · fork")
    assert second.endswith("xy · fork 2")
    assert len(first) == len(second) == MAX_NAME


def test_two_clicks_on_one_drawing_are_one_fork(
    app: AppTest, server: Services, parent: Run
) -> None:
    open_form(app, parent)
    token = app.session_state[TOKEN]
    press_fork(app)
    assert app.session_state[TOKEN] == token
    # The second click ended the script run of the first before that could leave the form.
    app.session_state[PANEL] = "Fork"
    app.session_state[SELECTED] = (parent.id,)
    press_fork_as_drawn(app, token)
    assert len(forks(server)) == 1


def press_fork_as_drawn(app: AppTest, token: str) -> None:
    """The click alone, with the token of the drawing that it was made on."""
    [button] = [button for button in app.run().button if button.label == "Fork"]
    app.session_state[TOKEN] = token
    button.click().run()
    assert not app.exception


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("lr", -1.0, "learning rate: -1.0 was given; expected a number above 0 to 100"),
        ("epochs", 0, "epochs: 0 was given; expected a whole number from 1 to 10,000"),
        ("batch_size", 9999, "batch size: 9,999 was given; there are 1,438 training images"),
    ],
)
def test_what_is_wrong_is_a_line_in_the_forms_words_and_makes_no_run(
    app: AppTest, server: Services, parent: Run, name: str, value: float, rule: str
) -> None:
    open_form(app, parent)
    app.number_input(field(name, parent)).set_value(value)
    press_fork(app)
    assert [error.value for error in app.error] == [plain(rule)]
    assert len(server.store.list_runs()) == 1


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("failed", "new is failed and saved no weights before that"),
        ("diverged", "new is diverged and saved no weights before that"),
    ],
)
def test_a_run_that_has_saved_nothing_is_told_and_has_no_form(
    app: AppTest, server: Services, status: str, told: str
) -> None:
    run = server.store.create_run(name="new", config=CONFIG, device="cpu", token="n")
    server.store.change_status(run.id, {"starting"}, status)  # type: ignore[arg-type]
    open_form(app, run)
    assert [info.value.partition(":")[0] for info in app.info] == [told]
    assert "Fork" not in [button.label for button in app.button]
