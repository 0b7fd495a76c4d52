import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import create_engine, make_url, text

from blitz.training import database
from blitz.training.config import TrainConfig
from blitz.training.database import wal_is_safe
from blitz.training.events import Command, EpochFinished, Position, StepsDone
from blitz.training.store import Run, RunDetails, RunStore, StoreError

CONFIG = TrainConfig(dataset="digits", model="mlp", lr=0.25, image_size=32)


def new_run(store: RunStore, *, name: str = "first", token: str = "token") -> Run:
    return store.create_run(name=name, config=CONFIG, device="cpu", token=token)


def position(step: int) -> Position:
    return Position(step=step, epoch=step / 10, images=4 * step, seconds=step / 100)


def steps_done(step: int, loss: float = 0.5) -> StepsDone:
    return StepsDone(
        at=position(step),
        loss=loss,
        accuracy=0.75,
        learning_rate=0.1,
        images_per_second=1000.0 + step,
        memory_bytes=2**40 + step,
    )


def epoch_finished(step: int, loss: float = 0.25, accuracy: float = 0.5) -> EpochFinished:
    return EpochFinished(
        at=position(step),
        loss=loss,
        accuracy=accuracy,
        class_correct=(1, 2),
        class_total=(3, 4),
        is_best=True,
    )


# Runs


def test_run_comes_back_as_it_was_made(store: RunStore) -> None:
    run = new_run(store)
    assert store.get_run(run.id) == run
    assert (run.name, run.config, run.device, run.status) == ("first", CONFIG, "cpu", "starting")
    assert run.created_at.utcoffset() is not None


def test_unknown_run_is_none(store: RunStore) -> None:
    assert store.get_run("nobody") is None


def test_newest_run_is_listed_first(store: RunStore) -> None:
    ids = [new_run(store, token=str(number)).id for number in range(5)]
    assert [run.id for run in store.list_runs()] == ids[::-1]
    assert [run.id for run in store.list_runs(limit=2)] == ids[:-3:-1]


def test_same_token_gives_the_same_run_to_many_at_once(store_url: str) -> None:
    stores = [RunStore(store_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        runs = list(threads.map(new_run, stores))
    assert len({run.id for run in runs}) == 1
    assert len(stores[0].list_runs()) == 1
    for store in stores:
        store.close()


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "'; DROP TABLE runs; --", "../../x"])
def test_text_is_kept_literally(store: RunStore, name: str) -> None:
    assert store.get_run(new_run(store, name=name).id).name == name  # type: ignore[union-attr]


def test_text_that_databases_cannot_hold_is_replaced(store: RunStore) -> None:
    run = new_run(store, name="a\0b\ud800c")
    assert run.name == "a\ufffdb\ufffdc"


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_name_must_be_some_text_of_bounded_length(store: RunStore, name: str) -> None:
    with pytest.raises(ValueError, match=r"name: .* expected 1 to 200"):
        new_run(store, name=name)


def test_changes_are_seen(store: RunStore) -> None:
    run = new_run(store)
    details = RunDetails(
        classes=("a", "b"), num_train=1, num_test=2, num_parameters=3, notes=("n",)
    )
    store.update_run(run.id, step=7, loss=0.5, details=details, message="m")
    changed = store.get_run(run.id)
    assert changed is not None
    assert (changed.step, changed.loss, changed.details, changed.message) == (7, 0.5, details, "m")


def test_status_changes_only_from_what_was_expected(store: RunStore) -> None:
    run = new_run(store)
    assert store.change_status(run.id, {"starting"}, "running", "goes")
    assert not store.change_status(run.id, {"starting"}, "failed")
    assert not store.change_status("nobody", {"starting"}, "failed")
    changed = store.get_run(run.id)
    assert changed is not None
    assert (changed.status, changed.message) == ("running", "goes")
    assert changed.started_at is not None
    assert changed.ended_at is None


def test_one_of_many_wins_a_change_of_status(store: RunStore) -> None:
    run = new_run(store)
    with ThreadPoolExecutor(8) as threads:
        won = list(
            threads.map(lambda _: store.change_status(run.id, {"starting"}, "queued"), range(8))
        )
    assert sum(won) == 1


def test_new_attempt_forgets_commands_and_end(store: RunStore) -> None:
    run = new_run(store)
    store.send_command(run.id, Command(kind="stop"))
    store.change_status(run.id, {"starting"}, "stopped")
    assert store.begin_attempt(run.id, {"stopped"}, device="cpu")
    again = store.get_run(run.id)
    assert again is not None
    assert (again.attempt, again.status, again.ended_at) == (2, "starting", None)
    assert store.commands_after(run.id) == []
    assert not store.begin_attempt(run.id, {"stopped"}, device="cpu")


def test_process_that_was_replaced_learns_it_from_its_heartbeat(store: RunStore) -> None:
    run = new_run(store)
    assert store.heartbeat(run.id, attempt=1)
    store.begin_attempt(run.id, {"starting"}, device="cpu")
    assert not store.heartbeat(run.id, attempt=1)
    assert store.heartbeat(run.id, attempt=2)


def test_waiting_runs_come_oldest_first(store: RunStore) -> None:
    ids = [new_run(store, token=str(number)).id for number in range(3)]
    for run_id in reversed(ids):
        store.change_status(run_id, {"starting"}, "queued")
    assert [run.id for run in store.waiting_runs()] == ids


def test_deleting_a_run_removes_all_of_it_and_nothing_else(store: RunStore) -> None:
    gone, kept = new_run(store, token="a"), new_run(store, token="b")
    for run in (gone, kept):
        store.append_metrics(run.id, [steps_done(1)])
        store.append_event(run.id, "paused", "m", position(1))
    store.delete_run(gone.id)
    assert store.get_run(gone.id) is None
    assert len(store.metrics_after(gone.id)) == len(store.events_after(gone.id)) == 0
    assert len(store.metrics_after(kept.id)) == len(store.events_after(kept.id)) == 1


def test_what_a_person_says_of_a_run_is_kept(store: RunStore) -> None:
    run = store.create_run(
        name="child", config=CONFIG, device="cpu", token="child",
        note="<b>why</b>", tags=("a,b", "a,b", " c "), sweep="s", parent="p", parent_step=7,
    )  # fmt: skip
    assert (run.note, run.tags, run.is_pinned) == ("<b>why</b>", ("a,b", "c"), False)
    assert (run.sweep, run.parent, run.parent_step) == ("s", "p", 7)
    store.update_run(run.id, note="", tags=[], is_pinned=True)
    store.change_name(run.id, "'; DROP TABLE runs; --")
    changed = store.get_run(run.id)
    assert changed == replace(run, name="'; DROP TABLE runs; --", note="", tags=(), is_pinned=True)


def test_plain_run_has_nothing_said_of_it(store: RunStore) -> None:
    run = new_run(store)
    assert (run.note, run.tags, run.is_pinned, run.deleted_at) == ("", (), False, None)
    assert (run.sweep, run.parent, run.parent_step, run.best_accuracy) == (None, None, None, None)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"note": "x" * 2001}, "note: 2,001 characters were given; expected at most 2,000"),
        ({"tags": ["x" * 41]}, r"tags: 'x{41}' was given; expected 1 to 40 characters"),
        ({"tags": [" "]}, "tags: ' ' was given"),
        (
            {"tags": [str(number) for number in range(21)]},
            "tags: 21 were given; expected at most 20",
        ),
    ],
)
def test_notes_and_tags_are_of_bounded_length(
    store: RunStore, changes: dict[str, Any], rule: str
) -> None:
    run = new_run(store)
    with pytest.raises(ValueError, match=rule):
        store.update_run(run.id, **changes)
    assert store.get_run(run.id) == run


def test_hidden_run_is_in_no_list_until_it_is_shown_again(store: RunStore) -> None:
    first, second = new_run(store, token="a"), new_run(store, token="b")
    store.hide_run(first.id)
    assert store.list_runs() == [second]
    assert [run.id for run in store.hidden_runs()] == [first.id]
    assert store.get_run(first.id).deleted_at is not None  # type: ignore[union-attr]
    store.show_run(first.id)
    assert store.list_runs() == [second, first]


def test_best_accuracy_is_that_of_all_epochs(store: RunStore) -> None:
    run = new_run(store)

    def best() -> float | None:
        return store.get_run(run.id).best_accuracy  # type: ignore[union-attr]

    store.append_metrics(run.id, [steps_done(5)])
    assert best() is None
    for step, accuracy, expected in ((10, 0.5, 0.5), (20, 0.75, 0.75), (30, 0.25, 0.75)):
        store.append_metrics(run.id, [epoch_finished(step, accuracy=accuracy)])
        assert best() == expected
    store.rewind(run.id, 10)
    assert best() == 0.5
    store.rewind(run.id, -1)
    assert best() is None


# Metrics


def test_metrics_come_back_in_order_with_nan_where_there_is_no_value(store: RunStore) -> None:
    run = new_run(store)
    store.append_metrics(
        run.id, [steps_done(1), steps_done(2, loss=float("nan")), epoch_finished(2)]
    )
    rows = store.metrics_after(run.id)
    np.testing.assert_array_equal(rows.is_test, [False, False, True])
    np.testing.assert_array_equal(rows.step, [1, 2, 2])
    np.testing.assert_array_equal(rows.images, [4, 8, 8])
    np.testing.assert_array_equal(rows.loss, [0.5, np.nan, 0.25])
    np.testing.assert_array_equal(rows.learning_rate, [0.1, 0.1, np.nan])
    np.testing.assert_array_equal(rows.memory_bytes, [2**40 + 1, 2**40 + 2, np.nan])
    assert rows.id.dtype == rows.step.dtype == np.int64


def test_only_rows_after_the_last_id_are_read(store: RunStore) -> None:
    run = new_run(store)
    store.append_metrics(run.id, [steps_done(1), steps_done(2)])
    last = int(store.metrics_after(run.id).id[-1])
    assert len(store.metrics_after(run.id, last)) == 0
    store.append_metrics(run.id, [steps_done(3)])
    assert store.metrics_after(run.id, last).step.tolist() == [3]


def test_row_sent_twice_is_kept_once(store: RunStore) -> None:
    run = new_run(store)
    store.append_metrics(run.id, [steps_done(1), epoch_finished(1)])
    store.append_metrics(run.id, [steps_done(1), epoch_finished(1), steps_done(2)])
    assert store.metrics_after(run.id).step.tolist() == [1, 1, 2]


def test_points_are_two_columns_without_rows_that_lack_them(store: RunStore) -> None:
    run = new_run(store)
    store.append_metrics(run.id, [steps_done(1), steps_done(2), epoch_finished(2), steps_done(3)])
    points = store.points(run.id, x="images", y="learning_rate", is_test=False)
    assert (points.x.tolist(), points.y.tolist()) == ([4.0, 8.0, 12.0], [0.1, 0.1, 0.1])
    assert points.is_whole
    later = store.points(
        run.id, x="step", y="loss", is_test=False, after_id=int(store.metrics_after(run.id).id[0])
    )
    assert (later.is_whole, later.x.tolist()) == (False, [2.0, 3.0])
    tests = store.points(run.id, x="step", y="accuracy", is_test=True)
    assert (tests.x.tolist(), tests.y.tolist()) == ([2.0], [0.5])
    assert tests.last_id == points.last_id


def test_values_at_a_step_are_those_of_the_last_row_until_then(store: RunStore) -> None:
    run = new_run(store)
    store.append_metrics(run.id, [steps_done(2, loss=0.75), epoch_finished(4), steps_done(6)])
    assert store.position_at(run.id, 5) == position(4)
    assert store.value_at(run.id, 5, "loss", is_test=False) == 0.75
    assert store.value_at(run.id, 5, "loss", is_test=True) == 0.25
    assert store.position_at(run.id, 1) is None
    assert store.value_at(run.id, 3, "accuracy", is_test=True) is None


def test_epochs_have_their_class_counts(store: RunStore) -> None:
    run = new_run(store)
    store.append_metrics(run.id, [steps_done(9), epoch_finished(10), epoch_finished(20)])
    assert store.epochs(run.id) == [epoch_finished(10), epoch_finished(20)]


def test_rewind_removes_what_came_later_and_never_reuses_an_id(store: RunStore) -> None:
    run = new_run(store)
    store.append_metrics(run.id, [steps_done(5), epoch_finished(10, loss=0.75), steps_done(15)])
    store.append_event(run.id, "learning rate", "m", position(12))
    store.append_metrics(run.id, [epoch_finished(20)])
    seen = int(store.metrics_after(run.id).id[-1])
    store.rewind(run.id, 10)
    assert store.metrics_after(run.id).step.tolist() == [5, 10]
    assert store.events_after(run.id) == []
    rewound = store.get_run(run.id)
    assert rewound is not None
    assert (rewound.step, rewound.loss, rewound.accuracy) == (10, 0.75, 0.5)
    store.append_metrics(run.id, [steps_done(11)])
    assert store.metrics_after(run.id, seen).step.tolist() == [11]


def test_reader_misses_no_row_while_rows_are_written(store_url: str) -> None:
    writer, reader = RunStore(store_url), RunStore(store_url)
    run = new_run(writer)
    steps = range(1, 201)

    def write() -> None:
        for first in range(1, 201, 10):
            writer.append_metrics(run.id, [steps_done(step) for step in range(first, first + 10)])

    thread = threading.Thread(target=write)
    thread.start()
    seen: list[int] = []
    last = 0
    while len(seen) < len(steps) and (thread.is_alive() or len(reader.metrics_after(run.id, last))):
        rows = reader.metrics_after(run.id, last)
        seen += rows.step.tolist()
        last = int(rows.id[-1]) if len(rows) else last
    thread.join()
    assert seen == list(steps)
    writer.close()
    reader.close()


# Events, commands, checkpoints


def test_events_come_after_the_last_id(store: RunStore) -> None:
    run = new_run(store)
    store.append_event(run.id, "paused", "paused", position(3))
    store.append_event(run.id, "resumed", "resumed", position(3))
    first, second = store.events_after(run.id)
    assert (first.kind, first.at) == ("paused", position(3))
    assert store.events_after(run.id, first.id) == [second]


def test_commands_come_in_order(store: RunStore) -> None:
    run = new_run(store)
    sent = [Command(kind="pause"), Command(kind="learning rate", value=0.5), Command(kind="stop")]
    for command in sent:
        store.send_command(run.id, command)
    received = store.commands_after(run.id)
    assert [command for _, command in received] == sent
    assert store.commands_after(run.id, received[1][0]) == received[2:]


def test_command_to_an_unknown_run_is_refused(store: RunStore) -> None:
    with pytest.raises(StoreError, match="there is no run nobody"):
        store.send_command("nobody", Command(kind="stop"))


def test_checkpoints_are_added_and_removed(store: RunStore) -> None:
    run = new_run(store)
    for step in (1, 2):
        store.add_checkpoint(
            run.id, kind="last", file_name=f"f{step}", sha256="0", step=step, epoch=0.5, loss=None
        )
    first, second = store.checkpoints(run.id)
    assert (first.file_name, first.kind, first.step, first.loss) == ("f1", "last", 1, None)
    store.remove_checkpoint(first.id)
    assert store.checkpoints(run.id) == [second]


# Faults


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://me:hunter2@127.0.0.1:1/blitz",
        "postgresql+psycopg://me:hunter2@127.0.0.1:x/blitz",
        "postgresql+psycopg://127.0.0.1:1/blitz?user=me&password=hunter2",
        "postgresql+nodriver://me:hunter2@127.0.0.1/blitz",
        "postgresql+pg8000://me:hunter2@127.0.0.1/blitz",
        "oracle://me:hunter2@127.0.0.1/blitz",
        "hunter2",
        "sqlite://",
        "sqlite:////nowhere/at/all.sqlite",
    ],
)
def test_bad_url_is_one_line_without_the_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        RunStore(url, busy_seconds=2)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None or "hunter2" not in str(caught.value.__cause__)


def test_locked_sqlite_is_waited_for(sqlite_url: str, tmp_path: Path) -> None:
    store = RunStore(sqlite_url, busy_seconds=240)
    run = new_run(store)
    with closing(sqlite3.connect(tmp_path / "runs.sqlite", check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(store.append_metrics, run.id, [steps_done(1)])
            assert not waiting.done()
            other.rollback()
            waiting.result(timeout=240)
    assert len(store.metrics_after(run.id)) == 1
    store.close()


def test_database_locked_for_too_long_is_said(store_url: str) -> None:
    store = RunStore(store_url, busy_seconds=0.2)
    run = new_run(store)
    engine = create_engine(store_url)
    with engine.connect() as connection:
        if store_url.startswith("sqlite"):
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
        else:
            connection.execute(text("LOCK TABLE runs IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(StoreError, match=r"is locked by another program; waited 0\.2 s"):
            store.update_run(run.id, step=1)
        connection.rollback()
    engine.dispose()
    store.update_run(run.id, step=2)
    assert store.get_run(run.id).step == 2  # type: ignore[union-attr]
    store.close()


def make_older(url: str) -> None:
    """Take out of a store what databases of earlier versions do not have."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for column in ADDED:
            connection.execute(text(f"ALTER TABLE runs DROP COLUMN {column}"))
    engine.dispose()


ADDED = (
    "best_accuracy", "note", "tags", "is_pinned", "sweep", "parent", "parent_step", "deleted_at"
)  # fmt: skip


def older_store(url: str) -> Run:
    """A run with two epochs in a database of an earlier version."""
    store = RunStore(url)
    run = new_run(store)
    store.append_metrics(
        run.id, [epoch_finished(10, accuracy=0.75), steps_done(15), epoch_finished(20)]
    )
    store.close()
    make_older(url)
    return run


def test_columns_are_added_to_a_database_of_an_earlier_version(store_url: str) -> None:
    run = older_store(store_url)
    with ThreadPoolExecutor(4) as threads:  # servers that start at once
        stores = list(threads.map(lambda _: RunStore(store_url), range(4)))
    stores[0].update_run(run.id, note="n", tags=["a"], is_pinned=True)
    assert stores[1].list_runs() == [
        replace(run, note="n", tags=("a",), is_pinned=True, best_accuracy=0.75)
    ]
    for store in stores:
        store.close()


def test_database_of_an_earlier_version_that_can_only_be_read_has_defaults(
    store_url: str, tmp_path: Path
) -> None:
    run = older_store(store_url)
    if store_url.startswith("sqlite"):
        url = f"sqlite:///file:{tmp_path / 'runs.sqlite'}?mode=ro&uri=true"
    else:
        url = f"{store_url}?options=-cdefault_transaction_read_only%3Don"
    read_only = RunStore(url)
    assert read_only.list_runs() == [run] == [read_only.get_run(run.id)]
    assert read_only.hidden_runs() == []
    with pytest.raises(StoreError, match="can only be read; nothing was changed"):
        read_only.update_run(run.id, step=1)
    read_only.close()


def test_read_only_sqlite_can_be_read(sqlite_url: str, tmp_path: Path) -> None:
    store = RunStore(sqlite_url)
    run = new_run(store)
    store.close()
    read_only = RunStore(f"sqlite:///file:{tmp_path / 'runs.sqlite'}?mode=ro&uri=true")
    assert [found.id for found in read_only.list_runs()] == [run.id]
    with pytest.raises(StoreError, match="can only be read; nothing was changed"):
        read_only.update_run(run.id, step=1)
    read_only.close()


def test_read_only_postgresql_can_be_read(postgresql_url: str) -> None:
    store = RunStore(postgresql_url)
    run = new_run(store)
    store.close()
    read_only = RunStore(f"{postgresql_url}?options=-cdefault_transaction_read_only%3Don")
    assert [found.id for found in read_only.list_runs()] == [run.id]
    with pytest.raises(StoreError, match="can only be read; nothing was changed"):
        read_only.update_run(run.id, step=1)
    read_only.close()


@pytest.mark.parametrize("damage", ["header", "pages", "cut"])
def test_damaged_sqlite_is_set_aside_and_kept(sqlite_url: str, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "runs.sqlite"
    store = RunStore(sqlite_url)
    run = new_run(store)
    store.append_metrics(run.id, [steps_done(step) for step in range(2000)])
    store.close()
    data = bytearray(path.read_bytes())
    if damage == "header":
        data[:64] = b"\xff" * 64
    elif damage == "pages":
        for offset in range(4096, len(data), 4096):
            data[offset : offset + 64] = b"\xff" * 64
    else:
        del data[len(data) // 2 :]
    path.write_bytes(data)

    begun = RunStore(sqlite_url)
    aside = next(tmp_path.glob("runs.sqlite.damaged-*"))
    assert aside.read_bytes() == data
    assert begun.warning is not None
    assert aside.name in begun.warning
    assert begun.list_runs() == []
    new_run(begun)
    begun.close()
    again = RunStore(sqlite_url)
    assert again.warning is None
    assert len(again.list_runs()) == 1
    again.close()


def test_damage_in_the_rows_of_a_large_file_is_found_by_reading_and_then_set_aside(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LARGE_BYTES", 0)
    store = RunStore(sqlite_url)
    run = new_run(store)
    store.append_metrics(run.id, [steps_done(step) for step in range(2000)])
    store.close()
    path = tmp_path / "runs.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'metrics'")
        offset = 4096 * (root.fetchone()[0] - 1)
    data = bytearray(path.read_bytes())
    data[offset : offset + 64] = b"\xff" * 64
    path.write_bytes(data)

    opened = RunStore(sqlite_url)
    assert opened.warning is None
    assert len(opened.list_runs()) == 1
    with pytest.raises(StoreError, match="is damaged; restart Blitz"):
        opened.metrics_after(run.id)
    opened.close()
    begun = RunStore(sqlite_url)
    assert begun.warning is not None
    assert begun.list_runs() == []
    begun.close()
    RunStore(sqlite_url).close()
    assert not (tmp_path / "runs.sqlite.doubts").exists()


@pytest.mark.parametrize(
    ("version", "is_safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
    ],
)
def test_write_ahead_log_only_where_sqlite_is_fixed(
    version: tuple[int, int, int], is_safe: bool
) -> None:
    assert wal_is_safe(version) is is_safe


def test_sqlite_journal_fits_its_version(sqlite_url: str, tmp_path: Path) -> None:
    RunStore(sqlite_url).close()
    with closing(sqlite3.connect(tmp_path / "runs.sqlite")) as connection:
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    assert mode == ("wal" if wal_is_safe(sqlite3.sqlite_version_info) else "delete")


def test_a_run_with_choices_of_another_version_breaks_no_list(sqlite_url: str) -> None:
    with closing(RunStore(sqlite_url)) as store:
        kept, other = (
            store.create_run(name=name, config=TrainConfig(), device="cpu", token=name)
            for name in ("kept", "other")
        )
        with closing(sqlite3.connect(make_url(sqlite_url).database or "")) as database:
            config = json.dumps(TrainConfig().to_dict() | {"optimizer": "lion"})
            database.execute("UPDATE runs SET config = ? WHERE id = ?", (config, other.id))
            database.commit()
        assert [run.id for run in store.list_runs()] == [kept.id]
        assert store.get_run(other.id) is None


def test_rewinding_to_before_the_first_step_is_step_0(sqlite_url: str) -> None:
    with closing(RunStore(sqlite_url)) as store:
        run = store.create_run(name="n", config=TrainConfig(), device="cpu", token="t")
        store.rewind(run.id, -1)
        rewound = store.get_run(run.id)
        assert rewound is not None
        assert rewound.step == 0
