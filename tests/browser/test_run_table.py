import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from blitz.training import TrainConfig
from blitz.training.events import EpochFinished, Position
from blitz.training.store import Run, RunStore
from tests.browser.conftest import Serve, Server, wait_for

READY = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(Path(__file__).with_name("run_table_app.py"))


@pytest.fixture
def store(server: Server) -> Iterator[RunStore]:
    """The server's store, without runs."""
    store = RunStore(server.settings.database_url)
    for run in [*store.list_runs(5_000), *store.hidden_runs()]:
        store.delete_run(run.id)
    (server.settings.home / "events").write_text("")
    yield store
    store.close()


def add_run(
    store: RunStore, name: str, *, accuracy: float | None = None, lr: float = 0.1, seed: int = 0
) -> Run:
    """A running run, perhaps with an epoch."""
    config = TrainConfig(lr=lr, seed=seed)
    run = store.create_run(name=name, config=config, device="cpu", token=name)
    store.change_status(run.id, {"starting"}, "running")
    store.update_run(run.id, total_steps=100, step=50, accuracy=accuracy)
    if accuracy is not None:
        at = Position(step=50, epoch=1.0, images=200, seconds=2.0)
        row = EpochFinished(
            at=at, loss=1.0, accuracy=accuracy, class_correct=(1,), class_total=(2,), is_best=True
        )
        store.append_metrics(run.id, [row])
    return run


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """The table on a page."""

    page: Page
    server: Server

    @property
    def rows(self) -> Locator:
        return self.page.locator(".blitz-runs tbody tr[data-id]")

    def row(self, run: Run) -> Locator:
        return self.page.locator(f".blitz-runs tr[data-id='{run.id}']")

    def cell(self, run: Run, column: str) -> Locator:
        return self.row(run).locator(f"[data-column={column}]")

    def names(self) -> list[str]:
        return self.rows.locator("b").all_text_contents()

    def wait_for_names(self, *names: str) -> None:
        expect(self.rows.locator("b")).to_have_text(names)

    def choose(self, run: Run, action: str) -> None:
        self.row(run).get_by_role("button", name="Actions for").click()
        self.page.get_by_role("menuitem", name=action).click()

    def events(self) -> list[tuple[str, list[str], object]]:
        found = []
        for line in (self.server.settings.home / "events").read_text().splitlines():
            kind, _, rest = line.partition(" ")
            ids, _, value = rest.partition("] ")
            found.append((kind, ast.literal_eval(ids + "]"), ast.literal_eval(value)))
        return found

    def wait_for_event(self, kind: str, *runs: Run, value: object = None) -> None:
        event = (kind, [run.id for run in runs], value)
        wait_for(self.page, lambda: event in self.events())
        assert self.events().count(event) == 1


@pytest.fixture
def table(page: Page, server: Server, store: RunStore) -> Table:
    return open_table(page, server)


def open_table(page: Page, server: Server) -> Table:
    page.goto(server.url)
    expect(page.locator(READY)).to_have_count(1)
    return Table(page=page, server=server)


def test_runs_come_change_and_go_without_a_script_run(table: Table, store: RunStore) -> None:
    expect(table.page.get_by_text("There are no runs yet.")).to_be_visible()
    ran = (table.server.settings.home / "script_runs").stat().st_size
    first = add_run(store, "first")
    table.wait_for_names("first")
    expect(table.cell(first, "status")).to_have_text("▶running")
    expect(table.cell(first, "progress").locator("progress")).to_have_attribute("max", "1")
    bar = table.cell(first, "progress").get_by_role("progressbar", name="50 of 100 steps")
    assert bar.evaluate("bar => bar.value") == 0.5
    expect(table.cell(first, "best_accuracy")).to_have_text("–")
    second = add_run(store, "second", accuracy=0.75)
    table.wait_for_names("second", "first")
    expect(table.cell(second, "best_accuracy")).to_have_text("75.0%")
    store.change_status(first.id, {"running"}, "failed", "disk full")
    expect(table.cell(first, "status")).to_have_text("✕failed")
    store.delete_run(second.id)
    table.wait_for_names("first")
    assert (table.server.settings.home / "script_runs").stat().st_size == ran


def test_a_click_on_a_heading_sorts_and_what_has_no_value_comes_last(
    table: Table, store: RunStore
) -> None:
    for name, accuracy in (("a", 0.5), ("b", None), ("c", 0.75)):
        add_run(store, name, accuracy=accuracy)
    heading = table.page.get_by_role("columnheader", name="Best accuracy")
    heading.get_by_role("button").click()
    table.wait_for_names("c", "a", "b")
    expect(heading).to_have_attribute("aria-sort", "descending")
    heading.get_by_role("button").click()
    table.wait_for_names("a", "c", "b")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    state = {"sort": "best_accuracy", "descending": False, "filter": ""}
    table.wait_for_event("view", value=state)


def test_pinned_runs_come_first_in_every_order(table: Table, store: RunStore) -> None:
    runs = [add_run(store, name) for name in "abc"]
    table.wait_for_names("c", "b", "a")
    table.choose(runs[0], "Pin to the top")
    table.wait_for_names("a", "c", "b")
    table.wait_for_event("pin", runs[0], value=True)
    expect(table.row(runs[0]).get_by_role("img", name="pinned")).to_be_visible()


def test_the_filter_looks_through_all_fields(table: Table, store: RunStore) -> None:
    plain, tagged = add_run(store, "plain", lr=0.25), add_run(store, "other")
    store.update_run(tagged.id, tags=["Baseline"], note="after lunch")
    field = table.page.get_by_role("searchbox", name="Filter runs")
    table.wait_for_names("other", "plain")
    for text, names in (("base LUNCH", ["other"]), ("0.25", ["plain"]), ("running", ["other",
                        "plain"])):  # fmt: skip
        field.fill(text)
        table.wait_for_names(*names)
    field.fill("nowhere")
    expect(table.page.get_by_text("No run passes the filter.")).to_be_visible()
    expect(table.page.get_by_text("0 of 2 runs")).to_be_visible()
    assert plain


def test_the_filter_takes_conditions(table: Table, store: RunStore) -> None:
    low, high = add_run(store, "low", lr=0.01, seed=1), add_run(store, "high", lr=0.5, seed=13)
    store.update_run(low.id, accuracy=0.5)
    store.update_run(high.id, accuracy=0.95)
    store.change_status(high.id, {"running"}, "finished")
    add_run(store, "new")  # whose accuracy nobody knows yet
    field = table.page.get_by_role("searchbox", name="Filter runs")
    for text, names in (
        ("accuracy>90%", ["high"]),
        ("accuracy<=0.95", ["high", "low"]),
        ("lr<=0.1 state:run", ["new", "low"]),
        ("seed:1", ["low"]),
        ("accuracy>many", []),
    ):
        field.fill(text)
        table.wait_for_names(*names)


def test_runs_are_selected_one_by_one_in_a_range_and_all_that_are_shown(
    table: Table, store: RunStore
) -> None:
    runs = [add_run(store, name) for name in "abcde"]
    table.wait_for_names(*"edcba")
    table.cell(runs[4], "check").click()
    table.wait_for_event("select", runs[4])
    table.cell(runs[2], "check").click(modifiers=["Shift"])
    table.wait_for_event("select", runs[4], runs[3], runs[2])
    expect(table.page.get_by_role("button", name="3 selected")).to_be_visible()
    table.page.get_by_role("searchbox").fill("a")
    table.wait_for_names("a")
    table.page.get_by_label("Select all runs that are shown").click()
    table.wait_for_event("select", runs[4], runs[3], runs[2], runs[0])
    table.page.get_by_role("button", name="Select nothing").click()
    expect(table.page.get_by_role("button", name="selected")).to_have_count(0)


def test_a_name_is_changed_in_its_place_and_kept_as_text(table: Table, store: RunStore) -> None:
    run = add_run(store, "before")
    table.row(run).locator("b").dblclick()
    name = "<img src=x onerror=alert(1)>"
    table.page.get_by_label("Name", exact=True).fill(name)
    table.page.keyboard.press("Enter")
    table.wait_for_event("rename", run, value=name)
    table.wait_for_names(name)
    wait_for(table.page, lambda: store.get_run(run.id).name == name)  # type: ignore[union-attr]
    table.page.keyboard.press("F2")
    table.page.get_by_label("Name", exact=True).fill("left")
    table.page.keyboard.press("Escape")
    table.wait_for_names(name)


def test_tags_and_notes_are_written_in_a_window(table: Table, store: RunStore) -> None:
    run = add_run(store, "run")
    table.choose(run, "Tags")
    table.page.get_by_role("textbox").last.fill("a, b\n<i>c</i>\n\na, b")
    table.page.get_by_role("button", name="Save").click()
    table.wait_for_event("tags", run, value={"before": (), "after": ("a, b", "<i>c</i>")})
    expect(table.row(run).locator(".tag")).to_have_text(["a, b", "<i>c</i>"])
    table.choose(run, "Note")
    table.page.get_by_role("textbox").last.fill("why\nnot")
    table.page.keyboard.press("Control+Enter")
    table.wait_for_event("note", run, value="why\nnot")
    expect(table.row(run).locator(".note")).to_have_text("✎ why")


def test_a_name_that_is_being_written_is_left_alone_by_what_changes_around_it(
    table: Table, store: RunStore
) -> None:
    low, high = (add_run(store, name, accuracy=value) for name, value in (("low", 0.1),
                 ("high", 0.5)))  # fmt: skip
    table.page.get_by_role("columnheader", name="Last accuracy").get_by_role("button").click()
    table.wait_for_names("high", "low")
    table.row(low).locator("b").dblclick()
    field = table.page.get_by_label("Name", exact=True)
    field.fill("half")
    store.update_run(low.id, accuracy=0.9)
    store.update_run(high.id, accuracy=0.2)
    expect(table.cell(high, "accuracy")).to_have_text("20.0%")
    expect(table.rows.first).to_have_attribute("data-id", high.id)
    expect(field).to_be_focused()
    expect(field).to_have_value("half")
    field.press_sequentially(" and whole")
    field.press("Enter")
    table.wait_for_event("rename", low, value="half and whole")
    assert [event[0] for event in table.events()].count("rename") == 1
    table.wait_for_names("half and whole", "high")
    expect(table.row(low)).to_be_focused()


def test_a_row_keeps_the_keyboard_wherever_it_goes(table: Table, store: RunStore) -> None:
    runs = [add_run(store, f"run {number}", accuracy=0.001 * number) for number in range(60)]
    table.page.get_by_role("columnheader", name="Last accuracy").get_by_role("button").click()
    expect(table.rows.locator("b").first).to_have_text("run 59")
    table.row(runs[55]).focus()
    store.update_run(runs[55].id, accuracy=0.9)
    expect(table.rows.locator("b").first).to_have_text("run 55")
    expect(table.row(runs[55])).to_be_focused()
    store.update_run(runs[58].id, accuracy=0.95)  # which was behind it
    expect(table.rows.locator("b").first).to_have_text("run 58")
    expect(table.row(runs[55])).to_be_focused()
    table.page.locator(".blitz-runs .scroll").evaluate("it => { it.scrollTop = it.scrollHeight; }")
    expect(table.row(runs[0])).to_be_visible()
    expect(table.row(runs[55])).to_be_focused()
    table.page.keyboard.press("ArrowDown")
    expect(table.row(runs[59])).to_be_focused()
    store.hide_run(runs[59].id)
    expect(table.row(runs[57])).to_be_focused()
    table.page.keyboard.press("End")
    expect(table.row(runs[0])).to_be_focused()
    table.page.locator(".blitz-runs .scroll").evaluate("it => { it.scrollTop = 0; }")
    expect(table.row(runs[58])).to_be_visible()
    expect(table.row(runs[0])).to_be_focused()


def test_tags_of_several_runs_are_changed_where_they_are_common(
    table: Table, store: RunStore
) -> None:
    first, second = add_run(store, "first"), add_run(store, "second")
    store.update_run(first.id, tags=["common", "mine"])
    store.update_run(second.id, tags=["common", "yours"])
    expect(table.row(second).locator(".tag")).to_have_count(2)
    table.page.get_by_label("Select all runs that are shown").click()
    table.page.get_by_role("button", name="2 selected").click()
    table.page.get_by_role("menuitem", name="Tags").click()
    field = table.page.get_by_role("textbox").last
    expect(field).to_have_value("common")
    field.fill("new")
    table.page.get_by_role("button", name="Save").click()
    expect(table.row(first).locator(".tag")).to_have_text(["mine", "new"])
    expect(table.row(second).locator(".tag")).to_have_text(["yours", "new"])
    wait_for(table.page, lambda: tags_of(store, first, second) == [("mine", "new"),
                                                                   ("yours", "new")])  # fmt: skip


def tags_of(store: RunStore, *runs: Run) -> list[tuple[str, ...]]:
    return [run.tags for run in store.get_runs([run.id for run in runs])]


def test_tags_beyond_the_limits_are_refused_in_the_window(table: Table, store: RunStore) -> None:
    run = add_run(store, "run")
    table.choose(run, "Tags")
    field = table.page.get_by_role("textbox").last
    save = table.page.get_by_role("button", name="Save")
    for text, fault in (
        ("x" * 41, "a tag has at most 40 characters"),
        ("\n".join(map(str, range(21))), "A run would have 21 tags; at most 20 are allowed."),
    ):
        field.fill(text)
        save.click()
        expect(field).to_be_visible()
        assert fault in field.evaluate("field => field.validationMessage")
    field.fill("x" * 40)
    save.click()
    expect(table.row(run).locator(".tag")).to_have_text(["x" * 40])
    table.wait_for_event("tags", run, value={"before": (), "after": ("x" * 40,)})
    assert len(table.events()) == 1


def test_an_edit_that_is_refused_does_not_stay_on_the_screen(table: Table, store: RunStore) -> None:
    run = add_run(store, "run")
    table.choose(run, "Tags")
    field = table.page.get_by_role("textbox").last
    field.fill("one more")
    others = [f"t{number}" for number in range(20)]  # that somebody else writes meanwhile
    store.update_run(run.id, tags=others)
    expect(table.row(run).locator(".tag")).to_have_count(20)
    table.page.get_by_role("button", name="Save").click()
    expect(table.page.get_by_text("tags: 21 were given; expected at most 20")).to_be_visible()
    expect(table.row(run).locator(".tag")).to_have_text(others)


def test_more_runs_are_selected_and_marked_than_can_be_compared(
    page: Page, server: Server, store: RunStore
) -> None:
    runs = [add_run(store, f"run {number}") for number in range(55)]
    table = open_table(page, server)
    page.get_by_label("Select all runs that are shown").click()
    table.wait_for_event("select", *reversed(runs))
    page.get_by_role("button", name="55 selected").click()
    page.get_by_role("menuitem", name="Pin to the top").click()
    wait_for(page, lambda: all(run.is_pinned for run in store.list_runs()))
    expect(page.get_by_role("button", name="55 selected")).to_be_visible()


def test_every_deletion_can_be_undone_the_last_one_first(table: Table, store: RunStore) -> None:
    runs = [add_run(store, name) for name in "abc"]
    for run in runs:
        store.change_status(run.id, {"running"}, "finished")
    for run in runs[:2]:
        expect(table.cell(run, "status")).to_have_text("✓finished")
        table.choose(run, "Delete")
        expect(table.page.get_by_text(f"{run.name} deleted")).to_be_visible()
    table.wait_for_names("c")
    undo = table.page.get_by_role("button", name="Undo")
    expect(table.page.get_by_text("b deleted (1 more before)")).to_be_visible()
    undo.click()
    expect(table.page.get_by_text("a deleted")).to_be_visible()
    undo.click()
    table.wait_for_names("c", "b", "a")
    expect(undo).to_be_hidden()
    assert store.hidden_runs() == []


def test_deleted_runs_go_and_come_back(table: Table, store: RunStore) -> None:
    running, ended = add_run(store, "running"), add_run(store, "ended")
    store.change_status(ended.id, {"running"}, "finished")
    expect(table.cell(ended, "status")).to_have_text("✓finished")
    table.row(running).get_by_role("button", name="Actions for").click()
    expect(table.page.get_by_role("menuitem", name="Delete")).to_be_disabled()
    table.page.keyboard.press("Escape")
    table.choose(ended, "Delete")
    table.wait_for_event("delete", ended)
    table.wait_for_names("running")
    expect(table.page.get_by_text("ended deleted")).to_be_visible()
    table.page.get_by_role("button", name="Undo").click()
    table.wait_for_event("restore", ended)
    table.wait_for_names("ended", "running")
    expect(table.page.get_by_role("button", name="Undo")).to_be_hidden()


def test_a_fork_says_what_it_was_forked_from(table: Table, store: RunStore) -> None:
    parent = add_run(store, "parent")
    fork = store.create_run(
        name="fork", config=TrainConfig(), device="cpu", token="f", parent=parent.id, parent_step=5
    )
    expect(table.row(fork).get_by_role("img", name="forked from parent")).to_be_visible()
    store.delete_run(parent.id)
    expect(table.row(fork).get_by_role("img", name="a run that is gone")).to_be_visible()


def test_everything_can_be_done_from_the_keyboard(table: Table, store: RunStore) -> None:
    runs = [add_run(store, name) for name in "abc"]
    table.wait_for_names(*"cba")
    keyboard = table.page.keyboard
    table.row(runs[2]).focus()
    keyboard.press("ArrowDown")
    expect(table.row(runs[1])).to_be_focused()
    keyboard.press("Space")
    table.wait_for_event("select", runs[1])
    keyboard.press("End")
    keyboard.press("Shift+Space")
    table.wait_for_event("select", runs[1], runs[0])
    keyboard.press("Enter")
    expect(table.page.get_by_role("menuitem", name="Rename")).to_be_focused()
    keyboard.press("ArrowDown")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    table.wait_for_event("pin", runs[0], value=True)


def test_hundreds_of_runs_scroll_with_few_rows(page: Page, server: Server, store: RunStore) -> None:
    config = TrainConfig()
    for number in range(300):
        store.create_run(name=f"run {number}", config=config, device="cpu", token=str(number))
    table = open_table(page, server)
    expect(page.get_by_text("300 runs")).to_be_visible()
    wait_for(page, lambda: table.names()[:1] == ["run 299"])
    page.locator(".blitz-runs .scroll").evaluate("node => { node.scrollTop = node.scrollHeight; }")
    wait_for(page, lambda: table.names()[-1:] == ["run 0"])
    assert table.rows.count() < 60
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "301")


def test_a_hidden_page_asks_for_nothing(table: Table, store: RunStore) -> None:
    page = table.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/runs" in request.url
            else None)  # fmt: skip
    page.clock.install()
    page.reload()
    expect(page.locator(READY)).to_have_count(1)
    add_run(store, "first")
    table.wait_for_names("first")
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, writable: true})")
    page.clock.run_for(2_000)
    settled = len(asked)
    page.clock.run_for(60_000)
    assert len(asked) <= settled + 1
    add_run(store, "second")
    page.evaluate("document.hidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    table.wait_for_names("second", "first")


def test_a_narrow_page_scrolls_inside_the_table(
    page: Page, server: Server, store: RunStore
) -> None:
    page.set_viewport_size({"width": 420, "height": 800})
    add_run(store, "run")
    table = open_table(page, server)
    table.wait_for_names("run")
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert page.locator(".blitz-runs .scroll").evaluate(
        "node => node.scrollWidth > node.clientWidth"
    )
