"""Which axes a product of matrices pairs and sums, written as the letters of `einsum`."""

from dataclasses import replace

from blitz.tensors.pictures.operands import Step

BATCH = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MATMULS = frozenset(["matmul", "imatmul", "mm", "bmm", "mv", "dot"])
ADDED_FIRST = frozenset(["addmm", "addmv", "baddbmm"])
"""Their first operand is added to the product of the other two."""

Letters = tuple[list[str], str]
"""Of each operand that is multiplied, and of the result."""


def letters_of(step: Step) -> Letters | None:
    """The letters of a call; None where it pairs its operands in another way.

    Operands that are added to the product come last, and have none.
    """
    shapes = [part.shape for part in step.parts]
    if step.name == "einsum":
        return _einsum(step.args[0] if step.args else None, len(shapes))
    if len(shapes) < 2:
        return None
    first, second = (len(shape) for shape in shapes[:2])
    if step.name in MATMULS | ADDED_FIRST and first and second:
        return _matmul(first, second)
    if step.name in ("outer", "ger"):
        return ["i", "j"], "ij"
    if step.name == "linear":
        leading = "abcdefgh"[: first - 1]
        return [leading + "k", "jk"[-second:]], leading + "j"[: second - 1]
    if step.name == "tensordot":
        return _tensordot(step, first, second)
    return None


def products_first(step: Step) -> Step:
    """The call with the operand that is added after those that are multiplied."""
    if step.name not in ADDED_FIRST:
        return step
    return replace(step, parts=(*step.parts[1:], *step.parts[:1]))


def _matmul(first: int, second: int) -> Letters:
    batch = BATCH[: max(first - 2, second - 2, 0)]
    left = batch[len(batch) - max(first - 2, 0) :]
    right = batch[len(batch) - max(second - 2, 0) :]
    rows, columns = "i"[: first - 1], "j"[: second - 1]
    return [f"{left}{rows}k", f"{right}k{columns}"], f"{batch}{rows}{columns}"


def _einsum(equation: object, num_operands: int) -> Letters | None:
    """An equation without dots; a repeated letter in an operand is left to others."""
    if not isinstance(equation, str) or "." in equation:
        return None
    # Lower-case letters throughout: einsum has no batch axes of its own.
    before, arrow, after = equation.replace(" ", "").partition("->")
    labels = before.split(",")
    used = "".join(labels)
    if len(labels) != num_operands or used != used.lower():
        return None
    return labels, after if arrow else "".join(sorted(c for c in used if used.count(c) == 1))


def _tensordot(step: Step, first: int, second: int) -> Letters | None:
    """The last axes of the first operand with the first ones of the second."""
    dims = step.kwargs.get("dims", step.args[2] if len(step.args) > 2 else 2)
    if not isinstance(dims, int):
        return None
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    left = alphabet[:first]
    right = left[first - dims :] + alphabet[first : first + second - dims]
    return [left, right], left[: first - dims] + right[dims:]
