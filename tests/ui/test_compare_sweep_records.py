"""What is told of the runs of a sweep."""

from blitz.training.config import TrainConfig
from blitz.training.events import EpochFinished, Position
from blitz.training.runs import Run, RunStatus
from blitz.ui.compare.sweep_records import (
    best_run,
    list_sweeps,
    progress_text,
    settings_text,
    sweep_label,
)
from blitz.ui.services import Services


def add(
    server: Services,
    name: str,
    sweep: str | None,
    status: RunStatus = "finished",
    accuracy: float | None = None,
    **settings: object,
) -> Run:
    store = server.store
    run = store.create_run(
        name=name, config=TrainConfig.from_dict(settings), device="cpu", sweep=sweep,
        token=f"{name} {len(store.list_runs())}",
    )  # fmt: skip
    if accuracy is not None:
        at = Position(step=1, epoch=1.0, images=1, seconds=1.0)
        test = EpochFinished(at=at, loss=1.0, accuracy=accuracy, class_correct=(1,),
                             class_total=(1,), is_best=True)  # fmt: skip
        store.append_metrics(run.id, [test])
    store.change_status(run.id, {"starting"}, status)
    found = store.get_run(run.id)
    assert found is not None
    return found


def test_sweeps_are_listed_newest_first_with_what_they_are_over(server: Services) -> None:
    first = [add(server, f"old · lr {lr}", "one", lr=lr) for lr in (0.1, 0.2)]
    add(server, "alone", None)
    add(server, "new", "two")
    newest, oldest = list_sweeps(server.store.list_runs())
    assert (newest.id, newest.title, newest.fields) == ("two", "new", ())
    assert sweep_label(newest, "noon") == "new · 1 run · noon"
    assert oldest.run_ids == tuple(run.id for run in first)
    assert sweep_label(oldest, "noon") == "old · learning rate · 2 runs · noon"


def test_a_sweep_over_much_is_named_by_some_of_it(server: Services) -> None:
    add(server, "a · b", "one", lr=0.1, seed=1, width=1, momentum=0.1, epochs=1)
    add(server, "a · c", "one", lr=0.2, seed=2, width=2, momentum=0.2, epochs=2)
    [sweep] = list_sweeps(server.store.list_runs())
    assert sweep_label(sweep, "") == "a · width, epochs, learning rate, … · 2 runs"


def test_progress_counts_every_run_once(server: Services) -> None:
    runs = [
        add(server, status, "one", status)
        for status in ("finished", "running", "preparing", "queued", "stopped", "failed", "paused")
    ]
    told = progress_text(runs)
    assert told == "1 of 7 done · 2 running · 1 paused · 1 waiting · 1 stopped · 1 failed"
    assert progress_text(runs[:1]) == "1 of 1 done"


def test_the_best_run_and_the_settings_that_make_it_so(server: Services) -> None:
    runs = [
        add(server, "a", "one", accuracy=0.5, lr=0.1),
        add(server, "b", "one", accuracy=0.9, lr=0.2, seed=3),
        add(server, "c", "one", accuracy=0.9, lr=0.3),
        add(server, "d", "one", lr=0.4),
    ]
    best = best_run(runs)
    assert best == runs[1]
    assert settings_text(runs[1], runs) == "learning rate 0.2, seed 3"
    assert best_run(runs[3:]) is None
