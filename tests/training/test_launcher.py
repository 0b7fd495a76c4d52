import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from blitz.settings import Settings
from blitz.training.config import TrainConfig
from blitz.training.launcher import Launcher, LauncherError
from blitz.training.locks import is_held, launch_lock, run_lock, slot_lock, team_lock
from blitz.training.processes import creation_flags, environment
from blitz.training.store import Run, RunStatus, RunStore, ShownStatus
from tests.training.conftest import WaitFor

CONFIG = TrainConfig(dataset="digits", model="mlp", device="cpu", epochs=10_000)


def make_run(
    store: RunStore,
    status: RunStatus = "running",
    *,
    host: str | None = None,
    processes: int = 1,
) -> Run:
    config = replace(CONFIG, processes=processes)
    run = store.create_run(
        name="r", config=config, device="cpu", token=os.urandom(8).hex(), host=host
    )
    store.change_status(run.id, {"starting"}, status)
    changed = store.get_run(run.id)
    assert changed is not None
    return changed


@contextmanager
def held_lock(settings: Settings, run: Run) -> Iterator[None]:
    """What a living training process does."""
    folder = settings.runs_folder / run.id
    folder.mkdir(exist_ok=True)
    with run_lock(folder):
        yield


def status_of(launcher: Launcher, run_id: str) -> ShownStatus:
    run = launcher.run(run_id)
    assert run is not None
    return run.status


def process_of(settings: Settings, run_id: str) -> int:
    """Id of the process that said last in the run's log that it carries out the run."""
    log = (settings.runs_folder / run_id / "process.log").read_text()
    return int(log.rpartition(" carries out run ")[0].rpartition("process ")[2])


def shift_heartbeats(settings: Settings, seconds: float) -> None:
    """What a jump of the clock does to what was recorded."""
    engine = create_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE runs SET heartbeat_at = heartbeat_at + :s"), {"s": seconds})
    engine.dispose()


# Which runs live


@pytest.fixture
def looking(settings: Settings, home_store: RunStore) -> Launcher:
    """A launcher that starts no process."""
    return Launcher(settings, home_store)


@pytest.mark.parametrize("status", ["queued", "preparing", "running", "paused"])
def test_run_without_its_lock_is_lost(
    looking: Launcher, home_store: RunStore, settings: Settings, status: RunStatus
) -> None:
    run = make_run(home_store, status)
    with held_lock(settings, run):
        assert looking.view(run).status == status
    home_store.update_run(run.id, message="what it did last")
    lost = looking.view(run)
    assert lost.status == "lost"
    assert lost.message.startswith("its process ended without a word")
    assert [run.status for run in looking.runs()] == ["lost"]
    stored = home_store.get_run(run.id)
    assert stored is not None
    assert stored.status == status  # nothing is stored by looking


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_clock_a_day_off_neither_kills_nor_raises_a_run_on_this_host(
    looking: Launcher, home_store: RunStore, settings: Settings, jump: float
) -> None:
    alive, dead = make_run(home_store), make_run(home_store)
    with held_lock(settings, alive):
        shift_heartbeats(settings, jump)
        assert status_of(looking, alive.id) == "running"
        assert status_of(looking, dead.id) == "lost"


def test_run_on_another_host_is_lost_after_silence(
    looking: Launcher, home_store: RunStore, settings: Settings
) -> None:
    run = make_run(home_store, host="elsewhere")
    assert status_of(looking, run.id) == "running"
    shift_heartbeats(settings, -10.0)
    assert status_of(looking, run.id) == "lost"
    home_store.heartbeat(run.id)
    assert status_of(looking, run.id) == "running"


def test_run_that_ended_while_one_looked_is_not_lost(
    looking: Launcher, home_store: RunStore
) -> None:
    seen_running = make_run(home_store)
    home_store.change_status(seen_running.id, {"running"}, "finished")
    assert looking.view(seen_running).status == "finished"


def test_starting_run_is_lost_only_when_nobody_launches_it(
    looking: Launcher, home_store: RunStore, settings: Settings
) -> None:
    run = make_run(home_store, "starting")
    (settings.runs_folder / run.id).mkdir()
    with launch_lock(settings.runs_folder / run.id):
        assert status_of(looking, run.id) == "starting"
    assert status_of(looking, run.id) == "lost"


@pytest.mark.parametrize("status", ["queued", "preparing", "running", "paused"])
def test_run_whose_torchrun_lives_begins_again_and_is_neither_lost_nor_begun_twice(
    looking: Launcher, home_store: RunStore, settings: Settings, status: RunStatus
) -> None:
    run = make_run(home_store, status, processes=2)
    home_store.update_run(run.id, message="as it was")
    folder = settings.runs_folder / run.id
    folder.mkdir()
    with team_lock(folder):
        seen = looking.view(run)
        assert seen.status == "queued"
        assert seen.message.endswith(" the last checkpoint, after one of its processes broke")
        with pytest.raises(LauncherError, match="r: is queued and cannot be resumed"):
            looking.resume(run.id)
        with pytest.raises(LauncherError, match="r: is queued and cannot be deleted"):
            looking.delete(run.id)
        with held_lock(settings, run):
            assert status_of(looking, run.id) == status
    assert status_of(looking, run.id) == "lost"


def test_run_that_said_why_it_begins_again_goes_on_saying_so(
    looking: Launcher, home_store: RunStore, settings: Settings
) -> None:
    run = make_run(home_store, "queued", processes=2)
    said = "begins again from the last checkpoint, after a fault of its own"
    home_store.update_run(run.id, message=said)
    folder = settings.runs_folder / run.id
    folder.mkdir()
    with team_lock(folder):
        [seen] = looking.runs()
    assert (seen.status, seen.message) == ("queued", said)


# What is refused


@pytest.mark.parametrize("status", ["finished", "stopped", "diverged", "failed"])
def test_ended_run_cannot_be_steered(
    looking: Launcher, home_store: RunStore, status: RunStatus
) -> None:
    run = make_run(home_store, status)
    for steer in (looking.stop, looking.pause, looking.continue_):
        with pytest.raises(LauncherError, match=f"^r: is {status} and cannot be "):
            steer(run.id)
    with pytest.raises(LauncherError, match=f"^r: is {status} and cannot be changed"):
        looking.set_learning_rate(run.id, 0.1)
    assert home_store.commands_after(run.id) == []


def test_living_run_is_neither_resumed_nor_deleted(
    looking: Launcher, home_store: RunStore, settings: Settings
) -> None:
    run = make_run(home_store)
    with held_lock(settings, run):
        with pytest.raises(LauncherError, match="r: is running and cannot be resumed"):
            looking.resume(run.id)
        with pytest.raises(LauncherError, match="r: is running and cannot be deleted"):
            looking.delete(run.id)
    assert home_store.get_run(run.id) == run


def test_finished_run_is_not_resumed(looking: Launcher, home_store: RunStore) -> None:
    with pytest.raises(LauncherError, match="r: is finished and cannot be resumed"):
        looking.resume(make_run(home_store, "finished").id)


def test_unknown_run_is_said_and_leaves_no_folder(looking: Launcher, settings: Settings) -> None:
    for steer in (looking.stop, looking.resume, looking.delete):
        with pytest.raises(LauncherError, match="there is no run nobody"):
            steer("nobody")
    assert list(settings.runs_folder.iterdir()) == []


@pytest.mark.parametrize("value", [float("nan"), -1.0, 0.0, 1e30])
def test_wrong_learning_rate_is_refused(
    looking: Launcher, home_store: RunStore, settings: Settings, value: float
) -> None:
    run, stopped = make_run(home_store), make_run(home_store, "stopped")
    with held_lock(settings, run), pytest.raises(ValueError, match=r"lr: .* was given; expected"):
        looking.set_learning_rate(run.id, value)
    with pytest.raises(ValueError, match=r"lr: .* was given; expected"):
        looking.resume(stopped.id, learning_rate=value)
    assert status_of(looking, stopped.id) == "stopped"


def test_wrong_name_or_device_leaves_nothing_behind(looking: Launcher, settings: Settings) -> None:
    with pytest.raises(ValueError, match="name: "):
        looking.start(CONFIG, name="", token="t")
    with pytest.raises(ValueError, match="device: "):
        looking.start(TrainConfig(device="cuda:99"), name="r", token="t")
    assert looking.runs() == []
    assert list(settings.runs_folder.iterdir()) == []


def test_deleted_run_is_gone_with_its_files(
    looking: Launcher, home_store: RunStore, settings: Settings
) -> None:
    run = make_run(home_store, "finished")
    folder = settings.runs_folder / run.id
    folder.mkdir()
    (folder / "last-1.safetensors").touch()
    looking.delete(run.id)
    assert looking.runs() == []
    assert not folder.exists()


# Real processes. The test holds the device's slot, so they wait in the queue and stay small.


@pytest.fixture
def busy_device(settings: Settings) -> Iterator[None]:
    with slot_lock(settings.slots_folder, socket.gethostname(), "cpu"):
        yield


@pytest.mark.usefixtures("busy_device")
def test_one_token_is_one_run_and_one_process_for_two_servers(
    launcher: Launcher, settings: Settings, wait_for: WaitFor
) -> None:
    with closing(RunStore(settings.database_url)) as other_store:
        launchers = [launcher, Launcher(settings, other_store)] * 3
        with ThreadPoolExecutor(6) as threads:
            runs = list(
                threads.map(lambda each: each.start(CONFIG, name="r", token="click"), launchers)
            )
    (run_id,) = {run.id for run in runs}
    wait_for(lambda: status_of(launcher, run_id) == "queued")
    assert [path.name for path in settings.runs_folder.iterdir()] == [run_id]
    log = (settings.runs_folder / run_id / "process.log").read_text()
    assert log.count("carries out run") == 1


@pytest.mark.usefixtures("busy_device")
def test_run_is_never_seen_as_lost_while_it_starts(launcher: Launcher, wait_for: WaitFor) -> None:
    run = launcher.start(CONFIG, name="r", token="t")
    seen = {run.status}

    def is_queued() -> bool:
        seen.add(status_of(launcher, run.id))
        return "queued" in seen

    wait_for(is_queued)
    assert seen == {"starting", "queued"}


@pytest.mark.usefixtures("busy_device")
def test_second_process_of_a_run_leaves_it_alone(
    launcher: Launcher, settings: Settings, wait_for: WaitFor
) -> None:
    run = launcher.start(CONFIG, name="r", token="t")
    wait_for(lambda: status_of(launcher, run.id) == "queued")
    second = subprocess.run(
        [sys.executable, "-m", "blitz", "train", "--run", run.id],
        env=environment(settings),
        capture_output=True,
        text=True,
    )
    assert second.returncode == 0
    assert "another process carries out run" in second.stderr
    assert status_of(launcher, run.id) == "queued"


@pytest.mark.usefixtures("busy_device")
def test_queued_run_can_be_stopped_and_resumed(
    launcher: Launcher, settings: Settings, wait_for: WaitFor
) -> None:
    run = launcher.start(CONFIG, name="r", token="t")
    wait_for(lambda: status_of(launcher, run.id) == "queued")
    launcher.stop(run.id)
    wait_for(lambda: status_of(launcher, run.id) == "stopped")
    wait_for(lambda: not is_held(run_lock(settings.runs_folder / run.id)))
    again = launcher.resume(run.id)
    assert again.attempt == 2
    wait_for(lambda: status_of(launcher, run.id) == "queued")


@pytest.mark.usefixtures("busy_device")
def test_killed_process_is_lost_leaves_no_zombie_and_can_be_deleted(
    launcher: Launcher, settings: Settings, wait_for: WaitFor
) -> None:
    run = launcher.start(CONFIG, name="r", token="t")
    wait_for(lambda: status_of(launcher, run.id) == "queued")
    process = process_of(settings, run.id)
    os.kill(process, signal.SIGKILL)
    wait_for(lambda: status_of(launcher, run.id) == "lost")
    wait_for(lambda: not Path(f"/proc/{process}").exists())
    launcher.delete(run.id)
    assert launcher.runs() == []


def test_process_that_dies_at_once_is_failed_with_its_last_words(
    launcher: Launcher, tmp_path: Path, wait_for: WaitFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "tyro.py").write_text("raise SystemExit('no tyro here')")
    monkeypatch.setenv("PYTHONPATH", str(broken))
    run = launcher.start(CONFIG, name="r", token="t")
    wait_for(lambda: status_of(launcher, run.id) == "failed")
    failed = launcher.run(run.id)
    assert failed is not None
    assert failed.message == "its process ended at once: no tyro here"


def test_launcher_does_not_import_torch() -> None:
    code = "import blitz.training.launcher, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path.cwd()).returncode == 0


def test_many_looks_at_once_do_not_see_each_other(settings: Settings) -> None:
    folder = settings.runs_folder / "looked-at"
    folder.mkdir(parents=True)
    (folder / "lock").touch()
    with ThreadPoolExecutor(4) as threads:
        looks = threads.map(lambda _: is_held(run_lock(folder)), range(2_000))
    assert not any(looks)


def test_on_windows_a_process_gets_a_group_of_its_own_and_no_console(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert creation_flags() == 0  # elsewhere Popen refuses any
    new_group, no_window = 0x0200, 0x0800_0000  # as Windows defines them
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", new_group, raising=False)
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", no_window, raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    assert creation_flags() == new_group | no_window
