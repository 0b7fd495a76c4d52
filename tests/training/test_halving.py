"""Successive halving: who goes on after which epoch."""

import math
import os
from collections.abc import Sequence

import pytest
from sqlalchemy import update

from blitz.training.config import TrainConfig
from blitz.training.events import EpochFinished, Position
from blitz.training.halving import Progress, hopeless, verdict
from blitz.training.store import RunStore, ShownStatus
from blitz.training.tables import runs as runs_table


def progress(
    run_id: str, losses: Sequence[float], status: ShownStatus = "running", epochs: int = 100
) -> Progress:
    return Progress(run_id=run_id, status=status, epochs=epochs, test_losses=tuple(losses))


def at_rung(*losses: float) -> list[Progress]:
    return [progress(str(index), [loss]) for index, loss in enumerate(losses)]


def test_better_half_goes_on_after_one_epoch() -> None:
    assert hopeless(at_rung(4.0, 1.0, 3.0, 2.0)) == {"0": 1, "2": 1}


def test_better_third_goes_on_with_eta_three() -> None:
    assert hopeless(at_rung(6.0, 1.0, 5.0, 2.0, 4.0, 3.0), eta=3) == dict.fromkeys("0245", 1)


def test_nothing_is_decided_before_enough_have_come() -> None:
    assert hopeless(at_rung(4.0)) == {}
    assert hopeless(at_rung(4.0, 1.0), eta=3) == {}
    assert hopeless([]) == {}


def test_running_runs_on_their_way_are_waited_for_and_queued_ones_are_not() -> None:
    runs = at_rung(4.0, 1.0)
    assert hopeless([*runs, progress("late", [])]) == {}
    assert hopeless([*runs, progress("late", [], "queued")]) == {"0": 1}
    assert hopeless([*runs, progress("late", [], "paused")]) == {"0": 1}


def test_equal_losses_all_go_on() -> None:
    assert hopeless(at_rung(1.0, 1.0, 1.0, 1.0)) == {}


def test_rungs_double_and_each_counts_its_own_loss() -> None:
    # After three epochs rungs 1 and 2 have decided; what came in the third does not count.
    first = progress("first", [1.0, 1.0, 9.0])
    second = progress("second", [2.0, 0.1, 0.1])
    third = progress("third", [1.0, 2.0, 0.1])
    assert hopeless([first, second, third]) == {"second": 1, "third": 2}


def test_runs_in_step_are_judged_at_every_rung_however_late() -> None:
    # Eight that were all in their fourth epoch before anybody looked: 8, 4, 2 are left.
    runs = [progress(str(index), [float(index)] * 3) for index in range(8)]
    assert hopeless(runs) == {"2": 2, "3": 2, "4": 1, "5": 1, "6": 1, "7": 1}


def test_ended_runs_are_compared_with_but_not_stopped() -> None:
    ended = progress("ended", [5.0], "stopped")
    assert hopeless([ended, progress("going", [1.0])]) == {}
    assert hopeless([ended, progress("going", [6.0])]) == {"going": 1}


def test_run_past_its_last_epoch_is_left_to_finish() -> None:
    runs = [progress("a", [1.0], epochs=1), progress("b", [2.0], epochs=1)]
    assert hopeless(runs) == {}


def test_broken_runs_are_the_worst() -> None:
    runs = [
        progress("diverged", [], "diverged"),
        progress("nan", [math.nan]),
        progress("good", [2.0]),
        progress("better", [1.0]),
    ]
    assert hopeless(runs) == {"nan": 1}


@pytest.fixture
def sweep(home_store: RunStore) -> list[str]:
    """Ids of four runs of one sweep with their first epoch done, and of one of another."""
    config = TrainConfig(epochs=8, device="cpu")
    ids = []
    for loss, name in ((4.0, "s"), (1.0, "s"), (3.0, "s"), (2.0, "s"), (9.0, "other")):
        token = os.urandom(8).hex()
        run = home_store.create_run(name="r", config=config, device="cpu", token=token, sweep=name)
        home_store.change_status(run.id, {"starting"}, "running")
        at = Position(step=10, epoch=1.0, images=100, seconds=1.0)
        epoch = EpochFinished(
            at=at, loss=loss, accuracy=0.5, class_correct=(1,), class_total=(2,), is_best=True
        )
        home_store.append_metrics(run.id, [epoch])
        ids.append(run.id)
    return ids


def test_a_run_of_the_worse_half_is_told_why_it_is_to_stop(
    home_store: RunStore, sweep: list[str]
) -> None:
    assert [verdict(home_store, run_id) for run_id in sweep] == [""] * 5  # nobody asked for it
    home_store.set_halving("s", 2)
    reason = "after 1 epoch not among the best 1/2 of its sweep"
    assert [verdict(home_store, run_id) for run_id in sweep] == [reason, "", reason, "", ""]
    home_store.set_halving("s", 3)
    reason = reason.replace("1/2", "1/3")  # of four, two are the best third, rounded up
    assert [verdict(home_store, run_id) for run_id in sweep] == [reason, "", reason, "", ""]
    home_store.set_halving("s", None)
    assert verdict(home_store, sweep[0]) == ""
    assert verdict(home_store, "gone") == ""
    with pytest.raises(ValueError, match=r"halving: 5 was given; choose 2, 3 or none"):
        home_store.set_halving("s", 5)


def test_a_run_that_is_resumed_is_judged_no_more(home_store: RunStore, sweep: list[str]) -> None:
    home_store.set_halving("s", 2)
    home_store.change_status(sweep[0], {"running"}, "stopped")
    home_store.begin_attempt(sweep[0], {"stopped"}, device="cpu")
    home_store.change_status(sweep[0], {"starting"}, "running")
    assert verdict(home_store, sweep[0]) == ""
    assert verdict(home_store, sweep[2]) != ""


def test_dead_runs_are_not_waited_for(home_store: RunStore, sweep: list[str]) -> None:
    home_store.set_halving("s", 2)
    late = home_store.create_run(
        name="late", config=TrainConfig(epochs=4), device="cpu", token="late", sweep="s"
    )
    home_store.change_status(late.id, {"starting"}, "running")
    assert verdict(home_store, sweep[0]) == ""
    with home_store._database.writing() as connection:
        connection.execute(
            update(runs_table)
            .where(runs_table.c.id == late.id)
            .values(heartbeat_at=runs_table.c.heartbeat_at - 60)
        )
    assert verdict(home_store, sweep[0]) != ""
