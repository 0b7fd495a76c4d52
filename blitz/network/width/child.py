"""The width experiment in a process of its own, read point by point."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path

import blitz
from blitz.network.width.points import WidthPlan, WidthPoint, from_line

TIME_LIMIT = 120.0


class MeasurementError(Exception):
    """Why a measurement ended early, in one line."""


def measure_in_child(
    plan: WidthPlan, *, time_limit: float = TIME_LIMIT
) -> Generator[WidthPoint, None, None]:
    """Start the process and yield each point as it comes; closing the iterator ends the process.

    Raises MeasurementError where the process fails or takes longer than so many seconds.
    """
    try:
        process = subprocess.Popen(
            _command(plan),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            text=True,
        )
    except OSError as error:
        raise MeasurementError(f"the measurement cannot be started: {error.strerror}") from error
    timed_out = threading.Event()

    def give_up() -> None:
        timed_out.set()
        process.kill()

    timer = threading.Timer(time_limit, give_up)
    timer.daemon = True
    timer.start()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            yield _point(line)
        if timed_out.is_set():
            raise MeasurementError(f"the measurement took longer than {time_limit:g} s")
        if process.wait() != 0:
            raise MeasurementError(f"the measurement ended with status {process.returncode}")
    finally:
        timer.cancel()
        process.kill()
        process.communicate()


def _point(line: str) -> WidthPoint:
    if line.startswith('{"error"'):
        raise MeasurementError(str(json.loads(line)["error"]))
    try:
        return from_line(line)
    except ValueError as error:
        raise MeasurementError(str(error)) from error


def _command(plan: WidthPlan) -> list[str]:
    return [
        sys.executable, "-m", "blitz.network.width",
        "--widths", *map(str, plan.widths),
        "--batch-sizes", *map(str, plan.batch_sizes),
        "--seconds", str(plan.seconds),
    ]  # fmt: skip


def _environment() -> dict[str, str]:
    inherited = os.environ.get("PYTHONPATH")
    package_root = str(Path(blitz.__file__).parents[1])
    paths = [package_root, inherited] if inherited else [package_root]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
