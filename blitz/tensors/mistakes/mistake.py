"""A mistake as the table has it, and a call in which it happened."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

from blitz.tensors.mistakes.operands import Array, describe, dtype_name, shape_of

MATRIX_PRODUCT = r"@=?|.*\.(matmul|mm|bmm|mv|dot|addmm|addmv|baddbmm|inner)_?"
IN_PLACE = r".*[a-z0-9]_|[^=<>!]+="


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A failed call."""

    found: re.Match[str]
    operation: str
    args: tuple[object, ...]
    kwargs: Mapping[str, object]

    @property
    def tensors(self) -> tuple[Array, ...]:
        """All tensors and arrays that were given, also in lists."""
        found: list[Array] = []
        for value in (*self.args, *self.kwargs.values()):
            inner = value if isinstance(value, list | tuple) else [value]
            found += [item for item in inner if isinstance(item, Array)]
        return tuple(found)

    @property
    def shapes(self) -> list[list[int]]:
        return [shape_of(tensor) for tensor in self.tensors]

    @property
    def method(self) -> str:
        """The operation without what it belongs to: Tensor.add_ is add_."""
        return self.operation.rpartition(".")[2]

    def fill(self, text: "Text") -> str:
        """The text with this call's facts: groups of the pattern, x and y, their shapes."""
        return text.format_map(self._facts()) if isinstance(text, str) else text(self)

    def _facts(self) -> dict[str, str]:
        facts = {"operation": self.operation, "method": self.method}
        for letter, index in (("x", 0), ("y", 1)):
            known = index < len(self.tensors)
            tensor = self.tensors[index] if known else None
            facts[letter] = describe(tensor) if known else f"tensor {letter}"
            facts[f"{letter}_shape"] = str(self.shapes[index]) if known else f"{letter}.shape"
            facts[f"{letter}_numel"] = str(prod(self.shapes[index])) if known else "more or none"
            facts[f"{letter}_dtype"] = dtype_name(tensor.dtype) if tensor is not None else "dtype"
        for name, value in self.found.groupdict(default="").items():
            facts[name] = dtype_name(value) if name.startswith("dtype") else value
        return facts


Text = str | Callable[[Case], str]
"""A text with {facts}, or a function that makes one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """A mistake, by what it makes PyTorch, NumPy or Python say."""

    pattern: str
    """Regular expression, found in "RuntimeError: its message". Groups named dtype… become
    Python's names of dtypes."""
    why: Text
    mend: Text
    operation: str = r".*"
    """Regular expression that the whole name of the operation fits."""

    def find(self, raised: str, operation: str) -> re.Match[str] | None:
        """Where what was raised says it; None if it is not this mistake."""
        if not re.fullmatch(self.operation, operation):
            return None
        return re.search(self.pattern, raised)
