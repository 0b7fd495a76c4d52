"""A program's gradients, checked against finite differences.

The analytic side is the program's own backward, in its own precision, so that what its custom
Functions return is checked too. The numerical side runs the same operations again in double
precision, each value of each leaf moved a little up and down: see `tape`.
"""

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from blitz.autograd.backward.backward_errors import plain_line
from blitz.autograd.backward.measures import Values, to_array
from blitz.autograd.backward.tape import RefusedError, Tape, record_tape, widen
from blitz.turns import one_at_a_time

Places = npt.NDArray[np.int64]

SECONDS = 4.0
"""How long the runs may take, two for each value; of more values than fit in, some are checked."""
STEP = 1e-6
TOLERANCE = {torch.float16: 5e-2, torch.bfloat16: 5e-2, torch.float32: 1e-3, torch.complex64: 1e-3}
"""Relative to the leaf's greatest derivative, by the program's precision."""
DOUBLE_TOLERANCE = 1e-5
FLOOR = 1e-6
"""Differences up to here are rounding, whatever the size of the gradient."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LeafCheck:
    """One leaf's gradient, as backward and as finite differences give it."""

    index: int
    """In the order in which the program uses its leaves."""
    name: str
    """The variable or parameter that the program knows it by; leaf 0 where it is not known."""
    analytic: Values
    """Backward's gradient, in the leaf's shape or [number checked]; zeros where there is none."""
    numerical: Values
    """Central differences of the sum of all results, in the same shape."""
    places: npt.NDArray[np.int64] | None
    """Which values were checked, in reading order; None for all. Of complex leaves these are real
    and imaginary parts, as if they were values of their own."""
    largest_difference: float
    passed: bool


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GradientCheck:
    """The check of a whole program."""

    leaves: tuple[LeafCheck, ...]
    """Those that were checked: all, or as many as fit into the time."""
    num_leaves: int
    passed: bool
    num_operations: int
    problem: str
    """Why nothing was checked, in one line; empty where it was."""


@one_at_a_time()
def check_gradients(
    program: Callable[[], Any], names: Callable[[], Mapping[int, str]] | None = None
) -> GradientCheck:
    """Run a program once and compare its gradients with finite differences.

    names: gives leaves' names by the id of their tensor, asked for when the program has run;
    without it, names are those of the variables that the program finds outside of itself.

    Its leaves are the tensors it uses that require grad and that no operation made. Random numbers
    are kept as they were drawn, and values that were detached or made under no_grad as they were,
    since backward takes them for constants. No `.grad` is touched.

    Of many leaves, and of leaves with many values, some are checked, evenly spaced, as many as fit
    into a few seconds.
    A program that runs more than 5,000 operations, has no gradient, or raises, is refused:
    `problem` says why. At a kink, such as ReLU's at 0, the two sides differ by nature.
    """
    try:
        tape, results = record_tape(program)
        analytic = torch.autograd.grad(
            results, tape.leaves, [torch.ones_like(each) for each in results], allow_unused=True
        )
        return _compare(tape, analytic, names() if names else _names(program))
    except RefusedError as refused:
        return _refuse(str(refused))
    except Exception as raised:  # noqa: BLE001 — people's programs raise anything
        return _refuse(plain_line(raised, "the program"))


def _refuse(problem: str) -> GradientCheck:
    return GradientCheck(leaves=(), num_leaves=0, passed=False, num_operations=0, problem=problem)


def _compare(
    tape: Tape, analytic: Sequence[Tensor | None], names: Mapping[int, str]
) -> GradientCheck:
    values = [widen(leaf) for leaf in tape.leaves]
    room = max(1, _values_in_time(tape, values))
    chosen = np.linspace(0, len(values) - 1, min(room, len(values))).astype(np.int64).tolist()
    checks = []
    for index in chosen:
        leaf, gradient = tape.leaves[index], analytic[index]
        places = _places(values[index], room // len(chosen))
        numerical = _differences(tape, values, index, places)
        name = names.get(id(leaf), f"leaf {index}")
        checks.append(_check(index, name, leaf, gradient, numerical, places))
    return GradientCheck(
        leaves=tuple(checks),
        num_leaves=len(tape.leaves),
        passed=all(check.passed for check in checks),
        num_operations=len(tape),
        problem="",
    )


def _values_in_time(tape: Tape, values: Sequence[Tensor]) -> int:
    """How many values can be moved up and down in the time there is."""
    tape.run(values)  # the first run warms up
    started = time.perf_counter()
    tape.run(values)
    return int(SECONDS / 2 / max(time.perf_counter() - started, 1e-6))


def _places(leaf: Tensor, room: int) -> Places | None:
    """Evenly spaced values of a leaf, the first and the last among them; None for all."""
    size = leaf.numel() * (2 if leaf.is_complex() else 1)
    return None if size <= room else np.linspace(0, size - 1, room).astype(np.int64)


def _check(
    index: int,
    name: str,
    leaf: Tensor,
    gradient: Tensor | None,
    numerical: Values,
    places: Places | None,
) -> LeafCheck:
    dense = torch.zeros_like(leaf) if gradient is None else gradient.to_dense()
    analytic = to_array(dense if places is None else _parts(dense).reshape(-1)[places])
    with np.errstate(invalid="ignore"):
        difference = np.abs(analytic - numerical)
    tolerance = TOLERANCE.get(leaf.dtype, DOUBLE_TOLERANCE)
    scale = float(np.abs(numerical).max(initial=0.0))
    # Not-a-number compares as false, and so fails.
    passed = bool((difference <= tolerance * scale + FLOOR).all())
    return LeafCheck(
        index=index,
        name=name,
        analytic=analytic,
        numerical=numerical,
        places=places,
        largest_difference=float(difference.max(initial=0.0)),
        passed=passed,
    )


def _differences(tape: Tape, values: Sequence[Tensor], index: int, places: Places | None) -> Values:
    """Central differences for one leaf, in its shape, or at some places alone.

    For complex leaves by the real and the imaginary part, which is how PyTorch arranges the
    gradient of a real number.
    """
    leaf = values[index]
    parts = _parts(leaf)
    flat = parts.reshape(-1)
    chosen = range(flat.numel()) if places is None else places.tolist()
    slopes = torch.zeros(len(chosen), dtype=flat.dtype)
    for number, place in enumerate(chosen):
        step = STEP * max(1.0, abs(float(flat[place])))
        ends = []
        for sign in (1, -1):
            moved = flat.clone()
            moved[place] += sign * step
            around = moved.reshape(parts.shape)
            around = torch.view_as_complex(around) if leaf.is_complex() else around
            ends.append(tape.run([*values[:index], around, *values[index + 1 :]]))
        # Differences first, then their sum: a large sum would swallow a small difference.
        slopes[number] = sum(
            float(_parts(up - down)[..., 0].sum() if up.is_complex() else (up - down).sum())
            for up, down in zip(*ends, strict=True)
        ) / (2 * step)
    if places is not None:
        return to_array(slopes)
    shaped = slopes.reshape(parts.shape)
    return to_array(torch.view_as_complex(shaped) if leaf.is_complex() else shaped)


def _parts(tensor: Tensor) -> Tensor:
    """Real and imaginary parts of complex values, in a dimension of their own; others as is."""
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def _names(program: Callable[[], Any]) -> dict[int, str]:
    """Names of tensors, by id, that the program finds outside of itself."""
    try:
        found = inspect.getclosurevars(program)
        variables = {**found.globals, **found.nonlocals}
    except TypeError:  # a module or a partial, not a plain function
        variables = {"": program}
    names: dict[int, str] = {}
    for name, value in variables.items():
        if isinstance(value, Tensor):
            names[id(value)] = name
        elif isinstance(value, nn.Module):
            prefix = f"{name}." if name else ""
            names |= {id(tensor): prefix + path for path, tensor in value.named_parameters()}
    return names
