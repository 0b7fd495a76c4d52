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


def hopeless(runs: Sequence[Progress], *, eta: int = 2) -> dict[str, int]:
    """Ids of the runs to stop now, in the order given, with the epochs after which they fell back.

    Rung by rung: one decides once at least `eta` runs have reached it and no running one is still
    on its way there; who is not among the best there takes no part in later ones. A run that broke
    counts as having reached a rung with the highest of losses.
    """
    left = list(runs)
    fallen: dict[str, int] = {}
    rung = 1
    while rung <= max((len(run.test_losses) for run in left), default=0):
        if any(run.status == "running" and len(run.test_losses) < rung for run in left):
            break
        losses = {run.run_id: loss for run in left if (loss := _loss_at(rung, run)) is not None}
        if len(losses) >= eta:
            worst_kept = sorted(losses.values())[math.ceil(len(losses) / eta) - 1]
            fallen |= {run_id: rung for run_id, loss in losses.items() if loss > worst_kept}
            left = [run for run in left if run.run_id not in fallen]
        rung *= eta
    return {
        run.run_id: fallen[run.run_id]
        for run in runs
        if run.run_id in fallen and run.status in ACTIVE and len(run.test_losses) < run.epochs
    }


def verdict(store: RunStore, run_id: str) -> str:
    """Why a run is to stop, in one line; empty while it is worth going on with."""
    run = store.get_run(run_id)
    if run is None or run.sweep is None or run.halving is None:
        return ""
    losses = store.sweep_losses(run.sweep)
    runs = [_progress(member, losses.get(member.id, ())) for member in store.sweep_runs(run.sweep)]
    rung = hopeless(runs, eta=run.halving).get(run_id)
    if rung is None:
        return ""
    epochs = f"{rung} epoch{'s' if rung > 1 else ''}"
    return f"after {epochs} not among the best 1/{run.halving} of its sweep"


def _progress(run: Run, losses: Sequence[float]) -> Progress:
    return Progress(
        run_id=run.id,
        status="lost" if run.status in ACTIVE and run.is_silent else run.status,
        epochs=run.config.epochs,
        test_losses=tuple(losses),
    )


def _loss_at(rung: int, run: Progress) -> float | None:
    """The test loss at a rung, infinite where it broke; None for a run that did not come there."""
    if len(run.test_losses) >= rung:
        loss = run.test_losses[rung - 1]
        return loss if math.isfinite(loss) else math.inf
    return math.inf if run.status in ("diverged", "failed") else None
