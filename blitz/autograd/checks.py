"""A program's gradients, checked against finite differences.

The analytic side is the program's own backward, in its own precision, so that what its custom
Functions return is checked too. The numerical side runs the same operations again in double
precision, each value of each leaf moved a little up and down: see `tape`.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from blitz.autograd.backward_errors import plain_line
from blitz.autograd.measures import Values, to_array
from blitz.autograd.tape import RefusedError, Tape, record_tape, widen

MAX_STEPS = 1_000_000
"""Operations run in all: two runs of the tape for each value."""
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
    """Backward's gradient, in the leaf's shape; zeros where backward gives none."""
    numerical: Values
    """Central differences of the sum of all results, in the leaf's shape."""
    largest_difference: float
    largest_relative_difference: float
    """Of two gradients a and b: |a − b| / max(|a|, |b|)."""
    passed: bool


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GradientCheck:
    """The check of a whole program."""

    leaves: tuple[LeafCheck, ...]
    passed: bool
    num_operations: int
    problem: str
    """Why nothing was checked, in one line; empty where it was."""


def check_gradients(
    program: Callable[[], Any], names: Callable[[], Mapping[int, str]] | None = None
) -> GradientCheck:
    """Run a program once and compare its gradients with finite differences.

    names: gives leaves' names by the id of their tensor, asked for when the program has run;
    without it, names are those of the variables that the program finds outside of itself.

    Its leaves are the tensors it uses that require grad and that no operation made. Random numbers
    are kept as they were drawn, and values that were detached or made under no_grad as they were,
    since backward takes them for constants. No `.grad` is touched.

    A program that is too large (2,000 leaf values, 5,000 operations, or 1,000,000 operations to
    run in all), has no gradient, or raises, is refused: `problem` says why. At a kink, such as
    ReLU's at 0, the two sides differ by nature.
    """
    try:
        tape, results = record_tape(program)
        work = 2 * sum(leaf.numel() for leaf in tape.leaves) * len(tape)
        if work > MAX_STEPS:
            raise RefusedError(
                f"{work // 2 // max(len(tape), 1):,} leaf values and {len(tape):,} operations take "
                f"{work:,} steps; up to {MAX_STEPS:,} are run"
            )
        analytic = torch.autograd.grad(
            results, tape.leaves, [torch.ones_like(each) for each in results], allow_unused=True
        )
        return _compare(tape, analytic, names() if names else _names(program))
    except RefusedError as refused:
        return _refuse(str(refused))
    except Exception as raised:  # noqa: BLE001 — people's programs raise anything
        return _refuse(plain_line(raised, "the program"))


def _refuse(problem: str) -> GradientCheck:
    return GradientCheck(leaves=(), passed=False, num_operations=0, problem=problem)


def _compare(
    tape: Tape, analytic: Sequence[Tensor | None], names: Mapping[int, str]
) -> GradientCheck:
    values = [widen(leaf) for leaf in tape.leaves]
    checks = []
    for index, (leaf, gradient) in enumerate(zip(tape.leaves, analytic, strict=True)):
        numerical = _differences(tape, values, index)
        name = names.get(id(leaf), f"leaf {index}")
        checks.append(_check(index, name, leaf, gradient, numerical))
    return GradientCheck(
        leaves=tuple(checks),
        passed=all(check.passed for check in checks),
        num_operations=len(tape),
        problem="",
    )


def _check(
    index: int, name: str, leaf: Tensor, gradient: Tensor | None, numerical: Values
) -> LeafCheck:
    dense = torch.zeros_like(leaf) if gradient is None else gradient.to_dense()
    analytic = to_array(dense)
    with np.errstate(invalid="ignore"):
        difference = np.abs(analytic - numerical)
        greater = np.maximum(np.abs(analytic), np.abs(numerical))
        relative = difference / np.where(greater > 0, greater, 1.0)
    tolerance = TOLERANCE.get(leaf.dtype, DOUBLE_TOLERANCE)
    scale = float(np.abs(numerical).max(initial=0.0))
    # Not-a-number compares as false, and so fails.
    passed = bool((difference <= tolerance * scale + FLOOR).all())
    return LeafCheck(
        index=index,
        name=name,
        analytic=analytic,
        numerical=numerical,
        largest_difference=float(difference.max(initial=0.0)),
        largest_relative_difference=float(relative.max(initial=0.0)),
        passed=passed,
    )


def _differences(tape: Tape, values: Sequence[Tensor], index: int) -> Values:
    """Central differences for one leaf, in its shape.

    For complex leaves by the real and the imaginary part, which is how PyTorch arranges the
    gradient of a real number.
    """
    leaf = values[index]
    parts = torch.view_as_real(leaf) if leaf.is_complex() else leaf
    flat = parts.reshape(-1)
    slopes = torch.zeros_like(flat)
    for place in range(flat.numel()):
        step = STEP * max(1.0, abs(float(flat[place])))
        ends = []
        for sign in (1, -1):
            moved = flat.clone()
            moved[place] += sign * step
            around = moved.reshape(parts.shape)
            around = torch.view_as_complex(around) if leaf.is_complex() else around
            ends.append(tape.run([*values[:index], around, *values[index + 1 :]]))
        # Differences first, then their sum: a large sum would swallow a small difference.
        slopes[place] = sum(
            float(torch.view_as_real(up - down)[..., 0].sum() if up.is_complex()
                  else (up - down).sum())
            for up, down in zip(*ends, strict=True)
        ) / (2 * step)  # fmt: skip
    shaped = slopes.reshape(parts.shape)
    return to_array(torch.view_as_complex(shaped) if leaf.is_complex() else shaped)


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
