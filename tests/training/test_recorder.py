import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

from blitz.settings import Settings
from blitz.training import checkpoint_writer
from blitz.training import recorder as recorder_module
from blitz.training.checkpoint_writer import Save
from blitz.training.checkpoints import load_state, sweep
from blitz.training.config import TrainConfig
from blitz.training.events import Command, EpochFinished, Position, StepsDone
from blitz.training.recorder import Recorder
from blitz.training.state import TrainState
from blitz.training.store import Run, RunStore, StoreError
from tests.training.conftest import WaitFor


@pytest.fixture
def run(home_store: RunStore) -> Run:
    run = home_store.create_run(name="r", config=TrainConfig(), device="cpu", token="t")
    home_store.change_status(run.id, {"starting"}, "running")
    return run


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 256 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() != 0:
        pytest.skip("a small disk needs the right to mount one")
    if subprocess.run(mount, capture_output=True).returncode != 0:
        if os.environ.get("CI"):
            pytest.fail("root may not mount a small disk here")
        pytest.skip("mounting a small disk is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def position(step: int) -> Position:
    return Position(step=step, epoch=float(step), images=step, seconds=float(step))


def row(step: int) -> StepsDone:
    return StepsDone(
        at=position(step),
        loss=1.0,
        accuracy=0.5,
        learning_rate=0.1,
        images_per_second=1.0,
        memory_bytes=1,
    )


def state(number: float, size: int = 8) -> TrainState:
    return TrainState(tensors={"model.weight": torch.full((size,), number)}, values={"step": 1})


def save(recorder: Recorder, step: int, *, size: int = 8, is_urgent: bool = True) -> None:
    recorder.save(
        Save(
            kind="last",
            state=state(step, size),
            at=position(step),
            loss=None,
            accuracy=None,
            is_urgent=is_urgent,
        )
    )


def test_rows_wait_while_the_database_is_locked_and_none_is_lost(
    run: Run, settings: Settings, tmp_path: Path, wait_for: WaitFor
) -> None:
    store = RunStore(settings.database_url, busy_seconds=0.1)
    with (
        closing(sqlite3.connect(settings.home / "runs.sqlite")) as other,
        Recorder(store, run, tmp_path) as recorder,
    ):
        other.execute("BEGIN EXCLUSIVE")
        for step in range(100):
            recorder.row(row(step))  # returns although nothing can be written
        recorder.event("paused", "paused", position(99))
        recorder.status("paused")
        save(recorder, 99)
        wait_for(lambda: recorder._store_fault != "")
        other.rollback()
        wait_for(lambda: len(store.metrics_after(run.id)) == 100)
    assert store.metrics_after(run.id).step.tolist() == list(range(100))
    assert [event.kind for event in store.events_after(run.id)] == ["paused"]
    assert len(store.checkpoints(run.id)) == 1
    paused = store.get_run(run.id)
    assert paused is not None
    assert (paused.status, paused.step) == ("paused", 99)
    store.close()


def test_commands_arrive_once(
    run: Run, home_store: RunStore, tmp_path: Path, wait_for: WaitFor
) -> None:
    received: list[str] = []
    with Recorder(home_store, run, tmp_path) as recorder:

        def has_received(number: int) -> bool:
            received.extend(command.kind for command in recorder.commands())
            return len(received) >= number

        home_store.send_command(run.id, Command(kind="pause"))
        wait_for(lambda: has_received(1))
        home_store.send_command(run.id, Command(kind="stop"))
        wait_for(lambda: has_received(2))
    assert received == ["pause", "stop"]


def test_of_what_was_asked_of_the_attempt_before_the_last_word_counts(
    run: Run, home_store: RunStore, tmp_path: Path
) -> None:
    asked = [
        Command(kind="learning rate", value=0.2), Command(kind="pause"), Command(kind="resume"),
        Command(kind="learning rate", value=0.01),
    ]  # fmt: skip
    for command in asked:
        home_store.send_command(run.id, command)
    with Recorder(home_store, run, tmp_path) as recorder:
        assert recorder.commands() == asked[2:]


def test_new_checkpoint_takes_the_place_of_the_older(
    run: Run, home_store: RunStore, tmp_path: Path, wait_for: WaitFor
) -> None:
    with Recorder(home_store, run, tmp_path) as recorder:
        for step in (1, 2):
            save(recorder, step)
            wait_for(lambda step=step: [c.step for c in home_store.checkpoints(run.id)] == [step])  # type: ignore[misc]
    (checkpoint,) = home_store.checkpoints(run.id)
    assert [path.name for path in tmp_path.glob("*.safetensors")] == [checkpoint.file_name]
    loaded = load_state(tmp_path / checkpoint.file_name, checkpoint.sha256)
    assert torch.equal(loaded.tensors["model.weight"], torch.full((8,), 2.0))


def test_many_short_epochs_share_checkpoints_and_the_last_one_is_kept(
    run: Run, home_store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_writer, "SAVE_SECONDS", 3600.0)
    with Recorder(home_store, run, tmp_path) as recorder:
        for step in range(50):
            save(recorder, step, is_urgent=False)
    (checkpoint,) = home_store.checkpoints(run.id)
    assert checkpoint.step == 49
    assert checkpoint.id <= 2


def test_full_disk_keeps_the_old_checkpoint_and_is_told_once(
    run: Run, home_store: RunStore, small_disk: Path, wait_for: WaitFor
) -> None:
    with Recorder(home_store, run, small_disk) as recorder:
        save(recorder, 1)
        wait_for(lambda: len(home_store.checkpoints(run.id)) == 1)
        for step in (2, 3):
            save(recorder, step, size=200_000)
            wait_for(lambda: len(home_store.events_after(run.id)) == 1)
        recorder.row(row(4))
    (checkpoint,) = home_store.checkpoints(run.id)
    assert checkpoint.step == 1
    load_state(small_disk / checkpoint.file_name, checkpoint.sha256)
    assert [path.name for path in small_disk.iterdir()] == [checkpoint.file_name]
    (event,) = home_store.events_after(run.id)
    assert (event.kind, event.message) == ("disk full", "the disk is full")
    assert len(home_store.metrics_after(run.id)) == 1


def test_rows_wait_for_room_on_the_disk_of_the_database(
    small_disk: Path, tmp_path: Path, wait_for: WaitFor
) -> None:
    store = RunStore(f"sqlite:///{small_disk / 'runs.sqlite'}")
    run = store.create_run(name="r", config=TrainConfig(), device="cpu", token="t")
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(1024)):
            pass
    with Recorder(store, run, tmp_path) as recorder:
        for step in range(1000):
            recorder.row(row(step))
        wait_for(lambda: "disk is full" in recorder._store_fault)
        filler.unlink()
    assert store.metrics_after(run.id).step.tolist() == list(range(1000))
    assert [event.kind for event in store.events_after(run.id)] == ["disk full"]
    store.close()


KILL_POINTS = (
    "before row",
    "after row",
    "before forgetting",
    "after forgetting",
    "before removal",
    "after removal",
)


def test_killed_at_any_step_of_a_save_the_old_or_the_new_checkpoint_loads(
    settings: Settings, home_store: RunStore, tmp_path: Path
) -> None:
    runs = {}
    for point in KILL_POINTS:
        run = home_store.create_run(name=point, config=TrainConfig(), device="cpu", token=point)
        folder = tmp_path / point
        folder.mkdir()
        with Recorder(home_store, run, folder) as recorder:
            save(recorder, 1)
        runs[point] = run
    home_store.close()
    victims = [argument for point in KILL_POINTS for argument in (point, runs[point].id)]
    victim = [sys.executable, "-m", "tests.training.recorder_victim", settings.database_url]
    ended = subprocess.run([*victim, str(tmp_path), *victims], capture_output=True, text=True)
    assert ended.stdout.split() == ["-9"] * len(KILL_POINTS), ended.stderr
    for point, run in runs.items():
        rows = home_store.checkpoints(run.id)
        newest = max(rows, key=lambda row: row.step)
        assert newest.step == (1 if point == "before row" else 2)
        loaded = load_state(tmp_path / point / newest.file_name, newest.sha256)
        assert torch.equal(loaded.tensors["model.weight"], torch.full((8,), float(newest.step)))
        sweep(tmp_path / point, {row.file_name for row in rows})
        assert {path.name for path in (tmp_path / point).iterdir()} == {r.file_name for r in rows}


def test_process_given_up_for_dead_records_nothing_more(
    run: Run,
    home_store: RunStore,
    tmp_path: Path,
    wait_for: WaitFor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorder_module, "HEARTBEAT_SECONDS", 0.0)
    with Recorder(home_store, run, tmp_path) as recorder:
        home_store.begin_attempt(run.id, {"running"}, device="cpu")
        wait_for(recorder.is_superseded.is_set)
        recorder.row(row(1))
        recorder.status("stopped")
    assert len(home_store.metrics_after(run.id)) == 0
    assert home_store.get_run(run.id).status == "starting"  # type: ignore[union-attr]


def test_commands_are_heard_while_nothing_can_be_recorded(
    run: Run, home_store: RunStore, tmp_path: Path, wait_for: WaitFor
) -> None:
    refusing = RefusingStore(home_store)
    with Recorder(refusing, run, tmp_path) as recorder:
        refusing.refuses = True
        recorder.row(row(1))
        home_store.send_command(run.id, Command(kind="stop"))
        heard: list[Command] = []

        def has_heard() -> bool:
            heard.extend(recorder.commands())
            return bool(heard)

        wait_for(has_heard)
        assert heard == [Command(kind="stop")]
        refusing.refuses = False
    assert home_store.metrics_after(run.id).step.tolist() == [1]


class RefusingStore(RunStore):
    """A store whose disk has no room for rows while `refuses`."""

    def __init__(self, store: RunStore) -> None:
        self.__dict__ = store.__dict__
        self.refuses = False

    def append_metrics(self, run_id: str, rows: Sequence[StepsDone | EpochFinished]) -> None:
        if self.refuses and rows:
            raise StoreError("the database has no room: its disk is full")
        super().append_metrics(run_id, rows)


def test_a_deleted_run_is_given_up(
    run: Run,
    home_store: RunStore,
    tmp_path: Path,
    wait_for: WaitFor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorder_module, "HEARTBEAT_SECONDS", 0.0)
    with Recorder(home_store, run, tmp_path) as recorder:
        home_store.delete_run(run.id)
        recorder.row(row(1))
        wait_for(recorder.is_superseded.is_set)


def test_memory_that_runs_out_while_saving_is_told_and_recording_goes_on(
    run: Run,
    home_store: RunStore,
    tmp_path: Path,
    wait_for: WaitFor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(path: Path, state: TrainState) -> None:
        raise RuntimeError("can't allocate memory: 1 byte")

    monkeypatch.setattr("blitz.training.checkpoints.save_state", fail)
    with Recorder(home_store, run, tmp_path) as recorder:
        save(recorder, 1)
        recorder.row(row(1))
        wait_for(lambda: len(home_store.metrics_after(run.id)) == 1)
        wait_for(lambda: bool(home_store.events_after(run.id)))
    assert "can't allocate memory" in home_store.events_after(run.id)[0].message


def test_a_fault_nobody_foresaw_ends_the_run_and_goes_up(
    run: Run, home_store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(run_id: str, after_id: int = 0) -> None:
        raise ZeroDivisionError("unforeseen")

    monkeypatch.setattr(home_store, "commands_after", fail)
    with (
        pytest.raises(ZeroDivisionError, match="unforeseen"),
        Recorder(home_store, run, tmp_path) as recorder,
    ):
        assert recorder.is_superseded.wait(240)


class BusyStore(RunStore):
    """A store during whose first writing of rows the run goes on."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.meanwhile: list[Callable[[], None]] = []
        self.known_at_end: tuple[int, list[int]] | None = None

    def append_metrics(self, run_id: str, rows: Sequence[StepsDone | EpochFinished]) -> None:
        super().append_metrics(run_id, rows)
        if rows:
            while self.meanwhile:
                self.meanwhile.pop(0)()

    def change_status(self, run_id: str, *arguments: Any, **options: Any) -> bool:
        is_changed = super().change_status(run_id, *arguments, **options)
        if "finished" in arguments:
            steps = [checkpoint.step for checkpoint in self.checkpoints(run_id)]
            self.known_at_end = (int(self.metrics_after(run_id).step[-1]), steps)
        return is_changed


def test_what_ends_while_its_rows_are_written_is_finished_only_once_all_is_there(
    settings: Settings, run: Run, tmp_path: Path
) -> None:
    with closing(BusyStore(settings.database_url)) as store:
        with Recorder(store, run, tmp_path) as recorder:
            save(recorder, 1)

            def end() -> None:
                recorder.row(row(2))
                save(recorder, 2)
                recorder.status("finished")

            store.meanwhile.append(end)
            recorder.row(row(1))
        assert store.known_at_end == (2, [2])


def test_a_checkpoint_is_there_only_once_the_rows_before_it_are(
    settings: Settings, run: Run, tmp_path: Path
) -> None:
    with closing(BusyStore(settings.database_url)) as store:
        seen: list[tuple[int, int]] = []

        def add_checkpoint(*arguments: Any, **row: Any) -> None:
            seen.append((row["step"], int(store.metrics_after(run.id).step[-1])))
            RunStore.add_checkpoint(store, *arguments, **row)

        store.add_checkpoint = add_checkpoint  # type: ignore[method-assign]
        with Recorder(store, run, tmp_path) as recorder:

            def go_on() -> None:
                recorder.row(row(2))
                save(recorder, 2)

            store.meanwhile.append(go_on)
            recorder.row(row(1))
        assert seen == [(2, 2)]
