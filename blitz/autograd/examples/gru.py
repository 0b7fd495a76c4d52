"""A GRU over a sequence

`nn.GRU` runs the steps itself. On a CPU it is taken apart into single operations, the same boxes
again and again; on a GPU it is one operation with one box. A gate decides at each step how much of
the state is kept: h = n + z·(h − n). Where z is near 1, h goes through unchanged, and so does its
gradient.

Graph: loss of gru
"""

import torch
from torch import nn

steps = 10  # 1 to 500: length of the sequence
layers = 1  # 1 to 4: number of GRU layers, one above the other

torch.manual_seed(0)
gru = nn.GRU(8, 16, num_layers=layers)
inputs = torch.randn(steps, 1, 8)
outputs, last = gru(inputs)  # [steps, 1, 16] and [layers, 1, 16]
loss = outputs.square().mean()

print("outputs", list(outputs.shape), "  last states", list(last.shape))
