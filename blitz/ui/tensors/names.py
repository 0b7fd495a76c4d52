"""The names that an editor suggests."""

from functools import cache

from blitz.tensors.operations.table import OPERATIONS


@cache
def operation_names() -> list[tuple[str, str]]:
    """Every way to write an operation, with its signature."""
    return [(path, each.signature) for each in OPERATIONS for path in each.paths]
