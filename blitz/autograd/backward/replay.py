"""The backward pass, run once more through a graph, with every gradient on its way recorded.

Gradients are asked for by `torch.autograd.grad`, which adds nothing to any leaf's `.grad`, and the
graph keeps its buffers. What the numbers of one tensor are: see `measures`.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge

from blitz.autograd.backward.backward_errors import BackwardError, explain
from blitz.autograd.backward.borrowing import backward_without_trace, retained_gradients_kept
from blitz.autograd.backward.measure_columns import MeasureColumns, Measuring
from blitz.autograd.backward.measures import (
    FEW_VALUES,
    UNREADABLE,
    Measure,
    Values,
    has_values,
    is_finite,
    to_array,
)
from blitz.autograd.graph import AutogradGraph
from blitz.autograd.operations.saved import first_non_finite_saved
from blitz.turns import one_at_a_time

REENTRANT = "CheckpointFunctionBackward"
"""Runs a backward of its own within, and refuses to where only some gradients are asked for."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EdgeGradient:
    """The gradient that flowed along one edge."""

    shape: tuple[int, ...] | None
    """None for nested tensors, which have no single one."""
    measure: Measure | None
    """None where the values cannot be read."""
    sample: Values | None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Replay:
    """What one backward pass through a graph did."""

    gradients: MeasureColumns
    """One entry an edge, with the indices of `graph.edges`; before the hooks of tensors ran."""
    incoming: dict[int, tuple[Values | None, ...]]
    """Of each operation that ran: the summed gradients coming in, where they are 64 values or less;
    None for results that got no gradient and for larger ones."""
    order: npt.NDArray[np.int32]
    """[num_nodes]: when each node ran, from 0; −1 for those that never did."""
    leaf_gradients: dict[int, Tensor | None]
    """By leaf: all its gradient, as backward would put into `.grad` from None; None where none
    arrived. Empty where the pass failed."""
    first_non_finite: int | None
    """The first operation that made non-finite gradients, or was given them."""
    non_finite_cause: Literal["made", "given"] | None
    first_non_finite_forward: int | None
    """The first operation that already saved a NaN or infinity in the forward pass; looked for only
    where a gradient is not finite."""
    error: BackwardError | None
    start: tuple[Tensor, ...]
    """The gradients of the outputs that the pass began with."""
    note: str
    """What was assumed about the gradients of outputs; empty for scalars."""

    def edge(self, index: int) -> EdgeGradient | None:
        """The gradient along one edge, or None where none flowed."""
        columns = self.gradients
        if not columns.flowed[index]:
            return None
        found = None
        if columns.samples[index] is not None:
            found = Measure(
                norm=float(columns.norm[index]),
                minimum=float(columns.minimum[index]),
                maximum=float(columns.maximum[index]),
                mean=float(columns.mean[index]),
                zeros=float(columns.zeros[index]),
                has_nan=bool(columns.has_nan[index]),
                has_inf=bool(columns.has_inf[index]),
            )
        shape, sample = columns.shapes[index], columns.samples[index]
        return EdgeGradient(shape=shape, measure=found, sample=sample)


@one_at_a_time()
def replay(graph: AutogradGraph, gradients: Sequence[Tensor] | None = None) -> Replay:
    """Run the backward pass through a graph and record it.

    gradients: one an output of the graph, in its shape; without them ones, which is what
    `.sum().backward()` starts from.

    Hooks of the program run, with all that they do. No `.grad` changes, with one exception: results
    with `retain_grad` that are neither outputs nor held by a variable of the recording, such as
    those that a module keeps, have what the pass brought them added to theirs.

    Raises ValueError where gradients do not match the outputs. What backward itself raises is
    recorded as `error`, with all that had been recorded until then.
    """
    roots = [GradientEdge(graph.functions[node], number) for node, number in graph.roots]
    start, note = _start(graph, gradients)
    recorder = _Recorder(graph)
    leaves: list[Tensor | None] = []
    error = None
    with recorder, retained_gradients_kept(graph):
        try:
            leaves = _run(graph, roots, start)
        except Exception as raised:  # noqa: BLE001 — custom Functions raise anything
            error = explain(graph, raised, recorder.running())
    columns = recorder.measuring.columns()
    first, cause = _first_non_finite(graph, recorder, columns)
    return Replay(
        gradients=columns,
        incoming=recorder.incoming,
        order=_order(graph, recorder.ran),
        leaf_gradients=dict(enumerate(leaves, graph.num_operations)),
        first_non_finite=first,
        non_finite_cause=cause,
        first_non_finite_forward=None if first is None else first_non_finite_saved(graph),
        error=error,
        start=tuple(start),
        note=note,
    )


def _start(graph: AutogradGraph, gradients: Sequence[Tensor] | None) -> tuple[list[Tensor], str]:
    metadata = [_expected(graph, *root) for root in graph.roots]
    if gradients is not None:
        _check(gradients, metadata)
        return list(gradients), ""
    ones = [torch.ones(m.shape, dtype=m.dtype, device=m.device) for m in metadata]
    wide = [one for one in ones if one.ndim and one.numel() != 1]
    if not wide:
        return ones, ""
    shapes = ", ".join(str(list(one.shape)) for one in wide)
    what = f"outputs {shapes} are no scalars" if len(wide) > 1 else f"output {shapes} is no scalar"
    return ones, f"{what}: the pass starts from ones, as .sum().backward() does"


def _expected(graph: AutogradGraph, node: int, number: int) -> Any:
    """Shape, dtype and device of the gradient that an output starts from."""
    if node >= graph.num_operations:
        return graph.leaf(node)
    return graph.functions[node]._input_metadata[number]


def _check(gradients: Sequence[Tensor], expected: Sequence[Any]) -> None:
    if len(gradients) != len(expected):
        raise ValueError(
            f"{len(gradients)} gradients for {len(expected)} outputs; give one for each"
        )
    for i, (given, wanted) in enumerate(zip(gradients, expected, strict=True)):
        if given.shape != torch.Size(wanted.shape):
            raise ValueError(
                f"gradient {i} has shape {list(given.shape)}, "
                f"but its output has {list(wanted.shape)}"
            )


def _run(
    graph: AutogradGraph, roots: Sequence[GradientEdge], start: Sequence[Tensor]
) -> list[Tensor | None]:
    """The leaves' gradients, in the leaves' order."""
    functions = graph.functions[graph.num_operations :]
    if REENTRANT in graph.types or not functions:
        leaves = [graph.leaf(node) for node in range(graph.num_operations, len(graph))]
        return backward_without_trace(leaves, roots, start)
    return list(
        torch.autograd.grad(
            roots,
            [GradientEdge(function, 0) for function in functions],
            start,
            retain_graph=True,
            allow_unused=True,
        )
    )


class _Recorder:
    """Hooks on all operations of a graph, from entering until leaving."""

    def __init__(self, graph: AutogradGraph) -> None:
        self.measuring = Measuring(len(graph.source))
        self.incoming: dict[int, tuple[Values | None, ...]] = {}
        self.finite: dict[int, bool] = {}
        self.ran: list[int] = []
        self._started: dict[int, None] = {}
        self._functions = graph.functions[: graph.num_operations]
        self._starts: list[int] = graph.edge_start.tolist()
        self._positions: list[int] = graph.input_index.tolist()
        # Gradients that only one edge brings are known from that edge.
        users = np.bincount(graph.target, minlength=len(graph))
        users[[node for node, _ in graph.roots]] = 0
        self._is_summed: list[bool] = (users != 1).tolist()
        self._handles: list[Any] = []

    def __enter__(self) -> None:
        for node, function in enumerate(self._functions):
            self._handles.append(function.register_prehook(functools.partial(self._before, node)))
            self._handles.append(function.register_hook(functools.partial(self._after, node)))

    def __exit__(self, *raised: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def running(self) -> int | None:
        """The operation that was started last and has not come back."""
        return next(reversed(self._started), None)

    def _before(self, node: int, incoming: Sequence[Tensor | None]) -> None:
        self._started[node] = None

    def _after(
        self, node: int, outgoing: Sequence[Tensor | None], incoming: Sequence[Tensor | None]
    ) -> None:
        self._started.pop(node, None)
        self.ran.append(node)
        self.incoming[node] = tuple(map(_values, incoming))
        if self._is_summed[node]:
            self.finite[node] = all(each is None or is_finite(each) for each in incoming)
        for edge in range(self._starts[node], self._starts[node + 1]):
            position = self._positions[edge]
            gradient = outgoing[position] if position < len(outgoing) else None
            if gradient is not None:
                self.measuring.add(edge, gradient)


def _values(tensor: Tensor | None) -> Values | None:
    if tensor is None or not has_values(tensor) or tensor.layout is not torch.strided:
        return None
    try:
        return to_array(tensor) if tensor.numel() <= FEW_VALUES else None
    except UNREADABLE:
        return None


def _first_non_finite(
    graph: AutogradGraph, recorder: _Recorder, columns: MeasureColumns
) -> tuple[int | None, Literal["made", "given"] | None]:
    bad = columns.has_nan | columns.has_inf
    if not bad.any() and all(recorder.finite.values()):
        return None, None
    only_edge = dict(zip(graph.target.tolist(), range(len(bad)), strict=True))
    for node in recorder.ran:
        is_given_finite = recorder.finite.get(node)
        if is_given_finite is None:
            is_given_finite = not bad[only_edge[node]]
        if not is_given_finite:
            return node, "given"
        edges = graph.edges_of(node)
        if bad[edges.start : edges.stop].any():
            return node, "made"
    return None, None


def _order(graph: AutogradGraph, ran: Sequence[int]) -> npt.NDArray[np.int32]:
    """When each node ran. A leaf runs at once when its last gradient has come."""
    position = np.full(len(graph), -1, np.int64)
    # An operation that a backward within the backward reached again keeps its first place.
    first = list(dict.fromkeys(ran))
    position[first] = np.arange(len(first))
    last = np.full(len(graph), -1, np.int64)
    np.maximum.at(last, graph.target, position[graph.source])
    waits = np.zeros(len(graph), np.bool_)
    waits[graph.target[position[graph.source] < 0]] = True
    is_leaf = np.arange(len(graph)) >= graph.num_operations
    has_run = np.where(is_leaf, ~waits, position >= 0)
    time = np.where(is_leaf, last, position)
    nodes = np.flatnonzero(has_run)
    sorted_nodes = nodes[np.lexsort((nodes, is_leaf[nodes], time[nodes]))]
    order = np.full(len(graph), -1, np.int32)
    order[sorted_nodes] = np.arange(len(sorted_nodes), dtype=np.int32)
    return order
