import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from blitz.datasets import load_dataset
from blitz.settings import Settings
from blitz.training import runner
from blitz.training.checkpoints import load_state
from blitz.training.config import TrainConfig
from blitz.training.events import Command, EpochFinished, Event, Position
from blitz.training.launcher import Launcher
from blitz.training.locks import is_held, run_lock
from blitz.training.loop import Trainer
from blitz.training.predictions import read_predictions
from blitz.training.processes import environment
from blitz.training.state import TrainState
from blitz.training.store import Checkpoint, Run, RunStatus, RunStore
from tests.training.conftest import WaitFor

CONFIG = TrainConfig(dataset="digits", model="net", device="cpu", epochs=4, lr=0.05)
ENDLESS = replace(CONFIG, epochs=10_000)


pytestmark = pytest.mark.usefixtures("one_thread")


class AtEpoch:
    """Looks on, and does something once when an epoch is finished."""

    def __init__(self, epoch: int, action: Callable[[], object]) -> None:
        self._epoch = epoch
        self._action = action

    def message(self, text: str) -> None:
        pass

    def event(self, event: Event) -> None:
        if isinstance(event, EpochFinished) and event.at.epoch == self._epoch:
            self._action()


def new_run(store: RunStore, config: TrainConfig = CONFIG) -> Run:
    return store.create_run(name="r", config=config, device="cpu", token=uuid.uuid4().hex)


def get_run(store: RunStore, run_id: str) -> Run:
    run = store.get_run(run_id)
    assert run is not None
    return run


def last_checkpoint(store: RunStore, run_id: str) -> Checkpoint:
    (checkpoint,) = [row for row in store.checkpoints(run_id) if row.kind == "last"]
    return checkpoint


def final_state(settings: Settings, store: RunStore, run_id: str) -> TrainState:
    checkpoint = last_checkpoint(store, run_id)
    path = settings.runs_folder / run_id / checkpoint.file_name
    return load_state(path, checkpoint.sha256)


def uninterrupted(config: TrainConfig, folder: Path) -> tuple[TrainState, list[EpochFinished]]:
    """What the loop alone makes of a config: state and epochs."""
    trainer = Trainer(config, load_dataset(config.dataset, folder=folder))
    epochs = [event for event in trainer.events() if isinstance(event, EpochFinished)]
    return trainer.state(), epochs


def assert_same_training(
    settings: Settings, store: RunStore, run_id: str, config: TrainConfig
) -> None:
    """Weights, optimiser and test results are bit for bit those of an uninterrupted run."""
    expected, expected_epochs = uninterrupted(config, settings.data_folder)
    found = final_state(settings, store, run_id)
    assert found.tensors.keys() == expected.tensors.keys()
    for name, tensor in expected.tensors.items():
        assert torch.equal(found.tensors[name], tensor), name
    epochs = store.epochs(run_id)
    assert [epoch.at.step for epoch in epochs] == [epoch.at.step for epoch in expected_epochs]
    assert [epoch.loss for epoch in epochs] == [epoch.loss for epoch in expected_epochs]
    metrics = store.metrics_after(run_id)
    assert (np.diff(metrics.step[~metrics.is_test]) > 0).all()


# In this process


@pytest.mark.parametrize(("status", "ends"), [("running", "stopped"), ("failed", "finished")])
def test_a_stop_asked_while_a_run_begins_again_is_obeyed_and_an_older_one_is_not(
    settings: Settings, home_store: RunStore, status: RunStatus, ends: str
) -> None:
    run = new_run(home_store, replace(CONFIG, epochs=1))
    home_store.change_status(run.id, {"starting"}, status)
    home_store.send_command(run.id, Command(kind="stop"))
    taken = runner.take(settings, home_store, run.id, may_go_on=True)
    assert taken is not None
    record, lock = taken
    assert record.attempt == 2
    asked = [command.kind for _, command in home_store.commands_after(run.id)]
    assert asked == (["stop"] if ends == "stopped" else [])
    with lock:
        pass


def test_a_run_that_its_sweep_finds_hopeless_stops(
    settings: Settings, home_store: RunStore
) -> None:
    better = home_store.create_run(
        name="better", config=CONFIG, device="cpu", token="b", sweep="s", halving=2
    )
    at = Position(step=24, epoch=1.0, images=1_500, seconds=1.0)
    home_store.append_metrics(
        better.id,
        [
            EpochFinished(
                at=at, loss=0.0, accuracy=1.0, class_correct=(1,), class_total=(1,), is_best=True
            )
        ],
    )
    home_store.change_status(better.id, {"starting"}, "finished")
    run = home_store.create_run(
        name="worse", config=ENDLESS, device="cpu", token="w", sweep="s", halving=2
    )
    assert runner.run(settings, home_store, run.id) == "stopped"
    message = get_run(home_store, run.id).message
    assert re.fullmatch(
        r"stopped at step [\d,]+: after \d+ epochs? not among the best 1/2 of its sweep", message
    )


def test_finished_run_has_its_results_in_the_store(settings: Settings, store: RunStore) -> None:
    run = new_run(store)
    assert runner.run(settings, store, run.id) == "finished"
    ended = get_run(store, run.id)
    epochs = store.epochs(run.id)
    assert (ended.status, ended.message) == ("finished", "")
    assert ended.step == ended.total_steps == epochs[-1].at.step
    assert (ended.loss, ended.accuracy) == (epochs[-1].loss, epochs[-1].accuracy)
    assert ended.details is not None
    assert ended.details.num_test == sum(epochs[-1].class_total)
    assert [epoch.at.epoch for epoch in epochs] == [1, 2, 3, 4]
    assert_same_training(settings, store, run.id, CONFIG)


def test_finished_run_keeps_last_and_best_checkpoint_and_predictions(
    settings: Settings, home_store: RunStore
) -> None:
    run = new_run(home_store)
    runner.run(settings, home_store, run.id)
    folder = settings.runs_folder / run.id
    rows = {row.kind: row for row in home_store.checkpoints(run.id)}
    epochs = home_store.epochs(run.id)
    best = min(epochs, key=lambda epoch: epoch.loss)
    assert (rows["best"].step, rows["best"].loss) == (best.at.step, best.loss)
    assert rows["last"].step == epochs[-1].at.step
    files = {path.name for path in folder.glob("*.safetensors")}
    assert files == {row.file_name for row in rows.values()} | {"predictions.safetensors"}
    saved = safetensors.torch.load_file(folder / "predictions.safetensors")
    hits = saved["probabilities"].argmax(1) == saved["labels"]
    assert hits.float().mean().item() == pytest.approx(epochs[-1].accuracy)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_interrupted_and_resumed_run_equals_an_uninterrupted_one(
    settings: Settings, home_store: RunStore, number: signal.Signals
) -> None:
    run = new_run(home_store)
    interrupt = AtEpoch(2, lambda: os.kill(os.getpid(), number))
    assert runner.run(settings, home_store, run.id, interrupt) == "stopped"
    stopped = get_run(home_store, run.id)
    assert stopped.message == f"stopped at step {stopped.step}"
    assert 0 < stopped.step < stopped.total_steps
    assert last_checkpoint(home_store, run.id).step == stopped.step
    home_store.begin_attempt(run.id, {"stopped"}, device="cpu")
    assert runner.run(settings, home_store, run.id) == "finished"
    assert [event.kind for event in home_store.events_after(run.id)] == ["stopped", "continued"]
    assert_same_training(settings, home_store, run.id, CONFIG)


def test_predictions_are_of_the_weights_that_are_there(
    settings: Settings, home_store: RunStore
) -> None:
    run = new_run(home_store)
    folder = settings.runs_folder / run.id
    stop = AtEpoch(2, lambda: os.kill(os.getpid(), signal.SIGTERM))
    runner.run(settings, home_store, run.id, stop)
    stopped = read_predictions(folder)
    assert stopped is not None
    assert stopped.step == get_run(home_store, run.id).step
    home_store.begin_attempt(run.id, {"stopped"}, device="cpu")
    seen: list[object] = []
    runner.run(
        settings, home_store, run.id, AtEpoch(4, lambda: seen.append(read_predictions(folder)))
    )
    assert seen == [None]
    finished = read_predictions(folder)
    assert finished is not None
    last = home_store.epochs(run.id)[-1]
    assert finished.step == last.at.step
    assert finished.loss == pytest.approx(last.loss)


def test_damaged_checkpoint_gives_way_to_an_older_one(
    settings: Settings, home_store: RunStore
) -> None:
    run = new_run(home_store)
    runner.run(settings, home_store, run.id)
    for row in home_store.checkpoints(run.id):
        if row.kind == "last":
            path = settings.runs_folder / run.id / row.file_name
            path.write_bytes(path.read_bytes()[:-1])
    home_store.begin_attempt(run.id, {"finished"}, device="cpu")
    assert runner.run(settings, home_store, run.id) == "finished"
    assert_same_training(settings, home_store, run.id, CONFIG)


def test_run_without_any_checkpoint_begins_anew(settings: Settings, home_store: RunStore) -> None:
    run = new_run(home_store)
    runner.run(settings, home_store, run.id)
    for row in home_store.checkpoints(run.id):
        home_store.remove_checkpoint(row.id)
    home_store.begin_attempt(run.id, {"finished"}, device="cpu")
    assert runner.run(settings, home_store, run.id) == "finished"
    assert_same_training(settings, home_store, run.id, CONFIG)


def test_diverged_run_says_so_and_goes_on_with_a_lower_learning_rate(
    settings: Settings, home_store: RunStore
) -> None:
    run = new_run(home_store, replace(CONFIG, lr=100.0))
    assert runner.run(settings, home_store, run.id) == "diverged"
    diverged = get_run(home_store, run.id)
    assert diverged.message.startswith("diverged at step ")
    home_store.begin_attempt(run.id, {"diverged"}, device="cpu")
    home_store.send_command(run.id, Command(kind="learning rate", value=0.01))
    assert runner.run(settings, home_store, run.id) == "finished"
    kinds = [event.kind for event in home_store.events_after(run.id)]
    assert kinds[-2:] == ["continued", "learning rate"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (replace(CONFIG, dataset="nope"), "data set 'nope': unknown"),
        (replace(CONFIG, model="nope"), "model: 'nope' was given"),
        (replace(CONFIG, batch_size=60_000), "batch_size: 60,000 was given"),
    ],
)
def test_wrong_choice_fails_in_one_line(
    settings: Settings, home_store: RunStore, config: TrainConfig, message: str
) -> None:
    run = new_run(home_store, config)
    with pytest.raises(runner.RunFailedError, match=message):
        runner.run(settings, home_store, run.id)
    failed = get_run(home_store, run.id)
    assert failed.status == "failed"
    assert failed.message.startswith(message)
    assert "\n" not in failed.message


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "out of memory: try a smaller batch size than 64"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\n…"),
         "out of memory: try a smaller batch size than 64"),
        (OSError(28, "No space left on device"), "the disk is full"),
        (KeyError("x"), "KeyError: 'x'"),
        (RuntimeError("[gloo/pair.cc:545] Read error [::1]:62680: Connection reset by peer. …"),
         "another process broke"),
    ],
)  # fmt: skip
def test_failure_is_said_plainly(home_store: RunStore, error: Exception, message: str) -> None:
    assert runner.describe_failure(error, new_run(home_store)) == message


def test_memory_that_cannot_be_had_is_recognised(home_store: RunStore) -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    message = runner.describe_failure(caught.value, new_run(home_store))
    assert message == "out of memory: try a smaller batch size than 64"


def test_run_that_is_not_starting_is_left_alone(settings: Settings, home_store: RunStore) -> None:
    run = new_run(home_store)
    home_store.change_status(run.id, {"starting"}, "finished")
    assert runner.run(settings, home_store, run.id) is None
    assert get_run(home_store, run.id).status == "finished"


def test_run_whose_recording_breaks_down_is_failed_and_ends(
    settings: Settings, home_store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(run_id: str, after_id: int = 0) -> None:
        raise ZeroDivisionError("unforeseen")

    run = new_run(home_store, ENDLESS)
    monkeypatch.setattr(home_store, "commands_after", fail)
    with pytest.raises(runner.RunFailedError, match="ZeroDivisionError: unforeseen"):
        runner.run(settings, home_store, run.id)
    failed = get_run(home_store, run.id)
    assert (failed.status, failed.message) == ("failed", "ZeroDivisionError: unforeseen")


# Real training processes


def shown_status(launcher: Launcher, run_id: str) -> str:
    run = launcher.run(run_id)
    assert run is not None
    return run.status


def rates_after(store: RunStore, run_id: str, step: int) -> set[float]:
    """Learning rates recorded after a step."""
    metrics = store.metrics_after(run_id)
    return set(metrics.learning_rate[~metrics.is_test & (metrics.step > step)].tolist())


def kill(settings: Settings, run_id: str) -> None:
    log = (settings.runs_folder / run_id / "process.log").read_text()
    os.kill(int(log.rpartition(" carries out run ")[0].rpartition("process ")[2]), signal.SIGKILL)


def test_killed_run_is_lost_and_resumes_as_if_nothing_had_been(
    launcher: Launcher, settings: Settings, home_store: RunStore, wait_for: WaitFor
) -> None:
    config = replace(CONFIG, epochs=10)
    run = launcher.start(config, name="r", token="t")
    wait_for(lambda: len(home_store.checkpoints(run.id)) > 0)
    kill(settings, run.id)
    wait_for(lambda: shown_status(launcher, run.id) == "lost")
    lost = get_run(home_store, run.id)
    assert lost.step < lost.total_steps
    stray = settings.runs_folder / run.id / "last-00000001-stray.safetensors"
    stray.write_bytes(b"half")
    again = launcher.resume(run.id)
    assert again.attempt == 2
    wait_for(lambda: shown_status(launcher, run.id) == "finished")
    assert not stray.exists()
    assert_same_training(settings, home_store, run.id, config)


def test_second_run_waits_for_the_device_and_the_first_obeys(
    launcher: Launcher, home_store: RunStore, wait_for: WaitFor
) -> None:
    first = launcher.start(ENDLESS, name="first", token="1")
    wait_for(lambda: shown_status(launcher, first.id) in ("preparing", "running"))
    second = launcher.start(ENDLESS, name="second", token="2")
    wait_for(lambda: shown_status(launcher, second.id) == "queued")
    wait_for(lambda: shown_status(launcher, first.id) == "running")
    wait_for(lambda: "waiting for cpu" in get_run(home_store, second.id).message)

    launcher.pause(first.id)
    wait_for(lambda: shown_status(launcher, first.id) == "paused")
    paused_at = get_run(home_store, first.id).step
    assert last_checkpoint(home_store, first.id).step == paused_at
    launcher.set_learning_rate(first.id, 0.001)
    launcher.continue_(first.id)
    wait_for(lambda: len(rates_after(home_store, first.id, paused_at)) > 0)
    assert rates_after(home_store, first.id, paused_at) == {0.001}
    assert rates_after(home_store, first.id, 0) == {0.05, 0.001}

    assert shown_status(launcher, second.id) == "queued"
    launcher.stop(first.id)
    wait_for(lambda: shown_status(launcher, first.id) == "stopped")
    kinds = [event.kind for event in home_store.events_after(first.id)]
    assert kinds == ["paused", "learning rate", "resumed", "stopped"]
    wait_for(lambda: shown_status(launcher, second.id) in ("preparing", "running"))


def test_run_outlives_the_server_that_started_it(
    launcher: Launcher, settings: Settings, home_store: RunStore, wait_for: WaitFor
) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        env=environment(settings),
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        assert server.stdout is not None
        run_id = server.stdout.readline().strip()
        server.kill()
    wait_for(lambda: shown_status(launcher, run_id) == "running")
    assert [run.id for run in launcher.runs()] == [run_id]
    launcher.stop(run_id)
    wait_for(lambda: shown_status(launcher, run_id) == "stopped")
    wait_for(lambda: not is_held(run_lock(settings.runs_folder / run_id)))


_SERVER = """
import time
from blitz.settings import read_settings
from blitz.training.config import TrainConfig
from blitz.training.launcher import Launcher
from blitz.training.store import RunStore

settings = read_settings()
launcher = Launcher(settings, RunStore(settings.database_url))
config = TrainConfig(dataset="digits", device="cpu", epochs=10_000)
print(launcher.start(config, name="r", token="t").id, flush=True)
time.sleep(600)
"""
