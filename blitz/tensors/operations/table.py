"""The table of everything that programs may call, and finding an operation in it.

What is not here does not exist for a program.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from torch import Tensor

from blitz.tensors.operations.arithmetic import ARITHMETIC
from blitz.tensors.operations.autograd import AUTOGRAD
from blitz.tensors.operations.comparison import COMPARISON
from blitz.tensors.operations.creation import CREATION
from blitz.tensors.operations.indexing import INDEXING
from blitz.tensors.operations.joining import JOINING
from blitz.tensors.operations.linear_algebra import LINEAR_ALGEBRA
from blitz.tensors.operations.mathematics import MATHEMATICS
from blitz.tensors.operations.matrix_products import MATRIX_PRODUCTS
from blitz.tensors.operations.moves import MOVES
from blitz.tensors.operations.networks import NETWORKS
from blitz.tensors.operations.numpy_bridge import NUMPY_BRIDGE
from blitz.tensors.operations.operation import Family, Operation, callable_at
from blitz.tensors.operations.python import PYTHON
from blitz.tensors.operations.random_numbers import RANDOM_NUMBERS
from blitz.tensors.operations.reductions import REDUCTIONS
from blitz.tensors.operations.trigonometry import TRIGONOMETRY
from blitz.tensors.operations.views import VIEWS

FAMILIES: tuple[Family, ...] = (
    CREATION,
    RANDOM_NUMBERS,
    INDEXING,
    JOINING,
    VIEWS,
    ARITHMETIC,
    MATHEMATICS,
    TRIGONOMETRY,
    COMPARISON,
    REDUCTIONS,
    MATRIX_PRODUCTS,
    LINEAR_ALGEBRA,
    MOVES,
    NUMPY_BRIDGE,
    AUTOGRAD,
    NETWORKS,
    PYTHON,
)

OPERATIONS: tuple[Operation, ...] = tuple(
    operation for family in FAMILIES for operation in family.operations
)

RECEIVERS: Mapping[str, type] = MappingProxyType({"Tensor": Tensor, "ndarray": np.ndarray})
"""How the paths of methods begin."""


def search(text: str) -> list[Operation]:
    """Operations with the text in their name, those that begin with it first; then in a summary."""
    wanted = text.strip().casefold()
    ranks = [(_rank(operation, wanted), operation) for operation in OPERATIONS]
    found = [(rank, operation) for rank, operation in ranks if rank is not None]
    return [operation for _, operation in sorted(found, key=lambda each: each[0])]


def _rank(operation: Operation, wanted: str) -> int | None:
    names = [operation.name, *operation.paths]
    if wanted in names:
        return 0
    if any(name.casefold().startswith(wanted) for name in names):
        return 1
    if any(wanted in name.casefold() for name in names):
        return 2
    return 3 if wanted in operation.summary.casefold() else None


def _functions() -> Mapping[str, Operation]:
    return MappingProxyType(
        {
            path: operation
            for operation in OPERATIONS
            for path in operation.paths
            if path.partition(".")[0] not in RECEIVERS
        }
    )


def _methods() -> Mapping[str, Mapping[type, Operation]]:
    found: dict[str, dict[type, Operation]] = {}
    for operation in OPERATIONS:
        for path in operation.paths:
            owner, _, name = path.partition(".")
            if owner in RECEIVERS:
                found.setdefault(name, {})[RECEIVERS[owner]] = operation
    return MappingProxyType(found)


FUNCTIONS: Mapping[str, Operation] = _functions()
"""Path of a function → operation: torch.cat, np.add, F.relu, len."""

METHODS: Mapping[str, Mapping[type, Operation]] = _methods()
"""Name of a method → type of its receiver → operation."""

CALLABLES: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        path: operation.call or callable_at(path)
        for operation in OPERATIONS
        for path in operation.paths
    }
)
"""Any path of the table → what is called; a method takes its receiver first."""
