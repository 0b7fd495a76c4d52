"""How soon many runs are seen and compared, and what watching them costs the server.

    python -m bench.compare [--quick] [-o FILE]

1,000 runs of 10,000 rows each (with --quick of 1,000), written run after run as one device trains
them, on SQLite; a real server and a real Chromium, both on this machine. A comparison is always of
50 runs that nobody has asked for before.

The last line is JSON, medians in seconds: table_1000_runs_s and compare_50_runs_s from the request
of a component for data until all is drawn, with table_answer_s and compare_answer_s until the
answer alone is there; list_runs_s, what the store takes for the table. And memory_mb of the server
after as many polls as a page makes in an hour (with --quick fewer), with memory_growth_mb since
half of them.
"""

import json
import sqlite3
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.browser import new_page, running_browser
from bench.report import report, seconds
from bench.server import Installation, installation, server_process
from blitz.training import TrainConfig
from blitz.training.events import Position, StepsDone
from blitz.training.store import RunStore

if TYPE_CHECKING:  # a requirement of development alone
    from playwright.sync_api import Page

NUM_RUNS = 1_000
COMPARED = 50
BUDGETS = {"table_1000_runs_s": 0.5, "compare_50_runs_s": 1.0}
# The components alone: what else a page shows is not measured here.
APP = """
import streamlit as st
from blitz.ui.routes import routes
from blitz.ui.services import services

ready = services()
app = st.App("page.py", routes=routes(ready.store, ready.launcher.view))
"""
PAGE = """
import streamlit as st
from blitz.ui.compare.curve_chart import ChartChoices, curve_chart
from blitz.ui.compare.run_table import TableState, TableView, run_table

if "table" in st.query_params:
    view = TableView(selected=(), state=TableState())
    run_table("table", lambda event: (), lambda: view)
else:
    ids = st.text_input("Identifiers").split()
    if ids:
        curve_chart(ids, ChartChoices(), "chart")
"""
# Each answers with when all was drawn, and waits until it is.
TABLE_IS_DRAWN = """
(count) => document.querySelectorAll('.blitz-runs tbody tr[data-id]').length > 10
  && document.querySelector('.blitz-runs .count').textContent === `${count} runs`
  && performance.now()
"""
CHART_IS_DRAWN = """
(ids) => {
  const plot = document.querySelector('.blitz-curves .plot');
  const drawn = new Set((plot?.data ?? []).map(({ meta }) => meta));
  return ids.every((id) => drawn.has(id))
    && plot.querySelectorAll('.scatterlayer .trace').length >= ids.length && performance.now();
}
"""
FIRST_REQUEST = """
(path) => {
  const entry = performance.getEntriesByType('resource').find(({ name }) => name.includes(path));
  performance.clearResourceTimings();
  return [entry.startTime, entry.responseEnd];
}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """How much there is, and how often each is repeated."""

    rows: int
    repeats: int
    polls: int


FULL = Extent(rows=10_000, repeats=7, polls=3_600)
QUICK = Extent(rows=1_000, repeats=3, polls=300)


def measure(extent: Extent) -> dict[str, float]:
    """All figures, under the names of the JSON."""
    with installation() as place:
        ids = fill(place, NUM_RUNS, extent.rows)
        app = place.settings.home / "app.py"
        app.write_text(APP, encoding="utf-8")
        app.with_name("page.py").write_text(PAGE, encoding="utf-8")
        listing = [seconds(lambda: place.store.list_runs(NUM_RUNS)) for _ in range(extent.repeats)]
        with (
            server_process(place.settings, app) as (url, process),
            running_browser() as browser,
            new_page(browser) as page,
        ):
            tables = [draw_table(page, url) for _ in range(extent.repeats + 1)][1:]
            page.goto(url)
            charts = [
                draw_chart(page, ids[start : start + COMPARED])
                for start in range(0, COMPARED * (extent.repeats + 1), COMPARED)
            ][1:]  # with the first one Plotly is loaded
            page.close()
            memory = watch(place.store, url, process.pid, ids, extent.polls)
    return {
        "list_runs_s": median(listing),
        "table_answer_s": median(answer for answer, _ in tables),
        "table_1000_runs_s": median(drawn for _, drawn in tables),
        "compare_answer_s": median(answer for answer, _ in charts),
        "compare_50_runs_s": median(drawn for _, drawn in charts),
        "memory_mb": memory[1],
        "memory_growth_mb": memory[1] - memory[0],
    }


def fill(place: Installation, num_runs: int, rows: int) -> list[str]:
    """Ended runs of as many rows each, of which every thousandth is an epoch's; their ids."""
    for number in range(num_runs):
        config = TrainConfig(lr=0.001 * (1 + number % 10), seed=number)
        place.store.create_run(name=f"run {number}", config=config, device="cpu", token=str(number))
    path = place.settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        # Nobody reads it meanwhile, and if it is broken off it is thrown away.
        for pragma in ("synchronous=OFF", "cache_size=-200000"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("BEGIN")
        indices = "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'metrics' AND sql LIKE ?"
        made = database.execute(indices, ("CREATE%INDEX%",)).fetchall()
        for name, _ in made:
            database.execute(f"DROP INDEX {name}")
        database.execute("CREATE TEMP TABLE numbers (i INTEGER PRIMARY KEY)")
        database.executemany("INSERT INTO numbers VALUES (?)", ((i,) for i in range(1, rows + 1)))
        ids = [id_ for (id_,) in database.execute("SELECT id FROM runs ORDER BY number")]
        database.executemany(_ROWS_OF_RUN, ((id_,) for id_ in ids))
        for _, definition in made:
            database.execute(definition)
        database.execute(
            "UPDATE runs SET status = 'finished', started_at = created_at, ended_at = created_at, "
            f"step = {rows}, total_steps = {rows}, accuracy = 0.9, best_accuracy = 0.9, loss = 0.3"
        )
        database.execute("COMMIT")
    return ids


_ROWS_OF_RUN = """
INSERT INTO metrics (run_id, is_test, step, epoch, images, seconds, loss, accuracy,
                     learning_rate, images_per_second, memory_bytes)
SELECT ?, i % 1000 = 0, i, i / 1000.0, i * 64, i / 200.0,
       2.0 / (1 + i / 500.0) + (random() % 1000) / 1e4, 1 - 1 / (1 + i / 500.0),
       0.001, 12000.0, 500000000
FROM numbers
"""


def draw_table(page: "Page", url: str) -> tuple[float, float]:
    """Seconds from the table's request to its answer, and until its rows are drawn."""
    page.goto(f"{url}/?table=yes")
    return times(page, "/api/runs", TABLE_IS_DRAWN, NUM_RUNS)


def draw_chart(page: "Page", ids: list[str]) -> tuple[float, float]:
    """Seconds from the chart's request to its answer, and until all its curves are drawn."""
    page.evaluate("performance.clearResourceTimings()")
    field = page.get_by_label("Identifiers")
    field.fill(" ".join(ids))
    field.press("Enter")
    return times(page, "/api/curves", CHART_IS_DRAWN, ids)


def times(page: "Page", path: str, is_drawn: str, argument: object) -> tuple[float, float]:
    drawn = page.wait_for_function(is_drawn, arg=argument, polling="raf").json_value()
    start, answered = page.evaluate(FIRST_REQUEST, path)
    return (answered - start) / 1_000, (drawn - start) / 1_000


def watch(store: RunStore, url: str, pid: int, ids: list[str], polls: int) -> tuple[float, float]:
    """Megabytes of the server after half of the polls and after all; one run goes on."""
    live = store.create_run(name="live", config=TrainConfig(), device="cpu", token="live")
    store.change_status(live.id, {"starting"}, "running")
    token, last_id, early = "", 0, 0.0
    for poll in range(1, polls + 1):
        if poll % 10 == 1:
            store.append_metrics(live.id, [row_of(poll)])
            store.update_run(live.id, step=poll)
        token = get(f"{url}/api/runs?after={token}")["token"]
        some = ids[poll % len(ids) : poll % len(ids) + 3] if poll % 10 == 0 else []
        after = ",".join(map(str, [last_id, *[0] * len(some)]))
        curves = get(f"{url}/api/curves?ids={','.join([live.id, *some])}&after={after}")["curves"]
        last_id = curves[live.id]["last_id"]
        if poll == polls // 2:
            early = resident_mb(pid)
    return early, resident_mb(pid)


def row_of(step: int) -> StepsDone:
    """What a run under way records."""
    at = Position(step=step, epoch=step / 100, images=4 * step, seconds=step / 10)
    return StepsDone(
        at=at, loss=1.0, accuracy=0.5, learning_rate=0.1, images_per_second=40.0, memory_bytes=0
    )


def get(address: str) -> Any:
    """What a data route answers."""
    with urllib.request.urlopen(address, timeout=60) as response:
        return json.load(response)


def resident_mb(pid: int) -> float:
    """Memory that a process holds, as Linux says."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise OSError(f"process {pid} says nothing of its memory")


def main() -> None:
    def figures(is_quick: bool) -> dict[str, float]:
        extent = QUICK if is_quick else FULL
        return {"rows": extent.rows, **measure(extent)}

    report(__doc__, figures, BUDGETS)


if __name__ == "__main__":
    main()
