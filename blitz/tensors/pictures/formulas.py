"""How one element is computed, as text with places for the elements that it is made of.

"{0} + 10" has a place for the element of the first operand; "({ + }) / 4" one for all the others,
joined by what stands between the braces.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from torch import Tensor

from blitz.tensors.pictures.operands import Step

SIGNS = {
    "add": "+", "sub": "−", "subtract": "−", "mul": "·", "multiply": "·", "truediv": "/",
    "div": "/", "divide": "/", "true_divide": "/", "floordiv": "//", "floor_divide": "//",
    "mod": "%", "remainder": "%", "pow": "**", "power": "**", "eq": "==", "equal": "==",
    "ne": "!=", "not_equal": "!=", "lt": "<", "less": "<", "le": "<=", "less_equal": "<=",
    "gt": ">", "greater": ">", "ge": ">=", "greater_equal": ">=", "and": "&", "bitwise_and": "&",
    "or": "|", "bitwise_or": "|", "xor": "^", "bitwise_xor": "^",
}  # fmt: skip
JOINED = {"sum": " + ", "nansum": " + ", "prod": " · ", "trace": " + "}
LONGEST = 24
NOT_SAID = frozenset(["dim", "axis", "keepdim", "keepdims", "dtype", "out"])
"""Arguments that say where a reduction goes, not what it computes."""


def of_elements(step: Step) -> str:
    """Of an operation element by element."""
    numbers = iter(range(len(step.parts)))
    written = [_written(value, numbers) for value in step.args]
    named = [
        f"{name}={_written(value, numbers)}"
        for name, value in step.kwargs.items()
        if name not in ("out", "dtype")
    ]
    sign = _sign(step.name)
    if sign and len(written) == 2 and not named:
        return f"{written[0]} {sign} {written[1]}"
    if step.name == "neg":
        return f"−{written[0]}"
    return f"{step.name}({', '.join(written + named)})"


def of_products(step: Step, num_factors: int) -> str:
    """Of a sum of products, and what is added to it."""
    total = _times(step.kwargs.get("alpha"), "{ + }")
    added = [
        _times(step.kwargs.get("beta"), f"{{{index}}}")
        for index in range(num_factors, len(step.parts))
    ]
    return " + ".join([total, *added])


def of_reduction(step: Step, num_terms: int) -> str:
    """Of all elements along the folded axes."""
    if step.name in JOINED:
        return f"{{{JOINED[step.name]}}}"
    if step.name == "mean":
        return f"({{ + }}) / {num_terms}"
    others = [
        f", {name}={value!r}"
        for name, value in step.kwargs.items()
        if name not in NOT_SAID and isinstance(value, bool | int | float | str)
    ]
    return f"{step.name}({{, }}{''.join(others)})"


def _sign(name: str) -> str | None:
    """An operator's sign, also of its augmented form."""
    return SIGNS.get(name) or SIGNS.get(name[1:] if name.startswith("i") else "")


def _times(factor: object, term: str) -> str:
    if factor is None or factor == 1:
        return term
    return f"{factor} · ({term})" if " + " in term else f"{factor} · {term}"


def _written(value: object, numbers: Iterator[int]) -> str:
    if isinstance(value, Tensor | np.ndarray):
        return f"{{{next(numbers)}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(_written(item, numbers) for item in value)}]"
    text = repr(value)
    return text if len(text) <= LONGEST else "…"
