"""Runs a model apart from whoever else uses it, and tells how long its steps take."""

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from blitz.network.watching import Clock, watched
from blitz.turns import one_at_a_time

TIMED_PASSES = 5
LEAST_PASSES = 3
ENOUGH_SECONDS = 0.05
TOO_MANY_SECONDS = 0.25
"""After this much time a pass is timed no more, however few there were."""
USUAL_THREADS = torch.get_num_threads()
"""Not asked for again: a thread that begins within another's `threads_for` is told one."""
SHORT_SECONDS = 0.01
"""A pass that takes one core no longer gains next to nothing from more of them, and waits for them
where they are busy with other people's pages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowTimes:
    """How long a pass takes, whatever the numbers in it."""

    steps: tuple[float, ...]
    """Seconds of each step by itself: the fastest of a few."""
    whole: float
    """Seconds of a pass without any recording: the fastest of a few, too."""


def flow_times(model: nn.Module, inputs: Tensor) -> FlowTimes:
    """Run the model a few times with a clock at each step, and as often without any.

    Raises ValueError where `running` does.
    """
    with running(model, inputs) as twin:
        with threads_for(0.0):
            first = _seconds(lambda: twin(inputs))
        with threads_for(first):
            clocks, passes = _timed(twin, inputs)
    steps = [min(times) for times in zip(*(clock.times for clock in clocks), strict=True)]
    return FlowTimes(steps=tuple(steps), whole=min(passes))


@contextmanager
def running(model: nn.Module, inputs: Tensor) -> Iterator[nn.Module]:
    """A twin of the model to run these inputs through, without gradients; it shares the tensors.

    In training mode statistics of batches would move, so it is refused. Raises ValueError in one
    line where the model refuses the inputs, with PyTorch's reason.
    """
    if model.training:
        raise ValueError("model: it is in training mode; expected evaluation mode, model.eval()")
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    twin = copy.deepcopy(model, shared)
    with one_at_a_time(), torch.no_grad():
        try:
            yield twin
        except (RuntimeError, ValueError, TypeError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"input: {list(inputs.shape)} was refused: {reason}") from error


@contextmanager
def threads_for(seconds: float) -> Iterator[None]:
    """Within it PyTorch has as many threads as a pass of so many seconds is worth: one or all."""
    try:
        torch.set_num_threads(1 if seconds < SHORT_SECONDS else USUAL_THREADS)
        yield
    finally:
        torch.set_num_threads(USUAL_THREADS)


def _timed(model: nn.Module, inputs: Tensor) -> tuple[list[Clock], list[float]]:
    """Passes with a clock at each step, and the seconds of as many passes without any.

    The fastest of them is what a step takes; the others were held up by something else.
    """
    clocks: list[Clock] = []
    passes: list[float] = []
    start = time.perf_counter()

    def is_enough() -> bool:
        elapsed = time.perf_counter() - start
        if len(passes) < LEAST_PASSES:
            return bool(passes) and elapsed > TOO_MANY_SECONDS
        return elapsed > ENOUGH_SECONDS or len(passes) == TIMED_PASSES

    while not is_enough():
        clock = Clock(model)
        with watched(model, clock):
            model(inputs)
        clocks.append(clock)
        passes.append(_seconds(lambda: model(inputs)))
    return clocks, passes


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
