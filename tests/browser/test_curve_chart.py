import re
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from blitz.training import TrainConfig
from blitz.training.events import EpochFinished, Position, StepsDone
from blitz.training.store import Run, RunStore
from tests.browser.conftest import Serve, Server, wait_for

READY = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(Path(__file__).with_name("curve_chart_app.py"))


@pytest.fixture
def store(server: Server) -> Iterator[RunStore]:
    store = RunStore(server.settings.database_url)
    yield store
    store.close()


def at(step: int) -> Position:
    return Position(step=step, epoch=step / 10, images=step * 4, seconds=step / 5)


def steps(step: int, loss: float) -> StepsDone:
    return StepsDone(at=at(step), loss=loss, accuracy=0.5, learning_rate=0.1,
                     images_per_second=100.0, memory_bytes=0)  # fmt: skip


@pytest.fixture
def record(store: RunStore, request: pytest.FixtureRequest) -> Any:
    """Makes running runs of ten rows whose loss is a number divided by the step."""
    made: list[Run] = []

    def make(name: str, scale: float, **labels: Any) -> Run:
        token = f"{request.node.name} {len(made)}"
        run = store.create_run(name=name, config=TrainConfig(), device="cpu", token=token, **labels)
        made.append(run)
        store.change_status(run.id, {"starting"}, "running")
        store.append_metrics(run.id, [steps(step, scale / step) for step in range(1, 11)])
        return run

    return make


def epoch_end(step: int, accuracy: float) -> EpochFinished:
    return EpochFinished(at=at(step), loss=0.5, accuracy=accuracy, class_correct=(1,),
                         class_total=(2,), is_best=True)  # fmt: skip


def open_chart(
    page: Page, server: Server, *runs: Run, group: bool = False, count: int | None = None
) -> None:
    """Open the chart of these runs and wait for its lines; count: how many, if not one each."""
    ids = ",".join(run.id for run in runs)
    page.goto(f"{server.url}/?runs={ids}&smoothing=0{'&group=yes' if group else ''}")
    expect(page.locator(READY)).to_have_count(1)
    wait_for(page, lambda: len(lines(page)) == (len(runs) if count is None else count))


def lines(page: Page) -> dict[str, dict[str, Any]]:
    """What is drawn of each run, by its id, and of each mean."""
    found: dict[str, dict[str, Any]] = page.evaluate(
        """() => Object.fromEntries(
          (document.querySelector('.blitz-curves .plot')?.data ?? [])
            .filter(({ meta }) => meta)
            .map(({ meta, x, y, line, opacity }) => [meta, { x: [...x], y: [...y], line, opacity }])
        )"""
    )
    return found


def view(page: Page) -> tuple[float, float]:
    low, high = page.evaluate(
        "() => document.querySelector('.blitz-curves .plot')._fullLayout.xaxis.range"
    )
    return low, high


def test_curves_grow_without_a_script_run_and_keep_the_zoom(
    page: Page, server: Server, store: RunStore, record: Any
) -> None:
    first, second = record("first", 1.0), record("second", 2.0)
    open_chart(page, server, first, second)
    assert lines(page)[second.id]["x"] == list(range(1, 11))
    assert lines(page)[second.id]["y"] == pytest.approx([2 / step for step in range(1, 11)])
    box = page.locator(".blitz-curves .nsewdrag").first.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.25 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], middle)
    page.mouse.move(box["x"] + 0.5 * box["width"], middle)
    page.mouse.up()
    wait_for(page, lambda: view(page)[1] < 8)
    zoomed = view(page)
    ran = (server.settings.home / "script_runs").stat().st_size
    store.append_metrics(first.id, [steps(11, 5.0)])
    wait_for(page, lambda: lines(page)[first.id]["x"][-1] == 11)
    assert view(page) == zoomed
    assert lines(page)[first.id]["x"] == list(range(1, 12))
    assert (server.settings.home / "script_runs").stat().st_size == ran


def test_every_run_has_a_look_of_its_own_that_it_keeps(
    page: Page, server: Server, record: Any
) -> None:
    runs = [record(f"run {number}", number + 1) for number in range(12)]
    open_chart(page, server, *runs)
    looks = {
        id_: (line["line"]["color"], line["line"]["dash"]) for id_, line in lines(page).items()
    }
    assert len(set(looks.values())) == 12
    page.get_by_text("Without the first").click()
    wait_for(page, lambda: len(lines(page)) == 11)
    for id_, line in lines(page).items():
        assert (line["line"]["color"], line["line"]["dash"]) == looks[id_]


def test_the_legend_names_runs_as_text_and_hides_them(
    page: Page, server: Server, record: Any
) -> None:
    first, second = record("<b>first</b>", 1.0), record("second", 2.0)
    open_chart(page, server, first, second)
    legend = page.get_by_role("list", name="Lines in the chart")
    expect(legend.get_by_role("button")).to_have_text(["<b>first</b>", "second"])
    legend.get_by_role("button", name="second").click()
    wait_for(page, lambda: list(lines(page)) == [first.id])
    expect(legend.get_by_role("button", name="second")).to_have_attribute("aria-pressed", "false")


def test_choices_are_told_to_the_page_once(page: Page, server: Server, record: Any) -> None:
    run = record("run", 1.0)
    open_chart(page, server, run)
    page.get_by_label("over").select_option("images")
    wait_for(page, lambda: [line["x"][-1] for line in lines(page).values()] == [40])
    page.get_by_label("Show").select_option("images_per_second")
    wait_for(page, lambda: [line["y"][-1] for line in lines(page).values()] == [100])
    chosen = (
        "{'metric': 'images_per_second', 'axis': 'images', 'smoothing': 0, 'is_log': False, "
        "'shows_groups': False}"
    )

    def told() -> list[str]:
        return (server.settings.home / "script_runs").read_text().splitlines()

    wait_for(page, lambda: chosen in told())
    page.get_by_text("Without the first").click()
    wait_for(page, lambda: told()[-1] == "None")
    assert told().count(chosen) == 1


def test_choices_stay_as_they_were_made_whatever_runs_between_and_after_a_reload(
    page: Page, server: Server, record: Any
) -> None:
    runs = [record("first", 1.0), record("second", 2.0)]
    open_chart(page, server, *runs)

    def run_the_script() -> None:
        page.get_by_text("Without the first").click()
        expect(page.locator(READY)).to_have_count(1)

    def told(name: str, value: str) -> None:
        page.wait_for_url(re.compile(f"[?&]{name}={value}(&|$)"))

    page.get_by_label("Show").select_option("test_loss")
    told("metric", "test_loss")
    page.get_by_label("over").select_option("epoch")
    told("axis", "epoch")
    page.get_by_label("Log scale").check()
    run_the_script()  # before the choice is told
    told("is_log", "True")
    page.get_by_label("Show").select_option("learning_rate")
    told("metric", "learning_rate")
    page.get_by_label("Show").select_option("train_accuracy")
    told("metric", "train_accuracy")
    page.get_by_label("Smoothing").fill("0.25")
    told("smoothing", "0.25")
    run_the_script()
    page.get_by_label("Show").select_option("test_loss")
    chosen = {"metric": "test_loss", "axis": "epoch", "is_log": "True", "smoothing": "0.25"}
    for _ in range(2):
        for name, value in chosen.items():
            told(name, value)
        run_the_script()
        expect(page.get_by_label("Show")).to_have_value("test_loss")
        expect(page.get_by_label("over")).to_have_value("epoch")
        expect(page.get_by_label("Log scale")).to_be_checked()
        expect(page.get_by_label("Smoothing")).to_have_value("0.25")
        expect(page.get_by_role("group", name="Test loss by epoch")).to_be_visible()
        drawn = page.evaluate(
            """() => (({ xaxis, yaxis }) => [xaxis.title.text, yaxis.title.text, yaxis.type])(
              document.querySelector('.blitz-curves .plot').layout)"""
        )
        assert drawn == ["epoch", "Test loss", "log"]
        page.reload()
        expect(page.locator(READY)).to_have_count(1)
        expect(page.get_by_role("group", name="Test loss by epoch")).to_be_visible()


def test_what_is_measured_once_an_epoch_is_never_smoothed(
    page: Page, server: Server, store: RunStore, record: Any
) -> None:
    run = record("run", 1.0)
    store.append_metrics(run.id, [epoch_end(10, 0.9), epoch_end(20, 0.1)])
    open_chart(page, server, run)
    page.get_by_label("Smoothing").fill("0.9")
    page.get_by_label("Show").select_option("test_accuracy")
    wait_for(page, lambda: lines(page).get(run.id, {"y": []})["y"] == [0.9, 0.1])
    expect(page.get_by_label("Smoothing")).to_be_disabled()
    expect(page.locator(".blitz-curves output")).to_have_text("off: once an epoch")


def test_one_diverged_run_does_not_flatten_the_others(
    page: Page, server: Server, store: RunStore, record: Any
) -> None:
    runs = [record("first", 1.0), record("second", 2.0)]
    store.append_metrics(runs[1].id, [steps(11, 2e8)])
    open_chart(page, server, *runs)
    remark = page.locator(".blitz-curves .remark")
    expect(remark).to_have_text("Above the picture: second, up to 2.0e8. A log scale shows all.")

    def heights() -> list[float]:
        found: list[float] = page.evaluate(
            "() => document.querySelector('.blitz-curves .plot')._fullLayout.yaxis.range"
        )
        return found

    low, high = heights()
    assert -0.5 < low <= 0.1
    assert 2 <= high < 3
    page.get_by_label("Log scale").check()
    expect(remark).to_be_hidden()
    wait_for(page, lambda: heights()[1] > 8)  # powers of ten
    page.get_by_label("Log scale").uncheck()
    page.get_by_role("list", name="Lines in the chart").get_by_role("button").nth(1).click()
    expect(remark).to_be_hidden()


def test_weights_that_were_only_evaluated_are_a_level(
    page: Page, server: Server, store: RunStore, record: Any
) -> None:
    trained = record("trained", 1.0)
    token = "evaluated"
    given = store.create_run(name="given", config=TrainConfig(), device="cpu", token=token)
    store.append_metrics(trained.id, [epoch_end(10, 0.5), epoch_end(20, 0.75)])
    store.append_metrics(given.id, [epoch_end(0, 0.8125)])
    store.update_run(given.id, accuracy=0.8125, loss=0.5)
    store.change_status(given.id, {"starting"}, "finished")
    open_chart(page, server, trained, given, count=1)
    legend = page.get_by_role("list", name="Lines in the chart").get_by_role("button")
    expect(legend).to_have_text(["trained", "given evaluated once: 81.3%"])
    page.get_by_label("Show").select_option("test_accuracy")
    wait_for(page, lambda: set(lines(page).get(given.id, {"y": []})["y"]) == {0.8125})
    assert [lines(page)[given.id]["x"][at] for at in (0, -1)] == [0, 20]


def test_long_names_keep_their_ends_and_equal_names_have_numbers(
    page: Page, server: Server, record: Any
) -> None:
    long = "a name that goes on and on and on so that nobody sees where it ends"
    runs = [record(f"{long} · fork", 1.0), record("twin", 2.0), record("twin", 3.0)]
    open_chart(page, server, *runs)
    legend = page.get_by_role("list", name="Lines in the chart").get_by_role("button")
    twins = [f"twin · {run.number}" for run in runs[1:]]
    expect(legend).to_have_text([f"{long} · fork", *twins])
    expect(legend.first).to_have_attribute("title", f"{long} · fork")
    is_cut = "node => node.scrollWidth > node.clientWidth"
    assert legend.first.locator(".name span").first.evaluate(is_cut)
    assert not legend.first.locator(".name span").last.evaluate(is_cut)


def test_smoothing_is_the_same_for_all(page: Page, server: Server, record: Any) -> None:
    runs = [record("first", 1.0), record("second", 2.0)]
    open_chart(page, server, *runs)
    page.get_by_label("Smoothing").fill("0.9")
    total, expected = 0.0, []
    for step in range(1, 11):
        total = 0.9 * total + 0.1 / step
        expected.append(total / (1 - 0.9**step))
    wait_for(page, lambda: lines(page)[runs[0].id]["y"] == pytest.approx(expected))
    assert lines(page)[runs[1].id]["y"] == pytest.approx([2 * value for value in expected])


def test_mean_and_spread_stand_for_a_group_in_chart_and_legend(
    page: Page, server: Server, record: Any
) -> None:
    runs = [record(f"lr 0.1 seed {scale:g}", scale) for scale in (1.0, 2.0, 4.0)]
    open_chart(page, server, *runs, group=True)
    legend = page.get_by_role("list", name="Lines in the chart").get_by_role("button")
    expect(legend).to_have_text([run.name for run in runs])
    page.get_by_label("Mean of seeds").check()
    expect(legend).to_have_text(["mean of 3 seeds · lr 0.1 ± 1 standard deviation"])
    expect(legend).to_have_attribute("title", "\n".join(run.name for run in runs))
    wait_for(page, lambda: list(lines(page)) == [f"mean {runs[0].id}"])
    low, high, mean = page.evaluate(
        """() => document.querySelector('.blitz-curves .plot').data
          .map(({ x, y }) => [...x].map((value, at) => [value, y[at]]))"""
    )
    scales = [1.0, 2.0, 4.0]
    assert mean[0] == pytest.approx([1, statistics.mean(scales)])
    assert mean[-1] == pytest.approx([10, statistics.mean(scales) / 10])
    assert high[-1][1] - mean[-1][1] == pytest.approx(statistics.stdev(scales) / 10)
    assert mean[-1][1] - low[-1][1] == pytest.approx(statistics.stdev(scales) / 10)
    legend.click()  # hides it
    wait_for(page, lambda: lines(page) == {})
    page.get_by_label("Mean of seeds").uncheck()
    wait_for(page, lambda: set(lines(page)) == {run.id for run in runs})


def test_a_fork_begins_on_its_parents_curve(
    page: Page, server: Server, store: RunStore, record: Any
) -> None:
    parent = record("parent", 1.0)
    fork = record("fork", 0.5, parent=parent.id, parent_step=4)
    open_chart(page, server, parent, fork)
    drawn = lines(page)[fork.id]
    assert drawn["x"] == [4, *range(5, 15)]
    assert drawn["y"] == pytest.approx([1 / 4, *(0.5 / step for step in range(1, 11))])
    page.get_by_label("over").select_option("epoch")
    wait_for(page, lambda: lines(page).get(fork.id, {"x": [0]})["x"][0] == 0.4)
    # Smoothed, it goes on from its parent's average: it does not leap to a value of its own.
    page.get_by_label("Smoothing").fill("0.75")
    wait_for(page, lambda: lines(page)[fork.id]["y"][0] > 0.3)
    average = lines(page)[parent.id]["y"][3]
    assert lines(page)[fork.id]["y"][:2] == pytest.approx([average, 0.75 * average + 0.25 * 0.5])


def test_a_long_curve_is_refined_where_it_is_looked_at(
    page: Page, server: Server, store: RunStore, record: Any
) -> None:
    run = record("long", 1.0)
    store.append_metrics(run.id, [steps(step, 1 / step) for step in range(11, 20_001)])
    open_chart(page, server, run)
    assert len(lines(page)[run.id]["x"]) <= 2_002
    assert lines(page)[run.id]["x"][-1] == 20_000
    page.evaluate(
        """() => Plotly.relayout(document.querySelector('.blitz-curves .plot'),
          { 'xaxis.range[0]': 10000, 'xaxis.range[1]': 10500 })"""
    )

    def seen() -> list[float]:
        return [x for x in lines(page)[run.id]["x"] if 10_000 <= x <= 10_500]

    wait_for(page, lambda: seen() == list(range(10_000, 10_501)))
    assert lines(page)[run.id]["x"] == sorted(set(lines(page)[run.id]["x"]))


def test_deleted_runs_leave_the_chart_and_a_test_metric_is_shown(
    page: Page, server: Server, store: RunStore, record: Any
) -> None:
    first, second = record("first", 1.0), record("second", 2.0)
    store.append_metrics(first.id, [epoch_end(10, 0.75)])
    open_chart(page, server, first, second)
    page.get_by_label("Show").select_option("test_accuracy")
    wait_for(page, lambda: lines(page).get(first.id, {"y": []})["y"] == [0.75])
    store.hide_run(second.id)
    expect(page.get_by_role("list", name="Lines in the chart").get_by_role("button")).to_have_text(
        ["first"]
    )
    assert list(lines(page)) == [first.id]


def test_a_narrow_page_holds_the_chart(page: Page, server: Server, record: Any) -> None:
    page.set_viewport_size({"width": 420, "height": 800})
    open_chart(page, server, record("run", 1.0))
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
