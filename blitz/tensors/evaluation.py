"""A program's outcome: its values, descriptions of them, and what went wrong."""

from collections.abc import Mapping
from dataclasses import dataclass

from blitz.tensors.faults import Fault
from blitz.tensors.summaries import Call, Storage, Variable


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """What came of a program. After a fault: of the statements before it."""

    source: str
    device: str
    seed: int
    value: object
    """The last statement's, if that is an expression. A tensor of many elements stays where it
    was made: its TensorSummary stands for it."""
    variables: Mapping[str, object]
    """As `value`, by name, in the order of their first assignment."""
    fault: Fault | None
    shown: tuple[Variable, ...]
    """Every variable, and the value of the last expression under the name ""."""
    storages: tuple[Storage, ...]
    calls: tuple[Call, ...]
    """The operations in the order they were carried out."""
    printed: str
    seconds: float
    """What the program itself took, without what was done to describe it."""

    @property
    def error(self) -> str | None:
        """What went wrong, and where, in one line."""
        return self.fault.line if self.fault else None
