"""Runs that begin with another run's weights, in real processes."""

import pytest

from blitz.training.config import TrainConfig
from blitz.training.launcher import Launcher, LauncherError
from blitz.training.store import Run, RunStore
from tests.training.conftest import WaitFor

PARENT = TrainConfig(dataset="digits", model="net", lr=0.05, epochs=2, batch_size=32, device="cpu")


def finished(launcher: Launcher, run: Run, wait_for: WaitFor) -> Run:
    def is_over() -> bool:
        found = launcher.run(run.id)
        return found is not None and found.status not in ("starting", "queued", "preparing",
                                                          "running")  # fmt: skip

    wait_for(is_over)
    found = launcher.run(run.id)
    assert found is not None
    assert found.status == "finished", found.message
    return found


def test_a_fork_begins_where_its_parent_was_saved_last(
    launcher: Launcher, wait_for: WaitFor
) -> None:
    parent = finished(launcher, launcher.start(PARENT, name="parent", token="p"), wait_for)
    # A rate at which nothing is learned: the fork's accuracy is its parent's.
    still = TrainConfig.from_dict(
        {**PARENT.to_dict(), "lr": 1e-12, "momentum": 0.0, "epochs": 1, "seed": 5}
    )
    fork = launcher.fork(parent.id, still, name="fork", token="f")
    assert (fork.parent, fork.parent_step) == (parent.id, parent.step)
    assert launcher.fork(parent.id, still, name="fork", token="f").id == fork.id
    ended = finished(launcher, fork, wait_for)
    assert ended.accuracy == parent.accuracy
    assert ended.loss == pytest.approx(parent.loss)
    assert ended.details is not None
    assert ended.details.notes == (
        f"begins with the weights of another run at step {parent.step:,}",
    )
    launcher.delete(parent.id)
    assert launcher.run(fork.id) is not None
    changes = ({"model": "mlp"}, {"width": 2}, {"whiten": True}, {"image_size": 64},
               {"dataset": "mnist"})  # fmt: skip
    for change in changes:
        other = TrainConfig.from_dict({**PARENT.to_dict(), **change})
        with pytest.raises(LauncherError, match=rf"{next(iter(change))}: .* a fork of fork has"):
            launcher.fork(fork.id, other, name="other", token="o")


def test_a_run_without_weights_cannot_be_forked(launcher: Launcher, home_store: RunStore) -> None:
    run = home_store.create_run(name="new", config=PARENT, device="cpu", token="n")
    home_store.change_status(run.id, {"starting"}, "finished")
    with pytest.raises(LauncherError, match="new: has saved no weights yet"):
        launcher.fork(run.id, PARENT, name="fork", token="f")
    assert [found.id for found in home_store.list_runs()] == [run.id]
