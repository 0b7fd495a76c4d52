"""What `graphs` compares, each run once in a process of its own.

Each function makes a case's graph, which is not measured, and then says how long walking it took
and how long placing every node did, and how much memory both took on top.
"""

import importlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.graph_cases import CASES
from blitz.autograd.export import open_all, to_dot
from blitz.autograd.graph import record, trace
from blitz.autograd.layout import Placement, count_crossings
from blitz.autograd.picture.drawing import Drawing, draw
from blitz.autograd.picture.folding import fold

Points = npt.NDArray[np.float64]
"""[k, 2]"""

ENOUGH_SECONDS = 20.0
"""After so long, no further repetition is begun."""
PIECES_OF_A_CURVE = 7
MOST_CROSSINGS_NODES = 2_000
"""Crossings are counted in graphs up to this size: counting takes longer than drawing."""


@dataclass(kw_only=True, slots=True)
class Result:
    """What one tool did on one case; None for what it did not do, or what was not measured."""

    nodes: int | None = None
    edges: int | None = None
    trace: float | None = None
    layout: float | None = None
    folded: float | None = None
    """Layout of the first, folded view."""
    memory_mb: float | None = None
    crossings: int | None = None
    note: str = ""

    @property
    def total(self) -> float | None:
        """Seconds until every node has its place."""
        if self.trace is None or self.layout is None:
            return None
        return self.trace + self.layout


class _TimeUpError(Exception):
    """A tool took longer than it may."""


# Ours


def ours(case: str, *, limit: float, repeats: int) -> Result:
    """Trace, place every node, and place the folded view; medians."""
    module, inputs = CASES[case].make()
    # Chains and rows would be traced line by line for minutes, and have no modules to find.
    if CASES[case].for_others:
        with record() as recording:
            output = module(*inputs)
    else:
        output, recording = module(*inputs), None
    traces: list[float] = []
    layouts: list[float] = []
    foldeds: list[float] = []
    began, memory = time.perf_counter(), _Memory()
    while len(traces) < repeats and (not traces or time.perf_counter() - began < ENOUGH_SECONDS):
        started = time.perf_counter()
        graph = trace(output, recording=recording)
        traced = time.perf_counter()
        folding = fold(graph)
        drawing = draw(graph, folding=folding, opened=open_all(folding))
        placed = time.perf_counter()
        draw(graph, folding=fold(graph))
        foldeds.append(time.perf_counter() - placed)
        traces.append(traced - started)
        layouts.append(placed - traced)
    return Result(
        nodes=len(graph),
        edges=len(graph.edges),
        trace=statistics.median(traces),
        layout=statistics.median(layouts),
        folded=statistics.median(foldeds),
        memory_mb=memory.grown_mb(),
        crossings=_crossings(drawing) if len(graph) <= MOST_CROSSINGS_NODES else None,
    )


def _crossings(drawing: Drawing) -> int:
    return count_crossings(drawing.placement, drawing.target, drawing.source)


# Others


def dot_alone(case: str, *, limit: float, repeats: int) -> Result:
    """Graphviz's dot on the same vertices and edges as ours, without clusters, which slow it."""
    module, inputs = CASES[case].make()
    graph = trace(module(*inputs), module=module)
    folding = fold(graph)
    drawing = replace(draw(graph, folding=folding, opened=open_all(folding)), frames=())
    result = Result(nodes=len(drawing.vertices), edges=len(drawing.source), trace=0.0)
    picture = _run_dot(to_dot(drawing), limit, result, "-Tjson")
    if picture is not None and len(graph) <= MOST_CROSSINGS_NODES:
        result.crossings = dot_crossings(drawing, picture)
    return result


def torchviz(case: str, *, limit: float, repeats: int) -> Result:
    """torchviz walks, dot places."""
    make_dot = importlib.import_module("torchviz").make_dot
    module, inputs = CASES[case].make()
    output, names = module(*inputs), dict(module.named_parameters())
    return _walk_then_dot(lambda: make_dot(output, names), limit)


def torchview(case: str, *, limit: float, repeats: int) -> Result:
    """torchview runs the module on tensors of its own and follows them; dot places."""
    draw_graph = importlib.import_module("torchview").draw_graph
    module, inputs = CASES[case].make()
    return _walk_then_dot(
        lambda: draw_graph(module, inputs, depth=100, device="cpu").visual_graph, limit
    )


def _walk_then_dot(walk: Callable[[], Any], limit: float) -> Result:
    result, memory = Result(), _Memory()
    try:
        with _time_limit(limit):
            started = time.perf_counter()
            source = walk().source
            result.trace = time.perf_counter() - started
    except _TimeUpError:
        result.note = _none_in(limit)
    except Exception as error:  # noqa: BLE001 (whatever a tool of somebody else's fails with)
        result.note = type(error).__name__
    if result.trace is None:
        return result
    result.memory_mb = memory.grown_mb()
    result.nodes = len(re.findall(r"^\s*\w+ \[", source, re.MULTILINE)) - source.count("node [")
    result.edges = source.count(" -> ")
    _run_dot(source, limit, result, "-Tsvg")
    return result


def _run_dot(source: str, limit: float, result: Result, form: str) -> bytes | None:
    """Time dot within what the walk left, and add its memory; what it wrote, or None."""
    path = shutil.which("dot")
    if path is None:
        result.note = "dot is not installed"
        return None
    left = limit - (result.trace or 0.0)
    started = time.perf_counter()
    process = subprocess.Popen(
        [path, form], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    peak = [0.0]
    ended = threading.Event()
    watching = threading.Thread(target=_watch_memory, args=(process.pid, peak, ended))
    watching.start()
    try:
        written, _ = process.communicate(source.encode(), timeout=max(0.1, left))
        result.layout = time.perf_counter() - started
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        result.note = _none_in(limit)
    finally:
        ended.set()
        watching.join()
    result.memory_mb = (result.memory_mb or 0.0) + peak[0]
    if result.layout is not None and process.returncode:
        result.layout, result.note = None, f"dot ended with {process.returncode}"
    return None if result.layout is None else written


def _none_in(seconds: float) -> str:
    return f"none in {seconds:.0f} s"


def dot_crossings(drawing: Drawing, picture: bytes) -> int:
    """Crossings in a picture of dot's, counted as ours are: from centre to centre, in pieces."""
    found = json.loads(picture)
    centres = np.zeros((len(drawing.vertices), 2), np.float32)
    for each in found["objects"]:
        centres[int(each["name"].removeprefix("v"))] = _numbers(each["pos"])[0]
    names = [int(each["name"].removeprefix("v")) for each in found["objects"]]
    tail, head, routes = [], [], []
    for edge in found["edges"]:
        tail.append(names[edge["tail"]])
        head.append(names[edge["head"]])
        routes.append(_line(edge["pos"]))
    placement = Placement(
        x=centres[:, 0],
        y=centres[:, 1],
        route_start=np.cumsum([0, *map(len, routes)], dtype=np.int32),
        route=np.concatenate(routes).astype(np.float32),
    )
    return count_crossings(placement, np.array(tail), np.array(head))


def _line(position: str) -> Points:
    """Points along a spline of dot's: `e,x,y` for its head, then 3n + 1 points.

    None of them is where two curves join: dot leads lines through corners of its own that several
    share, and lines that meet in a point of both would not count as crossing.
    """
    points = _numbers(re.sub(r"[es],\S+\s", "", position))
    share = (np.arange(PIECES_OF_A_CURVE)[:, None] + 0.5) / PIECES_OF_A_CURVE
    rest = 1 - share
    pieces = []
    for start in range(0, len(points) - 1, 3):
        a, b, c, d = points[start : start + 4]
        pieces.append(
            rest**3 * a + 3 * rest**2 * share * b + 3 * rest * share**2 * c + share**3 * d
        )
    return np.concatenate(pieces)


def _numbers(position: str) -> Points:
    return np.array([pair.split(",") for pair in position.split()], np.float64)


# Limits and memory


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _TimeUpError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Memory:
    """How much this process grows from now on, at most; Linux alone tells."""

    def __init__(self) -> None:
        try:
            # Begins a new count of the peak: what went before is not of interest.
            Path("/proc/self/clear_refs").write_text("5")
            self._before = _megabytes(os.getpid(), "VmRSS")
        except OSError:
            self._before = None

    def grown_mb(self) -> float | None:
        peak = _megabytes(os.getpid(), "VmHWM")
        return None if self._before is None or peak is None else max(0.0, peak - self._before)


def _megabytes(process: int, field: str) -> float | None:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    found = re.search(rf"{field}:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else None


def _watch_memory(process: int, peak: list[float], ended: threading.Event) -> None:
    """Note the peak of a process until it ends; its parent's is not mixed into it."""
    is_over = False
    while not is_over:
        peak[0] = max(peak[0], _megabytes(process, "VmHWM") or 0.0)
        is_over = ended.wait(0.005)


TOOLS: dict[str, Callable[..., Result]] = {
    "ours": ours,
    "torchviz": torchviz,
    "torchview": torchview,
    "dot": dot_alone,
}


def run(tool: str, case: str, limit: float, repeats: int) -> Result:
    """Run one tool on one case, in this process, which should end after it."""
    try:
        return TOOLS[tool](case, limit=limit, repeats=repeats)
    except ModuleNotFoundError as error:
        if error.name != tool:
            raise
        return Result(note="not installed")
