"""What a person sees and can do on the compare page, without a browser.

The table and the curves draw in a browser only; what is chosen in them is put into the session.
"""

from sqlalchemy import Engine, event
from streamlit.testing.v1 import AppTest

from blitz.training.config import TrainConfig
from blitz.training.store import Run
from blitz.ui.compare.curve_chart import ChartChoices
from blitz.ui.compare.run_table import TableState
from blitz.ui.compare.state import CHART, MOST_SELECTED, PANEL, PANELS, SELECTED, TABLE
from blitz.ui.compare.table_actions import DELETIONS, Deletion
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
    services.store.update_run(run.id, step=1, total_steps=1)
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
    [hidden] = server.store.hidden_runs()
    assert hidden.deleted_at is not None
    app.session_state[DELETIONS] = [Deletion(title="gone", hidden_at={gone.id: hidden.deleted_at})]
    app.run()
    assert [run.id for run in server.store.hidden_runs()] == [gone.id]
    app.switch_page("home.py").run()
    open_page(app)
    assert server.store.get_run(gone.id) is None
    assert [run.id for run in server.store.list_runs()] == [kept.id]


def test_more_runs_than_can_be_compared_are_selected_and_the_page_says_so(
    app: AppTest, server: Services
) -> None:
    runs = [
        add_run(server, f"run {number}", lr=0.01 * (number + 1))
        for number in range(MOST_SELECTED + 1)
    ]
    open_page(app, panel="Settings")
    app.session_state[SELECTED] = tuple(run.id for run in runs)
    app.run()
    assert "51 runs are selected; the first 50 of them are compared." in [
        caption.value for caption in app.caption
    ]
    [table] = [frame.value for frame in app.dataframe]
    assert list(table.columns) == [run.id for run in runs[:MOST_SELECTED]]
    assert app.session_state[SELECTED] == tuple(run.id for run in runs)
    # The address has room for those that are compared.
    address = app.session_state["compare-replaced"][-1]
    assert address["runs"] == ",".join(run.id for run in runs[:MOST_SELECTED])
    server.store.hide_run(runs[0].id)
    app.run()
    [table] = [frame.value for frame in app.dataframe]
    assert list(table.columns) == [run.id for run in runs[1:]]


def test_the_chosen_runs_are_read_at_once_also_where_all_are_lost(server: Services) -> None:
    runs = [add_run(server, f"run {number}") for number in range(20)]
    for run in runs:
        server.store.begin_attempt(run.id, {"finished"}, device="cpu")
        server.store.change_status(run.id, {"starting"}, "running")
    asked: list[str] = []

    def note(*arguments: object) -> None:
        asked.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        seen = server.launcher.runs_of([runs[3].id, "nobody", *(run.id for run in runs)])
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert [run.id for run in seen] == [runs[3].id, *(run.id for run in runs)]
    assert {run.status for run in seen} == {"lost"}
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 2
