"""Finds out which runs live: one that is said to be under way while nobody carries it out is lost.

Looks at the locks of this host's processes, the signs of life of other hosts', and what an
executor knows of runs that have no process yet. Changes nothing.
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from blitz.settings import Settings
from blitz.training.executors import Executor
from blitz.training.locks import held, is_held, launch_lock, run_lock, team_lock
from blitz.training.runs import BEGINS_AGAIN
from blitz.training.store import ACTIVE, Run, RunStore

LOST_MESSAGE = "its process ended without a word; resume goes on from the last checkpoint"

_Living = Callable[[Sequence[Run]], set[str]]
"""The ids of those among some runs that live."""


class Liveness:
    """Runs as a person shall see them."""

    def __init__(self, settings: Settings, store: RunStore, executor: Executor) -> None:
        self._settings = settings
        self._store = store
        self._executor = executor
        self._host = socket.gethostname()

    def views(self, runs: Sequence[Run]) -> list[Run]:
        """The runs, each "lost" that neither lives nor is being started by a launcher."""
        return self._views(runs, self._cared_for)

    def view_of_locked(self, run: Run) -> Run:
        """The run, "lost" where it does not live; who asks holds its launch lock."""
        [seen] = self._views([run], self._living)
        return seen

    def _views(self, runs: Sequence[Run], living: _Living) -> list[Run]:
        active = [run for run in runs if run.status in ACTIVE]
        doubtful = {run.id for run in active} - living(active)
        # A process records its end before it lets go of its lock, so only a second look tells a
        # run that ended just now from one that died.
        again = {run.id: run for run in self._store.get_runs(list(doubtful))}
        return [
            self._looked_at_again(run, again.get(run.id), living)
            if run.id in doubtful
            else self._remarked(run)
            for run in runs
        ]

    def _looked_at_again(self, run: Run, now: Run | None, living: _Living) -> Run:
        if now is None or now.attempt != run.attempt or now.status not in ACTIVE:
            return now or run
        if now.status != run.status and living([now]):
            return now
        if self._begins_again(now):
            is_said = now.message.startswith(BEGINS_AGAIN)
            message = now.message if is_said else f"{BEGINS_AGAIN} one of its processes broke"
            return replace(now, status="queued", message=message)
        return replace(now, status="lost", message=self._remark(now) or LOST_MESSAGE)

    def _remarked(self, run: Run) -> Run:
        remark = self._remark(run)
        return replace(run, message=remark) if remark else run

    def _remark(self, run: Run) -> str:
        """What its executor has to say of a run's start."""
        return self._executor.remark(run) if run.status == "starting" else ""

    def _living(self, runs: Sequence[Run]) -> set[str]:
        """Ids of the runs that have a process, or wait for one that they will get."""
        here = {run.id: run_lock(self._folder(run)) for run in runs if run.host == self._host}
        judged = (self._host, self._executor.host)
        elsewhere = {run.id for run in runs if run.host not in judged and not run.is_silent}
        return elsewhere | held(here) | self._executor.waiting(runs)

    def _begins_again(self, run: Run) -> bool:
        """Whether torchrun lives, which starts all processes anew where one broke."""
        is_here = run.config.processes > 1 and run.host == self._host
        return is_here and is_held(team_lock(self._folder(run)))

    def _cared_for(self, runs: Sequence[Run]) -> set[str]:
        """The living, and those that a launcher on this host is starting."""
        living = self._living(runs)
        starting = [run for run in runs if run.status == "starting" and run.id not in living]
        return living | held({run.id: launch_lock(self._folder(run)) for run in starting})

    def _folder(self, run: Run) -> Path:
        return self._settings.runs_folder / run.id
