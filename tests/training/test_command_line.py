import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from blitz.__main__ import main
from blitz.settings import Settings
from blitz.training.config import TrainConfig
from blitz.training.launcher import Launcher
from blitz.training.store import RunStore
from tests.training.conftest import WaitFor


@pytest.fixture(autouse=True)
def _environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLITZ_HOME", str(settings.home))
    monkeypatch.setenv("BLITZ_DATABASE_URL", settings.database_url)


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "blitz", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("train --lr -1", "lr: -1.0 was given; expected a number above 0 to 100"),
        ("train --lr nan", "lr: nan was given; expected a number above 0 to 100"),
        ("train --batch-size 0", "batch_size: 0 was given; expected a whole number from 1 to"),
        ("train --epochs many", "--epochs"),
        ("train --epoch 3", "--epoch"),
        ("train --optimizer fast", "Expected one of ('sgd',"),
        ("train --device cuda:99", "device: 'cuda:99' was given; this machine has"),
        ("fly", "fly"),
        ("", "train"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_one_line_and_status_2(
    arguments: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments.split()) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert line in captured.err


def test_bad_database_is_one_line_without_the_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLITZ_DATABASE_URL", "postgresql+psycopg://me:hunter2@127.0.0.1:1/x")
    assert main(["runs"]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "127.0.0.1:1/x cannot be reached" in captured.err
    assert "hunter2" not in captured.err


def test_unwritable_home_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BLITZ_HOME", str(tmp_path / "file"))
    assert main(["runs"]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "set BLITZ_HOME" in captured.err


def test_help_names_every_choice_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["train", "--help"])
    shown = capsys.readouterr().out
    for name in TrainConfig().to_dict():
        assert f"--{name.replace('_', '-')}" in shown


def test_runs_are_listed(home_store: RunStore, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("old", "new\x1b[2J"):
        config = TrainConfig(dataset="mnist", model="mlp")
        home_store.create_run(name=name, config=config, device="cpu", token=name)
    assert main(["runs"]) == 0
    header, new, old = capsys.readouterr().out.splitlines()
    assert header.split()[:2] == ["run", "status"]
    assert "lost" in old  # nobody carries it out
    assert "\x1b" not in new
    assert main(["runs", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [run["name"] for run in listed] == ["new\x1b[2J", "old"]
    assert listed[0]["config"]["model"] == "mlp"


@pytest.mark.parametrize("processes", [1, 2])
def test_training_shows_its_epochs_ends_with_a_line_of_json_and_is_in_the_store(
    home_store: RunStore, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")  # of which torchrun would have something to say
    options = "--dataset digits --model mlp --epochs 2 --batch-size 64 --lr 0.01 --momentum 0"
    several = f"--device cpu --seed 3 --name cli --processes {processes}"
    process = start("train", *options.split(), *several.split())
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    result = json.loads(out.splitlines()[-1])
    (run,) = home_store.list_runs()
    assert (run.id, run.name, run.status) == (result["run"], "cli", "finished")
    assert run.config == TrainConfig(
        dataset="digits", model="mlp", epochs=2, lr=0.01, momentum=0.0, device="cpu", seed=3,
        processes=processes,
    )  # fmt: skip
    assert result["accuracy"] == run.accuracy
    assert result["loss"] == run.loss
    assert result["images_per_second"] == run.images_per_second
    images, *epochs, end = err.splitlines()
    assert images.startswith("1,438 training images, ")
    assert epochs == [
        f"epoch {epoch.at.epoch:g}: test loss {epoch.loss:.4f}, accuracy {epoch.accuracy:.1%}"
        for epoch in home_store.epochs(run.id)
    ]
    assert end.startswith(f"completed at step {run.step}: ")


def test_a_run_made_for_later_waits_until_somebody_carries_it_out(
    home_store: RunStore, settings: Settings, capsys: pytest.CaptureFixture[str], wait_for: WaitFor
) -> None:
    assert main(["train", "--epochs", "1", "--device", "cpu", "--later"]) == 0
    run_id = json.loads(capsys.readouterr().out)["run"]
    launcher = Launcher(settings, home_store)
    made = launcher.run(run_id)
    assert made is not None
    assert (made.status, made.message) == ("stopped", "made, and not begun yet")
    launcher.resume(run_id)

    def is_finished() -> bool:
        run = launcher.run(run_id)
        return run is not None and run.status == "finished"

    wait_for(is_finished)


def test_interrupt_stops_with_a_checkpoint(home_store: RunStore, wait_for: WaitFor) -> None:
    process = start("train", "--epochs", "10000", "--device", "cpu")
    try:
        wait_for(lambda: any(run.step > 0 for run in home_store.list_runs()))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=240)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "Traceback" not in err
    (run,) = home_store.list_runs()
    assert run.status == "stopped"
    assert json.loads(out.splitlines()[-1])["run"] == run.id
    assert [row.step for row in home_store.checkpoints(run.id) if row.kind == "last"] == [run.step]


@pytest.mark.parametrize("processes", ["1", "2"])
def test_unknown_data_set_is_one_line_and_status_2(home_store: RunStore, processes: str) -> None:
    process = start("train", "--dataset", "nope", "--device", "cpu", "--processes", processes)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 2
    assert err.startswith("data set 'nope': unknown")
    assert err.count("\n") == 1
    (run,) = home_store.list_runs()
    assert run.status == "failed"
    assert run.message == err.strip()


@pytest.mark.parametrize("run_id", ["nothing", "../../escaped"])
def test_a_run_that_does_not_exist_is_one_line_and_makes_nothing(
    run_id: str, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(settings.home.rglob("*"))
    assert main(["train", "--run", run_id]) == 2
    assert capsys.readouterr().err == f"run: there is no run {run_id!r}\n"
    assert [p for p in sorted(settings.home.rglob("*")) if p not in before] in (
        [],
        [settings.home / "runs.sqlite"],
    )
