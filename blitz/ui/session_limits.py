"""How much one person may ask of a server that a class shares: runs at a time, programs a minute.

Both limits are in the settings, and there are none unless somebody sets them. They keep a server
fair, and are no protection: who counts as one person is `visitor`'s business. What was started is
known as long as the server lives; a run that goes on after a restart counts no more.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence

from blitz.settings import Settings
from blitz.training.launcher import Launcher
from blitz.training.store import ACTIVE, Run

MOST_VISITORS = 1_000
"""Of whom something is remembered; a record takes a few kilobytes at most."""
MINUTE = 60.0


class LimitError(ValueError):
    """Somebody has asked for more than one person may: one line for a person."""


class SessionLimits:
    """What each visitor has under way, and may begin. Safe to use from several threads."""

    def __init__(
        self,
        settings: Settings,
        launcher: Launcher,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_runs = settings.max_runs_per_session
        self._most_programs = settings.max_programs_per_minute
        self._launcher = launcher
        self._clock = clock
        self._visitors: OrderedDict[str, _Visitor] = OrderedDict()
        self._lock = threading.Lock()

    def start(
        self,
        visitor: str,
        start: Callable[[], Sequence[Run]],
        *,
        num_runs: int = 1,
        token: str | None = None,
    ) -> Sequence[Run]:
        """The runs that `start` begins, unless that were more than one person may have under way.

        token: as the launcher's; what was begun with it before is not counted again. Raises
        LimitError, and what `start` raises.
        """
        if self._most_runs is None:
            return start()
        known = self._visitor(visitor)
        with known.starting:  # two clicks in two tabs wait for each other
            if token is None or token not in known.tokens:
                self._check_runs(known, num_runs)
            runs = start()
            known.run_ids.update(run.id for run in runs)
            if token is not None:
                known.tokens.append(token)
            return runs

    def count_program(self, visitor: str) -> None:
        """One more program is to be carried out; LimitError where there were too many of late."""
        if self._most_programs is None:
            return
        known, now = self._visitor(visitor), self._clock()
        with known.counting:
            while known.programs and now - known.programs[0] >= MINUTE:
                known.programs.popleft()
            if len(known.programs) >= self._most_programs:
                wait = MINUTE - (now - known.programs[0])
                most = _count(self._most_programs, "program")
                raise LimitError(
                    f"{most} of one person a minute may run here; "
                    f"change something in {wait:.0f} s and this one runs"
                )
            known.programs.append(now)

    def _check_runs(self, known: "_Visitor", num_runs: int) -> None:
        under_way = [
            run.id for run in self._launcher.runs_of(sorted(known.run_ids)) if run.status in ACTIVE
        ]
        known.run_ids = set(under_way)
        assert self._most_runs is not None
        if len(under_way) + num_runs <= self._most_runs:
            return
        is_possible = num_runs <= self._most_runs
        mend = "stop one or wait for its end" if is_possible else "ask for fewer"
        raise LimitError(
            f"{_count(self._most_runs, 'run')} of one person at a time may be under way here; "
            f"you have {len(under_way)} and ask for {num_runs} more: {mend}"
        )

    def _visitor(self, name: str) -> "_Visitor":
        with self._lock:
            known = self._visitors.setdefault(name, _Visitor())
            self._visitors.move_to_end(name)
            if len(self._visitors) > MOST_VISITORS:
                self._visitors.popitem(last=False)
            return known


class _Visitor:
    def __init__(self) -> None:
        self.starting = threading.Lock()
        """Held as long as runs are being started, which can take seconds."""
        self.counting = threading.Lock()
        self.run_ids: set[str] = set()
        self.tokens: deque[str] = deque(maxlen=20)
        self.programs: deque[float] = deque()
        """When each was begun, in the last minute."""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
