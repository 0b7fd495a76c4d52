import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from blitz.training import TrainConfig
from blitz.training.events import EpochFinished, Position, StepsDone
from blitz.training.store import Run, RunStore
from tests.browser.conftest import Serve, Server, wait_for, watched_context

READY = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve(Path(__file__).with_name("live_chart_app.py"))


@pytest.fixture(scope="module")
def store(server: Server) -> Iterator[RunStore]:
    store = RunStore(server.settings.database_url)
    yield store
    store.close()


@pytest.fixture
def run(store: RunStore, request: pytest.FixtureRequest) -> Run:
    return record_run(store, request.node.name)


@pytest.fixture(scope="module")
def still_page(browser: Browser, server: Server, store: RunStore) -> Iterator[Page]:
    """A page of a run in which nothing happens, shared by the tests that only look at it."""
    with watched_context(browser) as context:
        page = context.new_page()
        open_run(page, server, record_run(store, "still"))
        yield page


def record_run(store: RunStore, name: str) -> Run:
    """A running run with a hundred rows and one epoch."""
    run = store.create_run(name=name, config=TrainConfig(), device="cpu", token=name)
    store.change_status(run.id, {"starting"}, "running")
    store.update_run(run.id, total_steps=1000)
    store.append_metrics(run.id, [steps(step) for step in range(1, 101)])
    store.append_metrics(run.id, [epoch(100)])
    return run


def at(step: int) -> Position:
    return Position(step=step, epoch=step / 100, images=step * 64, seconds=step / 20)


def loss(step: int) -> float:
    return 2.0 / (1 + step / 50) + random.Random(step).gauss(0, 0.05)


def steps(step: int) -> StepsDone:
    return StepsDone(
        at=at(step),
        loss=loss(step),
        accuracy=min(1.0, step / 200),
        learning_rate=0.01,
        images_per_second=1280.0,
        memory_bytes=500_000_000,
    )


def epoch(step: int) -> EpochFinished:
    return EpochFinished(
        at=at(step), loss=0.9, accuracy=0.8125, class_correct=(1,), class_total=(2,), is_best=True
    )


def open_run(page: Page, server: Server, run: Run, **parameters: str) -> None:
    extra = "".join(f"&{name}={value}" for name, value in parameters.items())
    page.goto(f"{server.url}/?run={run.id}{extra}")
    expect(page.locator("[data-chart] .main-svg .xaxislayer-above")).not_to_have_count(0)
    wait_for(page, lambda: bool(points(page)))
    expect(page.locator(READY)).to_have_count(1)


def evaluate(page: Page, expression: str, chart: str = "loss") -> Any:
    """An expression over `chart`, the element that Plotly has drawn in."""
    return page.evaluate(
        f"() => {{ const chart = document.querySelector('[data-chart={chart}]'); "
        f"return {expression}; }}"
    )


def points(page: Page, trace: int = 0, chart: str = "loss") -> list[float]:
    xs: list[float] = evaluate(page, f"[...(chart.data?.[{trace}].x ?? [])]", chart)
    return xs


def view(page: Page, chart: str = "loss") -> tuple[float, float]:
    low, high = evaluate(page, "chart._fullLayout.xaxis.range", chart)
    return low, high


def script_runs(server: Server, run: Run) -> list[str]:
    """What `live_chart` returned in each script run of a page of this run."""
    lines = (server.settings.home / "script_runs").read_text().splitlines()
    return [line.split()[1] for line in lines if line.split()[0] == run.id]


def requests(page: Page) -> list[str]:
    """The addresses of curves that the page asks for, growing as it does."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/curves" in request.url:
            asked.append(request.url)

    page.on("request", note)
    return asked


def drag(page: Page, chart: str, from_: float, to: float) -> None:
    """Drag over a chart, from and to these fractions of its plot's width."""
    box = page.locator(f"[data-chart={chart}] .nsewdrag").first.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + from_ * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + (from_ + to) / 2 * box["width"], middle)
    page.mouse.move(box["x"] + to * box["width"], middle)
    page.mouse.up()


def show_whole(page: Page, chart: str) -> None:
    """Double-click in a zoomed chart, again where a busy page took the second click too late."""
    zoomed = view(page)

    def is_whole() -> bool:
        page.locator(f"[data-chart={chart}] .nsewdrag").first.dblclick()
        page.wait_for_timeout(200)
        return view(page) != zoomed

    wait_for(page, is_whole)


def test_curves_grow_without_a_script_run(
    page: Page, server: Server, store: RunStore, run: Run
) -> None:
    open_run(page, server, run)
    ran = len(script_runs(server, run))
    for step in range(101, 104):
        store.append_metrics(run.id, [steps(step)])
        wait_for(page, lambda step=step: points(page)[-1] == step)  # type: ignore[misc]
    assert points(page) == list(range(1, 104))
    assert evaluate(page, "[...chart.data[0].y]") == [loss(step) for step in range(1, 104)]
    assert len(script_runs(server, run)) == ran


def test_the_header_says_how_the_run_is_doing(still_page: Page) -> None:
    value = still_page.locator(".blitz-live dd")
    expect(still_page.get_by_role("status")).to_have_text("running")
    expect(still_page.get_by_text("step 100 of 1,000")).to_be_visible()
    expect(still_page.get_by_role("progressbar", name="Steps done")).to_have_attribute(
        "value", "0.1"
    )
    expect(value).to_have_text(
        ["1.00 of 5", "5 s", "45 s", "1,280", "500 MB", f"{loss(100):.4g}", "50.0%", "81.3%"]
    )


def test_zoom_is_shared_and_kept_while_points_come(
    page: Page, server: Server, store: RunStore, run: Run
) -> None:
    open_run(page, server, run)
    drag(page, "loss", 0.25, 0.5)
    wait_for(page, lambda: view(page)[1] < 60)
    zoomed = view(page)
    assert zoomed == pytest.approx((25, 51), abs=3)
    wait_for(page, lambda: view(page, "images_per_second") == pytest.approx(zoomed))
    store.append_metrics(run.id, [steps(101)])
    wait_for(page, lambda: points(page)[-1] == 101)
    assert view(page) == zoomed
    show_whole(page, "accuracy")
    wait_for(page, lambda: view(page) == pytest.approx((0, 1.02 * 101)))
    assert points(page) == list(range(1, 102))


def test_a_hundred_thousand_points_are_thinned_and_refined_on_zoom(
    page: Page, server: Server, store: RunStore, run: Run
) -> None:
    store.append_metrics(run.id, [steps(step) for step in range(101, 100_001)])
    open_run(page, server, run)
    assert points(page)[-1] == 100_000
    for chart in ("loss", "accuracy", "learning_rate", "images_per_second"):
        assert all(len(points(page, trace, chart)) <= 2_002 for trace in range(3))
    drag(page, "loss", 0.5, 0.55)
    wait_for(page, lambda: view(page)[1] < 60_000)
    drag(page, "loss", 0.4, 0.6)  # so narrow that every recorded point can be shown
    wait_for(page, lambda: view(page)[1] - view(page)[0] < 2_000)

    def seen() -> list[float]:
        low, high = view(page)
        return [x for x in points(page) if low <= x <= high]

    wait_for(page, lambda: len(seen()) > 500)
    assert seen() == list(range(int(seen()[0]), int(seen()[-1]) + 1))
    assert points(page) == sorted(set(points(page))), "no point twice, all in order"
    assert points(page)[-1] == 100_000
    show_whole(page, "loss")
    wait_for(page, lambda: len(points(page)) <= 2_002)
    for first in (100_001, 101_501, 103_001):  # a live run's points do not pile up either
        last = first + 1_499
        store.append_metrics(run.id, [steps(step) for step in range(first, last + 1)])
        wait_for(page, lambda last=last: points(page)[-1] == last)  # type: ignore[misc]
    wait_for(page, lambda: len(points(page)) <= 2_002)


def test_smoothing_is_the_debiased_exponential_average(still_page: Page) -> None:
    still_page.get_by_label("Smoothing").fill("0.9")
    total, expected = 0.0, []
    for step in range(1, 101):
        total = 0.9 * total + 0.1 * loss(step)
        expected.append(total / (1 - 0.9**step))
    wait_for(
        still_page, lambda: evaluate(still_page, "[...chart.data[1].y]") == pytest.approx(expected)
    )
    still_page.get_by_label("Smoothing").fill("0")
    wait_for(still_page, lambda: points(still_page, trace=1) == [])


def test_choices_work_from_the_keyboard_and_survive_a_rerun_and_a_reload(
    page: Page, server: Server, run: Run
) -> None:
    open_run(page, server, run)
    page.get_by_label("Step", exact=True).focus()
    page.keyboard.press("ArrowRight")
    wait_for(page, lambda: points(page)[-1] == 1.0)  # epochs
    page.get_by_label("Log loss").focus()
    page.keyboard.press("Space")
    wait_for(page, lambda: evaluate(page, "chart._fullLayout.yaxis.type") == "log")
    ran = len(script_runs(server, run))
    page.get_by_role("button", name="Run the script again").click()
    wait_for(page, lambda: len(script_runs(server, run)) > ran)
    for _ in range(2):
        assert page.get_by_label("Epoch", exact=True).is_checked()
        assert page.get_by_label("Log loss").is_checked()
        assert points(page)[-1] == 1.0
        open_run(page, server, run)


def test_what_happened_is_marked_and_named_as_text(
    page: Page, server: Server, store: RunStore, run: Run
) -> None:
    store.append_event(run.id, "learning rate", "<b>learning rate</b> 0.1 → 0.01", at(50))
    store.append_event(run.id, "paused", "", at(70))
    open_run(page, server, run)
    assert points(page, trace=3) == [50, 50, None, 70, 70, None]
    box = page.locator("[data-chart=loss] .nsewdrag").first.bounding_box()
    assert box is not None
    low, high = view(page)
    x = box["x"] + box["width"] * (50 - low) / (high - low)
    label = page.locator("[data-chart=loss] .hoverlayer")

    def tells() -> bool:
        page.mouse.move(x, box["y"] + box["height"] / 5)
        page.mouse.move(x, box["y"] + box["height"] / 4)
        return "<b>learning rate</b> 0.1 → 0.01" in (label.text_content() or "")

    wait_for(page, tells)  # a chart that is drawn anew takes its label away


def test_a_change_of_status_runs_the_script_once(
    page: Page, server: Server, store: RunStore, run: Run
) -> None:
    open_run(page, server, run)
    assert set(script_runs(server, run)) == {"None"}
    store.change_status(run.id, {"running"}, "finished")
    wait_for(page, lambda: "finished" in script_runs(server, run))
    expect(page.get_by_role("status")).to_have_text("finished")
    ran = len(script_runs(server, run))
    page.get_by_role("button", name="Run the script again").click()
    wait_for(page, lambda: len(script_runs(server, run)) > ran)
    assert script_runs(server, run).count("finished") == 1


def test_polling_ends_with_the_run(page: Page, server: Server, store: RunStore, run: Run) -> None:
    page.clock.install()  # the page's time can be moved ahead
    asked = requests(page)
    open_run(page, server, run)
    while len(asked) < 4:
        page.clock.run_for(1_000)
    store.change_status(run.id, {"running"}, "finished")
    expect(page.get_by_role("status")).to_have_text("finished")
    settled = len(asked)
    page.clock.run_for(60_000)
    # The page, which ran again, may have asked once more.
    assert len(asked) <= settled + 1


def test_a_hidden_page_asks_for_nothing(
    page: Page, server: Server, store: RunStore, run: Run
) -> None:
    page.clock.install()
    asked = requests(page)
    open_run(page, server, run)
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, writable: true})")
    page.clock.run_for(1_000)
    settled = len(asked)
    page.clock.run_for(60_000)
    assert len(asked) == settled
    store.append_metrics(run.id, [steps(101)])
    page.evaluate("document.hidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    wait_for(page, lambda: points(page)[-1] == 101)


def test_charts_that_are_gone_ask_for_nothing(page: Page, server: Server, run: Run) -> None:
    page.clock.install()
    asked = requests(page)
    open_run(page, server, run)
    page.get_by_text("Show the charts").click()
    expect(page.locator(".blitz-live")).to_have_count(0)
    settled = len(asked)
    page.clock.run_for(60_000)
    assert len(asked) == settled
    page.get_by_text("Show the charts").click()
    expect(page.locator("[data-chart] .main-svg")).not_to_have_count(0)
    wait_for(page, lambda: points(page) == list(range(1, 101)))


def test_a_status_that_is_new_to_the_page_is_told_to_it(
    page: Page, server: Server, store: RunStore, run: Run
) -> None:
    store.change_status(run.id, {"running"}, "stopped")
    open_run(page, server, run, status="running")
    wait_for(page, lambda: "stopped" in script_runs(server, run))
    assert script_runs(server, run).count("stopped") == 1


def test_a_lost_connection_is_said_and_found_again(
    page: Page, server: Server, store: RunStore, run: Run
) -> None:
    open_run(page, server, run)
    answers = [503, 200]

    def answer(route: Route) -> None:
        if answers[0] == 200:
            route.continue_()
        else:
            # Not a real failure, which the browser itself would write to the console.
            route.fulfill(status=200, body="<html>no answer", content_type="text/html")

    page.route("**/curves*", answer)
    notice = page.get_by_role("alert").filter(has_text="trying again")
    expect(notice).to_have_text("connection lost, trying again")
    answers.pop(0)
    store.append_metrics(run.id, [steps(101)])
    wait_for(page, lambda: points(page)[-1] == 101)
    expect(notice).to_be_hidden()


def test_the_theme_is_followed_without_building_anew(still_page: Page) -> None:
    still_page.emulate_media(color_scheme="light")
    training = {"light": "#0072b2", "dark": "#56b4e9"}
    assert evaluate(still_page, "chart.data[0].line.color") == training["light"]
    evaluate(still_page, "chart.isTheSame = true")
    still_page.emulate_media(color_scheme="dark")
    wait_for(
        still_page,
        lambda: bool(evaluate(still_page, "chart.data[0].line.color") == training["dark"]),
    )
    text = evaluate(
        still_page, "getComputedStyle(chart).getPropertyValue('--st-text-color').trim()"
    )
    assert evaluate(still_page, "chart._fullLayout.font.color") == text
    assert evaluate(still_page, "chart.isTheSame")


def test_charts_follow_the_width_of_the_window(still_page: Page) -> None:

    def columns() -> int:
        boxes = [
            still_page.locator(f"[data-chart={name}]").bounding_box()
            for name in ("loss", "accuracy")
        ]
        return len({box["x"] for box in boxes if box})

    assert columns() == 2
    for width, expected in ((500, 1), (1000, 2)):
        still_page.set_viewport_size({"width": width, "height": 900})
        wait_for(
            still_page,
            lambda: evaluate(still_page, "chart._fullLayout.width === chart.clientWidth"),
        )
        assert columns() == expected
        assert not still_page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_no_button_uploads_a_chart(still_page: Page) -> None:
    titles = evaluate(
        still_page, "[...chart.querySelectorAll('.modebar-btn')].map(b => b.dataset.title)"
    )
    assert len(titles) == 4
    assert not any("cloud" in title.lower() or "share" in title.lower() for title in titles)
