"""What is written down about a forward pass."""

from dataclasses import dataclass

import torch
from torch import Tensor

from blitz.network.layers import Layer

INPUT = -1
"""In a step's sources: the model's own input."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A tensor that a step learns, or would if it were not frozen."""

    name: str
    """As `named_parameters` calls it."""
    shape: tuple[int, ...]
    is_frozen: bool


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LayerStep:
    """One step of a forward pass."""

    index: int
    """Position in the order of execution."""
    operation: str
    """The module's class or the function's name: Conv2d, relu."""
    module: str
    """Dotted name of the module that is the step; empty for a function."""
    within: str
    """Dotted name of the module whose `forward` made the call; empty for the model itself."""
    description: str
    """The module as PyTorch prints it, or the call of a function."""
    use: int
    """1 for the first time that this module is called, 2 for the second, and so on."""
    sources: tuple[int, ...]
    """The steps whose outputs went in, in the order of the arguments; INPUT for the input."""
    layer: Layer
    """What the step computes, with the values that went in and came out."""
    parameters: tuple[Parameter, ...]
    seconds: float
    """Time of the call by itself: the fastest of a few."""

    @property
    def name(self) -> str:
        """What tells the step from others: conv1, layer1.0.relu, relu."""
        return self.module or self.operation

    @property
    def output(self) -> Tensor:
        """What came out, as it was then."""
        return self.layer.output

    @property
    def input_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the tensors that went in, without parameters."""
        return tuple(tuple(each.shape) for each in self.layer.inputs)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of what came out."""
        return tuple(self.output.shape)

    @property
    def num_bytes(self) -> int:
        """Memory of the output."""
        return self.output.numel() * self.output.element_size()

    @property
    def num_parameters(self) -> int:
        """Values that the step learns, or would if they were not frozen."""
        return sum(torch.Size(each.shape).numel() for each in self.parameters)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Flow:
    """A forward pass, step by step."""

    input: Tensor
    steps: tuple[LayerStep, ...]
    seconds: float
    """Time of a whole pass without any recording: the fastest of a few."""

    @property
    def num_bytes(self) -> int:
        """Memory of the input, of all outputs, and of the parameters that are kept with them."""
        own = self.input.numel() * self.input.element_size()
        return own + sum(step.num_bytes + 4 * step.num_parameters for step in self.steps)

    @property
    def output(self) -> Tensor:
        """What the model returned; the input where it did nothing."""
        return self.steps[-1].output if self.steps else self.input
