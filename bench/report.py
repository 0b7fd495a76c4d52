"""What the benchmarks have in common: a stopwatch, and figures as a table and as a line of JSON."""

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def report(
    description: str | None,
    measure: Callable[[bool], Mapping[str, float]],
    budgets: Mapping[str, float],
    *,
    digits: int = 4,
) -> None:
    """Read the command line, measure, print a table with the budgets and a last line of JSON.

    measure: told whether it shall be quick; the figures by their names in the JSON.
    """
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="under a minute, with less of it")
    parser.add_argument("-o", "--output", type=Path, help="a file for the JSON as well")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]  # what else this machine does: the figures depend on it
    print(f"{os.cpu_count()} cores, load {load:.1f} at the start")
    print(f"{'figure':<24} {'median':>12} {'budget':>8}")
    figures = measure(arguments.quick)
    for name, figure in figures.items():
        budget = f"{budgets[name]:g}" if name in budgets else ""
        print(f"{name:<24} {figure:>12.4g} {budget:>8}".rstrip())
    rounded = {name: float(f"{figure:.{digits}g}") for name, figure in figures.items()}
    line = json.dumps({**rounded, "load": load})
    if arguments.output:
        arguments.output.write_text(line + "\n", encoding="utf-8")
    print(line)
