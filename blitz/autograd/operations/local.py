"""The derivative of one operation, as a matrix: asked of the node itself, a unit vector at a time.

Backward multiplies the gradient coming in with this matrix without ever making it. For operations
on few numbers it can be made, and the product checked by eye.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.autograd.graph import Node

from blitz.autograd.backward.backward_errors import plain_line
from blitz.autograd.backward.measures import UNREADABLE, shape_of
from blitz.autograd.backward.replay import REENTRANT, Replay
from blitz.autograd.graph import AutogradGraph
from blitz.turns import one_at_a_time

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LocalJacobian:
    """Derivatives of one result of an operation by one of its operands."""

    edge: int
    """Index in `graph.edges`: the operand's."""
    output_index: int
    """Which of the operation's results."""
    output_shape: tuple[int, ...]
    operand_shape: tuple[int, ...]
    """Empty for a scalar, and where there is no matrix."""
    matrix: Matrix | None
    """[values of the result, values of the operand], both in reading order; entry i, j is
    ∂ result i / ∂ operand j. None where there is a problem."""
    problem: str
    """Why there is no matrix, in one line; empty where there is one."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ChainProduct:
    """Gradient coming in × local derivative = gradient going out, along one edge."""

    incoming: Matrix
    """[values of the result]."""
    matrix: Matrix
    """[values of the result, values of the operand]."""
    outgoing: Matrix
    """[values of the operand]: the product."""
    recorded: Matrix | None
    """What the replay saw leave along the edge, where it kept all of it."""


@one_at_a_time()
def local_jacobians(graph: AutogradGraph, node: int, limit: int = 64) -> list[LocalJacobian]:
    """The local derivatives of an operation: one matrix for each result and each edge.

    Nothing is freed and no gradient is accumulated; hooks on tensors do not run. An operation with
    more than `limit` values in a result or operand, with complex ones, or whose node raises, has
    a problem in place of a matrix.

    Raises ValueError for a leaf, and for a node that the graph does not have.
    """
    if not 0 <= node < graph.num_operations:
        what = "a leaf" if 0 <= node < len(graph) else "not in the graph"
        raise ValueError(f"node {node} is {what}; only operations have a derivative")
    function = graph.functions[node]
    metadata: Sequence[Any] = function._input_metadata
    operands = {edge: _operand_shape(graph, edge) for edge in graph.edges_of(node)}
    results = [shape_of(about) for about in metadata]
    shapes = {edge: shape for edge, shape in operands.items() if shape is not None}
    if None in results or len(shapes) < len(operands):
        problem = f"{graph.label(node)} works on nested tensors, which have no single shape"
        return [_without(edge, k, (), problem) for k in range(len(results)) for edge in operands]
    asked = [edge for edge, shape in shapes.items() if _size(shape) <= limit]
    found = []
    for output_index, about in enumerate(metadata):
        rows, problem = _rows(graph, node, metadata, output_index, limit) if asked else (None, "")
        for edge, shape in shapes.items():
            if _size(shape) > limit:
                problem_here = _too_many("operand", graph.label(node), _size(shape), limit)
                found.append(_without(edge, output_index, tuple(about.shape), problem_here))
            elif rows is None:
                found.append(_without(edge, output_index, tuple(about.shape), problem))
            else:
                found.append(_jacobian(graph, edge, output_index, tuple(about.shape), shape, rows))
    return found


def chain_product(
    graph: AutogradGraph, jacobian: LocalJacobian, recorded: Replay
) -> ChainProduct | None:
    """Multiply the gradient that a replay saw come in with a local derivative.

    None where there is no matrix, or no gradient came in at that result. For an operation with
    several results the outgoing gradient is the sum of the products of all of them; see `recorded`
    for that sum.
    """
    node = int(graph.source[jacobian.edge])
    incoming = recorded.incoming.get(node, ())
    given = incoming[jacobian.output_index] if jacobian.output_index < len(incoming) else None
    if jacobian.matrix is None or given is None:
        return None
    start = given.astype(np.float64).reshape(-1)
    edge = recorded.edge(jacobian.edge)
    seen = None
    if edge is not None and edge.sample is not None and edge.sample.shape == edge.shape:
        seen = edge.sample.astype(np.float64).reshape(-1)
    with np.errstate(all="ignore"):  # an infinite gradient stays infinite
        outgoing = start @ jacobian.matrix
    return ChainProduct(incoming=start, matrix=jacobian.matrix, outgoing=outgoing, recorded=seen)


def _rows(
    graph: AutogradGraph, node: int, metadata: Sequence[Any], output_index: int, limit: int
) -> tuple[list[tuple[Tensor | None, ...]] | None, str]:
    """What the node returns for each unit vector at one result, or why it was not asked."""
    about = metadata[output_index]
    label = graph.label(node)
    size = _size(about.shape)
    if size > limit:
        return None, _too_many("result", label, size, limit)
    if graph.type_name(node) == REENTRANT:
        return None, "a reentrant checkpoint runs a backward of its own; it is not asked alone"
    if about.dtype.is_complex:
        return None, f"{label} works on complex numbers; their derivative is no single matrix"
    if about.device.type == "meta":
        return None, f"the result of {label} is on the meta device and has no values"
    rows = []
    try:
        with torch.no_grad():
            for i in range(size):
                units: list[Tensor | None] = [None] * len(metadata)
                units[output_index] = _unit(about, i)
                rows.append(_call(graph.functions[node], units))
    except Exception as raised:  # noqa: BLE001 — custom Functions raise anything
        return None, plain_line(raised, label)
    return rows, ""


def _unit(about: Any, place: int) -> Tensor:
    unit = torch.zeros(about.shape, dtype=about.dtype, device=about.device)
    unit.view(-1)[place] = 1
    return unit


def _call(function: Node, gradients: Sequence[Tensor | None]) -> tuple[Tensor | None, ...]:
    """What a node makes of gradients, one for each of its next functions."""
    node: Any = function
    if not isinstance(node, torch.autograd.function.BackwardCFunction):
        returned = node(*gradients)
        return tuple(returned) if isinstance(returned, list | tuple) else (returned,)
    returned = node.apply(*_materialised(node, gradients))
    returned = tuple(returned) if isinstance(returned, list | tuple) else (returned,)
    # A Function returns a gradient for every input, its node has an edge for every tensor; the
    # flags say which inputs need one, in the same order as the edges that lead somewhere.
    wanted = [each for each, needed in zip(returned, node.needs_input_grad, strict=False) if needed]
    places = iter(wanted)
    return tuple(
        next(places, None) if following is not None else None
        for following, _ in node.next_functions
    )


def _materialised(node: Any, gradients: Sequence[Tensor | None]) -> list[Tensor | None]:
    # The engine hands zeros to people's backward in place of nothing.
    return [
        torch.zeros(about.shape, dtype=about.dtype, device=about.device) if each is None else each
        for each, about in zip(gradients, node._input_metadata, strict=True)
    ]


def _jacobian(
    graph: AutogradGraph,
    edge: int,
    output_index: int,
    output_shape: tuple[int, ...],
    shape: tuple[int, ...],
    rows: Sequence[tuple[Tensor | None, ...]],
) -> LocalJacobian:
    position = int(graph.input_index[edge])
    gradients = [row[position] if position < len(row) else None for row in rows]
    try:
        flat = [_flat(gradient, shape) for gradient in gradients]
        matrix = np.array(flat, np.float64).reshape(len(flat), _size(shape))
    except UNREADABLE as raised:
        problem = plain_line(raised, graph.label(int(graph.source[edge])))
        return _without(edge, output_index, output_shape, problem)
    return LocalJacobian(
        edge=edge,
        output_index=output_index,
        output_shape=output_shape,
        operand_shape=shape,
        matrix=matrix,
        problem="",
    )


def _operand_shape(graph: AutogradGraph, edge: int) -> tuple[int, ...] | None:
    target = int(graph.target[edge])
    if target >= graph.num_operations:
        return shape_of(graph.leaf(target))
    metadata: Sequence[Any] = graph.functions[target]._input_metadata
    return shape_of(metadata[int(graph.output_index[edge])])


def _flat(gradient: Tensor | None, shape: tuple[int, ...]) -> Matrix:
    if gradient is None:
        return np.zeros(_size(shape))
    dense = gradient.detach().to_dense() if gradient.layout is not torch.strided else gradient
    # The engine sums a gradient over the dimensions along which its operand was repeated.
    flat: Matrix = dense.detach().sum_to_size(shape).reshape(-1).to("cpu", torch.float64).numpy()
    return flat


def _without(
    edge: int, output_index: int, output_shape: tuple[int, ...], problem: str
) -> LocalJacobian:
    return LocalJacobian(
        edge=edge,
        output_index=output_index,
        output_shape=output_shape,
        operand_shape=(),
        matrix=None,
        problem=problem,
    )


def _size(shape: Sequence[int]) -> int:
    return math.prod(shape)


def _too_many(what: str, label: str, size: int, limit: int) -> str:
    return f"the {what} of {label} has {size:,} values; up to {limit} are shown"
