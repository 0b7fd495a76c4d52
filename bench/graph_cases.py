"""What `graphs` measures on: networks of several shapes, and graphs of plain operations."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models.inception import InceptionA

LAYERS_OF_WIDE, WIDTH_OF_WIDE = 1_000, 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A computation to trace."""

    make: Callable[[], tuple[nn.Module, tuple[Tensor, ...]]]
    """The module and its inputs."""
    for_others: bool = True
    """Whether the other tools are measured on it as well."""


class Chain(nn.Module):
    """One operation after another."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.length = length

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(self.length):
            x = x.sin()
        return x


class Wide(nn.Module):
    """Layers of a hundred operations; each takes its own place's value and its neighbour's."""

    def forward(self, x: Tensor) -> Tensor:
        row = list(x.unbind())
        for _ in range(LAYERS_OF_WIDE):
            row = [a * b for a, b in zip(row, [*row[1:], row[0]], strict=True)]
        return torch.stack(row)


class UnrolledLSTM(nn.Module):
    """An LSTM of which every step's operations are in the graph; oneDNN would make one of them."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(size, size)

    def forward(self, steps: Tensor) -> Tensor:
        with warnings.catch_warnings():
            # Turning oneDNN off and on again makes PyTorch speak of processors without it.
            warnings.filterwarnings("ignore", message="TF32 acceleration", category=UserWarning)
            with torch.backends.mkldnn.flags(enabled=False):
                outputs: Tensor = self.lstm(steps)[0]
        return outputs


def _image(size: int) -> Tensor:
    return torch.zeros(1, 3, size, size)


def _vision(name: str, size: int = 64) -> Case:
    return Case(make=lambda: (models.get_model(name, weights=None), (_image(size),)))


def _chain(length: int, *, for_others: bool = True) -> Case:
    one = torch.ones(1, requires_grad=True)
    return Case(make=lambda: (Chain(length), (one,)), for_others=for_others)


def _lstm(steps: int) -> Case:
    return Case(make=lambda: (UnrolledLSTM(8), (torch.zeros(steps, 1, 8),)))


def _wide() -> tuple[nn.Module, tuple[Tensor, ...]]:
    return Wide(), (torch.ones(WIDTH_OF_WIDE, requires_grad=True),)


CASES: dict[str, Case] = {
    "inception_a": Case(make=lambda: (InceptionA(192, 32), (torch.zeros(2, 192, 16, 16),))),
    "lstm_cell": Case(make=lambda: (nn.LSTMCell(8, 8), (torch.zeros(1, 8),))),
    "resnet18": _vision("resnet18"),
    "resnet152": _vision("resnet152"),
    "densenet201": _vision("densenet201"),
    "vit_b_16": _vision("vit_b_16", 224),
    "lstm200": _lstm(200),
    "lstm1000": _lstm(1_000),
    "chain10k": _chain(10_000),
    "chain100k": _chain(100_000, for_others=False),
    "chain1m": _chain(1_000_000, for_others=False),
    "wide100k": Case(make=_wide, for_others=False),
}
