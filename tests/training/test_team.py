"""One run trained by several processes: the same results, one will, and a new beginning."""

import os
import signal
import socket
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from blitz.datasets import load_dataset
from blitz.models import build_model
from blitz.settings import Settings
from blitz.training import Trainer, building, runner
from blitz.training.batches import Epoch, epoch_batches, epoch_order
from blitz.training.checkpoints import load_state
from blitz.training.config import TrainConfig
from blitz.training.launcher import Launcher, LauncherError
from blitz.training.predictions import read_predictions
from blitz.training.processes import environment
from blitz.training.runs import BEGINS_AGAIN
from blitz.training.store import Run, RunStore
from blitz.training.team import Team
from tests.images import squares
from tests.training.conftest import WaitFor

CONFIG = TrainConfig(
    dataset="digits", model="net", device="cpu", epochs=3, batch_size=50, lr=0.02, processes=2
)
ENDLESS = replace(CONFIG, epochs=10_000)


pytestmark = pytest.mark.usefixtures("one_thread")


def current(store: RunStore, run: Run) -> Run:
    found = store.get_run(run.id)
    assert found is not None
    return found


def status(launcher: Launcher, run: Run) -> str:
    found = launcher.run(run.id)
    assert found is not None
    return found.status


def alone(settings: Settings, store: RunStore, config: TrainConfig) -> Run:
    """The same run by one process, in this one."""
    config = replace(config, processes=1)
    run = store.create_run(name="alone", config=config, device="cpu", token=uuid.uuid4().hex)
    assert runner.run(settings, store, run.id) == "finished"
    return current(store, run)


# Who takes what


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("num_items", [1, 2, 3, 7, 12])
def test_shares_are_those_of_tensor_split(num_items: int, size: int) -> None:
    items = torch.arange(num_items)
    teams = [Team(rank=rank, size=size) for rank in range(size)]
    assert torch.equal(torch.cat([team.share(items) for team in teams]), items)
    assert [team.share_size(num_items) for team in teams] == [
        len(team.share(items)) for team in teams
    ]


@pytest.mark.parametrize(("num_train", "batch_size"), [(60, 8), (50, 8), (49, 8), (20, 4)])
def test_each_batch_is_shared_and_no_image_is_taken_twice(num_train: int, batch_size: int) -> None:
    dataset = squares(num_train=num_train, image_size=8, channels=1)
    epoch = Epoch(order=epoch_order(num_train, seed=3, epoch=1))
    teams = [Team(rank=rank, size=3) for rank in range(3)]
    shares = [list(epoch_batches(dataset, epoch, batch_size, 1, team)) for team in teams]
    whole = list(epoch_batches(dataset, epoch, batch_size, 1))
    assert {len(batches) for batches in shares} == {len(whole)}
    for (images, labels), *parts in zip(whole, *shares, strict=True):
        own = [
            (part_images[: team.share_size(len(labels))], part_labels)
            for team, (part_images, part_labels) in zip(teams, parts, strict=True)
        ]
        assert torch.equal(torch.cat([part_images for part_images, _ in own]), images)
        assert all(len(part_labels) for _, part_labels in own)  # nobody is without an image


@pytest.mark.parametrize("num_train", [101, 96, 102])
def test_batch_normalisation_over_several_gpus_needs_two_images_each(num_train: int) -> None:
    config = replace(CONFIG, batch_size=16)
    own = build_model("speed", channels=1, image_size=12)
    on_gpus = torch.nn.SyncBatchNorm.convert_sync_batchnorm(build_model("speed"))
    team = Team(size=4)
    for model in (own, on_gpus):
        notes: list[str] = []
        steps = building.count_steps_per_epoch(config, num_train, model, team, notes)
        assert steps == 6
        assert len(notes) == (num_train != 96)


# What the processes are told


@pytest.mark.parametrize(("processes", "each"), [(2, "6"), (3, "4"), (5, "2"), (13, "1")])
def test_several_processes_share_the_processors(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, processes: int, each: str
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(12)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert environment(settings, processes)["OMP_NUM_THREADS"] == each
    assert "OMP_NUM_THREADS" not in environment(settings)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert environment(settings, processes)["OMP_NUM_THREADS"] == "7"


def test_sizes_left_in_the_environment_make_no_team(
    settings: Settings, home_store: RunStore
) -> None:
    config = replace(CONFIG, epochs=1, processes=1)
    run = home_store.create_run(name="r", config=config, device="cpu", token="t")
    left = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0",
            "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}  # fmt: skip
    command = [sys.executable, "-m", "blitz", "train", "--run", run.id]
    subprocess.run(command, env=environment(settings) | left, check=True, timeout=120)
    assert current(home_store, run).status == "finished"


# Real processes


def test_two_processes_learn_what_one_does(
    launcher: Launcher, home_store: RunStore, settings: Settings, wait_for: WaitFor
) -> None:
    config = replace(CONFIG, batch_size=51)  # of 1,438 images ten are left: five each
    expected = home_store.epochs(alone(settings, home_store, config).id)
    run = launcher.start(config, name="two", token="two")
    wait_for(lambda: status(launcher, run) == "finished")
    found = home_store.epochs(run.id)
    assert [epoch.at.step for epoch in found] == [epoch.at.step for epoch in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.loss == pytest.approx(theirs.loss, rel=1e-4)
        assert ours.class_correct == theirs.class_correct
    metrics = home_store.metrics_after(run.id)
    assert metrics.images[-1] == 3 * 1_438


def test_what_is_recorded_of_normalised_batches_is_what_the_saved_weights_answer(
    launcher: Launcher, home_store: RunStore, settings: Settings, wait_for: WaitFor
) -> None:
    config = replace(
        CONFIG, model="speed", image_size=12, epochs=1, batch_size=300, averaging="lookahead"
    )
    run = launcher.start(config, name="two", token="two")
    wait_for(lambda: status(launcher, run) == "finished")
    folder = settings.runs_folder / run.id
    recorded = read_predictions(folder)
    [saved] = [row for row in home_store.checkpoints(run.id) if row.kind == "last"]
    dataset = load_dataset("digits", image_size=12)
    state = load_state(folder / saved.file_name)
    answers = Trainer(replace(config, processes=1), dataset, state=state).predictions()
    assert recorded is not None
    torch.testing.assert_close(
        torch.as_tensor(recorded.probabilities), answers.probabilities, rtol=1e-4, atol=1e-5
    )


def test_a_team_pauses_learns_slower_goes_on_and_stops_together(
    launcher: Launcher, home_store: RunStore, wait_for: WaitFor
) -> None:
    run = launcher.start(ENDLESS, name="two", token="two")
    wait_for(lambda: status(launcher, run) == "running")
    launcher.pause(run.id)
    wait_for(lambda: status(launcher, run) == "paused")
    launcher.set_learning_rate(run.id, 0.001)
    launcher.continue_(run.id)
    wait_for(lambda: home_store.metrics_after(run.id).learning_rate[-1] == 0.001)
    launcher.stop(run.id)
    wait_for(lambda: status(launcher, run) == "stopped")
    resumed = launcher.resume(run.id)
    assert resumed.attempt == 2
    wait_for(lambda: "continued" in [event.kind for event in home_store.events_after(run.id)])


def test_a_killed_process_is_begun_again_with_all_others_from_the_last_checkpoint(
    launcher: Launcher, home_store: RunStore, wait_for: WaitFor
) -> None:
    run = launcher.start(ENDLESS, name="two", token="two")
    wait_for(lambda: bool(home_store.checkpoints(run.id)))
    os.kill(processes_of(run)[-1], signal.SIGKILL)
    seen = set()
    messages = set()

    def goes_on() -> bool:
        found = launcher.run(run.id)
        assert found is not None
        seen.add(found.status)
        messages.add(found.message)
        return "continued" in [event.kind for event in home_store.events_after(run.id)]

    wait_for(goes_on)
    assert "queued" in seen
    assert "lost" not in seen
    said = [message for message in messages if message.startswith(BEGINS_AGAIN)]
    assert said
    assert all(
        message.endswith((" one of its processes broke", " another process broke"))
        for message in said
    )
    wait_for(lambda: status(launcher, run) == "running")
    assert current(home_store, run).attempt == 2
    launcher.stop(run.id)
    wait_for(lambda: status(launcher, run) == "stopped")
    wait_for(lambda: processes_of(run) == [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_processes_with_a_checkpoint(
    number: signal.Signals, settings: Settings, home_store: RunStore, wait_for: WaitFor
) -> None:
    command = [
        *(sys.executable, "-m", "blitz", "train", "--dataset", "digits", "--device", "cpu"),
        *("--epochs", "10000", "--processes", "2"),
    ]
    process = subprocess.Popen(command, env=environment(settings), stderr=subprocess.DEVNULL)

    def newest() -> str:
        runs = home_store.list_runs()
        return runs[0].status if runs else ""

    wait_for(lambda: newest() == "running")
    process.send_signal(number)
    assert process.wait(timeout=120) == 0
    assert newest() == "stopped"
    [run] = home_store.list_runs()
    assert home_store.checkpoints(run.id)
    assert processes_of(run) == []


def processes_of(run: Run) -> list[int]:
    """The processes that train a run, without torchrun's own, as Linux lists them."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            arguments = (
                (folder / "cmdline").read_bytes().split(b"\0") if folder.name.isdigit() else []
            )
        except OSError:  # it ended just now
            continue
        if run.id.encode() in arguments and b"torch.distributed.run" not in arguments:
            found.append(int(folder.name))
    return sorted(found)


def test_what_cannot_be_shared_is_told_and_not_begun_again(
    launcher: Launcher, home_store: RunStore, wait_for: WaitFor
) -> None:
    run = launcher.start(replace(CONFIG, batch_size=1), name="two", token="two")
    wait_for(lambda: status(launcher, run) == "failed")
    assert current(home_store, run).message == (
        "batch_size: 1 was given; 2 processes need at least one image each"
    )
    wait_for(lambda: processes_of(run) == [])
    assert current(home_store, run).attempt == 1
    with pytest.raises(LauncherError, match="a sweep's runs have one each"):
        launcher.start_sweep([CONFIG], names=["a"], token="s")


# Several machines


def nodes(
    settings: list[Settings], run_id: str, log_folder: Path
) -> "list[subprocess.Popen[bytes]]":
    """One torchrun for each machine, which meet at a port of the first; here all are this one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--nnodes", str(len(settings))),
        *("--nproc-per-node", "1", "--rdzv-backend", "c10d", "--rdzv-id", run_id),
        *("--rdzv-endpoint", f"127.0.0.1:{port}", "--local-addr", "127.0.0.1"),
        *("-m", "--", "blitz", "train", "--run", run_id),
    ]
    started = []
    for index, each in enumerate(settings):
        with (log_folder / f"node {index}").open("wb") as log:
            process = subprocess.Popen(command, env=environment(each), stdout=log, stderr=log)
        started.append(process)
    return started


def test_two_machines_train_one_run_with_a_database_between_them(
    settings: Settings, postgresql_url: str, tmp_path: Path
) -> None:
    first = replace(settings, database_url=postgresql_url)
    second = replace(first, home=tmp_path / "second home")  # shares no disk with the first
    second.prepare()
    store = RunStore(postgresql_url)
    run = store.create_run(name="r", config=replace(CONFIG, processes=1), device="cpu", token="t")
    started = nodes([first, second], run.id, tmp_path)
    assert [process.wait(timeout=240) for process in started] == [0, 0]
    assert current(store, run).status == "finished"
    expected = store.epochs(alone(first, store, CONFIG).id)
    assert [epoch.loss for epoch in store.epochs(run.id)] == pytest.approx(
        [epoch.loss for epoch in expected], rel=1e-4
    )
    assert not (second.runs_folder / run.id).exists()
    store.close()


def test_a_machine_without_the_images_says_so(
    settings: Settings, postgresql_url: str, tmp_path: Path
) -> None:
    first = replace(settings, database_url=postgresql_url)
    folder = tmp_path / "images"
    folder.mkdir()
    store = RunStore(postgresql_url)
    run = store.create_run(
        name="r", config=replace(CONFIG, dataset=str(folder)), device="cpu", token="t"
    )
    started = nodes([first, first], run.id, tmp_path)
    assert [process.wait(timeout=240) for process in started] == [0, 0]
    found = current(store, run)
    assert found.status == "failed"
    assert "images" in found.message
    assert "\n" not in found.message
    store.close()
