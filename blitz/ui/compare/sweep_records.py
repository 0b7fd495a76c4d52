"""What the runs of a sweep come to: which sweeps there are, how far one has come, its best run.

Takes records of runs and makes records and sentences; what is shown where, `sweep_chart` knows.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from blitz.training.comparing import different_settings
from blitz.training.runs import Run, ShownStatus
from blitz.training.sweeps import field_title, value_text

_WORDS: dict[ShownStatus, str] = {
    "finished": "done",
    "running": "running",
    "preparing": "running",
    "paused": "paused",
    "starting": "waiting",
    "queued": "waiting",
    "stopped": "stopped",
    "diverged": "diverged",
    "failed": "failed",
    "lost": "lost",
}
MOST_NAMED = 3
"""Settings that a sweep's title names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """A sweep that there is."""

    id: str
    title: str
    fields: tuple[str, ...]
    """Names of the settings in which its runs differ."""
    run_ids: tuple[str, ...]
    """Oldest first."""
    created_at: datetime


def list_sweeps(runs: Sequence[Run]) -> list[Sweep]:
    """The sweeps of these runs, newest first."""
    members: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.number):
        if run.sweep is not None:
            members.setdefault(run.sweep, []).append(run)
    return [
        Sweep(
            id=sweep,
            title=_title(found[0].name),
            fields=tuple(different_settings(found).index),
            run_ids=tuple(run.id for run in found),
            created_at=found[0].created_at,
        )
        for sweep, found in reversed(members.items())
    ]


def sweep_label(sweep: Sweep, time: str) -> str:
    """One line about a sweep, for a list of them."""
    names = [field_title(name) for name in sweep.fields[:MOST_NAMED]]
    if len(sweep.fields) > MOST_NAMED:
        names.append("…")
    runs = "1 run" if len(sweep.run_ids) == 1 else f"{len(sweep.run_ids)} runs"
    return " · ".join(filter(None, (sweep.title, ", ".join(names), runs, time)))


def progress_text(runs: Sequence[Run]) -> str:
    """How many of the runs are done, and what the others are: "2 of 4 done · 2 running"."""
    counts = Counter(_WORDS[run.status] for run in runs)
    others = [f"{counts[word]} {word}" for word in dict.fromkeys(_WORDS.values()) if counts[word]]
    done = f"{counts['done']} of {len(runs)} done"
    return " · ".join([done, *(text for text in others if not text.endswith(" done"))])


def best_run(runs: Sequence[Run]) -> Run | None:
    """The run with the highest test accuracy so far, the oldest of equal ones."""
    tested = [run for run in runs if run.best_accuracy is not None]
    return max(tested, key=lambda run: (_finite(run.best_accuracy), -run.number), default=None)


def settings_text(run: Run, runs: Sequence[Run]) -> str:
    """The settings of a run that the others do not all share: "learning rate 0.01, seed 2"."""
    names = different_settings(runs).index
    return ", ".join(
        f"{field_title(name)} {value_text(name, getattr(run.config, name))}" for name in names
    )


def _finite(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else -math.inf


def _title(name: str) -> str:
    """What is common to the names of a sweep's runs, which `run_name` made."""
    return name.rpartition(" · ")[0] or name
