import gzip
import importlib.util
import math
import sqlite3
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from blitz.training import TrainConfig
from blitz.training.events import EpochFinished, Position, StepsDone
from blitz.training.store import Run, RunStore
from blitz.ui import feed
from blitz.ui.routes import RunFeed, Snapshot, plotly_version, read_query, routes
from tests.ui.route_server import WAIT_SECONDS, get, get_error, served


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "runs.sqlite"


@pytest.fixture
def store(database: Path) -> Iterator[RunStore]:
    store = RunStore(f"sqlite:///{database}", busy_seconds=0.2)
    yield store
    store.close()


@pytest.fixture
def run(store: RunStore) -> Run:
    run = store.create_run(name="a run", config=TrainConfig(), device="cpu", token="1")
    store.change_status(run.id, {"starting"}, "running")
    store.update_run(run.id, total_steps=100)
    return run


@pytest.fixture
def lost() -> set[str]:
    """The ids of the runs whose process is gone."""
    return set()


@pytest.fixture
def url(store: RunStore, lost: set[str]) -> Iterator[str]:
    def view(run: Run) -> Run:
        return replace(run, status="lost") if run.id in lost else run

    with served(routes(store, view)) as url:
        yield url


def wait_for(url: str, condition: Callable[[Any], bool]) -> Any:
    """The first answer that meets the condition; an answer may be a moment old."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        answer = get(url)
        if condition(answer):
            return answer
    pytest.fail("no answer met the condition")


def at(step: int) -> Position:
    return Position(step=step, epoch=step / 50, images=step * 4, seconds=step / 10)


def steps(step: int, loss: float = 1.5) -> StepsDone:
    return StepsDone(
        at=at(step),
        loss=loss,
        accuracy=0.5,
        learning_rate=0.01,
        images_per_second=40.0,
        memory_bytes=123,
    )


def test_one_answer_feeds_everything_on_screen(store: RunStore, run: Run, url: str) -> None:
    epoch = EpochFinished(
        at=at(2), loss=1.25, accuracy=0.625, class_correct=(1,), class_total=(2,), is_best=True
    )
    store.append_metrics(run.id, [steps(1, 2.0), steps(2, 1.5), epoch])
    store.append_event(run.id, "paused", "paused by hand", at(2))
    answer = get(f"{url}/runs/{run.id}/curves?x=images")
    assert answer["is_whole"]
    assert answer["status"] == "running"
    assert answer["curves"]["train_loss"] == {"x": [4.0, 8.0], "y": [2.0, 1.5], "means": None}
    assert answer["curves"]["test_accuracy"]["y"] == [0.625]
    assert answer["events"] == [{"x": 8, "text": "paused by hand"}]
    assert answer["progress"] == {
        "step": 2,
        "total_steps": 100,
        "epoch": 0.04,
        "epochs": TrainConfig().epochs,
        "seconds": 0.2,
        "seconds_left": pytest.approx(9.8),
        "images_per_second": 40.0,
        "memory_bytes": 123.0,
        "train_loss": 1.5,
        "train_accuracy": 0.5,
        "test_loss": 1.25,
        "test_accuracy": 0.625,
    }


def test_after_an_id_come_only_newer_rows(store: RunStore, run: Run, url: str) -> None:
    store.append_metrics(run.id, [steps(1)])
    address = f"{url}/runs/{run.id}/curves"
    first = get(address)
    store.append_metrics(run.id, [steps(2), steps(3)])
    second = wait_for(
        f"{address}?after={first['last_id']}", lambda answer: answer["last_id"] > first["last_id"]
    )
    assert not second["is_whole"]
    assert second["curves"]["train_loss"]["x"] == [2.0, 3.0]
    nothing = get(f"{address}?after={second['last_id']}")
    assert not nothing["is_whole"]
    assert nothing["curves"]["train_loss"]["x"] == []
    assert nothing["progress"]["step"] == 3


def test_a_resumed_run_is_sent_anew(store: RunStore, run: Run, url: str) -> None:
    store.append_metrics(run.id, [steps(1), steps(2), steps(3)])
    address = f"{url}/runs/{run.id}/curves"
    last_id = get(address)["last_id"]
    store.begin_attempt(run.id, {"running"}, device="cpu")
    store.rewind(run.id, 1)
    store.change_status(run.id, {"starting"}, "running")
    store.append_metrics(run.id, [steps(4)])
    answer = wait_for(f"{address}?after={last_id}", lambda answer: answer["is_whole"])
    assert answer["curves"]["train_loss"]["x"] == [1.0, 4.0]


def test_a_span_is_shown_in_more_detail(store: RunStore, run: Run, url: str) -> None:
    store.append_metrics(run.id, [steps(step, math.sin(step)) for step in range(1, 5001)])
    address = f"{url}/runs/{run.id}/curves?points=100"
    assert len(get(address)["curves"]["train_loss"]["x"]) <= 102
    part = get(f"{address}&from=1000&to=1099")["curves"]["train_loss"]
    assert part["x"] == [float(step) for step in range(1000, 1100)]
    assert part["y"] == [math.sin(step) for step in range(1000, 1100)]


def test_a_loss_that_is_not_finite_is_null(store: RunStore, run: Run, url: str) -> None:
    store.append_metrics(run.id, [steps(1, math.nan)])
    answer = get(f"{url}/runs/{run.id}/curves")
    assert answer["progress"]["train_loss"] is None
    assert answer["progress"]["train_accuracy"] == 0.5


def test_a_lost_run_is_said_to_be_lost(run: Run, url: str, lost: set[str]) -> None:
    lost.add(run.id)
    assert get(f"{url}/runs/{run.id}/curves")["status"] == "lost"


@pytest.mark.parametrize("run_id", ["nobody", "%00", "'; DROP TABLE runs; --"])
def test_an_unknown_run_is_not_found(url: str, run: Run, run_id: str) -> None:
    status, error = get_error(f"{url}/runs/{quote(run_id, safe='%')}/curves")
    assert status == 404
    assert error == "there is no such run; it may have been deleted"
    assert get(f"{url}/runs/{run.id}/curves")["last_id"] == 0


def test_a_deleted_run_is_forgotten(store: RunStore, run: Run) -> None:
    feed = RunFeed(store, view=lambda run: run)
    assert feed.read(run.id)
    store.delete_run(run.id)
    deadline = time.monotonic() + WAIT_SECONDS
    while feed.read(run.id) and time.monotonic() < deadline:
        pass
    assert feed.read(run.id) is None


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("x=time", "x: 'time' was given; choose step, epoch, seconds, images"),
        ("after=-1", "after: '-1' was given; expected a whole number from 0 to"),
        ("after=1.5", "after: '1.5' was given; expected a whole number from 0 to"),
        ("after=²", "after: '²' was given; expected a whole number from 0 to"),
        ("after=" + "9" * 5000, "expected a whole number from 0 to"),
        ("points=1", "points: '1' was given; expected a whole number from 2 to 20,000"),
        ("points=1000000000", "expected a whole number from 2 to 20,000"),
        ("from=1", "from and to: only one of them was given; give both or none"),
        ("from=a&to=2", "from: 'a' was given; expected a number"),
        ("from=1&to=nan", "to: 'nan' was given; expected a number"),
        ("from=-inf&to=1", "from: '-inf' was given; expected a number"),
    ],
)
def test_a_wrong_parameter_is_named(url: str, run: Run, parameters: str, message: str) -> None:
    quoted = quote(parameters, safe="=&")
    status, error = get_error(f"{url}/runs/{run.id}/curves?{quoted}")
    assert status == 400
    assert message in error
    assert len(error) < 200


def test_without_parameters_the_whole_curve_over_steps_is_meant() -> None:
    query = read_query({})
    assert (query.axis, query.after, query.span, query.points) == ("step", 0, None, 2000)


def test_a_locked_database_is_said_in_one_line(
    database: Path, run: Run, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "FRESH_SECONDS", 0.0)  # what failed is asked for again at once
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        status, error = get_error(f"{url}/runs/{run.id}/curves")
        assert status == 503
        assert "is locked by another program" in error
        other.execute("ROLLBACK")
    assert get(f"{url}/runs/{run.id}/curves")["status"] == "running"


def test_while_one_watcher_waits_for_the_store_the_others_are_served(
    store: RunStore, run: Run
) -> None:
    is_waiting, may_go_on = threading.Event(), threading.Event()
    may_go_on.set()

    def view(run: Run) -> Run:
        if not may_go_on.is_set():
            is_waiting.set()
            assert may_go_on.wait(WAIT_SECONDS)
        return run

    feed = RunFeed(store, view)
    first = feed.read(run.id)
    may_go_on.clear()

    def read_until_it_waits() -> None:
        while not is_waiting.is_set():
            feed.read(run.id)

    watcher = threading.Thread(target=read_until_it_waits)
    watcher.start()
    assert is_waiting.wait(WAIT_SECONDS)
    assert feed.read(run.id) is first
    store.append_metrics(run.id, [steps(1)])
    may_go_on.set()
    watcher.join()
    now = feed.read(run.id)
    assert now is not None
    assert now.columns.step.tolist() == [1]


def test_all_who_ask_the_same_are_told_from_one_answer_until_something_changes(
    store: RunStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "FRESH_SECONDS", 0.0)  # the store is read at every look
    store.append_metrics(run.id, [steps(1)])
    watched = RunFeed(store, lambda run: run)
    all_of_it, rest = read_query({}), read_query({"after": "1"})

    def look() -> Snapshot:
        found = watched.read(run.id)
        assert found is not None
        return found

    told = look().told(all_of_it)
    assert look().told(all_of_it) is told
    assert look().told(rest) is not told
    for change in (
        lambda: store.append_metrics(run.id, [steps(2)]),
        lambda: store.append_event(run.id, "paused", "by hand", at(2)),
        lambda: store.change_status(run.id, {"running"}, "paused"),
    ):
        before = look().told(all_of_it)
        change()
        assert look().told(all_of_it).plain != before.plain


def test_plotly_comes_from_the_installed_package_and_may_be_kept(url: str) -> None:
    spec = importlib.util.find_spec("plotly")
    assert spec is not None
    assert spec.origin is not None
    expected = (Path(spec.origin).parent / "package_data" / "plotly.min.js").read_bytes()
    address = f"{url}/plotly.js?v={plotly_version()}"
    with urllib.request.urlopen(address, timeout=WAIT_SECONDS) as response:
        assert response.headers["Content-Type"].startswith("text/javascript")
        assert "immutable" in response.headers["Cache-Control"]
        assert response.read() == expected
    packed = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(packed, timeout=WAIT_SECONDS) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(response.read()) == expected
