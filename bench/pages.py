"""How fast the dashboard answers in a browser, and what watching a run costs the run.

    python -m bench.pages [--quick]

A real server (`streamlit run app.py`, in a home folder of its own) and a real Chromium, both on
this machine, which has to do all of it at once. What the figures are:

- first page: from the moment when a new server says that it is healthy until the script of the
  browser's first page is done; the slower of the home page and a link to /train.
- next page: from a click in the navigation until the other page's script is done.
- rerun: from a widget's change sent over a session's websocket until the message that the script
  is done; by a client without a browser, so that nothing but the server is measured. The 95th
  percentile of the slower of the Train form and the page of a run that trains meanwhile.
- start to first point: from the click on Start, with the first preset, to a point in the chart.
- new point: from the last look at the store that did not find a row to the frame after the chart
  drew it, so rather too much than too little.
- beside page: images a second of a run with its process, store and open page, over those of the
  bare loop in a process of its own; alternately, on noise of CIFAR-10's shape. Counted over the
  steps, as the loop does. The same over the whole run is beside_page_wall_ratio, which has its
  tests, checkpoints and end in it.

The last line is JSON with a key for each of these figures. Speed of training is `training`'s.
"""

import math
import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.browser import new_page, running_browser
from bench.report import command_line, finish
from bench.server import (
    DEADLINE_SECONDS,
    NUM_TRAIN,
    Installation,
    end_runs,
    installation,
    looked_up,
    running_server,
    start_run,
    wait_for,
    write_noise,
)
from bench.session_protocol import Session, open_session
from blitz.training.config import TrainConfig
from blitz.training.events import Finished, Started, StepsDone
from blitz.training.store import ACTIVE, Run, RunStore

if TYPE_CHECKING:  # a requirement of development alone
    from playwright.sync_api import Browser, Page

TITLES = {"Home": "Blitz", "Train": "Train a classifier"}
MAX_EPOCHS = 10_000

IS_DONE = """title => {
  const app = document.querySelector('[data-testid=stApp]');
  const shown = document.querySelector('h1')?.innerText ?? '';
  return app?.dataset.testScriptState === 'notRunning' && shown.startsWith(title);
}"""
HAS_POINT = "() => document.querySelector('[data-chart=loss]')?.data?.[0].x.length > 0"
NOTE_POINTS = """() => {
  const chart = document.querySelector('[data-chart=loss]');
  window.blitzShown = [];
  chart.on('plotly_afterplot', () => {
    const step = chart.data[0].x.at(-1);
    requestAnimationFrame(() => window.blitzShown.push([step, Date.now() / 1000]));
  });
}"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """What a figure may be."""

    title: str
    limit: float
    is_least: bool = False

    def holds(self, figure: float) -> bool:
        return figure >= self.limit if self.is_least else figure <= self.limit


BUDGETS = {
    "first_page_s": Budget(title="first page after server start, s", limit=2.5),
    "next_page_s": Budget(title="next page, s", limit=1.0),
    "rerun_p95_ms": Budget(title="rerun on the server, 95th percentile, ms", limit=60.0),
    "start_to_first_point_s": Budget(title="Start to the first point, s", limit=8.0),
    "new_point_s": Budget(title="new point on screen, s", limit=1.0),
    "new_point_max_s": Budget(title="the slowest of them, s", limit=1.0),
    "beside_page_ratio": Budget(title="run beside its page over bare loop", limit=0.97,
                                is_least=True),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """How often and how long things are measured."""

    servers: int
    """New servers for the first page of each kind."""
    clicks: int
    """Clicks in the navigation on each of them."""
    reruns: int
    starts: int
    points: int
    pairs: int
    run_seconds: float
    """Length of each of a pair's runs."""


FULL = Extent(servers=4, clicks=4, reruns=200, starts=3, points=40, pairs=5, run_seconds=12.0)
QUICK = Extent(servers=1, clicks=2, reruns=40, starts=1, points=20, pairs=1, run_seconds=2.0)


# Pages


def open_page(page: "Page", url: str, title: str) -> float:
    """Seconds until the page of this title is there and its script done."""
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function(IS_DONE, arg=title, polling="raf")
    return time.perf_counter() - start


def click_through(page: "Page", first: str, count: int) -> Iterator[float]:
    """Seconds that each of `count` changes between the two pages took, with `first` shown."""
    names = list(TITLES)
    for turn in range(1, count + 1):
        name = names[(names.index(first) + turn) % len(names)]
        link = page.get_by_test_id("stSidebarNavLink").filter(has_text=name)
        start = time.perf_counter()
        link.click()
        page.wait_for_function(IS_DONE, arg=TITLES[name], polling="raf")
        yield time.perf_counter() - start


def page_figures(place: Installation, browser: "Browser", extent: Extent) -> dict[str, float]:
    """First and next pages, each time on a new server."""
    firsts: dict[str, list[float]] = {name: [] for name in TITLES}
    nexts: list[float] = []
    for _ in range(extent.servers):
        for name, path in (("Home", ""), ("Train", "/train")):
            with running_server(place.settings) as url, new_page(browser) as page:
                firsts[name].append(open_page(page, url + path, TITLES[name]))
                nexts += click_through(page, name, extent.clicks)
    medians = {name: statistics.median(seconds) for name, seconds in firsts.items()}
    return {
        "first_page_s": max(medians.values()),
        "first_page_home_s": medians["Home"],
        "first_page_train_s": medians["Train"],
        "next_page_s": statistics.median(nexts),
        "next_page_max_s": max(nexts),
    }


# Reruns


def rerun_milliseconds(
    session: Session, key: str, values: Sequence[float], count: int
) -> list[float]:
    """Times of reruns in which the number field of this key takes these values in turn."""
    session.rerun({key: values[-1]})  # the first is no rerun
    return [1000 * session.rerun({key: values[i % len(values)]}) for i in range(count)]


def percentile_95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


# A run in the browser


def starts_to_first_point(
    place: Installation, page: "Page", url: str, count: int
) -> Iterator[float]:
    """Seconds from the click on Start, with the first preset, to the first point of the loss."""
    for _ in range(count):
        open_page(page, f"{url}/train", TITLES["Train"])
        button = page.get_by_role("button", name="Start", exact=False).last
        start = time.perf_counter()
        button.click()
        page.wait_for_function(HAS_POINT, polling="raf")
        yield time.perf_counter() - start
        end_runs(place.launcher)


def open_run(page: "Page", url: str, run: Run) -> None:
    page.goto(f"{url}/train?run={run.id}")
    page.wait_for_function(HAS_POINT, polling="raf")


def point_delays(store: RunStore, page: "Page", run: Run, count: int) -> list[float]:
    """Seconds from the record of each of `count` rows to its point on screen."""
    page.evaluate(NOTE_POINTS)
    recorded: dict[int, float] = {}  # the last time at which a step was not in the store yet
    last_id = int(store.metrics_after(run.id).id[-1])
    looked_at = time.time()  # the browser's Date.now() is the same clock
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(recorded) < count and time.monotonic() < deadline:
        now = time.time()
        rows = store.metrics_after(run.id, last_id)
        if len(rows):
            last_id = int(rows.id[-1])
            recorded |= dict.fromkeys(rows.step[~rows.is_test].tolist(), looked_at)
        looked_at = now
        time.sleep(0.01)
    last = max(recorded)
    page.wait_for_function(f"() => (window.blitzShown.at(-1)?.[0] ?? 0) >= {last}", polling="raf")
    shown: list[tuple[int, float]] = page.evaluate("() => window.blitzShown")
    return [min(at for to, at in shown if to >= step) - at for step, at in recorded.items()]


# A run beside its page


@dataclass(frozen=True, kw_only=True, slots=True)
class Speed:
    """Images a second, over the steps and over the whole run with its tests and its end."""

    steps: float
    wall: float


def bare_speed(config: TrainConfig, data_folder: Path) -> Speed:
    """Train without store and server."""
    from blitz.datasets import load_dataset
    from blitz.training.loop import Trainer

    dataset = load_dataset(config.dataset, folder=data_folder)
    steps: list[StepsDone] = []
    start = images = 0.0
    for event in Trainer(config, dataset).events():
        if isinstance(event, Started):
            start = time.perf_counter()
        elif isinstance(event, StepsDone):
            steps.append(event)
        elif isinstance(event, Finished):
            images = event.at.images
    wall = time.perf_counter() - start
    first, last = steps[0].at, steps[-1].at
    return Speed(
        steps=(last.images - first.images) / (last.seconds - first.seconds), wall=images / wall
    )


def bare_speed_elsewhere(config: TrainConfig, data_folder: Path) -> Speed:
    """The same in a new process, as a run has."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(bare_speed, config, data_folder).result()


def watched_speed(place: Installation, page: "Page", url: str, config: TrainConfig) -> Speed:
    """Train as the dashboard does, with the run's page open."""
    run = start_run(place, config)
    open_run(page, url, run)
    wait_for(lambda: looked_up(place, run).status not in ACTIVE, "the end of a run", 0.5)
    ended = looked_up(place, run)
    assert ended.status == "finished", ended.message
    assert ended.started_at is not None
    assert ended.ended_at is not None
    page.goto("about:blank")
    rows = place.store.metrics_after(run.id)
    images, seconds = rows.images[~rows.is_test], rows.seconds[~rows.is_test]
    wall = (ended.ended_at - ended.started_at).total_seconds()
    return Speed(
        steps=float(images[-1] - images[0]) / float(seconds[-1] - seconds[0]),
        wall=float(images[-1]) / wall,
    )


def beside_figures(
    place: Installation, page: "Page", url: str, config: TrainConfig, extent: Extent
) -> dict[str, float]:
    """Medians over pairs of a watched run and the bare loop, in turn the one or the other first."""

    def bare() -> Speed:
        return bare_speed_elsewhere(config, place.settings.data_folder)

    config = replace(config, epochs=2)
    speed = bare().wall
    config = replace(config, epochs=max(2, math.ceil(extent.run_seconds * speed / NUM_TRAIN)))
    step_ratios, wall_ratios = [], []
    for pair in range(extent.pairs):
        alone = bare() if pair % 2 == 0 else None
        watched = watched_speed(place, page, url, config)
        alone = alone or bare()
        step_ratios.append(watched.steps / alone.steps)
        wall_ratios.append(watched.wall / alone.wall)
    return {
        "beside_page_ratio": statistics.median(step_ratios),
        "beside_page_wall_ratio": statistics.median(wall_ratios),
    }


# All of it


def measure(place: Installation, browser: "Browser", extent: Extent) -> dict[str, float]:
    """All figures, by their keys in the JSON."""
    figures = page_figures(place, browser, extent)
    noise = place.settings.home / "noise.zip"
    write_noise(noise)
    config = TrainConfig(
        dataset=str(noise), model="net", batch_size=64, epochs=MAX_EPOCHS, device="cpu"
    )
    with running_server(place.settings) as url, new_page(browser) as page:
        with open_session(url) as session:
            form = rerun_milliseconds(session, "train_epochs", (3, 4, 5), extent.reruns)
        starts = list(starts_to_first_point(place, page, url, extent.starts))
        run = start_run(place, config)
        with open_session(url, query=f"run={run.id}") as session:
            run_page = rerun_milliseconds(session, f"lr-{run.id}-False", (0.1, 0.2), extent.reruns)
        open_run(page, url, run)
        delays = point_delays(place.store, page, run, extent.points)
        page.goto("about:blank")
        end_runs(place.launcher)
        figures |= {
            "rerun_p95_ms": max(percentile_95(form), percentile_95(run_page)),
            "rerun_form_p50_ms": statistics.median(form),
            "rerun_form_p95_ms": percentile_95(form),
            "rerun_run_p50_ms": statistics.median(run_page),
            "rerun_run_p95_ms": percentile_95(run_page),
            "start_to_first_point_s": statistics.median(starts),
            "new_point_s": statistics.median(delays),
            "new_point_max_s": max(delays),
        }
        return figures | beside_figures(place, page, url, config, extent)


def table(figures: Mapping[str, float]) -> list[str]:
    """The figures that have a budget, each with it, and then the rest."""
    lines = [f"{'':<42} {'measured':>9} {'budget':>8}"]
    for key, budget in BUDGETS.items():
        sign = "≥" if budget.is_least else "≤"
        verdict = "" if budget.holds(figures[key]) else "  missed"
        lines.append(f"{budget.title:<42} {figures[key]:>9.3g} {sign} {budget.limit:>6g}{verdict}")
    lines += [f"{key:<42} {figure:>9.3g}" for key, figure in figures.items() if key not in BUDGETS]
    return lines


def main() -> None:
    arguments = command_line(__doc__).parse_args()
    with running_browser() as browser, installation() as place:
        figures = measure(place, browser, QUICK if arguments.quick else FULL)
    print(f"{os.cpu_count()} cores, load {arguments.load:.1f} at the start")
    print("\n".join(table(figures)))
    finish(arguments, figures)


if __name__ == "__main__":
    main()
