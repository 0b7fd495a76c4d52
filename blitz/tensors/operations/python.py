"""The functions of Python itself that programs may call."""

from functools import partial

from blitz.tensors.operations import bounds
from blitz.tensors.operations.examples import GRID, SIGNED, VECTOR
from blitz.tensors.operations.operation import Family, operation


def whole_numbers(*ends: int) -> list[int]:
    """What range counts, in a list: no program has a loop that could take them one by one."""
    return list(range(*ends))


builtin = partial(operation, forms="builtin", bound=bounds.free)

PYTHON = Family(
    name="python",
    title="Python",
    operations=(
        builtin("len(obj, /)", "The size of the first dimension.", GRID + "len(x)", call=len),
        builtin("int(x, /)", "A whole number.", VECTOR + "int(x.sum())", call=int),
        builtin("float(x, /)", "A number with a fraction.", VECTOR + "float(x[0])", call=float),
        builtin("bool(x, /)", "True or false.", VECTOR + "bool(x[0] > 0)", call=bool),
        builtin(
            "list(iterable, /)",
            "The members of a sequence, or the rows of a tensor, in a list.",
            "list(range(3))",
            call=list,
            bound=bounds.rows,
        ),
        builtin(
            "tuple(iterable, /)",
            "The members of a sequence, or the rows of a tensor, in a tuple.",
            GRID + "tuple(x.shape)",
            call=tuple,
            bound=bounds.rows,
        ),
        builtin(
            "abs(x, /)",
            "The distance from zero.",
            SIGNED + "abs(x)",
            call=abs,
            bound=bounds.elementwise,
        ),
        builtin(
            "min(*values)", "The smallest.", VECTOR + "min(x.tolist())", call=min, bound=bounds.rows
        ),
        builtin(
            "max(*values)", "The largest.", VECTOR + "max(x.tolist())", call=max, bound=bounds.rows
        ),
        builtin(
            "round(number, ndigits=None)",
            "Rounds to so many digits behind the point.",
            "round(3.14159, 2)",
            call=round,
            bound=bounds.round_number,
        ),
        builtin(
            "range(start, stop, step=1, /)",
            "The whole numbers from start, 0 where it is left out, up to but not including stop.",
            "list(range(0, 10, 2))",
            call=whole_numbers,
            bound=bounds.counted,
        ),
    ),
)
