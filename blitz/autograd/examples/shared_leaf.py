"""One leaf, used often

x enters here `uses` times, and each use has its own arrow to the one leaf **x**. What comes in
along these arrows is added up. Every term passes the gradient 2x = 6 on, so three uses of x = 3
give 18. Click the arrows one by one and then the leaf.

Graph: loss
"""

import torch

uses = 3  # 1 to 50: how often x is squared and added
x_value = 3.0  # -10 to 10: the value of x

x = torch.tensor(x_value, requires_grad=True)
loss = torch.tensor(0.0)
for _ in range(uses):
    loss = loss + x**2

loss.backward(retain_graph=True)
print("x.grad", x.grad, "  2x · uses =", 2 * x_value * uses)
