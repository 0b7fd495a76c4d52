"""Successive halving: which runs of a sweep are not worth going on with.

After 1, eta, eta², … epochs, a run goes on only if its test loss there is among the best 1/eta of
the runs that have come so far (Jamieson and Talwalkar 2016; asynchronous as by Li et al. 2020:
nobody waits for the slowest). Each run's own process asks about itself, so it needs no page that
is open; whether a sweep is halved, its rows in the store say.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from blitz.training.store import ACTIVE, Run, RunStore, ShownStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far one run of a sweep has come."""

    run_id: str
    status: ShownStatus
    epochs: int
    """Epochs it is to train for."""
    test_losses: tuple[float, ...]
    """Test loss after each epoch finished, from the first."""


def hopeless(runs: Sequence[Progress], *, eta: int = 2) -> tuple[str, ...]:
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


def verdict(store: RunStore, run_id: str) -> str:
    """Why a run is to stop, in one line; empty while it is worth going on with."""
    run = store.get_run(run_id)
    if run is None or run.sweep is None or run.halving is None:
        return ""
    losses = store.sweep_losses(run.sweep)
    runs = [_progress(member, losses.get(member.id, ())) for member in store.sweep_runs(run.sweep)]
    if run_id not in hopeless(runs, eta=run.halving):
        return ""
    rung = _last_rung(len(losses[run_id]), run.halving)
    epochs = f"{rung} epoch{'s' if rung > 1 else ''}"
    return f"after {epochs} not among the best 1/{run.halving} of its sweep"


def _progress(run: Run, losses: Sequence[float]) -> Progress:
    return Progress(
        run_id=run.id,
        status="lost" if run.status in ACTIVE and run.is_silent else run.status,
        epochs=run.config.epochs,
        test_losses=tuple(losses),
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
