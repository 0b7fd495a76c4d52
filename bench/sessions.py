"""A class before one server: how long a page takes to answer, and what that costs the server.

    python -m bench.sessions [--quick]

A real server (`streamlit run app.py`) and a run that trains meanwhile, both on this machine. Of
1, 10, 40 and 100 people each has a session over a websocket, watches the run, and changes
something on a page of its own about every five seconds: a field of the Train form, a number of
the backpropagation page, a tensor program, a number of an autograd example, an image or a unit of
the Network page. All of them are in a process apart, without browsers. What the figures are:

- p50_ms_N, p95_ms_N: from a widget's change sent until the message that the script is done.
- cpu_N: time of a core that the server's process takes in a second; workers_cpu_N: that of the
  processes that run people's programs.
- memory_mb_N: what the server's process holds at the end; workers_memory_mb_N: of the others.
- watching_cpu_40: cpu_N where 40 have the page of the run open and change nothing.
- polls_N: what they asked of the data routes in a second.

The last line is JSON with these keys.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.pages import percentile_95
from bench.report import command_line, finish
from bench.server import (
    REPOSITORY,
    installation,
    server_process,
    start_run,
    write_noise,
)
from bench.session_clients import ACTIVITIES, Lesson, Rerun, attended
from blitz.training.config import TrainConfig

WATCHING = 40
CHANGE_SECONDS = 5.0
MAX_EPOCHS = 10_000
ENDED = (FileNotFoundError, ProcessLookupError)
"""What the kernel says of a process or a thread that is no more."""
BUDGETS = {"p95_ms_40": 60.0, "watching_cpu_40": 0.5}


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What a process and its children have used of the machine up to now."""

    at: float
    own_seconds: float
    children_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What a lesson was like."""

    reruns: Sequence[Rerun]
    polls: float
    """In a second."""
    cpu: float
    workers_cpu: float
    memory_mb: float
    workers_memory_mb: float


def measure(pid: int, lesson: Lesson) -> Measured:
    """Let them come, and measure the server from then on."""
    with attended(lesson) as end:
        before = usage(pid)
        found = end()
        after = usage(pid)
    memory, of_workers = _memory_mb(pid), total(_memory_mb, children(pid))
    seconds = after.at - before.at
    return Measured(
        reruns=found.reruns,
        polls=found.num_polls / seconds,
        cpu=(after.own_seconds - before.own_seconds) / seconds,
        workers_cpu=(after.children_seconds - before.children_seconds) / seconds,
        memory_mb=memory,
        workers_memory_mb=of_workers,
    )


# The server's processes


def usage(pid: int) -> Usage:
    """Of a process, and of all below it."""
    return Usage(
        at=time.perf_counter(),
        own_seconds=_cpu_seconds(pid),
        children_seconds=total(_cpu_seconds, children(pid)),
    )


def children(pid: int) -> Iterator[int]:
    """The processes that this one started, and those that they did."""
    for child in _started_by(pid):
        yield child
        yield from children(child)


def total(of_one: Callable[[int], float], pids: Iterable[int]) -> float:
    """The sum of a figure over processes; what has ended before it was looked at adds nothing."""
    found = 0.0
    for pid in pids:
        with suppress(*ENDED):
            found += of_one(pid)
    return found


def _started_by(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(*ENDED):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(*ENDED):
                found += map(int, (thread / "children").read_text().split())
    return found


def _cpu_seconds(pid: int) -> float:
    # The name in brackets may have anything in it.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    """Its share of what it holds together with others."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    [kilobytes] = [int(line.split()[1]) for line in lines if line.startswith("Pss:")]
    return kilobytes / 1024


# All of it


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """How long things are measured."""

    seconds: Mapping[int, float]
    """By the number of people: of few there are few changes."""
    watching_seconds: float
    alone: Sequence[int]
    """Which activities one person alone has, one after another."""


FULL = Extent(
    seconds={1: 20, 10: 60, 40: 40, 100: 40},
    watching_seconds=30,
    alone=range(len(ACTIVITIES)),
)
QUICK = Extent(seconds={1: 13, 10: 4, 40: 7, 100: 5}, watching_seconds=4, alone=[0])


def lessons(url: str, run_id: str, extent: Extent) -> Iterator[Lesson]:
    """All in which something is changed, the smallest first."""
    for people, seconds in extent.seconds.items():
        for first in extent.alone if people == 1 else [0]:
            yield Lesson(
                url=url,
                run_id=run_id,
                people=people,
                seconds=seconds,
                first=first,
                change_seconds=CHANGE_SECONDS,
            )


def class_figures(pid: int, url: str, run_id: str, extent: Extent) -> dict[str, float]:
    """All figures, by their keys in the JSON. pid: of the server."""
    found: dict[int, list[Measured]] = {people: [] for people in extent.seconds}
    for lesson in lessons(url, run_id, extent):
        found[lesson.people].append(measure(pid, lesson))
    figures: dict[str, float] = {}
    for people, parts in found.items():
        figures |= {f"{name}_{people}": figure for name, figure in summary(parts).items()}
    watching = measure(
        pid, Lesson(url=url, run_id=run_id, people=WATCHING, seconds=extent.watching_seconds)
    )
    return figures | {
        f"watching_cpu_{WATCHING}": watching.cpu,
        f"watching_polls_{WATCHING}": watching.polls,
    }


def summary(parts: Sequence[Measured]) -> dict[str, float]:
    """The figures of lessons with as many people, by their names."""
    reruns = [rerun for part in parts for rerun in part.reruns]
    times = [rerun.milliseconds for rerun in reruns]
    by_activity = {
        f"p95_{activity.name}_ms": percentile_95(own)
        for activity in ACTIVITIES
        if len(own := [rerun.milliseconds for rerun in reruns if rerun.activity == activity.name])
        > 1
    }
    return {
        "p50_ms": statistics.median(times),
        "p95_ms": percentile_95(times),
        "cpu": statistics.mean(part.cpu for part in parts),
        "workers_cpu": statistics.mean(part.workers_cpu for part in parts),
        "memory_mb": max(part.memory_mb for part in parts),
        "workers_memory_mb": max(part.workers_memory_mb for part in parts),
        "polls": statistics.mean(part.polls for part in parts),
        "reruns": float(len(reruns)),
        **by_activity,
    }


def table(figures: Mapping[str, float], extent: Extent) -> list[str]:
    """A line a figure and a column a number of people."""
    names = [name.removesuffix("_1") for name in figures if name.endswith("_1")]
    names += [f"p95_{activity.name}_ms" for activity in ACTIVITIES]
    lines = [f"{'people':<22}" + "".join(f"{people:>10}" for people in extent.seconds)]
    for name in dict.fromkeys(names):
        cells = [figures.get(f"{name}_{people}") for people in extent.seconds]
        texts = ["–" if cell is None else f"{cell:.3g}" for cell in cells]
        lines.append(f"{name:<22}" + "".join(f"{text:>10}" for text in texts))
    for name, limit in BUDGETS.items():
        verdict = "" if figures[name] <= limit else "  missed"
        lines.append(f"{name:<22}{figures[name]:>10.3g} ≤ {limit:g}{verdict}")
    return lines


def main() -> None:
    arguments = command_line(__doc__).parse_args()
    extent = QUICK if arguments.quick else FULL
    with (
        installation() as place,
        server_process(place.settings, REPOSITORY / "app.py") as (url, process),
    ):
        noise = place.settings.home / "noise.zip"
        write_noise(noise)
        config = TrainConfig(
            dataset=str(noise), model="net", batch_size=64, epochs=MAX_EPOCHS, device="cpu"
        )
        run = start_run(place, config)
        figures = class_figures(process.pid, url, run.id, extent)
    print(f"{os.cpu_count()} cores, load {arguments.load:.1f} at the start")
    print("\n".join(table(figures, extent)))
    finish(arguments, figures)


if __name__ == "__main__":
    main()
