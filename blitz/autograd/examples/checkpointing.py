"""Checkpointing

A node keeps what its backward will need, and in deep networks that is most of the memory. Within a
checkpoint nothing is kept but the input; when a gradient arrives, the segment is run again. Of the
eight tensors, two for each of four layers, one is left, and the gradients are the same to the last
bit. The other variant, "reentrant", goes further: the segment is a single box, and what is within
it is built only during backward.

Graph: loss of model
"""

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

how = "checkpoint"  # one of "nothing", "checkpoint", "reentrant": how the layers are run

torch.manual_seed(0)
layers = [part for _ in range(4) for part in (nn.Linear(32, 32), nn.Tanh())]
model = nn.Sequential(*layers)
x = torch.randn(8, 32, requires_grad=True)
kept: list[int] = []


def keep(tensor: Tensor) -> Tensor:
    if not isinstance(tensor, nn.Parameter) and tensor.shape == x.shape:
        kept.append(tensor.numel())
    return tensor


with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
    y = model(x) if how == "nothing" else checkpoint(model, x, use_reentrant=how == "reentrant")
loss = y.sum()
print("intermediate results kept:", len(kept), "with", sum(kept), "numbers")
