"""What a person sees and can do on the compare page, without a browser.

The table and the curves draw in a browser only; what is chosen in them is put into the session.
"""

from streamlit.testing.v1 import AppTest

from blitz.training.config import TrainConfig
from blitz.training.store import Run
from blitz.ui.compare.curve_chart import ChartChoices
from blitz.ui.compare.overview import HIDDEN, delete_hidden
from blitz.ui.compare.run_table import TableState
from blitz.ui.compare.state import CHART, PANEL, PANELS, SELECTED, TABLE
from blitz.ui.services import Services


def open_page(app: AppTest, **address: str) -> AppTest:
    app.run()
    app.switch_page("compare.py")
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def add_run(services: Services, name: str, **choices: object) -> Run:
    """A finished run that left nothing but its record."""
    config = TrainConfig.from_dict({"dataset": "digits", **choices})
    run = services.store.create_run(name=name, config=config, device="cpu", token=name)
    services.store.change_status(run.id, {"starting"}, "finished")
    return run


def test_every_panel_says_what_it_needs_or_shows_what_there_is(
    app: AppTest, server: Services
) -> None:
    open_page(app)
    assert app.title[0].value == "Compare runs"
    runs = [add_run(server, name, lr=lr) for name, lr in (("a", 0.1), ("<b>", 0.2))]
    for chosen in ((), (runs[0].id,), (runs[0].id, runs[1].id)):
        for panel in PANELS:
            app.session_state[SELECTED] = chosen
            app.session_state[PANEL] = panel
            app.run()
            assert not app.exception, panel
    app.session_state[PANEL] = "Settings"
    app.run()
    [table] = [frame.value for frame in app.dataframe]
    assert list(table.index) == ["learning rate"]


def test_the_address_holds_runs_table_chart_and_panel(app: AppTest, server: Services) -> None:
    run = add_run(server, "a")
    open_page(
        app, runs=f"{run.id},{run.id},gone", sort="loss", filter="net", metric="test_loss",
        axis="epoch", smoothing="0.25", is_log="True", panel="Settings", descending="False",
    )  # fmt: skip
    assert app.session_state[SELECTED] == (run.id, "gone")
    assert app.session_state[TABLE] == TableState(sort="loss", descending=False, filter="net")
    assert app.session_state[CHART] == ChartChoices(
        metric="test_loss", axis="epoch", smoothing=0.25, is_log=True
    )
    assert app.session_state[PANEL] == "Settings"


def test_what_the_address_may_not_say_is_told(app: AppTest, server: Services) -> None:
    assert server.store
    open_page(app, sort="secret", smoothing="2", panel="x", metric="m")
    assert [warning.value.split("\\:")[0] for warning in app.warning] == [
        "sort", "smoothing", "metric",
    ]  # fmt: skip
    assert app.session_state[TABLE] == TableState()
    assert app.session_state[CHART] == ChartChoices()


def test_what_was_deleted_goes_for_good_once_the_page_was_left(
    app: AppTest, server: Services
) -> None:
    kept, gone = add_run(server, "kept"), add_run(server, "gone")
    open_page(app)
    server.store.hide_run(gone.id)
    app.session_state[HIDDEN] = (gone.id,)
    app.run()
    assert [run.id for run in server.store.hidden_runs()] == [gone.id]
    app.switch_page("home.py").run()
    open_page(app)
    assert server.store.get_run(gone.id) is None
    assert [run.id for run in server.store.list_runs()] == [kept.id]


def test_what_another_session_deleted_just_now_is_left_alone(server: Services) -> None:
    run = add_run(server, "a")
    server.store.hide_run(run.id)
    app = AppTest.from_function(lambda: None)
    app.run()
    delete_hidden(server)
    assert [hidden.id for hidden in server.store.hidden_runs()] == [run.id]
