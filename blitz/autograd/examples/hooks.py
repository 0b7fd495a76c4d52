"""Hooks on gradients

A hook is a function that is called when a gradient comes by. This one is on the tensor **hidden**:
it prints what arrives, and what it returns goes on instead. From hidden = 2x the loss hidden²
sends 2·hidden = 12 for x = 3. Clipped to 5, it reaches x as 2·5 = 10 instead of 24. A tensor in
the middle keeps no gradient unless `retain_grad` asks for it.

Graph: loss
"""

import torch
from torch import Tensor

x_value = 3.0  # -10 to 10: the value of x
limit = 5.0  # 0.1 to 100: larger gradients are clipped to this

x = torch.tensor(x_value, requires_grad=True)
hidden = 2 * x


def clip(gradient: Tensor) -> Tensor:
    print("the gradient of hidden arrives as", gradient.item())
    return gradient.clamp(-limit, limit)


hidden.register_hook(clip)
hidden.retain_grad()
loss = hidden**2

loss.backward(retain_graph=True)
print("hidden.grad", hidden.grad)
print("x.grad", x.grad)
