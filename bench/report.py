"""What the benchmarks have in common: a stopwatch, a command line, and figures that say whence.

The last line that a benchmark prints is JSON: its figures, and the machine, versions, date and
load that they belong to.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import torch

Figure = float | str | None


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def command_line(description: str | None) -> argparse.ArgumentParser:
    """The arguments of every benchmark; a benchmark may add its own."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="under a minute, with less of it")
    parser.add_argument("-o", "--output", type=Path, help="a file for the JSON as well")
    parser.set_defaults(load=os.getloadavg()[0])  # what else this machine does, before we do
    return parser


def finish(arguments: argparse.Namespace, figures: Mapping[str, Figure], digits: int = 4) -> None:
    """Print the figures as the last line of JSON, and write them where that was asked for."""
    rounded = {
        name: float(f"{figure:.{digits}g}") if isinstance(figure, float) else figure
        for name, figure in figures.items()
    }
    record = {**rounded, "load": round(arguments.load, 2), **circumstances()}
    line = json.dumps(record)
    if arguments.output:
        arguments.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(line)


def circumstances() -> dict[str, str]:
    """The machine, the versions and the date that figures belong to."""
    return {
        "machine": f"{os.cpu_count()} cores, {_processor()}{_accelerator()}",
        "versions": ", ".join([f"Python {platform.python_version()}", *_versions()]),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }


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
    arguments = command_line(description).parse_args()
    print(f"{os.cpu_count()} cores, load {arguments.load:.1f} at the start")
    print(f"{'figure':<24} {'median':>12} {'budget':>8}")
    figures = measure(arguments.quick)
    for name, figure in figures.items():
        budget = f"{budgets[name]:g}" if name in budgets else ""
        print(f"{name:<24} {figure:>12.4g} {budget:>8}".rstrip())
    finish(arguments, figures, digits)


def _processor() -> str:
    """Its name, where the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _accelerator() -> str:
    return f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""


def _versions() -> list[str]:
    found = [f"torch {torch.__version__}"]
    with suppress(metadata.PackageNotFoundError):  # a machine for training alone has no dashboard
        found.append(f"Streamlit {metadata.version('streamlit')}")
    return found
