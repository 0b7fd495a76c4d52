"""Epochs that are kept to look back at: which, with what in them, and until when."""

import itertools
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
from blitz.training.checkpoints import export_weights, load_state
from blitz.training.config import TrainConfig
from blitz.training.evaluation import predict
from blitz.training.events import Position
from blitz.training.kept_epochs import MOST_BYTES, MOST_EPOCHS, most_epochs, surplus
from blitz.training.launcher import Launcher, LauncherError
from blitz.training.predictions import answers_of, read_predictions
from blitz.training.state import TrainState
from blitz.training.store import Checkpoint, Run, RunStore
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


def test_a_slow_disk_loses_epochs_and_no_memory(home_store: RunStore, tmp_path: Path) -> None:
    run = new_run(home_store)
    writer = CheckpointWriter(home_store, run.id, tmp_path, tell=lambda *_: None)
    state = TrainState(tensors={"model.weight": torch.zeros(8)}, values={})
    for epoch in range(20):
        at = Position(step=epoch, epoch=epoch, images=epoch, seconds=0.0)
        writer.give(Save(kind="epoch", state=state, at=at, loss=None, accuracy=None))
    writer.write(is_closing=False)
    assert not writer.is_waiting
    assert [row.step for row in kept(home_store, run.id)] == list(range(MOST_WAITING_EPOCHS))
