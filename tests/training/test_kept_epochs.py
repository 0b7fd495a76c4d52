"""Epochs that are kept to look back at: which, with what in them, and until when."""

import errno
import itertools
import os
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from blitz.datasets import load_dataset
from blitz.models import build_model
from blitz.settings import Settings
from blitz.training import runner
from blitz.training.checkpoint_writer import MOST_WAITING_EPOCHS, CheckpointWriter, Save
from blitz.training.checkpoints import SavedFile, export_weights, load_state, save_state
from blitz.training.config import TrainConfig
from blitz.training.evaluation import predict
from blitz.training.events import Position
from blitz.training.kept_epochs import MOST_BYTES, MOST_EPOCHS, most_epochs, surplus
from blitz.training.launcher import Launcher, LauncherError
from blitz.training.predictions import answers_of, read_predictions
from blitz.training.state import TrainState
from blitz.training.store import Checkpoint, CheckpointKind, Run, RunStore, StoreError
from tests.training.conftest import WaitFor

CONFIG = TrainConfig(
    dataset="digits", model="net", device="cpu", epochs=3, lr=0.05, keep_epochs=True
)


def new_run(store: RunStore, config: TrainConfig = CONFIG) -> Run:
    return store.create_run(name="r", config=config, device="cpu", token=uuid.uuid4().hex)


def kept(store: RunStore, run_id: str) -> list[Checkpoint]:
    return [row for row in store.checkpoints(run_id) if row.kind == "epoch"]


def weights(folder: Path, row: Checkpoint) -> bytes:
    return export_weights(load_state(folder / row.file_name, row.sha256), "safetensors")


# Which


@pytest.mark.parametrize(
    ("num_epochs", "most", "left"),
    [
        (4, 4, [0, 1, 2, 3]),
        (5, 4, [0, 2, 4]),
        (6, 4, [0, 2, 4, 5]),
        (8, 4, [0, 4, 7]),
        (3, 2, [0, 2]),
    ],
)
def test_every_second_goes_where_they_get_too_many(
    num_epochs: int, most: int, left: list[int]
) -> None:
    gone = surplus([float(epoch) for epoch in range(num_epochs)], most)
    assert sorted(set(range(num_epochs)) - {int(epoch) for epoch in gone}) == left


def test_epoch_by_epoch_those_kept_stay_evenly_spread() -> None:
    present: list[float] = []
    for epoch in range(1000):
        present.append(float(epoch))
        gone = surplus(present, 10)
        present = [each for each in present if each not in gone]
        assert len(present) <= 10
        gaps = {later - earlier for earlier, later in itertools.pairwise(present[:-1])}
        assert len(gaps) <= 1
        assert present[-1] == epoch
        assert present[0] == 0


def test_large_states_are_kept_in_smaller_number_or_not_at_all() -> None:
    assert most_epochs(1) == MOST_EPOCHS
    assert most_epochs(MOST_BYTES // 10) == 10
    assert most_epochs(MOST_BYTES // 3) == 0


# What is in them


def test_each_epoch_keeps_its_weights_and_what_they_answer(
    settings: Settings, store: RunStore
) -> None:
    run = new_run(store)
    assert runner.run(settings, store, run.id) == "finished"
    rows = kept(store, run.id)
    assert [row.epoch for row in rows] == [0.0, 1.0, 2.0, 3.0]
    dataset = load_dataset("digits", folder=settings.data_folder)
    epochs = store.epochs(run.id)
    for row in rows:
        state = load_state(settings.runs_folder / run.id / row.file_name, row.sha256)
        model = build_model("net")
        model.load_state_dict(
            {n.removeprefix("model."): t for n, t in state.tensors.items() if n[:6] == "model."}
        )
        expected = predict(model, dataset)
        answers = answers_of(state, row)
        assert answers is not None
        torch.testing.assert_close(answers.probabilities, expected.probabilities)
        assert torch.equal(answers.labels, dataset.test_labels)
        assert row.loss == answers.loss == pytest.approx(expected.loss, rel=1e-5)
        assert row.accuracy == pytest.approx(expected.accuracy)
        if row.epoch:
            assert row.loss == epochs[int(row.epoch) - 1].loss
    last = read_predictions(settings.runs_folder / run.id)
    assert last is not None
    assert answers is not None
    assert torch.equal(last.probabilities, answers.probabilities)


def test_nothing_is_kept_that_nobody_asked_for(settings: Settings, home_store: RunStore) -> None:
    run = new_run(home_store, replace(CONFIG, keep_epochs=False, epochs=1))
    assert runner.run(settings, home_store, run.id) == "finished"
    assert kept(home_store, run.id) == []
    assert not list((settings.runs_folder / run.id).glob("epoch-*"))


def test_states_that_are_too_large_are_told_of_once(
    settings: Settings, home_store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blitz.training.checkpoint_writer.most_epochs", lambda _: 0)
    run = new_run(home_store)
    assert runner.run(settings, home_store, run.id) == "finished"
    assert kept(home_store, run.id) == []
    assert [e.kind for e in home_store.events_after(run.id)].count("not kept") == 1


def test_epochs_on_the_disk_are_those_with_rows(
    settings: Settings, home_store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blitz.training.checkpoint_writer.most_epochs", lambda _: 3)
    run = new_run(home_store, replace(CONFIG, epochs=7))
    assert runner.run(settings, home_store, run.id) == "finished"
    rows = kept(home_store, run.id)
    assert [row.epoch for row in rows] == [0.0, 4.0, 7.0]
    files = {path.name for path in (settings.runs_folder / run.id).glob("epoch-*")}
    assert files == {row.file_name for row in rows}


# Until when


def test_epochs_after_the_one_a_run_goes_on_from_are_forgotten(
    settings: Settings, home_store: RunStore
) -> None:
    run = new_run(home_store)
    runner.run(settings, home_store, run.id)
    folder = settings.runs_folder / run.id
    before = {row.epoch: weights(folder, row) for row in kept(home_store, run.id)}
    for row in home_store.checkpoints(run.id):  # as if the disk had lost the newest
        if row.epoch > 2 or row.kind != "epoch":
            (folder / row.file_name).write_bytes(b"")
    home_store.begin_attempt(run.id, {"finished"}, device="cpu")
    assert runner.run(settings, home_store, run.id) == "finished"
    rows = kept(home_store, run.id)
    assert {row.epoch: weights(folder, row) for row in rows} == before
    assert {path.name for path in folder.glob("epoch-*")} == {row.file_name for row in rows}


def test_a_fork_may_begin_at_any_epoch_that_is_kept(
    settings: Settings, launcher: Launcher, home_store: RunStore, wait_for: WaitFor
) -> None:
    run = new_run(home_store)
    runner.run(settings, home_store, run.id)
    second = next(row for row in kept(home_store, run.id) if row.epoch == 2)
    still = replace(CONFIG, lr=1e-12, momentum=0.0, epochs=1, keep_epochs=False)
    fork = launcher.fork(run.id, still, name="fork", token="f", checkpoint_id=second.id)
    assert (fork.parent, fork.parent_step) == (run.id, second.step)
    wait_for(lambda: home_store.get_run(fork.id).status == "finished")  # type: ignore[union-attr]
    assert home_store.get_run(fork.id).loss == pytest.approx(second.loss)  # type: ignore[union-attr]
    with pytest.raises(LauncherError, match="r: has these weights no longer; choose others"):
        launcher.fork(run.id, still, name="other", token="o", checkpoint_id=10_000)


def writer_of(
    store: RunStore, folder: Path, told: list[tuple[str, str]]
) -> tuple[Run, CheckpointWriter]:
    run = new_run(store)
    return run, CheckpointWriter(
        store, run.id, folder, tell=lambda kind, text, _: told.append((kind, text))
    )


def a_save(kind: CheckpointKind, step: int) -> Save:
    state = TrainState(tensors={"model.weight": torch.zeros(8)}, values={})
    at = Position(step=step, epoch=step, images=step, seconds=0.0)
    return Save(kind=kind, state=state, at=at, loss=None, accuracy=None)


def test_a_slow_disk_thins_epochs_out_says_so_once_and_keeps_the_last(
    home_store: RunStore, tmp_path: Path
) -> None:
    told: list[tuple[str, str]] = []
    run, writer = writer_of(home_store, tmp_path, told)
    for epoch in range(20):
        writer.give(a_save("epoch", epoch))
    writer.write(writer.waiting(), is_closing=False)
    assert not writer.is_waiting
    kept_steps = [row.step for row in kept(home_store, run.id)]
    assert kept_steps[-1] == 19
    assert len(kept_steps) <= MOST_WAITING_EPOCHS
    assert [kind for kind, _ in told] == ["not kept"]


def test_what_a_run_goes_on_from_is_written_before_what_one_looks_back_at(
    home_store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def two_fit(path: Path, state: TrainState) -> SavedFile:
        if len(written) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        written.append(path.name[:5])
        return save_state(path, state)

    monkeypatch.setattr("blitz.training.checkpoints.save_state", two_fit)
    told: list[tuple[str, str]] = []
    run, writer = writer_of(home_store, tmp_path, told)
    for save in (a_save("epoch", 1), a_save("epoch", 2), a_save("last", 2)):
        writer.give(save)
    writer.write(writer.waiting(), is_closing=False)
    assert written == ["last-", "epoch"]
    assert not writer.keeps_epochs
    writer.give(a_save("epoch", 3))
    assert not writer.is_waiting
    assert [row.kind for row in home_store.checkpoints(run.id)] == ["last", "epoch"]
    assert [kind for kind, _ in told] == ["disk full"]


def test_a_row_is_added_once_though_the_removal_after_it_fails(
    home_store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, writer = writer_of(home_store, tmp_path, [])
    writer.give(a_save("last", 1))
    writer.write(writer.waiting(), is_closing=True)
    writer.give(a_save("last", 2))
    with monkeypatch.context() as patch:
        patch.setattr(home_store, "remove_checkpoint", raise_store_error)
        with pytest.raises(StoreError):
            writer.write(writer.waiting(), is_closing=True)
    writer.write(writer.waiting(), is_closing=True)
    assert [row.step for row in home_store.checkpoints(run.id)] == [2]


def raise_store_error(_: int) -> None:
    raise StoreError("the database is away")


# What is damaged


def test_a_fault_of_the_moment_takes_nothing_away(settings: Settings, home_store: RunStore) -> None:
    run = new_run(home_store)
    runner.run(settings, home_store, run.id)
    folder = settings.runs_folder / run.id
    before = home_store.checkpoints(run.id)
    newest = max(before, key=lambda row: (row.step, row.id))
    content = (folder / newest.file_name).read_bytes()
    (folder / newest.file_name).unlink()
    (folder / newest.file_name).mkdir()  # cannot be read: EISDIR, as a disk that is away
    home_store.begin_attempt(run.id, {"finished"}, device="cpu")
    with pytest.raises(runner.RunFailedError, match="cannot be read"):
        runner.run(settings, home_store, run.id)
    assert home_store.checkpoints(run.id) == before
    assert len(home_store.epochs(run.id)) == 3
    (folder / newest.file_name).rmdir()
    (folder / newest.file_name).write_bytes(content)
    home_store.begin_attempt(run.id, {"failed"}, device="cpu")
    assert runner.run(settings, home_store, run.id) == "finished"


def test_damaged_weights_are_not_forked(
    settings: Settings, launcher: Launcher, home_store: RunStore
) -> None:
    run = new_run(home_store)
    runner.run(settings, home_store, run.id)
    row = kept(home_store, run.id)[1]
    path = settings.runs_folder / run.id / row.file_name
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(LauncherError, match=r"^r: these weights are gone or damaged$"):
            launcher.fork(run.id, CONFIG, name="fork", token="f", checkpoint_id=row.id)
        path.unlink(missing_ok=True)
    assert [each.id for each in home_store.list_runs()] == [run.id]
    assert [each.name for each in settings.runs_folder.iterdir()] == [run.id]
