"""A function whose graph the README's command draws."""

import torch
from torch import Tensor, nn


def loss() -> Tensor:
    """The loss of a small network on random data."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    result: Tensor = nn.functional.cross_entropy(model(torch.randn(3, 4)), torch.tensor([0, 1, 1]))
    return result
