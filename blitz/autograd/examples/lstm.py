"""An LSTM cell, unrolled

One cell is applied again and again, and every application adds its own boxes to the graph, while
the four parameters stay the same four leaves. Fold the steps away by module to see the chain. With
1,000 steps the graph has some 15,000 nodes and is still walked at once. Follow the cell state: it
goes through only a product and a sum at each step, the short way that lets gradients live long.

Graph: loss of cell
"""

import torch
from torch import nn

steps = 20  # 1 to 1,000: how often the cell is applied
hidden_size = 16  # 1 to 128: numbers in the cell's memory

torch.manual_seed(0)
cell = nn.LSTMCell(8, hidden_size)
inputs = torch.randn(steps, 1, 8)

hidden = torch.zeros(1, hidden_size)
state = torch.zeros(1, hidden_size)
for step in range(steps):
    hidden, state = cell(inputs[step], (hidden, state))
loss = hidden.sum()

print("loss", loss.item())
