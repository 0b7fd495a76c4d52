"""What is known about any operation of a network: sizes, cost, and how one output came about.

Each kind of operation has a class of its own beside this one, which says more.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

AXES = {
    4: ("image", "channel", "row", "column"),
    3: ("image", "row", "column"),
    2: ("image", "unit"),
    1: ("element",),
    0: (),
}
"""What the axes of a tensor in a network usually mean, by their number."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Window:
    """A part of the input and what it was multiplied with, element by element."""

    label: str
    inputs: np.ndarray
    """float64 [rows, columns]; NaN never stands for padding, which is 0."""
    weights: np.ndarray | None
    """The same shape; none where the inputs are not weighted."""
    winner: tuple[int, int] | None = None
    """Row and column of the one element that counts, where only one does."""

    @property
    def products(self) -> np.ndarray:
        """Inputs times weights."""
        return self.inputs if self.weights is None else self.inputs * self.weights


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """The part of an input image or vector that an output looked at."""

    operand: int
    """Index into the operation's inputs."""
    channels: tuple[int, int]
    """First channel (of a vector: element) and the one after the last."""
    rows: tuple[int, int] = (0, 1)
    columns: tuple[int, int] = (0, 1)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Arithmetic:
    """How one element of an output was computed, in float64 from the recorded inputs."""

    value: float
    """The element as the network computed it."""
    computed: float
    """The same by the formula."""
    magnitude: float
    """Sum of the magnitudes of all that was added up: what rounding is in proportion to."""
    formula: str
    """LaTeX, in symbols."""
    substituted: str
    """LaTeX, in numbers; of two lines where it is long."""
    windows: tuple[Window, ...] = ()
    regions: tuple[Region, ...] = ()

    @property
    def tolerance(self) -> float:
        """How far the two may lie apart: float32 keeps 24 binary digits of each term of a sum."""
        return 1e-5 * max(abs(self.computed), self.magnitude)

    @property
    def agrees(self) -> bool:
        """Whether formula and network are equal, but for the rounding of float32."""
        if math.isnan(self.value) or math.isnan(self.computed):
            return math.isnan(self.value) and math.isnan(self.computed)
        if math.isinf(self.value) or math.isinf(self.computed):
            return self.value == self.computed
        return abs(self.value - self.computed) <= self.tolerance


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Layer:
    """One operation of a forward pass, with the values that went in and came out.

    What a kind of operation does not know is left empty here.
    """

    title: ClassVar[str] = ""
    """What the operation is called in words; empty for one that is known by its name alone."""

    inputs: tuple[Tensor, ...]
    output: Tensor

    @property
    def axes(self) -> tuple[str, ...]:
        """What each axis of the output means."""
        return AXES.get(self.output.ndim, tuple(f"axis {i}" for i in range(self.output.ndim)))

    @property
    def sizes(self) -> tuple[str, ...]:
        """LaTeX: how the sizes of the output follow from those of the input."""
        return ()

    @property
    def multiply_adds(self) -> int | None:
        """Multiplications that are each followed by an addition; None where nobody counts them."""
        return None

    def explain(self, position: Sequence[int]) -> Arithmetic | None:
        """How the output's element at `position`, an index for each axis, was computed.

        Raises ValueError where there is no such element.
        """
        self.check(position)
        return None

    def check(self, position: Sequence[int]) -> None:
        """Raise ValueError in one line unless the output has an element there."""
        shape = tuple(self.output.shape)
        is_within = len(position) == len(shape) and all(
            0 <= index < size for index, size in zip(position, shape, strict=True)
        )
        if not is_within:
            raise ValueError(f"position: {list(position)} was given; the output is {list(shape)}")


def float64(tensor: Tensor) -> np.ndarray:
    """A tensor's values for arithmetic."""
    values: np.ndarray = tensor.detach().double().cpu().numpy()
    return values
