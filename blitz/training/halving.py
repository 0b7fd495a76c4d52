"""Successive halving: which runs of a sweep are not worth going on with.

After 1, eta, eta², … epochs, a run goes on only if its test loss there is among the best 1/eta of
the runs that have come so far (Jamieson and Talwalkar 2016; asynchronous as by Li et al. 2020:
nobody waits for the slowest). Decides from records alone; `stop_hopeless` carries it out.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from blitz.training.launcher import Launcher, LauncherError
from blitz.training.store import ACTIVE, Run, RunStore, ShownStatus

Eta = Literal[2, 3]


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far one run of a sweep has come."""

    run_id: str
    status: ShownStatus
    epochs: int
    """Epochs it is to train for."""
    test_losses: tuple[float, ...]
    """Test loss after each epoch finished, from the first."""


def hopeless(runs: Sequence[Progress], *, eta: Eta = 2) -> tuple[str, ...]:
    """Ids of the runs to stop now, in the order given.

    A rung decides once at least `eta` runs have reached it and no running one is still on its way
    there. A run that broke counts as having reached it with the highest of losses.
    """
    stopped = []
    for run in runs:
        rung = _last_rung(len(run.test_losses), eta)
        if run.status not in ACTIVE or rung == 0 or len(run.test_losses) >= run.epochs:
            continue
        if any(other.status == "running" and len(other.test_losses) < rung for other in runs):
            continue
        losses = sorted(loss for other in runs if (loss := _loss_at(rung, other)) is not None)
        num_kept = math.ceil(len(losses) / eta)
        own = _loss_at(rung, run)
        if len(losses) >= eta and own is not None and own > losses[num_kept - 1]:
            stopped.append(run.run_id)
    return tuple(stopped)


def stop_hopeless(
    store: RunStore, launcher: Launcher, sweep: str, *, eta: Eta = 2
) -> tuple[str, ...]:
    """Ask the hopeless runs of a sweep to stop, and return their ids.

    May be called as often as one likes and by several servers: whoever is asked twice stops once.
    """
    runs = [launcher.view(run) for run in store.sweep_runs(sweep)]
    stopped = hopeless([_progress(store, run) for run in runs], eta=eta)
    for run_id in stopped:
        with suppress(LauncherError):  # it ended just now
            launcher.stop(run_id)
    return stopped


def _progress(store: RunStore, run: Run) -> Progress:
    return Progress(
        run_id=run.id,
        status=run.status,
        epochs=run.config.epochs,
        test_losses=tuple(epoch.loss for epoch in store.epochs(run.id)),
    )


def _last_rung(num_epochs: int, eta: int) -> int:
    """The highest of 1, eta, eta², … that is not above the epochs done; 0 before the first."""
    rung = 0
    following = 1
    while following <= num_epochs:
        rung, following = following, following * eta
    return rung


def _loss_at(rung: int, run: Progress) -> float | None:
    """The test loss at a rung, infinite where it broke; None for a run that did not come there."""
    if len(run.test_losses) >= rung:
        loss = run.test_losses[rung - 1]
        return loss if math.isfinite(loss) else math.inf
    return math.inf if run.status in ("diverged", "failed") else None
