import gzip
import json
import os
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from blitz.training import TrainConfig
from blitz.training.events import EpochFinished, Position, StepsDone
from blitz.training.store import Run, RunStore, ShownStatus, StoreError
from blitz.ui import feed as feed_module
from blitz.ui import table_feed
from blitz.ui.compare_routes import CurveFeed, compare_routes, read_query
from blitz.ui.feed import Feed
from blitz.ui.table_feed import TableFeed
from tests.ui.route_server import WAIT_SECONDS, get, get_error, served


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", busy_seconds=0.2)
    yield store
    store.close()


@pytest.fixture(autouse=True)
def no_moment_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer is of now, so that no test waits for the next one."""
    monkeypatch.setattr(feed_module, "FRESH_SECONDS", 0.0)


@pytest.fixture
def lost() -> set[str]:
    """The ids of the runs whose process is gone."""
    return set()


@pytest.fixture
def view(lost: set[str]) -> Callable[[Run], Run]:
    return lambda run: replace(run, status="lost") if run.id in lost else run


@pytest.fixture
def url(store: RunStore, view: Callable[[Run], Run]) -> Iterator[str]:
    with served(compare_routes(store, view)) as url:
        yield url


def rows(answer: Any) -> list[dict[str, Any]]:
    return [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]


def add_run(store: RunStore, name: str, **labels: Any) -> Run:
    run = store.create_run(name=name, config=TrainConfig(), device="cpu", token=name, **labels)
    store.change_status(run.id, {"starting"}, "running")
    return run


def steps(step: int, loss: float = 1.5) -> StepsDone:
    return StepsDone(
        at=Position(step=step, epoch=step / 50, images=step * 4, seconds=step / 10),
        loss=loss, accuracy=0.5, learning_rate=0.01, images_per_second=40.0, memory_bytes=123,
    )  # fmt: skip


def epoch(step: int, accuracy: float) -> EpochFinished:
    return EpochFinished(
        at=Position(step=step, epoch=1.0, images=step * 4, seconds=1.0), loss=float("nan"),
        accuracy=accuracy, class_correct=(1,), class_total=(2,), is_best=True,
    )  # fmt: skip


# The table


def test_the_table_tells_all_that_is_known_of_a_run(store: RunStore, url: str) -> None:
    run = add_run(store, "<b>run</b>", note="n", tags=["t"], parent="p", parent_step=3)
    store.append_metrics(run.id, [epoch(10, 0.75)])
    store.update_run(run.id, accuracy=0.5, loss=float("nan"), step=10, total_steps=20)
    answer = get(f"{url}/runs")
    assert answer["is_whole"]
    [row] = rows(answer)
    stored = store.get_run(run.id)
    assert stored is not None
    assert row == {
        "id": run.id, "number": 1, "name": "<b>run</b>", "status": "running", "message": "",
        "dataset": "Digits", "model": "net", "width": 1, "optimizer": "sgd", "lr": 0.001,
        "batch_size": 64, "seed": 0,
        "best_accuracy": 0.75, "accuracy": 0.5, "loss": None, "seconds": 0.0,
        "images_per_second": None, "step": 10, "total_steps": 20,
        "started": pytest.approx(stored.created_at.timestamp()), "note": "n", "tags": ["t"],
        "is_pinned": False, "sweep": None, "parent": "p",
    }  # fmt: skip


def test_after_a_token_come_only_the_runs_that_changed(store: RunStore, url: str) -> None:
    first, second = add_run(store, "first"), add_run(store, "second")
    start = get(f"{url}/runs")
    nothing = get(f"{url}/runs?after={start['token']}")
    assert (nothing["is_whole"], nothing["rows"], nothing["token"]) == (False, [], start["token"])
    store.update_run(first.id, step=5)
    changed = get(f"{url}/runs?after={start['token']}")
    assert [row["id"] for row in rows(changed)] == [first.id]
    store.change_name(second.id, "other")
    add_run(store, "third")
    assert [row["name"] for row in rows(get(f"{url}/runs?after={changed['token']}"))] == [
        "third", "other",
    ]  # fmt: skip
    assert len(get(f"{url}/runs?after={start['token']}")["rows"]) == 3


@pytest.mark.parametrize("leave", ["hide_run", "delete_run"])
def test_when_a_run_is_gone_all_others_come(store: RunStore, url: str, leave: str) -> None:
    runs = [add_run(store, name) for name in ("stays", "goes")]
    token = get(f"{url}/runs")["token"]
    getattr(store, leave)(runs[1].id)
    answer = get(f"{url}/runs?after={token}")
    assert answer["is_whole"]
    assert [row["name"] for row in rows(answer)] == ["stays"]
    assert not get(f"{url}/runs?after={answer['token']}")["is_whole"]


@pytest.mark.parametrize("token", ["other.1", "1", "", "x.y", "%00", "9" * 5000, "other.²"])
def test_a_token_of_another_server_gives_all_runs(store: RunStore, url: str, token: str) -> None:
    add_run(store, "run")
    answer = get(f"{url}/runs?after={quote(token, safe='%')}")
    assert answer["is_whole"]
    assert len(answer["rows"]) == 1


def test_a_token_of_the_future_gives_all_runs(store: RunStore, url: str) -> None:
    add_run(store, "run")
    instance = get(f"{url}/runs")["token"].partition(".")[0]
    assert get(f"{url}/runs?after={instance}.99")["is_whole"]


def test_a_lost_run_is_seen_by_the_next_look(
    store: RunStore, url: str, lost: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_feed, "ALIVE_SECONDS", 0.0)
    run = add_run(store, "run")
    token = get(f"{url}/runs")["token"]
    lost.add(run.id)
    [row] = rows(get(f"{url}/runs?after={token}"))
    assert row["status"] == "lost"


def test_a_data_set_is_told_by_its_last_part_whatever_its_path_is_made_of(
    store: RunStore, url: str
) -> None:
    for name, path in (("a", b"/home/me/flowers"), ("b", b"/home/me/\xff.zip")):
        config = TrainConfig(dataset=os.fsdecode(path))
        store.create_run(name=name, config=config, device="cpu", token=name)
    assert [row["dataset"] for row in rows(get(f"{url}/runs"))] == ["?.zip", "flowers"]


def test_processes_are_looked_for_once_in_a_while_and_of_active_runs_alone(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert table_feed.ALIVE_SECONDS <= 5, "a dead run is to be seen within ten seconds"
    monkeypatch.setattr(table_feed, "ALIVE_SECONDS", 3_600.0)
    looked: list[str] = []

    def view(run: Run) -> Run:
        looked.append(run.name)
        return run

    ended = add_run(store, "ended")
    store.change_status(ended.id, {"running"}, "finished")
    active = add_run(store, "active")
    feed = TableFeed(store, view)
    for step in range(3):
        store.update_run(active.id, step=step)
        assert feed.read().runs[active.id].step == step
    assert looked == ["active"]
    store.change_status(active.id, {"running"}, "paused")
    feed.read()
    assert looked == ["active", "active"]


@pytest.mark.parametrize("status", ["lost", "queued"])
def test_a_run_without_a_process_is_not_looked_for_at_every_reading(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, status: ShownStatus
) -> None:
    monkeypatch.setattr(table_feed, "ALIVE_SECONDS", 3_600.0)
    looked: list[int] = []

    def view(run: Run) -> Run:
        looked.append(run.attempt)
        return replace(run, status=status, message="gone") if run.attempt == 1 else run

    run = add_run(store, "run")
    feed = TableFeed(store, view)
    for name in ("first", "second", "third"):
        store.change_name(run.id, name)
        seen = feed.read().runs[run.id]
        assert (seen.name, seen.status, seen.message) == (name, status, "gone")
    assert looked == [1]
    store.begin_attempt(run.id, {"running"}, device="cpu")
    assert feed.read().runs[run.id].status == "starting"
    assert looked == [1, 2]


def test_the_answer_is_packed_for_who_can_unpack_it(store: RunStore, url: str) -> None:
    for number in range(20):
        add_run(store, f"run {number}")
    request = urllib.request.Request(f"{url}/runs", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert len(json.loads(gzip.decompress(response.read()))["rows"]) == 20


# The curves


def test_curves_of_several_runs_come_in_one_answer(store: RunStore, url: str) -> None:
    first, second = add_run(store, "first"), add_run(store, "second")
    store.append_metrics(first.id, [steps(1, 2.0), steps(2, float("nan")), steps(3, 1.0)])
    store.append_metrics(second.id, [epoch(5, 0.25)])
    curves = get(f"{url}/curves?ids={first.id},{second.id},nobody&x=images")["curves"]
    assert list(curves) == [first.id, second.id]
    assert curves[first.id] == {
        "name": "first", "number": first.number, "status": "running", "evaluated": None,
        "parent": None, "is_whole": True, "branch": None,
        "last_id": store.metrics_after(first.id).id[-1], "x": [4.0, 12.0], "y": [2.0, 1.0],
        "means": None,
    }  # fmt: skip
    tests = get(f"{url}/curves?ids={second.id}&metric=test_accuracy&x=epoch")["curves"]
    assert (tests[second.id]["x"], tests[second.id]["y"]) == ([1.0], [0.25])


def test_after_a_row_come_only_newer_ones_until_it_is_gone(store: RunStore, url: str) -> None:
    run, other = add_run(store, "run"), add_run(store, "other")
    store.append_metrics(run.id, [steps(1), steps(2)])
    ids = f"ids={run.id},{other.id}"
    last = get(f"{url}/curves?{ids}")["curves"][run.id]["last_id"]
    store.append_metrics(run.id, [steps(3)])
    newer = get(f"{url}/curves?{ids}&after={last},0")["curves"][run.id]
    assert (newer["is_whole"], newer["x"]) == (False, [3.0])
    store.rewind(run.id, 1)
    store.append_metrics(run.id, [steps(2)])
    again = get(f"{url}/curves?{ids}&after={newer['last_id']},0")["curves"][run.id]
    assert (again["is_whole"], again["x"]) == (True, [1.0, 2.0])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("", "ids: 0 were given; expected 1 to 50"),
        ("ids=" + ",".join(map(str, range(51))), "ids: 51 were given; expected 1 to 50"),
        ("ids=a,b&after=1", "after: 1 were given; expected 2, as many as ids"),
        ("ids=a&after=x", "after: 'x' was given; expected a whole number"),
        ("ids=a&metric=beauty", "metric: 'beauty' was given; choose train_loss, test_loss"),
        ("ids=a&x=time", "x: 'time' was given; choose step, epoch"),
        ("ids=a&points=1", "points: '1' was given; expected a whole number from 2 to 5,000"),
        ("ids=a&from=1", "from and to: only one of them was given"),
    ],
)
def test_a_wrong_parameter_is_named(url: str, parameters: str, message: str) -> None:
    status, error = get_error(f"{url}/curves?{parameters}")
    assert status == 400
    assert message in error


def test_the_curve_of_an_ended_run_is_read_once(store: RunStore) -> None:
    run = add_run(store, "run")
    store.append_metrics(run.id, [steps(1)])
    feed, query = CurveFeed(store), read_query({"ids": run.id})

    def points() -> list[float]:
        stored = store.get_run(run.id)
        assert stored is not None
        [(_, curve)] = feed.read({run.id: stored}, query)
        x: list[float] = curve["x"]
        return x

    assert points() == [1]
    store.append_metrics(run.id, [steps(2)])
    assert points() == [1, 2]
    store.change_status(run.id, {"running"}, "finished")
    assert points() == [1, 2]
    store.append_metrics(run.id, [steps(3)])  # which no run does after its end
    assert points() == [1, 2]
    store.begin_attempt(run.id, {"finished"}, device="cpu")
    assert points() == [1, 2, 3]


def test_all_who_wait_for_a_first_reading_are_told_at_once_that_it_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed_module, "FRESH_SECONDS", 3_600.0)
    read: list[int] = []
    may_fail = threading.Event()

    def fail(key: int, _: int | None) -> int:
        read.append(key)
        assert may_fail.wait(WAIT_SECONDS)
        raise StoreError("the database is locked")

    feed = Feed(fail)
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(StoreError) as caught:
            feed.get(1)
        told.append(str(caught.value))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    may_fail.set()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert told == ["the database is locked"] * 8
    assert read == [1]


def test_after_a_failure_the_next_reading_is_tried() -> None:
    answers: list[int | None] = [None, 7]

    def read(_key: int, _before: int | None) -> int:
        answer = answers.pop(0)
        if answer is None:
            raise StoreError("away")
        return answer

    feed = Feed(read)
    with pytest.raises(StoreError, match="away"):
        feed.get(1)
    assert feed.get(1) == 7


def test_what_nobody_watches_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    feed: Feed[int, int] = Feed(lambda key, _: key)
    for key in range(100):
        assert feed.get(key) == key
    assert len(feed) == 100
    monkeypatch.setattr(feed_module, "FORGET_SECONDS", 0.0)
    feed.forget_unwatched()
    assert len(feed) == 0
