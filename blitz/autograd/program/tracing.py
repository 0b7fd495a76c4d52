"""The graph that a run of a program built, and what its backward pass begins with."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from blitz.autograd.graph import AutogradGraph, NoGraphError, trace
from blitz.autograd.graph.ends import edge_of, ends_within
from blitz.autograd.program.reading import Program
from blitz.autograd.program.running import ProgramRun


def program_graph(program: Program, run: ProgramRun) -> AutogradGraph:
    """The graph of what the program names, or of all there is where an error stopped it earlier.

    Raises NoGraphError where there is none.
    """
    outputs = _outputs(program, run)
    if run.error is not None and not outputs:
        raise NoGraphError("the program was stopped before it had built a graph")
    module = run.variables.get(program.module) if program.module else None
    assert module is None or isinstance(module, nn.Module)
    return trace(list(outputs.values()), module=module, recording=run.recording)


def output_names(program: Program, run: ProgramRun) -> tuple[str, ...]:
    """The variables that the outputs of the program's graph stand for, one for each output."""
    return tuple(
        name
        for name, value in _outputs(program, run).items()
        for end in ends_within(value)
        if edge_of(end) is not None
    )


def _outputs(program: Program, run: ProgramRun) -> dict[str, Any]:
    outputs = {name: run.variables.get(name) for name in program.graph_of}
    if run.error is None or all(map(_has_graph, outputs.values())):
        return outputs
    return _all_results(run.variables)


def program_gradients(program: Program, run: ProgramRun) -> list[Tensor] | None:
    """What the backward pass of the program's graph starts from; None for ones."""
    value = run.variables.get(program.gradient) if program.gradient else None
    return None if value is None else [torch.as_tensor(value)]


def _has_graph(value: object) -> bool:
    return isinstance(value, Tensor) and value.grad_fn is not None


def _all_results(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Tensors with a graph; where there are none, the leaves that a graph could begin with."""
    results = {name: value for name, value in variables.items() if _has_graph(value)}
    return results or {
        name: value
        for name, value in variables.items()
        if isinstance(value, Tensor) and value.requires_grad
    }
