"""A recurrent cell, unrolled

h = tanh(W·x + U·h + b + c): the same two weights and two biases at every step, so all steps' arrows
end at four leaves. A loss is taken from the last state alone; the way back to the first input leads
through every step. Compare with the LSTM and the GRU, whose gates give the gradient a way past the
tanh.

Graph: loss of cell
"""

import torch
from torch import nn

steps = 20  # 1 to 1,000: how often the cell is applied
hidden_size = 16  # 1 to 128: numbers in the cell's state

torch.manual_seed(0)
cell = nn.RNNCell(8, hidden_size)
inputs = torch.randn(steps, 1, 8, requires_grad=True)

hidden = torch.zeros(1, hidden_size)
for step in range(steps):
    hidden = cell(inputs[step], hidden)
loss = hidden.sum()

(gradient,) = torch.autograd.grad(loss, inputs, retain_graph=True)
print("gradient at the last input", gradient[-1].norm().item())
print("gradient at the first input", gradient[0].norm().item())
