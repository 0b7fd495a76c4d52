"""Tracing a graph and placing every node: ours against torchviz, torchview and Graphviz's dot.

    python -m bench.graphs [--quick] [-o FILE]

Each figure is measured in a process of its own that has imported everything. `trace` is the walk
from the output to arrays (or, of others, to DOT source), `layout` is the whole graph with no group
folded (of others, dot's run), `folded` is the first view that a person gets. Memory is what the
process, and dot's, grow by at their peak. Ours are medians. "none in 60 s" is a result too.

dot alone gets the same vertices and edges as ours, already traced. torchview draws calls of
functions rather than autograd's nodes, so an LSTM is one node of its. Neither torchviz nor
torchview is a requirement (requirements-bench.txt has them): without them their columns say so.

The last line is JSON: seconds of trace and layout as resnet18, densenet201, lstm1000, and nodes100k
for the slower of a chain and a wide graph of 100,000 operations; CASE_trace, CASE_folded and so on;
TOOL_CASE for others, null where they gave none; crossings_CASE, ours over dot's, or ours alone
where dot has none.
"""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from bench.graph_cases import CASES
from bench.graph_tools import TOOLS, Result, run
from bench.report import command_line, finish

Results = Mapping[tuple[str, str], Result]
"""By tool and case."""
Figure = float | int | str | None
START_SECONDS = 120.0
"""How long a process may take for what is not measured."""
CROSSINGS = {"resnet18": "resnet18", "inception_a": "inception", "lstm_cell": "lstm_cell"}
OF_100K = ("chain100k", "wide100k")


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """What is measured, and how long others may take."""

    limit: float
    repeats: int
    ours: tuple[str, ...]
    others: tuple[tuple[str, str], ...]
    """Tools and cases."""


FULL = Extent(
    limit=60.0,
    repeats=7,
    ours=tuple(CASES),
    others=tuple(
        (tool, name)
        for name, case in CASES.items()
        if case.for_others
        for tool in TOOLS
        if tool != "ours"
    ),
)
QUICK = Extent(
    limit=5.0,
    repeats=3,
    ours=("inception_a", "lstm_cell", "resnet18", "densenet201", "lstm1000", *OF_100K),
    others=(
        ("dot", "inception_a"), ("dot", "lstm_cell"), ("dot", "resnet18"),
        ("torchviz", "resnet18"), ("torchview", "resnet18"),
    ),
)  # fmt: skip


def measure(extent: Extent) -> Iterator[tuple[tuple[str, str], Result]]:
    """Results one by one; the cases in order, ours before the others'."""
    for case in extent.ours:
        yield ("ours", case), elsewhere("ours", case, extent)
        for tool, of_case in extent.others:
            if of_case == case:
                yield (tool, case), elsewhere(tool, case, extent)


def elsewhere(tool: str, case: str, extent: Extent) -> Result:
    """Run a tool in a new process, which is ended where it takes too long."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.graph_tools"])
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(sending, tool, case, extent))
    process.start()
    assert process.pid, "a process that was started has a number, and 0 would be our own group"
    sending.close()
    try:
        if receiving.poll(extent.limit + START_SECONDS):
            result: Result = receiving.recv()
            return result
        return Result(note=f"none in {extent.limit:g} s")
    except EOFError:
        process.join()
        return Result(note=f"crashed ({process.exitcode})")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.join()
        receiving.close()


def _child(sending: Connection, tool: str, case: str, extent: Extent) -> None:
    os.setsid()  # so that a dot of its own ends with it
    sending.send(run(tool, case, extent.limit, extent.repeats))
    # Freeing a deep graph whose nodes Python has seen may overflow the stack. `trace` sees to it
    # that its own does not; the other tools do not.
    os._exit(0)


# What is printed


def row(tool: str, case: str, result: Result) -> str:
    """A line of the table."""
    cells = [
        _cell(result.nodes, ",.0f"), _cell(result.edges, ",.0f"), _cell(result.trace, ".4f"),
        _cell(result.layout, ".4f"), _cell(result.total, ".4f"), _cell(result.folded, ".4f"),
        _cell(result.memory_mb, ",.1f"), _cell(result.crossings, ",.0f"),
    ]  # fmt: skip
    widths = (9, 9, 9, 9, 9, 8, 8, 9)
    shown = " ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{case:<12} {tool:<9} {shown}  {result.note}".rstrip()


HEADER = (
    f"{'case':<12} {'tool':<9} {'nodes':>9} {'edges':>9} {'trace s':>9} {'layout s':>9} "
    f"{'total s':>9} {'folded s':>8} {'MB':>8} {'crossings':>9}"
)


def _cell(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def summary(results: Results) -> dict[str, Figure]:
    """All figures under flat keys, those that matter most first."""
    figures: dict[str, Figure] = {}
    for case in ("resnet18", "densenet201", "lstm1000"):
        figures[case] = _of(results, "ours", case).total
    both = [_of(results, "ours", case).total for case in OF_100K]
    known = [seconds for seconds in both if seconds is not None]
    figures["nodes100k"] = max(known) if len(known) == len(both) else None
    for case, name in CROSSINGS.items():
        figures[f"crossings_{name}"] = _crossings(results, case)
    for (tool, case), result in results.items():
        figures |= _figures(tool, case, result)
    return {key: round(x, 5) if isinstance(x, float) else x for key, x in figures.items()}


def _figures(tool: str, case: str, result: Result) -> dict[str, Figure]:
    if tool != "ours":
        return {
            f"{tool}_{case}": result.total,
            f"{tool}_{case}_memory_mb": None if result.total is None else result.memory_mb,
            f"{tool}_{case}_crossings": result.crossings,
            f"{tool}_{case}_note": result.note,
        }
    return {
        case: result.total,
        f"{case}_nodes": result.nodes,
        f"{case}_edges": result.edges,
        f"{case}_trace": result.trace,
        f"{case}_layout": result.layout,
        f"{case}_folded": result.folded,
        f"{case}_memory_mb": result.memory_mb,
        f"{case}_crossings": result.crossings,
    }


def _of(results: Results, tool: str, case: str) -> Result:
    return results.get((tool, case), Result())


def _crossings(results: Results, case: str) -> float | None:
    """Ours over dot's; ours alone where dot has none to compare with."""
    mine, dots = _of(results, "ours", case).crossings, _of(results, "dot", case).crossings
    if mine is None:
        return None
    return mine / dots if dots else float(mine)


def main() -> None:
    arguments = command_line(__doc__).parse_args()
    extent = QUICK if arguments.quick else FULL
    print(f"{os.cpu_count()} cores, load {arguments.load:.1f} at the start; "
          f"medians of {extent.repeats}; others may take {extent.limit:g} s")  # fmt: skip
    print(HEADER)
    results = {}
    for (tool, case), result in measure(extent):
        results[tool, case] = result
        print(row(tool, case, result), flush=True)
    finish(arguments, summary(results))


if __name__ == "__main__":
    main()
