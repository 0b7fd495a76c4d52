"""The functions of Python itself that programs may call."""

import math
from collections.abc import Callable, Iterable
from functools import partial, wraps

import numpy as np
from torch import Tensor

from blitz.tensors.operations import bounds
from blitz.tensors.operations.examples import GRID, SIGNED, VECTOR
from blitz.tensors.operations.operation import Family, operation


def whole_numbers(*ends: int) -> list[int]:
    """What range counts, in a list: no program has a loop that could take them one by one."""
    return list(range(*ends))


def of_numbers(function: Callable[..., object]) -> Callable[..., object]:
    """Of numbers alone: Python would compare whole tensors, of whatever size they broadcast to.

    Raises TypeError where a tensor of several elements is compared.
    """

    @wraps(function)
    def checked(*values: object) -> object:
        compared: Iterable[object] = values
        if len(values) == 1 and isinstance(values[0], list | tuple | Tensor | np.ndarray):
            compared = list(values[0])
        for value in compared:
            if isinstance(value, list | tuple) or (
                isinstance(value, Tensor | np.ndarray) and math.prod(value.shape) != 1
            ):
                raise TypeError(
                    f"{function.__name__} of Python compares numbers; "
                    f"torch.{function.__name__}imum compares two tensors element by element"
                )
        return function(*values)

    return checked


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
            "min(*values)",
            "The smallest.",
            VECTOR + "min(x.tolist())",
            call=of_numbers(min),
            bound=bounds.rows,
        ),
        builtin(
            "max(*values)",
            "The largest.",
            VECTOR + "max(x.tolist())",
            call=of_numbers(max),
            bound=bounds.rows,
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
