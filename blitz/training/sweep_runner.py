"""Carries out several runs of the store in one process: together where that pays, else in turn.

The process holds the lock of each run from its own start to that run's end, so that a run lives
as long as its lock is held, as ever; if the process dies, all its runs are lost, and each can be
resumed alone. How one run is recorded `runner` knows; which train together, `groups`.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial

from blitz.settings import Settings
from blitz.training.events import Command, Finished
from blitz.training.groups import split_into_groups
from blitz.training.recorder import FLUSH_SECONDS, Recorder
from blitz.training.runner import describe_failure, stop_on_signals, take
from blitz.training.store import ACTIVE, Run, RunStatus, RunStore, StoreError
from blitz.training.work import Nobody, StoppedEarly, Work

MEMBERS_AT_FULL_PACE = 5
"""Runs whose recorders may each write as often as a single run's does."""
SLOWEST_PACE = 20.0
STOPPED_EARLY = "stopped before training began"
NO_PAUSE = "a run that trains together with others cannot pause; stop it, and resume it later"

log = logging.getLogger(__name__)


def run_all(settings: Settings, store: RunStore, run_ids: Sequence[str]) -> bool:
    """Carry out the runs among these that are "starting"; whether none of them failed.

    A failure is recorded, and touches only the runs that train together with the one that failed.
    """
    pace = min(SLOWEST_PACE, max(1.0, len(run_ids) / MEMBERS_AT_FULL_PACE))
    with stop_on_signals() as is_interrupted, ExitStack() as stack:
        members = []
        for run_id in run_ids:
            member = _take(settings, store, run_id, is_interrupted, pace)
            if member is not None:
                stack.callback(member.wait)
                stack.callback(member.end, "failed", "its process ended early")
                members.append(member)
        for member in members:
            member.work.siblings = run_ids
        waiting = list(members)
        for indices in split_into_groups([member.run.config for member in members]):
            group = [members[index] for index in indices]
            waiting = [member for member in waiting if member not in group]
            _carry_out(group, waiting, pace)
    return not any(member.has_failed for member in members)


class _Work(Work):
    """A run's work that hears also what is asked of the runs that wait for it."""

    on_look: Callable[[], None] | None = None
    can_pause = True

    def commands(self) -> Sequence[Command]:
        if self.on_look is not None:
            self.on_look()
        asked = super().commands()
        if not self.can_pause and any(command.kind == "pause" for command in asked):
            self.tell(NO_PAUSE)
        return asked


class _Member:
    """One of the runs, with its lock and its recorder, until it has ended."""

    def __init__(self, store: RunStore, run: Run, work: _Work, recorder: Recorder) -> None:
        self.run = run
        self.work = work
        self.recorder = recorder
        self.has_ended = False
        self.has_failed = False
        self.resources = ExitStack()
        """The recorder and the lock; others may resume the run once they are let go."""
        self._store = store
        self._closing = threading.Thread(target=self._close, name=f"end of {run.id}")

    def end(self, status: RunStatus, message: str) -> None:
        """Record the end and let go of the run; nothing happens if it has ended already."""
        if self.has_ended:
            return
        self.has_ended = True
        self.has_failed = status == "failed"
        self.recorder.status(status, message)
        # The recorder may have to wait for its database; other runs train on meanwhile.
        self._closing.start()
        log.info("run %s: %s", self.run.id, status)

    def wait(self) -> None:
        """Wait until what was recorded of the run is in the store."""
        if self.has_ended:
            self._closing.join()

    def _close(self) -> None:
        try:
            self.resources.close()
        except Exception as error:  # of the recorder, which can record nothing more
            self.has_failed = True
            log.exception("run %s could not be recorded", self.run.id)
            with suppress(StoreError):  # then it shows as lost
                self._store.change_status(
                    self.run.id, ACTIVE, "failed", describe_failure(error, self.run)
                )

    def stop_if_asked(self) -> None:
        """End the run, which has not begun, if that is asked."""
        try:
            if not self.has_ended:
                self.work.stop_if_asked()
        except StoppedEarly:
            self.end("stopped", STOPPED_EARLY)


def _take(
    settings: Settings,
    store: RunStore,
    run_id: str,
    is_interrupted: threading.Event,
    pace: float,
) -> _Member | None:
    """The run, now queued and with its lock held; None where another process has it."""
    taken = take(settings, store, run_id)
    if taken is None:
        return None
    run, lock = taken
    recorder = Recorder(store, run, settings.runs_folder / run_id, pace=pace)
    work = _Work(settings, store, run, recorder, is_interrupted, Nobody())
    member = _Member(store, run, work, recorder)
    member.resources.enter_context(lock)
    member.resources.enter_context(recorder)
    return member


def _carry_out(group: Sequence[_Member], waiting: Sequence[_Member], pace: float) -> None:
    """Train one group, or one run alone, to its end, and meanwhile let waiting runs be stopped."""
    while remaining := [member for member in group if not member.has_ended]:
        first, others = remaining[0], remaining[1:]
        first.work.on_look = partial(_stop_if_asked, [*others, *waiting])
        try:
            with first.work.device_slot():
                others = [member for member in others if not member.has_ended]
                if others:
                    _train_together([first, *others], waiting, pace)
                else:
                    first.end(*first.work.train())
        except StoppedEarly:
            first.end("stopped", STOPPED_EARLY)
        except Exception as error:
            # Whatever it was: the store must not go on saying that the runs are under way.
            log.exception("run %s failed", first.run.id)
            for member in remaining:
                member.end("failed", describe_failure(error, member.run))


def _train_together(members: Sequence[_Member], waiting: Sequence[_Member], pace: float) -> None:
    from blitz.training.together import Group

    log.info("%d runs train together", len(members))
    for member in members:
        member.recorder.status("preparing", "loading the data set")
    first = members[0].work
    dataset = first.load_dataset()
    first.on_look = None
    configs = [replace(member.run.config, device=member.run.device) for member in members]
    for member in members:
        member.work.can_pause = False
    trained = Group(configs, dataset, round_seconds=pace * FLUSH_SECONDS)

    def commands(index: int) -> Sequence[Command]:
        _stop_if_asked(waiting)
        return members[index].work.commands()

    for index, event in trained.events(commands):
        member = members[index]
        member.work.record(trained.members[index], event)
        if isinstance(event, Finished):
            member.end(*member.work.ending)


def _stop_if_asked(members: Sequence[_Member]) -> None:
    for member in members:
        member.stop_if_asked()
