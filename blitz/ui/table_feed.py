"""All runs as a table that browsers keep up to date: snapshots, and what changed between them.

The store is read once for all who watch, and a run's process is looked for now and then. Knows
nothing of requests, which are `compare_routes`' business.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from blitz.datasets import dataset_title
from blitz.training.curves import finite_or_none
from blitz.training.store import ACTIVE, Run, RunStore
from blitz.ui.feed import Feed

MOST_RUNS = 2_000
ALIVE_SECONDS = 2.0
"""How long what was seen of a run's process, life or loss, is believed: looking takes time."""


def _columns() -> dict[str, Callable[[Run], Any]]:
    """What the table is told of a run, by name; plain values without NaN."""

    def number(value: float | None) -> float | None:
        return None if value is None else finite_or_none(value)

    return {
        "id": lambda run: run.id,
        "number": lambda run: run.number,
        "name": lambda run: run.name,
        "status": lambda run: run.status,
        "message": lambda run: run.message,
        "dataset": lambda run: dataset_title(run.config.dataset),
        "model": lambda run: run.config.model,
        "width": lambda run: run.config.width,
        "optimizer": lambda run: run.config.optimizer,
        "lr": lambda run: run.config.lr,
        "batch_size": lambda run: run.config.batch_size,
        "seed": lambda run: run.config.seed,
        "best_accuracy": lambda run: number(run.best_accuracy),
        "accuracy": lambda run: number(run.accuracy),
        "loss": lambda run: number(run.loss),
        "seconds": lambda run: number(run.seconds),
        "images_per_second": lambda run: number(run.images_per_second),
        "step": lambda run: run.step,
        "total_steps": lambda run: run.total_steps,
        "started": lambda run: run.created_at.timestamp(),
        "note": lambda run: run.note,
        "tags": lambda run: run.tags,
        "is_pinned": lambda run: run.is_pinned,
        "sweep": lambda run: run.sweep,
        "parent": lambda run: run.parent,
    }


COLUMNS = _columns()


@dataclass(frozen=True, kw_only=True, slots=True)
class TableSnapshot:
    """All runs as they were when the store was last read, and when each of them changed."""

    instance: str
    serial: int
    """Counts the snapshots that differ from the one before."""
    complete_since: int
    """Since this serial number no run has gone: what changed later is told by rows alone."""
    runs: Mapping[str, Run]
    changed: Mapping[str, int]
    """The serial number at which a run was last seen to be another than before."""

    def changes_after(self, token: str) -> dict[str, Any]:
        """The answer to a browser that has the answer with this token."""
        instance, _, serial = token.partition(".")
        is_known = instance == self.instance and serial.isascii() and serial.isdecimal()
        known = int(serial) if is_known and len(serial) < 20 else -1
        is_whole = not self.complete_since <= known <= self.serial
        return {
            "token": f"{self.instance}.{self.serial}",
            "is_whole": is_whole,
            "columns": list(COLUMNS),
            "rows": [
                [read(run) for read in COLUMNS.values()]
                for run in self.runs.values()
                if is_whole or self.changed[run.id] > known
            ],
        }


class TableFeed:
    """Snapshots of all runs, read from the store a few times a second however many watch."""

    def __init__(self, store: RunStore, view: Callable[[Run], Run]) -> None:
        self._store = store
        self._view = view
        self._feed: Feed[str, TableSnapshot] = Feed(self._refresh)
        self._looks: dict[str, _Look] = {}

    def read(self) -> TableSnapshot:
        """The runs as they are, or were a moment ago."""
        return self._feed.get("all")

    def _refresh(self, _key: str, old: TableSnapshot | None) -> TableSnapshot:
        runs = {run.id: run for run in self._seen(self._store.list_runs(MOST_RUNS))}
        if old is None:
            instance = secrets.token_hex(4)
            return TableSnapshot(
                instance=instance,
                serial=1,
                complete_since=1,
                runs=runs,
                changed=dict.fromkeys(runs, 1),
            )
        changed = {id_ for id_, run in runs.items() if run != old.runs.get(id_)}
        is_gone = bool(old.runs.keys() - runs.keys())
        if not changed and not is_gone:
            return old
        serial = old.serial + 1
        return TableSnapshot(
            instance=old.instance,
            serial=serial,
            complete_since=serial if is_gone else old.complete_since,
            runs=runs,
            changed={id_: serial if id_ in changed else old.changed[id_] for id_ in runs},
        )

    def _seen(self, stored: list[Run]) -> Iterator[Run]:
        """The runs with the status a person shall see; one thread at a time asks for them."""
        now = time.monotonic()
        looks: dict[str, _Look] = {}
        for run in stored:
            if run.status not in ACTIVE:
                yield run
                continue
            look = self._looks.get(run.id)
            if look is None or now - look.at >= ALIVE_SECONDS or not look.is_of(run):
                look = _Look(stored=run, seen=self._view(run), at=now)
                seen = look.seen
            elif look.seen.status != look.stored.status:
                seen = replace(run, status=look.seen.status, message=look.seen.message)
            else:
                seen = run
            looks[run.id] = look
            yield seen
        self._looks = looks


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    """What was seen of a run that is said to be under way."""

    stored: Run
    seen: Run
    at: float

    def is_of(self, run: Run) -> bool:
        """Whether the run is said to be what it was said to be then."""
        return (run.attempt, run.status) == (self.stored.attempt, self.stored.status)
