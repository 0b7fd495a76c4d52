"""The table of operations that programs may call, with what each needs and an example."""

from blitz.tensors.operations.attributes import ATTRIBUTES, SETTABLE
from blitz.tensors.operations.constants import CONSTANTS
from blitz.tensors.operations.operation import Bound, Family, Need, Operation, Picture
from blitz.tensors.operations.table import (
    CALLABLES,
    FAMILIES,
    FUNCTIONS,
    METHODS,
    OPERATIONS,
    search,
)

__all__ = [
    "ATTRIBUTES",
    "CALLABLES",
    "CONSTANTS",
    "FAMILIES",
    "FUNCTIONS",
    "METHODS",
    "OPERATIONS",
    "SETTABLE",
    "Bound",
    "Family",
    "Need",
    "Operation",
    "Picture",
    "search",
]
