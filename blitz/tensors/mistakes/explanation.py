"""Explains what an operation raised, by the first mistake of the table that fits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from blitz.tensors.mistakes import (
    calls,
    devices,
    dtypes,
    gradients,
    indexing,
    joining,
    products,
    scalars,
    shapes,
    values,
)
from blitz.tensors.mistakes.messages import one_line
from blitz.tensors.mistakes.mistake import Case, Mistake
from blitz.tensors.mistakes.operands import describe

# The first that fits counts: the families of few operations come before those of all.
MISTAKES: tuple[Mistake, ...] = (
    *products.MISTAKES,
    *joining.MISTAKES,
    *gradients.MISTAKES,
    *devices.MISTAKES,
    *indexing.MISTAKES,
    *dtypes.MISTAKES,
    *shapes.MISTAKES,
    *values.MISTAKES,
    *scalars.MISTAKES,
    *calls.MISTAKES,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """What there is to say of a failed operation."""

    message: str
    """What was raised, in one line of at most 300 characters."""
    operands: tuple[str, ...]
    """One for each argument, positional ones first: [3, 4] float32."""
    why: str
    """One line; empty where the mistake is not known."""
    mend: str
    """One line; x, y, z are the tensors of the call in their order."""


def explain(
    error: Exception, *, operation: str, args: Sequence[object], kwargs: Mapping[str, object]
) -> Explanation:
    """What to say of an error that an operation raised, such as torch.cat, +, x[...] or len."""
    raised = f"{type(error).__name__}: {error}"
    why, mend = "", ""
    for mistake in MISTAKES:
        found = mistake.find(raised, operation)
        if found:
            case = Case(found=found, operation=operation, args=tuple(args), kwargs=kwargs)
            why, mend = case.fill(mistake.why), case.fill(mistake.mend)
            break
    return Explanation(
        message=one_line(error),
        operands=tuple(describe(value) for value in (*args, *kwargs.values())),
        why=why,
        mend=mend,
    )
