"""Integers have no gradient

`argmax` answers with a position. Positions do not move a little when a score moves a little, so
there is no slope, and PyTorch makes no node: the path from **best** back to the scores is cut. What
the position is used for may still learn: the row of the table that it picks gets a gradient, the
scores get none. The soft choice weighs all rows by softmax instead, and its graph reaches the
scores.

Graph: loss
"""

import torch

choice = "argmax"  # one of "argmax", "softmax": how a row of the table is chosen

scores = torch.tensor([1.0, 3.0, 2.0], requires_grad=True)
table = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], requires_grad=True)
best = scores.argmax()
print("best:", best, "dtype", best.dtype, "requires a gradient:", best.requires_grad)

chosen = table[best] if choice == "argmax" else scores.softmax(0) @ table  # [2]
loss = (chosen**2).sum()

loss.backward(retain_graph=True)
print("scores.grad", scores.grad)
print("table.grad", table.grad)
