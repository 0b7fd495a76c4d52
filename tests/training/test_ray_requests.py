"""What is asked of a cluster, seen by a server of ours that answers as Ray's documents say."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from blitz.settings import Settings, read_settings
from blitz.training.config import TrainConfig
from blitz.training.launcher import Launcher
from blitz.training.processes import environment
from blitz.training.ray_answers import RecentAnswer
from blitz.training.ray_jobs import ClusterError, RayJobs
from blitz.training.runner import take
from blitz.training.store import Run, RunStore
from tests.training.conftest import WaitFor
from tests.training.test_launcher import shift_heartbeats

HERE, ELSEWHERE = "127.0.0.1", "203.0.113.7"  # the second is of the block for documentation
CONFIG = TrainConfig(dataset="digits", model="mlp", device="cpu", epochs=1)


class Ray(ThreadingHTTPServer):
    """A cluster that takes every job and starts none."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.machines: list[tuple[str, dict[str, float]]] = [(HERE, {"CPU": 8.0})]
        self.jobs: dict[str, dict[str, Any]] = {}
        self.stopped: list[str] = []
        self.fault = ""
        self.said = ""
        """In place of every answer."""
        self.looks = 0
        self.speaks = threading.Event()
        """Not set: who looks waits for an answer."""
        self.speaks.set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def go_away(self) -> None:
        self.shutdown()
        self.server_close()


class _Answers(BaseHTTPRequestHandler):
    server: Ray

    def do_GET(self) -> None:
        self.server.looks += 1
        self.server.speaks.wait()
        name = self.path.removeprefix("/api/jobs/")
        if self.server.said:
            self._answer(200, self.server.said)
        elif self.path == "/api/v0/nodes":
            nodes = [
                {"node_ip": ip, "state": "ALIVE", "resources_total": resources}
                for ip, resources in self.server.machines
            ]
            self._answer(200, {"data": {"result": {"result": nodes}}})
        elif not name:
            self._answer(200, [_seen(job) for job in self.server.jobs.values()])
        elif name in self.server.jobs:
            self._answer(200, _seen(self.server.jobs[name]))
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or "{}")
        if self.server.fault:
            self._answer(500, self.server.fault)
        elif self.path.endswith("/stop"):
            self.server.stopped.append(self.path.split("/")[3])
            self._answer(200, {"stopped": True})
        else:
            self.server.jobs[given["submission_id"]] = given
            self._answer(200, {"submission_id": given["submission_id"]})

    def _answer(self, status: int, content: object) -> None:
        text = (content if isinstance(content, str) else json.dumps(content)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


def _seen(given: dict[str, Any]) -> dict[str, Any]:
    return {"status": "PENDING", "message": "waits", **given}


@pytest.fixture
def ray() -> Iterator[Ray]:
    with Ray() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.speaks.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def on_ray(settings: Settings, ray: Ray) -> Settings:
    return replace(settings, ray_address=ray.address)


@pytest.fixture
def looking(on_ray: Settings, home_store: RunStore) -> Launcher:
    """A launcher whose runs never come to have a process."""
    return Launcher(on_ray, home_store)


def message(launcher: Launcher, run: Run) -> str:
    found = launcher.run(run.id)
    assert found is not None
    assert found.status == "starting"
    return found.message


# What is read from the environment


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("", ""),
        ("head:8265", "http://head:8265"),
        ("http://head:8265/", "http://head:8265"),
        ("https://ray.example.org", "https://ray.example.org"),
    ],
)
def test_an_address_is_a_url_or_a_host_and_port(given: str, url: str) -> None:
    assert read_settings({"BLITZ_RAY_ADDRESS": given}).ray_address == url


@pytest.mark.parametrize("given", ["auto://", "ray://head:10001", "http://"])
def test_what_is_no_dashboard_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"^BLITZ_RAY_ADDRESS: .* was given; expected"):
        read_settings({"BLITZ_RAY_ADDRESS": given})


@pytest.mark.parametrize("name", ["BLITZ_RAY_GPUS_PER_RUN", "BLITZ_RAY_CPUS_PER_RUN"])
@pytest.mark.parametrize("given", ["0", "-1", "1.5", "inf", "nan", "a half"])
def test_what_ray_cannot_share_out_is_refused(name: str, given: str) -> None:
    rule = f"^{name}: '?{given}'? was given; expected a share below 1"
    with pytest.raises(ValueError, match=rule):
        read_settings({name: given})
    assert read_settings({name: "0.25"}) != read_settings({name: "2"})


# What a run asks for


def test_auto_is_a_gpu_where_a_machine_has_one(looking: Launcher, ray: Ray) -> None:
    auto = replace(CONFIG, device="auto")
    ray.machines = [(HERE, {"CPU": 8.0}), (HERE, {"CPU": 8.0, "GPU": 2.0})]
    assert looking.device(auto) == "cuda"
    assert looking.device(replace(CONFIG, device="cuda:1")) == "cuda"
    assert looking.devices() == ("cpu", "cuda")


def test_auto_is_the_processor_and_cuda_refused_where_there_is_no_gpu(looking: Launcher) -> None:
    assert looking.device(replace(CONFIG, device="auto")) == "cpu"
    with pytest.raises(ValueError, match=r"needs 1 GPUs; no machine .* has more than 0$"):
        looking.device(replace(CONFIG, device="cuda"))
    with pytest.raises(
        ValueError, match=r"^device: 'mps' was given; a cluster has auto, cpu, cuda"
    ):
        looking.device(replace(CONFIG, device="mps"))


@pytest.mark.parametrize(
    ("config", "cpus", "gpus", "threads"),
    [
        (CONFIG, 3, 0, None),
        (replace(CONFIG, processes=2), 6, 0, "3"),
        (replace(CONFIG, device="cuda"), 0, 0.25, None),
        (replace(CONFIG, device="cuda", processes=2), 0, 2, None),  # processes share no GPU
    ],
)
def test_a_job_asks_for_its_share_and_brings_the_installation(
    on_ray: Settings,
    home_store: RunStore,
    ray: Ray,
    config: TrainConfig,
    cpus: int,
    gpus: float,
    threads: str | None,
) -> None:
    ray.machines = [(HERE, {"CPU": 8.0, "GPU": 4.0})]
    settings = replace(on_ray, ray_gpus_per_run=0.25, ray_cpus_per_run=3)
    run = Launcher(settings, home_store).start(config, name="r", token="t")
    (job,) = ray.jobs.values()
    assert (job["entrypoint_num_cpus"], job["entrypoint_num_gpus"]) == (cpus, gpus)
    assert job["entrypoint"].endswith(f" blitz train --run {run.id}")
    given = job["runtime_env"]["env_vars"]
    assert read_settings(given) == replace(settings, ray_gpus_per_run=1, ray_cpus_per_run=1)
    assert "PATH" not in given
    assert given.get("OMP_NUM_THREADS") == threads


def test_of_a_sweep_what_trains_together_is_one_job_and_each_other_run_its_own(
    looking: Launcher, ray: Ray, wait_for: WaitFor
) -> None:
    small = replace(CONFIG, model="net", batch_size=4)
    configs = [*(replace(small, seed=seed) for seed in range(4)), CONFIG, replace(CONFIG, lr=0.1)]
    runs = looking.start_sweep(configs, names=list("abcdef"), token="s")
    ids = [run.id for run in runs]
    given = [job["metadata"]["runs"].split() for job in ray.jobs.values()]
    assert given == [ids[:4], ids[4:5], ids[5:]]
    wait_for(lambda: {run.message for run in looking.runs()} == {"waiting for the cluster"})

    # Their job is stopped once none of them needs it.
    for run in runs[:3]:
        looking.stop(run.id)
    assert ray.stopped == []
    looking.stop(runs[3].id)
    assert ray.stopped == [next(iter(ray.jobs))]
    assert [run.status for run in looking.runs_of(ids)] == ["stopped"] * 4 + ["starting"] * 2


def test_a_job_whose_process_has_begun_with_other_runs_is_not_stopped(
    looking: Launcher, home_store: RunStore, ray: Ray
) -> None:
    small = replace(CONFIG, model="net", batch_size=4)
    configs = [replace(small, seed=seed) for seed in range(4)]
    first, *others, last = looking.start_sweep(configs, names=list("abcd"), token="s")
    for run in (first, *others):
        home_store.change_status(run.id, {"starting"}, "queued")
    looking.stop(last.id)
    assert ray.stopped == []


def test_a_job_that_the_cluster_forgot_is_lost_and_can_be_resumed(
    looking: Launcher, on_ray: Settings, ray: Ray, wait_for: WaitFor
) -> None:
    run = looking.start(CONFIG, name="r", token="t")
    ray.jobs.clear()
    assert [run.status for run in looking.runs()] == ["starting"]  # Ray may not know it yet
    shift_heartbeats(on_ray, -16.0)
    wait_for(lambda: [run.status for run in looking.runs()] == ["lost"])
    [seen] = looking.runs()
    assert seen.message.startswith("the cluster knows its job no more")
    assert looking.resume(run.id).status == "starting"
    assert len(ray.jobs) == 1


# A cluster that is silent


def test_who_looks_while_the_cluster_is_asked_has_what_it_said_before(
    looking: Launcher, on_ray: Settings, home_store: RunStore, ray: Ray, wait_for: WaitFor
) -> None:
    run = looking.start(CONFIG, name="r", token="t")
    later = Launcher(on_ray, home_store)
    ray.speaks.clear()
    ray.looks = 0
    with ThreadPoolExecutor(8) as threads:
        messages = set(threads.map(lambda _: message(later, run), range(40)))
    assert messages == {"waiting; the cluster has not answered yet"}
    assert ray.looks == 1
    ray.speaks.set()
    wait_for(lambda: message(later, run) == "waiting for the cluster")

    [job] = ray.jobs.values()
    job["status"] = "RUNNING"
    ray.speaks.clear()
    wait_for(lambda: bool(message(later, run)) and ray.looks == 2)
    assert message(later, run) == "waiting for the cluster"
    ray.speaks.set()
    wait_for(lambda: message(later, run) == "starting on the cluster")


def test_a_form_does_not_wait_for_a_device_and_a_start_does(
    looking: Launcher, ray: Ray, wait_for: WaitFor
) -> None:
    auto = replace(CONFIG, device="auto")
    ray.speaks.clear()
    assert looking.known_device(auto) == "auto"
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(looking.device, auto)
        ray.speaks.set()
        assert asked.result() == "cpu"
    wait_for(lambda: looking.known_device(auto) == "cpu")


# What cannot be


def test_sqlite_is_refused_where_the_cluster_has_other_machines(
    looking: Launcher, on_ray: Settings, ray: Ray, postgresql_url: str
) -> None:
    ray.machines.append((ELSEWHERE, {"CPU": 64.0}))
    with pytest.raises(ValueError, match=r"^BLITZ_DATABASE_URL: SQLite serves one machine"):
        looking.start(CONFIG, name="r", token="t")
    assert looking.runs() == []
    with closing(RunStore(postgresql_url)) as store:
        able = Launcher(replace(on_ray, database_url=postgresql_url), store)
        assert able.start(CONFIG, name="r", token="t").status == "starting"


def test_a_cluster_that_is_away_is_said_in_one_line_and_nothing_is_left_behind(
    looking: Launcher, on_ray: Settings, ray: Ray
) -> None:
    ray.go_away()
    message = f"^the cluster at {ray.address} cannot be reached: Connection refused$"
    with pytest.raises(ValueError, match=message):
        looking.start(CONFIG, name="r", token="t")
    assert looking.runs() == []
    assert list(on_ray.runs_folder.iterdir()) == []


def test_a_waiting_run_is_not_lost_while_the_cluster_is_away_and_can_be_stopped(
    on_ray: Settings, home_store: RunStore, ray: Ray, wait_for: WaitFor
) -> None:
    run = Launcher(on_ray, home_store).start(CONFIG, name="r", token="t")
    ray.go_away()
    later = Launcher(on_ray, home_store)
    away = f"waiting; the cluster at {ray.address} cannot be reached: "
    wait_for(lambda: message(later, run).startswith(away))
    later.stop(run.id)
    stopped = home_store.get_run(run.id)
    assert stopped is not None
    assert stopped.status == "stopped"


@pytest.mark.parametrize("said", ["null", "[1]", '{"data": {}}'])
def test_what_is_no_cluster_is_said_in_one_line(looking: Launcher, ray: Ray, said: str) -> None:
    ray.said = said
    with pytest.raises(ValueError, match=f"^what answers at {ray.address} is not the dashboard"):
        looking.start(CONFIG, name="r", token="t")


def test_a_job_that_is_refused_fails_its_run_with_the_last_line_of_the_reason(
    looking: Launcher, ray: Ray
) -> None:
    ray.fault = "Traceback (most recent call last):\n  File …\nValueError: no room\n"
    with pytest.raises(ValueError, match=r"refuses: ValueError: no room$"):
        looking.start(CONFIG, name="r", token="t")
    (run,) = looking.runs()
    assert run.status == "failed"
    assert run.message.endswith("refuses: ValueError: no room")


def test_a_refusal_that_breaks_off_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as threads:

        def refuse() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(9_999)
                connection.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\nhalf")

        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        threads.submit(refuse)
        with pytest.raises(ClusterError, match=f"^the cluster at {address} refuses: Oops$"):
            RecentAnswer(RayJobs(address).all).fresh()


def test_a_question_that_could_not_be_asked_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = RecentAnswer(lambda: "yes")

    def no_room(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as without_room:
        without_room.setattr(threading.Thread, "start", no_room)
        with pytest.raises(RuntimeError):
            answer.fresh()
    assert answer.fresh() == "yes"


# The machine that carries a run out


def test_a_machine_without_the_runs_folder_says_what_has_to_be_shared(
    looking: Launcher, on_ray: Settings, home_store: RunStore, tmp_path: Path
) -> None:
    run = looking.start(CONFIG, name="r", token="t")
    elsewhere = replace(on_ray, home=tmp_path / "elsewhere")
    with pytest.raises(ValueError, match=r"^BLITZ_HOME: .* has no run .*; expected one folder"):
        take(elsewhere, home_store, run.id)
    stored = home_store.get_run(run.id)
    assert stored is not None
    assert stored.status == "starting"


def test_a_run_is_on_the_host_that_takes_it_however_long_it_waited(
    looking: Launcher, on_ray: Settings, home_store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = looking.start(CONFIG, name="r", token="t")
    with monkeypatch.context() as other_machine:
        other_machine.setattr("socket.gethostname", lambda: "node7")
        taken = take(on_ray, home_store, run.id)
    assert taken is not None
    with taken[1]:
        stored = home_store.get_run(run.id)
        assert stored is not None
        assert (stored.host, stored.status) == ("node7", "queued")
        assert stored.heartbeat_age < 5
        assert looking.view(stored).status == "queued"


def test_what_a_terminal_trains_it_trains_itself(on_ray: Settings, ray: Ray) -> None:
    options = ["--dataset", "digits", "--model", "mlp", "--epochs", "1", "--device", "cpu"]
    result = subprocess.run(
        [sys.executable, "-m", "blitz", "train", *options],
        env=environment(on_ray), capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1])["accuracy"] > 0
    assert ray.jobs == {}
