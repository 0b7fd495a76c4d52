"""What `graphs` compares, each run once in a process of its own.

Each function makes a case's graph, which is not measured, and then says how long walking it took
and how long placing every node did, and how much memory both took on top.
"""

import importlib
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bench.graph_cases import CASES
from bench.graph_dot import TIME_UP, dot_crossings, run_dot
from bench.graph_limits import Memory, TimeUpError, time_limit
from blitz.autograd.export import open_all, to_dot
from blitz.autograd.graph import record, trace
from blitz.autograd.layout import count_crossings
from blitz.autograd.picture.drawing import draw
from blitz.autograd.picture.folding import fold

ENOUGH_SECONDS = 20.0
"""After so long, no further repetition is begun."""
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
    began, memory = time.perf_counter(), Memory()
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
        crossings=(
            count_crossings(drawing.placement, drawing.target, drawing.source)
            if len(graph) <= MOST_CROSSINGS_NODES
            else None
        ),
    )


# Others


def dot_alone(case: str, *, limit: float, repeats: int) -> Result:
    """Graphviz's dot on the same vertices and edges as ours, without clusters, which slow it."""
    module, inputs = CASES[case].make()
    graph = trace(module(*inputs), module=module)
    folding = fold(graph)
    drawing = replace(draw(graph, folding=folding, opened=open_all(folding)), frames=())
    result = Result(nodes=len(drawing.vertices), edges=len(drawing.source), trace=0.0)
    picture = _with_dot(result, to_dot(drawing), "-Tjson", limit)
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
    result, memory = Result(), Memory()
    try:
        with time_limit(limit):
            started = time.perf_counter()
            source = walk().source
            result.trace = time.perf_counter() - started
    except TimeUpError:
        result.note = _none_in(limit)
    except Exception as error:  # noqa: BLE001 (whatever a tool of somebody else's fails with)
        result.note = type(error).__name__
    if result.trace is None:
        return result
    result.memory_mb = memory.grown_mb()
    result.nodes = len(re.findall(r"^\s*\w+ \[", source, re.MULTILINE)) - source.count("node [")
    result.edges = source.count(" -> ")
    _with_dot(result, source, "-Tsvg", limit)
    return result


def _with_dot(result: Result, source: str, form: str, limit: float) -> bytes | None:
    """Add dot's time, within what the walk left, and its memory; the picture it wrote, or None."""
    run = run_dot(source, form, limit=limit - (result.trace or 0.0))
    result.layout = run.seconds
    result.memory_mb = (result.memory_mb or 0.0) + run.memory_mb
    result.note = _none_in(limit) if run.note == TIME_UP else run.note
    return run.picture


def _none_in(seconds: float) -> str:
    return f"none in {seconds:.0f} s"


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
