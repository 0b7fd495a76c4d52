"""Sweeps through the launcher: real processes, from the first step to the last run's end."""

import os
import signal
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from blitz.settings import Settings
from blitz.training import sweep_runner
from blitz.training.checkpoints import load_state
from blitz.training.config import TrainConfig
from blitz.training.events import Command
from blitz.training.launcher import Launcher
from blitz.training.locks import is_held, run_lock, slot_lock
from blitz.training.predictions import read_predictions
from blitz.training.store import ACTIVE, Run, RunStore
from blitz.training.sweeps import grid, run_name
from tests.training.conftest import WaitFor

BASE = TrainConfig(dataset="digits", model="net", batch_size=8, epochs=1, lr=0.01, device="cpu")
FOUR = grid({"lr": [0.01, 0.02], "seed": [0, 1]}, BASE)
ENDLESS = [replace(config, epochs=10_000) for config in FOUR]


pytestmark = pytest.mark.usefixtures("one_thread")


def names(configs: object) -> list[str]:
    assert isinstance(configs, list | tuple)
    return [run_name("digits net", config, BASE) for config in configs]


def current(launcher: Launcher, runs: list[Run]) -> list[Run]:
    found = [launcher.run(run.id) for run in runs]
    assert None not in found
    return [run for run in found if run is not None]


def statuses(launcher: Launcher, runs: list[Run]) -> list[str]:
    return [run.status for run in current(launcher, runs)]


def process_of(settings: Settings, run: Run) -> int:
    log = (settings.runs_folder / run.id / "process.log").read_text()
    return int(log.partition(" carries out run ")[0].rpartition("process ")[2])


def new_runs(store: RunStore, configs: list[TrainConfig]) -> list[str]:
    return [
        store.create_run(name="r", config=config, device="cpu", token=os.urandom(8).hex()).id
        for config in configs
    ]


def test_sweep_of_four_runs_to_its_end_in_one_process(
    launcher: Launcher, home_store: RunStore, settings: Settings, wait_for: WaitFor
) -> None:
    runs = launcher.start_sweep(FOUR, names=names(FOUR), token="click")
    assert len({run.sweep for run in runs}) == 1
    assert runs[0].sweep is not None
    again = launcher.start_sweep(FOUR, names=names(FOUR), token="click")
    assert [run.id for run in again] == [run.id for run in runs]
    wait_for(lambda: not set(statuses(launcher, runs)) & ACTIVE)
    ended = current(launcher, runs)
    assert [(run.status, run.message) for run in ended] == [("finished", "")] * 4
    logs = [settings.runs_folder / run.id / "process.log" for run in runs]
    assert [log.exists() for log in logs] == [True, False, False, False]
    assert "4 runs train together" in logs[0].read_text()
    for run in ended:
        assert run.step == run.total_steps == 180
        (epoch,) = home_store.epochs(run.id)
        assert (run.loss, run.accuracy) == (epoch.loss, epoch.accuracy)
        kinds = {row.kind for row in home_store.checkpoints(run.id)}
        assert kinds == {"last", "best"}
        predictions = read_predictions(settings.runs_folder / run.id)
        assert predictions is not None
        assert predictions.loss == pytest.approx(epoch.loss)
    assert [run.id for run in home_store.sweep_runs(runs[0].sweep)] == [run.id for run in runs]


def test_killed_group_is_lost_and_one_member_is_resumed_alone(
    launcher: Launcher, home_store: RunStore, settings: Settings, wait_for: WaitFor
) -> None:
    runs = launcher.start_sweep(ENDLESS, names=names(ENDLESS), token="t")
    wait_for(lambda: all(home_store.checkpoints(run.id) for run in runs))
    assert all(is_held(run_lock(settings.runs_folder / run.id)) for run in runs)
    os.kill(process_of(settings, runs[0]), signal.SIGKILL)
    wait_for(lambda: statuses(launcher, runs) == ["lost"] * 4)
    launcher.resume(runs[2].id)
    wait_for(lambda: "continued" in [e.kind for e in home_store.events_after(runs[2].id)])
    assert statuses(launcher, [runs[0], runs[1], runs[3]]) == ["lost"] * 3
    (continued,) = [e for e in home_store.events_after(runs[2].id) if e.kind == "continued"]
    assert continued.at.step > 0


def test_one_member_is_stopped_told_not_to_pause_and_resumable_while_the_others_go_on(
    launcher: Launcher, home_store: RunStore, settings: Settings, wait_for: WaitFor
) -> None:
    runs = launcher.start_sweep(ENDLESS, names=names(ENDLESS), token="t")
    wait_for(lambda: statuses(launcher, runs) == ["running"] * 4)
    launcher.pause(runs[0].id)
    launcher.set_learning_rate(runs[2].id, 0.005)
    launcher.stop(runs[1].id)
    wait_for(lambda: statuses(launcher, runs) == ["running", "stopped", "running", "running"])
    wait_for(lambda: current(launcher, runs)[0].message == sweep_runner.NO_PAUSE)
    wait_for(lambda: bool(home_store.events_after(runs[2].id)))
    wait_for(lambda: not is_held(run_lock(settings.runs_folder / runs[1].id)))
    stopped = current(launcher, runs)[1]
    (last,) = [row for row in home_store.checkpoints(stopped.id) if row.kind == "last"]
    assert last.step == stopped.step
    state = load_state(settings.runs_folder / stopped.id / last.file_name, last.sha256)
    assert state.values["step"] == stopped.step
    assert launcher.resume(stopped.id).attempt == 2


def test_groups_of_one_process_do_not_wait_for_each_other(
    launcher: Launcher, settings: Settings, wait_for: WaitFor
) -> None:
    # Every second run belongs to the second group, and the first run of the first is stopped.
    configs = grid({"lr": [0.01, 0.02, 0.03, 0.04], "batch_size": [8, 7]}, BASE)
    settings.slots_folder.mkdir(parents=True, exist_ok=True)
    with slot_lock(settings.slots_folder, socket.gethostname(), "cpu"):
        runs = launcher.start_sweep(configs, names=names(configs), token="t")
        wait_for(lambda: statuses(launcher, runs) == ["queued"] * 8)
        launcher.stop(runs[0].id)
        wait_for(lambda: statuses(launcher, runs)[0] == "stopped")
    wait_for(lambda: statuses(launcher, runs) == ["stopped"] + ["finished"] * 7)


def test_a_waiting_run_is_stopped_also_when_the_first_of_the_group_has_ended(
    launcher: Launcher, wait_for: WaitFor
) -> None:
    configs = [*ENDLESS, replace(BASE, model="mlp")]
    runs = launcher.start_sweep(configs, names=names(configs), token="t")
    wait_for(lambda: statuses(launcher, runs) == ["running"] * 4 + ["queued"])
    launcher.stop(runs[0].id)
    wait_for(lambda: statuses(launcher, runs)[0] == "stopped")
    launcher.stop(runs[4].id)
    wait_for(lambda: statuses(launcher, runs)[4] == "stopped")
    assert statuses(launcher, runs)[1:4] == ["running"] * 3


# In this process


def test_what_does_not_go_together_goes_one_after_another_and_one_failure_is_its_own(
    settings: Settings, home_store: RunStore
) -> None:
    configs = [
        replace(BASE, model="mlp", batch_size=64),
        replace(BASE, batch_size=10_000),  # more than there are
        replace(BASE, model="mlp", batch_size=64, seed=1),
    ]
    ids = new_runs(home_store, configs)
    assert not sweep_runner.run_all(settings, home_store, ids)
    ended = [home_store.get_run(run_id) for run_id in ids]
    assert [run.status for run in ended if run] == ["finished", "failed", "finished"]
    assert ended[1] is not None
    assert ended[1].message.startswith("batch_size: 10,000 was given")
    assert not any(is_held(run_lock(settings.runs_folder / run_id)) for run_id in ids)


def test_diverged_member_is_marked_and_the_others_finish(
    settings: Settings, home_store: RunStore
) -> None:
    ids = new_runs(home_store, [BASE, replace(BASE, lr=100.0), *FOUR[2:]])
    assert sweep_runner.run_all(settings, home_store, ids)
    ended = [home_store.get_run(run_id) for run_id in ids]
    assert [run.status for run in ended if run] == ["finished", "diverged", "finished", "finished"]
    assert [event.kind for event in home_store.events_after(ids[1])] == ["diverged"]


def test_runs_that_wait_are_stopped_before_their_turn(
    settings: Settings, home_store: RunStore
) -> None:
    configs = [replace(BASE, model="mlp"), replace(BASE, model="mlp", seed=1), BASE]
    ids = new_runs(home_store, configs)
    for run_id in ids[1:]:
        home_store.send_command(run_id, Command(kind="stop"))
    assert sweep_runner.run_all(settings, home_store, ids)
    ended = [home_store.get_run(run_id) for run_id in ids]
    assert [run.status for run in ended if run] == ["finished", "stopped", "stopped"]
    assert {run.message for run in ended[1:] if run} == {"stopped before training began"}


def test_runs_of_other_processes_are_left_alone(
    settings: Settings, home_store: RunStore, tmp_path: Path
) -> None:
    ids = new_runs(home_store, [BASE, BASE])
    home_store.change_status(ids[0], {"starting"}, "finished")
    folder = settings.runs_folder / ids[1]
    folder.mkdir()
    with run_lock(folder):
        assert sweep_runner.run_all(settings, home_store, ids)
    ended = [home_store.get_run(run_id) for run_id in ids]
    assert [run.status for run in ended if run] == ["finished", "starting"]
