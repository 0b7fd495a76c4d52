"""cat, stack and split: shapes that do not go together."""

from blitz.tensors.mistakes.fitting import Shape, concatenate
from blitz.tensors.mistakes.mistake import Case, Mistake

_SIZES = (
    r"Sizes of tensors must match except in dimension (?P<dim>\d+)"
    r"|except for the concatenation axis must match"
)
_RANKS = r"must have same number of dimensions|Number of dimensions of tensors must match"


def _shapes(shapes: list[Shape]) -> str:
    return " and ".join(str(shape) for shape in shapes[:2]) if len(shapes) > 1 else "the shapes"


def _why_sizes(case: Case) -> str:
    dim = case.found.groupdict().get("dim") or case.kwargs.get("axis", 0)
    return (
        f"cat puts tensors one after the other along dim {dim}; all other axes must be equal,"
        f" and {_shapes(case.shapes)} differ there"
    )


def _mend_sizes(case: Case) -> str:
    dims = [dim for dim in range(8) if case.shapes and concatenate(case.shapes, dim)]
    if not dims:
        return "cut or reshape them to shapes that differ in one axis at most"
    if case.operation.startswith("np."):
        return f"join them along the axis that differs, np.concatenate([x, y], axis={dims[0]})"
    return f"join them along the axis that differs, torch.cat([x, y], dim={dims[0]})"


def _mend_ranks(case: Case) -> str:
    shapes = case.shapes[:2]
    if len(shapes) < 2 or abs(len(shapes[0]) - len(shapes[1])) != 1:
        return "give all the same number of axes: unsqueeze adds one, reshape any"
    short = min((0, 1), key=lambda index: len(shapes[index]))
    name, shape = "xy"[short], shapes[short]
    joined = "[x, y[None]]" if short else "[x[None], y]"
    function = "np.concatenate" if case.operation.startswith("np.") else "torch.cat"
    return f"give the shorter an axis, {name}[None] has shape {[1, *shape]}: {function}({joined})"


def _mend_stack(case: Case) -> str:
    if any(case.shapes and concatenate(case.shapes, dim) for dim in range(8)):
        return "to put them one after the other, without a new axis: " + _cat(case)
    return "bring them to one shape first: slice, pad or expand"


def _cat(case: Case) -> str:
    dim = next(dim for dim in range(8) if concatenate(case.shapes, dim))
    if case.operation.startswith("np."):
        return f"np.concatenate([x, y], axis={dim})"
    return f"torch.cat([x, y], dim={dim})"


MISTAKES = (
    Mistake(pattern=_SIZES, why=_why_sizes, mend=_mend_sizes),
    Mistake(
        pattern=_RANKS,
        why=lambda case: f"{_shapes(case.shapes)} have different numbers of axes; cat adds none",
        mend=_mend_ranks,
    ),
    Mistake(
        pattern=r"zero-dimensional (tensor|arrays) .*cannot be concatenated",
        why="cat lengthens an axis, and a 0-d tensor has none",
        mend="stack makes a new one: torch.stack([x, y])",
    ),
    Mistake(
        pattern=r"stack expects each tensor to be equal size"
        r"|all input arrays must have the same shape",
        why=lambda case: (
            "stack lays tensors of one shape along a new axis;"
            f" {_shapes(case.shapes)} are not equal"
        ),
        mend=_mend_stack,
    ),
    Mistake(
        pattern=r"\w+\(\): argument 'tensors' \(position 1\) must be tuple of Tensors, not"
        r" (Fake)?Tensor",
        why="{method} takes one list of tensors; separate arguments would be its dim",
        mend="put them in a list: {operation}([x, y])",
    ),
    Mistake(
        pattern=r"expected Tensor as element (?P<place>\d+) in argument \d+, but got (?P<kind>\w+)",
        why="{method} joins tensors; element {place} of the list is of type {kind}",
        mend="make a tensor of it: torch.tensor([value])",
    ),
    Mistake(
        pattern=r"non-empty (list of Tensors|TensorList)|cat expects at least one tensor"
        r"|need at least one array to (concatenate|stack)",
        why="the list is empty: there is no tensor to take dtype and shape from",
        mend="give a list of one tensor or more",
    ),
    Mistake(
        pattern=r"split_with_sizes expects split_sizes to sum exactly to (?P<total>\d+)"
        r" .*dimension (?P<dim>-?\d+)\), but got split_sizes=(?P<given>\[.*?\])",
        why="the pieces {given} must use up all {total} of dim {dim}",
        mend="give sizes that add up to {total}, or one size for all pieces",
    ),
)
