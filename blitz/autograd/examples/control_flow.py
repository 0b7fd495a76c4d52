"""Loops and conditions

y is doubled as long as its length is below the limit. How often that is, PyTorch cannot know in
advance and need not: it writes down the multiplications that really happen, and the next run
builds a new graph. From [1, 2, 2] with length 3, a limit of 100 takes six doublings (3·2⁵ = 96 is
still below), so each element's gradient is 2⁶ = 64. Move the limit and count the boxes.

Graph: total
"""

import torch

limit = 100.0  # 1 to 1,000,000: double until the length reaches this
x_values = [1.0, 2.0, 2.0]  # 0.1 to 10: where to begin

x = torch.tensor(x_values, requires_grad=True)
y = x
doublings = 0
while y.norm() < limit:
    y = y * 2
    doublings += 1
total = y.sum()

total.backward(retain_graph=True)
print("doublings:", doublings, "  length:", y.norm().item())
print("x.grad", x.grad)
