"""Runs on a real Ray cluster of one machine, which has room for one of them at a time."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from blitz.settings import Settings
from blitz.training.config import TrainConfig
from blitz.training.launcher import Launcher
from blitz.training.ray_jobs import ClusterError, RayJobs
from blitz.training.store import Run, RunStore
from tests.training.conftest import WaitFor

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs Ray")

CONFIG = TrainConfig(dataset="digits", model="mlp", device="cpu", epochs=2)
ENDLESS = replace(CONFIG, epochs=10_000)
SHORT = replace(CONFIG, epochs=60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Address of a cluster with one processor and one GPU, of which Ray has only been told."""
    folder = tempfile.mkdtemp(prefix="blitz-ray-")  # pytest's are too long for Ray's sockets
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [
        sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block",
        "--num-cpus=1", "--num-gpus=1", "--node-ip-address=127.0.0.1", "--port=0",
        f"--dashboard-port={port}", f"--dashboard-agent-listen-port={free_port()}",
        f"--ray-client-server-port={free_port()}", f"--temp-dir={folder}",
        "--object-store-memory=80000000", "--include-log-monitor=false", "--disable-usage-stats",
    ]  # fmt: skip
    # Ray ends what it thinks takes too much of a memory that tests share with others.
    environment = {**os.environ, "RAY_memory_monitor_refresh_ms": "0"}
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=silent, stderr=silent, env=environment)
    try:
        yield address
    finally:
        process.terminate()  # which ends all of Ray's processes in order
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def settings(tmp_path: Path, cluster: str, wait_for: WaitFor) -> Settings:
    wait_for(lambda: has_machines(cluster))
    home = tmp_path / "home"
    settings = Settings(
        home=home,
        database_url=f"sqlite:///{home / 'runs.sqlite'}",
        dataset_folders=(),
        ray_address=cluster,
    )
    settings.prepare()
    return settings


def has_machines(address: str) -> bool:
    with suppress(ClusterError):
        return bool(RayJobs(address).machines())
    return False


def seen(launcher: Launcher, run: Run) -> Run:
    found = launcher.run(run.id)
    assert found is not None
    return found


def is_now(launcher: Launcher, run: Run, status: str) -> Callable[[], bool]:
    return lambda: seen(launcher, run).status == status


def is_said(launcher: Launcher, run: Run, message: str) -> Callable[[], bool]:
    return lambda: seen(launcher, run).message == message


def processes_of(run: Run) -> list[int]:
    """The processes of this machine that carry out the run."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if run.id.encode() in words:
                found.append(int(folder.name))
    return found


def test_a_run_given_to_the_cluster_is_recorded_as_ever(
    launcher: Launcher, home_store: RunStore, settings: Settings, wait_for: WaitFor
) -> None:
    run = launcher.start(CONFIG, name="r", token="t")
    assert seen(launcher, run).status == "starting"
    assert seen(launcher, run).message.startswith(("waiting", "starting"))
    wait_for(is_now(launcher, run, "finished"))
    ended = seen(launcher, run)
    assert ended.host == socket.gethostname()
    assert [row.at.epoch for row in home_store.epochs(run.id)] == [1, 2]
    kinds = {row.kind: row.file_name for row in home_store.checkpoints(run.id)}
    assert set(kinds) == {"last", "best"}
    assert all((settings.runs_folder / run.id / name).is_file() for name in kinds.values())
    assert not settings.slots_folder.exists() or not any(settings.slots_folder.iterdir())


def test_a_run_waits_for_another_is_stopped_meanwhile_lost_and_resumed_to_its_end(
    launcher: Launcher, home_store: RunStore, settings: Settings, wait_for: WaitFor
) -> None:
    first = launcher.start(SHORT, name="first", token="a")
    second = launcher.start(ENDLESS, name="second", token="b")
    wait_for(is_now(launcher, first, "running"))
    launcher.pause(first.id)
    wait_for(is_now(launcher, first, "paused"))

    # Another server, started meanwhile, sees who waits; so does the one that gave it away.
    with closing(RunStore(settings.database_url)) as other_store:
        for each in (launcher, Launcher(settings, other_store)):
            wait_for(is_said(each, second, "waiting for the cluster"))
            assert seen(each, second).status == "starting"
    with pytest.raises(ValueError, match="second: is starting and cannot be deleted"):
        launcher.delete(second.id)
    launcher.stop(second.id)
    assert seen(launcher, second).status == "stopped"

    (process,) = processes_of(first)
    os.kill(process, signal.SIGKILL)
    wait_for(is_now(launcher, first, "lost"))
    assert seen(launcher, first).step > 0
    assert launcher.resume(first.id).attempt == 2
    wait_for(is_now(launcher, first, "finished"))
    assert [event.kind for event in home_store.events_after(first.id)][-1] == "continued"
    assert len(home_store.epochs(first.id)) == SHORT.epochs

    # The job of the run that was stopped has come to nothing.
    assert processes_of(second) == []
    launcher.resume(second.id)
    wait_for(is_now(launcher, second, "running"))
    launcher.stop(second.id)
    wait_for(is_now(launcher, second, "stopped"))
    assert seen(launcher, second).message.startswith("stopped at step ")
    launcher.delete(second.id)
    assert launcher.run(second.id) is None


def test_more_than_the_cluster_has_is_refused_and_leaves_nothing_behind(
    launcher: Launcher, settings: Settings
) -> None:
    two = replace(CONFIG, device="cuda", processes=2)
    with pytest.raises(ValueError, match=r"the run needs 2 GPUs; no machine .* more than 1$"):
        launcher.start(two, name="r", token="t")
    assert launcher.runs() == []
    assert list(settings.runs_folder.iterdir()) == []


def test_a_gpu_that_is_none_ends_the_run_with_one_plain_line(
    launcher: Launcher, wait_for: WaitFor
) -> None:
    run = launcher.start(replace(CONFIG, device="cuda"), name="r", token="t")
    wait_for(is_now(launcher, run, "failed"))
    assert seen(launcher, run).message == "device: 'cuda' was given; this machine has cpu"


def test_a_process_that_ends_before_it_has_the_run_is_lost_with_its_last_words(
    settings: Settings, home_store: RunStore, wait_for: WaitFor, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "tyro.py").write_text("raise SystemExit('no tyro here')")
    monkeypatch.setattr("blitz.training.processes.import_path", lambda: f"{broken}:{Path.cwd()}")
    launcher = Launcher(settings, home_store)
    run = launcher.start(CONFIG, name="r", token="t")
    wait_for(is_now(launcher, run, "lost"))
    assert seen(launcher, run).message == "its job on the cluster ended at once: no tyro here"
    launcher.delete(run.id)
