"""Threads take turns wherever the process's random state is set and put back."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from blitz.autograd import replay, trace
from blitz.autograd.backward.checks import check_gradients
from blitz.autograd.examples import load_example
from blitz.autograd.graph import AutogradGraph
from blitz.autograd.operations.local import local_jacobians
from blitz.autograd.operations.saved import saved_tensors
from blitz.autograd.program import read_program, run_program
from blitz.turns import one_at_a_time


def another_thread_could_enter(seconds: float = 0.2) -> bool:
    """Whether a thread that asks now is let in, rather than made to wait."""
    entered = threading.Event()

    def enter() -> None:
        with one_at_a_time():
            entered.set()

    threading.Thread(target=enter).start()
    return entered.wait(seconds)


def checkpointed(notice: Callable[[], None]) -> AutogradGraph:
    """A graph with a part that notices when it is computed again."""

    def part(x: Tensor) -> Tensor:
        notice()
        return torch.dropout(x, 0.5, train=True).sin()

    return trace(checkpoint(part, torch.ones(3, requires_grad=True), use_reentrant=False))


def replayed(graph: AutogradGraph) -> Any:
    return replay(graph)


def read(graph: AutogradGraph) -> Any:
    return saved_tensors(graph, graph.roots[0][0])


def differentiated(graph: AutogradGraph) -> Any:
    return local_jacobians(graph, graph.roots[0][0])


@pytest.mark.parametrize("work", [replayed, read, differentiated])
def test_nobody_else_runs_while_a_part_is_computed_again(work: Callable[[Any], Any]) -> None:
    seen: list[bool] = []
    is_watched = False

    def notice() -> None:
        if is_watched:
            seen.append(another_thread_could_enter())

    graph = checkpointed(notice)
    is_watched = True
    work(graph)
    assert seen
    assert not any(seen)


def test_nobody_else_runs_while_gradients_are_checked() -> None:
    seen: list[bool] = []
    x = torch.ones(2, requires_grad=True)

    def program() -> Tensor:
        seen.append(another_thread_could_enter())
        return (x * x).sum()

    assert check_gradients(program).passed
    assert seen == [False]


def test_nobody_else_runs_while_a_program_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "asked", another_thread_could_enter, raising=False)
    text = '"""Title.\n\nText.\n\nGraph: y\n"""\nimport torch\ny = torch.asked()\n'
    assert run_program(read_program(text, "test")).variables["y"] is False


def test_a_thread_may_run_a_program_within_its_turn() -> None:
    with one_at_a_time(), one_at_a_time():
        assert run_program(load_example("polynomial")).error is None
    assert another_thread_could_enter(240)
