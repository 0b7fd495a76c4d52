"""What the table of operations is made of: an operation, its names and what a call of it needs.

Knows nothing about syntax. The families next to this file say which operations there are.
"""

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
import torch
import torch.nn.functional as F

MODULES = {"torch": torch, "np": np, "F": F}


class Picture(Enum):
    """How an operation got from its operands to its result; what can be drawn of it."""

    NONE = "none"
    ELEMENTWISE = "elementwise"
    """Each element of the result from one element of each operand, after broadcasting."""
    MATMUL = "matmul"
    """Rows of the first operand with columns of the second."""
    REDUCTION = "reduction"
    """Each element of the result from all elements along `dim`."""
    MOVEMENT = "movement"
    """Each element of the result is an element of an operand at another place."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What a call needs."""

    num_bytes: float
    """Bytes of all tensors it makes, those in between included."""
    seconds: float
    """About how long it computes."""


Bound = Callable[..., Need]
"""What a call with these arguments needs at most; called with the arguments of the call itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """An operation that programs may call."""

    name: str
    paths: tuple[str, ...]
    """All ways to write it: torch.add, Tensor.add, Tensor.add_ (in-place)."""
    call: Callable[..., object] | None
    """What is called; None: what the path names."""
    signature: str
    """add(input, other, *, alpha=1): what a function takes; a method takes the first as itself."""
    summary: str
    """One sentence."""
    example: str
    """A program whose last expression shows what it does; runs as Python, too."""
    picture: Picture
    bound: Bound | None
    """None: its shapes are found on fake tensors, its time by what these compute."""
    num_positional: int | None
    """The most arguments without a keyword; None: any number."""
    keywords: frozenset[str]
    """Parameters that may be given by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Operations that belong together, as the catalogue shows them."""

    name: str
    title: str
    operations: tuple[Operation, ...]


def operation(
    signature: str,
    summary: str,
    example: str,
    *,
    forms: str = "torch method",
    call: Callable[..., object] | None = None,
    picture: Picture = Picture.NONE,
    bound: Bound | None = None,
) -> Operation:
    """An operation of a signature such as "add(input, other, *, alpha=1)".

    forms: where it is: any of torch, torch.linalg, F, np, builtin (a function), method,
    in-place (the method with an underscore), ndarray (a method of arrays). A method's signature
    begins with the tensor itself.
    """
    name = signature.partition("(")[0]
    arguments = _arguments(signature)
    positional = [argument.arg for argument in arguments.posonlyargs + arguments.args]
    return Operation(
        name=name,
        paths=tuple(_path(form, name) for form in forms.split()),
        call=call,
        signature=signature,
        summary=summary,
        example=example,
        picture=picture,
        bound=bound,
        num_positional=None if arguments.vararg else len(positional),
        keywords=frozenset([argument.arg for argument in arguments.args + arguments.kwonlyargs]),
    )


def callable_at(path: str) -> Callable[..., object]:
    """What one of our own paths names; no path of a person's gets here."""
    root, _, rest = path.partition(".")
    owners = {**MODULES, "Tensor": torch.Tensor, "ndarray": np.ndarray}
    found: Callable[..., object] = operator.attrgetter(rest)(owners[root])
    return found


def _arguments(signature: str) -> ast.arguments:
    definition = ast.parse(f"def {signature}: pass").body[0]
    assert isinstance(definition, ast.FunctionDef)
    return definition.args


def _path(form: str, name: str) -> str:
    if form == "method":
        return f"Tensor.{name}"
    if form == "in-place":
        return f"Tensor.{name}_"
    if form == "builtin":
        return name
    return f"{form}.{name}"
