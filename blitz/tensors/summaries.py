"""What there is to say of a program's values: records that travel from a worker to a page.

`describe` makes them of live tensors; figures and components draw them. They hold no tensors.
"""

from dataclasses import dataclass

import numpy as np

from blitz.tensors.faults import Span


@dataclass(frozen=True, kw_only=True, slots=True)
class Values:
    """Elements of a tensor: all, or its first and last along axes that are too long."""

    shape: tuple[int, ...]
    """Of the whole tensor."""
    kept: tuple[tuple[int, ...], ...]
    """For each axis the indices that are kept, in order."""
    elements: np.ndarray
    """The kept elements, in a shape of len(kept[0]) × len(kept[1]) × …; of more than four axes the
    leading ones keep index 0 alone. bool, int64, uint64, float32, float64 or complex128."""

    @property
    def is_whole(self) -> bool:
        """Whether every element is kept."""
        return self.elements.shape == self.shape


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistics:
    """Of the finite elements; of complex ones their magnitudes."""

    minimum: float | int
    maximum: float | int
    mean: float
    std: float
    """Population standard deviation: divided by the number of elements."""
    num_sampled: int
    """Elements that std and histogram were computed of; fewer than all for large tensors."""
    counts: tuple[int, ...]
    """Histogram: elements in equal steps from minimum to maximum, of those sampled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TensorSummary:
    """One tensor or NumPy array."""

    kind: str
    """"tensor" or "array"."""
    shape: tuple[int, ...]
    dtype: str
    """torch.float32; of an array float64."""
    device: str
    stride: tuple[int, ...]
    """In elements."""
    offset: int
    """Of the first element from the start of the storage, in elements."""
    itemsize: int
    """Bytes of an element."""
    storage: int
    """Index of its storage in the evaluation's `storages`."""
    is_contiguous: bool
    requires_grad: bool
    is_leaf: bool
    grad_fn: str
    """AddBackward0; empty where there is none."""
    version: int
    """How often it was changed in-place, as autograd counts."""
    values: Values
    statistics: Statistics | None
    """None where no element is finite, or there is none."""
    num_nan: int
    num_positive_infinite: int
    num_negative_infinite: int

    @property
    def numel(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=object))

    @property
    def num_bytes(self) -> int:
        """Bytes that its elements would take on their own."""
        return self.numel * self.itemsize


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """A name of a program and what it stands for at the end."""

    name: str
    """x; also x.grad; empty for the value of the last expression."""
    summary: TensorSummary | None
    """None for anything but tensors and arrays."""
    text: str
    """As Python prints it, shortened."""
    type_name: str
    """Tensor, ndarray, int, tuple, …"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Storage:
    """Memory that one or more variables look at."""

    index: int
    num_bytes: int
    itemsize: int
    """Bytes of an element of its first variable."""
    variables: tuple[str, ...]
    """Names of all that share it."""
    elements: Values
    """Its elements in the order they lie in memory, as the first variable's type reads them;
    one axis."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """An operation as it was carried out."""

    span: Span
    text: str
    """The expression in the source, shortened."""
    operation: str
    """How the table or Python calls it: torch.cat, Tensor.sum, +, x[...], x[...] = v."""
    picture: "OperationPicture | None"


@dataclass(frozen=True, kw_only=True, slots=True)
class Operand:
    """A tensor that an operation took, or made, as it was at that moment."""

    text: str
    """Its expression in the source; empty for the result."""
    shape: tuple[int, ...]
    dtype: str
    values: Values


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """The elements of the operands that each element of a result was made of."""

    starts: np.ndarray
    """int32 [elements + 1]: those of element i are at starts[i] to starts[i + 1], in order."""
    operands: np.ndarray
    """int16: of which operand each is."""
    positions: np.ndarray
    """int32: its row-major position there."""

    def of(self, element: int) -> tuple[tuple[int, int], ...]:
        """(operand, row-major position) of all that an element of the result was made of."""
        here = slice(self.starts[element], self.starts[element + 1])
        return tuple(zip(self.operands[here].tolist(), self.positions[here].tolist(), strict=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationPicture:
    """How an operation got from its operands to its result."""

    kind: str
    """elementwise, matmul, reduction, movement, index or assignment."""
    operands: tuple[Operand, ...]
    result: Operand
    """Of an assignment the tensor after it."""
    sources: Sources | None
    """For the elements of the result in row-major order; an element without any was made by the
    operation itself. None where there are too many to follow one by one."""
    stretched: tuple[tuple[int, ...], ...]
    """For each operand the axes of the result along which it is repeated (broadcasting)."""
    axes: tuple[int, ...]
    """The operand's axes that a reduction folds."""
    formula: str
    """How an element is computed of its sources: "{0} + 10" takes that of the first operand,
    "({ + }) / 4" all others joined by " + ", of a matmul their products. Empty where elements
    only move."""
    caption: str
    """The same in words: [3, 1] and [4] broadcast to [3, 4]; …"""
