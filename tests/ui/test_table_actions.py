"""What is done to runs from the table, without a browser."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blitz.training.config import TrainConfig
from blitz.training.events import Command
from blitz.training.locks import run_lock
from blitz.training.store import Run, RunStatus, RunStore
from blitz.ui.compare.run_table import TableEvent, TableState, read_event
from blitz.ui.compare.state import MOST_SELECTED, SELECTED, TABLE
from blitz.ui.compare.table_actions import act, delete_hidden, table_view
from blitz.ui.services import Services

HOUR = 3_600.0


def add_run(server: Services, name: str, status: RunStatus = "finished", **labels: Any) -> Run:
    config = TrainConfig(dataset="digits")
    run = server.store.create_run(name=name, config=config, device="cpu", token=name, **labels)
    server.store.change_status(run.id, {"starting"}, status)
    return run


def new_session() -> dict[str, Any]:
    return {SELECTED: (), TABLE: TableState()}


def do(
    server: Services, session: dict[str, Any], kind: str, *runs: Run, value: object = None
) -> list[str]:
    told = {"serial": 1, "kind": kind, "ids": [run.id for run in runs], "value": value}
    event = read_event(told)
    assert isinstance(event, TableEvent)
    return act(server, session, event)


def tags_of(server: Services, *runs: Run) -> list[tuple[str, ...]]:
    return [run.tags for run in server.store.get_runs([run.id for run in runs])]


def shown(server: Services) -> list[str]:
    return [run.name for run in server.store.list_runs()]


def path_of(server: Services) -> Path:
    return server.settings.home / "runs.sqlite"


@contextmanager
def under_way(server: Services, *runs: Run) -> Iterator[None]:
    """Hold the locks that the runs' processes would hold."""
    locks = []
    for run in runs:
        folder = server.settings.runs_folder / run.id
        folder.mkdir(parents=True)
        locks.append(run_lock(folder))
        locks[-1].acquire()
    yield
    for lock in locks:
        lock.release()
    for run in runs:
        server.store.change_status(run.id, {"running"}, "stopped")


# Selecting


def test_a_run_selected_later_stands_behind_those_before(server: Services) -> None:
    first, second, third = (add_run(server, name) for name in "abc")
    session = new_session()
    do(server, session, "select", third)
    do(server, session, "select", first, second, third)
    assert session[SELECTED] == (third.id, first.id, second.id)
    do(server, session, "select", first, third)
    assert session[SELECTED] == (third.id, first.id)


def test_as_many_runs_are_selected_as_a_person_likes(server: Services) -> None:
    runs = [add_run(server, str(number)) for number in range(MOST_SELECTED + 10)]
    session = new_session()
    do(server, session, "select", *runs)
    assert table_view(session).selected == tuple(run.id for run in runs)


# Tags


def test_tags_of_several_runs_change_only_where_they_are_common(server: Services) -> None:
    first = add_run(server, "a", tags=("common", "only a"))
    second = add_run(server, "b", tags=("only b", "common", "both"))
    change = {"before": ["common"], "after": ["new", "only b"]}
    assert do(server, new_session(), "tags", first, second, value=change) == []
    assert tags_of(server, first, second) == [
        ("only a", "new", "only b"), ("only b", "both", "new"),
    ]  # fmt: skip


def test_one_run_that_refuses_its_tags_keeps_no_other_from_them(server: Services) -> None:
    full = add_run(server, "full", tags=[str(number) for number in range(20)])
    other = add_run(server, "other")
    change = {"before": [], "after": ["new"]}
    complaints = do(server, new_session(), "tags", full, other, value=change)
    assert complaints == ["tags: 21 were given; expected at most 20"]
    assert tags_of(server, full, other) == [full.tags, ("new",)]


# Stopping and resuming


def test_all_runs_that_can_be_stopped_are_and_the_others_are_told(server: Services) -> None:
    statuses: dict[str, RunStatus] = {
        "a": "finished", "b": "running", "c": "failed", "d": "running",
    }  # fmt: skip
    runs = [add_run(server, name, status) for name, status in statuses.items()]
    with under_way(server, runs[1], runs[3]):
        complaints = do(server, new_session(), "stop", *runs)
    assert complaints == [
        "a: is finished and cannot be stopped; c: is failed and cannot be stopped"
    ]
    commands = [server.store.commands_after(run.id) for run in runs]
    assert [[command for _, command in each] for each in commands] == [
        [], [Command(kind="stop")], [], [Command(kind="stop")],
    ]  # fmt: skip


def test_of_many_complaints_a_few_are_told(server: Services) -> None:
    runs = [add_run(server, str(number)) for number in range(9)]
    [complaint] = do(server, new_session(), "resume", *runs)
    assert complaint.count("is finished and cannot be resumed") == 3
    assert complaint.endswith("; and 6 more")


def test_a_store_that_is_away_is_told_like_a_refusal(server: Services) -> None:
    run = add_run(server, "a")
    hurried = RunStore(server.settings.database_url, busy_seconds=0.05)
    with closing(sqlite3.connect(path_of(server), isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        [complaint] = do(replace(server, store=hurried), new_session(), "pin", run, value=True)
    hurried.close()
    assert "locked" in complaint


# Deleting


def test_every_deletion_can_be_undone_one_after_another(server: Services) -> None:
    runs = [add_run(server, name) for name in "abcd"]
    session = new_session() | {SELECTED: tuple(run.id for run in runs)}
    assert do(server, session, "delete", runs[0]) == []
    assert do(server, session, "delete", runs[1], runs[2]) == []
    assert shown(server) == ["d"]
    view = table_view(session)
    assert view.selected == (runs[3].id,)
    assert view.deletions == [("a", [runs[0].id]), ("2 runs", [runs[1].id, runs[2].id])]
    do(server, session, "restore", runs[1], runs[2])
    assert table_view(session).deletions == [("a", [runs[0].id])]
    do(server, session, "restore", runs[0])
    assert table_view(session).deletions == []
    assert shown(server) == ["d", "c", "b", "a"]
    delete_hidden(server, session)
    assert shown(server) == ["d", "c", "b", "a"]


def test_a_run_under_way_is_not_deleted_and_the_others_are(server: Services) -> None:
    active, ended = add_run(server, "active", "running"), add_run(server, "ended")
    session = new_session()
    with under_way(server, active):
        complaints = do(server, session, "delete", active, ended)
    assert complaints == ["active: is running; stop it before deleting it"]
    assert shown(server) == ["active"]
    assert table_view(session).deletions == [("ended", [ended.id])]


def test_what_a_session_deleted_goes_for_good_when_it_comes_back(server: Services) -> None:
    run = add_run(server, "a")
    session = new_session()
    do(server, session, "delete", run)
    delete_hidden(server, session)
    assert server.store.get_run(run.id) is None
    assert table_view(session).deletions == []


def test_what_another_session_can_still_undo_is_left_alone(server: Services) -> None:
    run = add_run(server, "a")
    first, second = new_session(), new_session()
    do(server, first, "delete", run)
    do(server, first, "restore", run)
    do(server, second, "delete", run)
    delete_hidden(server, first)
    assert do(server, second, "restore", run) == []
    assert shown(server) == ["a"]


def test_of_two_that_delete_a_run_the_later_has_the_say(server: Services) -> None:
    run = add_run(server, "a")
    first, second = new_session(), new_session()
    for session in (first, second):
        do(server, session, "delete", run)
    delete_hidden(server, first)
    assert do(server, second, "restore", run) == []
    assert shown(server) == ["a"]


@pytest.mark.parametrize(("age", "is_kept"), [(0.98 * HOUR, True), (1.02 * HOUR, False)])
def test_what_was_deleted_an_hour_ago_goes_whoever_did_it(
    server: Services, age: float, is_kept: bool
) -> None:
    run = add_run(server, "a")
    other, own = new_session(), new_session()
    do(server, other, "delete", run)
    with closing(sqlite3.connect(path_of(server))) as database:
        database.execute("UPDATE runs SET deleted_at = deleted_at - ?", (age,))
        database.commit()
    delete_hidden(server, own)
    complaints = do(server, other, "restore", run)
    assert shown(server) == (["a"] if is_kept else [])
    assert complaints == ([] if is_kept else ["a run has been deleted for good by somebody else"])


def test_a_deleted_run_that_is_under_way_again_comes_back(server: Services) -> None:
    run = add_run(server, "a")
    session = new_session()
    do(server, session, "delete", run)
    server.store.begin_attempt(run.id, {"finished"}, device="cpu")
    server.store.change_status(run.id, {"starting"}, "running")
    with under_way(server, run):
        delete_hidden(server, session)
        assert shown(server) == ["a"]


# What browsers send


@pytest.mark.parametrize(
    "told",
    [
        None,
        {"kind": "select", "ids": [], "value": None},
        {"serial": 1, "kind": "format the disk", "ids": [], "value": None},
        {"serial": 1, "kind": "stop", "ids": [1], "value": None},
        {"serial": 1, "kind": "stop", "ids": ["x" * 101], "value": None},
        {"serial": 1, "kind": "stop", "ids": ["x"] * 2_001, "value": None},
        {"serial": 1, "kind": "tags", "ids": ["x"], "value": ["a"]},
        {"serial": 1, "kind": "tags", "ids": ["x"], "value": {"before": [], "after": [1]}},
        {"serial": 1, "kind": "rename", "ids": ["x"], "value": None},
        {"serial": 1, "kind": "pin", "ids": ["x"], "value": "yes"},
        {"serial": 1, "kind": "view", "ids": [],
         "value": {"sort": "secret", "descending": True, "filter": ""}},
    ],
)  # fmt: skip
def test_what_is_no_event_is_passed_over(told: object) -> None:
    assert read_event(told) is None
