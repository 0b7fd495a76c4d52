"""The form that begins a run with another one's weights, with real training processes."""

import pytest
from streamlit.testing.v1 import AppTest

from blitz.training import runner
from blitz.training.config import TrainConfig
from blitz.training.store import Run
from blitz.ui.compare.fork_panel import CHECKPOINT
from blitz.ui.compare.state import PANEL, SELECTED
from blitz.ui.services import Services
from blitz.ui.text import plain
from tests.ui.test_compare_page import open_page

CONFIG = TrainConfig(
    dataset="digits", model="net", device="cpu", epochs=2, lr=0.05, keep_epochs=True
)


@pytest.fixture
def parent(server: Services) -> Run:
    run = server.store.create_run(name="parent", config=CONFIG, device="cpu", token="p")
    assert runner.run(server.settings, server.store, run.id) == "finished"
    return run


def open_form(app: AppTest, run: Run) -> AppTest:
    open_page(app, runs=run.id, panel="Fork")
    assert app.session_state[PANEL] == "Fork"
    return app


def press_fork(app: AppTest) -> None:
    [button] = [button for button in app.button if button.label == "Fork"]
    button.click().run()
    assert not app.exception


def test_a_fork_begins_with_the_chosen_epoch_and_is_chosen_beside_its_parent(
    app: AppTest, server: Services, parent: Run
) -> None:
    open_form(app, parent)
    epoch = next(row for row in server.store.checkpoints(parent.id)
                 if (row.kind, row.epoch) == ("epoch", 1.0))  # fmt: skip
    app.selectbox(CHECKPOINT).set_value(epoch.id)
    app.number_input(f"compare-fork-lr-{parent.id}").set_value(0.002)
    app.number_input(f"compare-fork-epochs-{parent.id}").set_value(1)
    press_fork(app)
    [fork] = [run for run in server.store.list_runs() if run.id != parent.id]
    assert (fork.parent, fork.parent_step) == (parent.id, epoch.step)
    assert (fork.config.lr, fork.config.epochs) == (0.002, 1)
    assert app.session_state[SELECTED] == (parent.id, fork.id)
    server.launcher.stop(fork.id)


def test_what_is_wrong_is_a_line_and_makes_no_run(
    app: AppTest, server: Services, parent: Run
) -> None:
    open_form(app, parent)
    app.number_input(f"compare-fork-lr-{parent.id}").set_value(-1.0)
    press_fork(app)
    assert [error.value for error in app.error] == [
        plain("lr: -1.0 was given; expected a number above 0 to 100")
    ]
    assert len(server.store.list_runs()) == 1


def test_a_run_that_has_saved_nothing_is_told(app: AppTest, server: Services) -> None:
    run = server.store.create_run(name="new", config=CONFIG, device="cpu", token="n")
    server.store.change_status(run.id, {"starting"}, "failed")
    open_form(app, run)
    assert [info.value for info in app.info] == ["new has saved no weights yet."]
