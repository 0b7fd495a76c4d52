"""Where a NaN comes from

Four ways to lose a gradient. The square root's slope at 0 is infinite, and infinity times 0 is NaN,
though the loss is a plain 0. The same at 0·log 0, where the loss is NaN too. The exponential of 100
is too large for 32 bits, which end at e to the 88.7. And a division of 0 by 0. Look at the first
box in which a number is no longer finite: the cause is there, not at the leaf where you notice it.

Graph: loss
"""

import torch

case = "sqrt"  # one of "sqrt", "log", "exp", "division": what goes wrong

x = torch.zeros(3, requires_grad=True)
if case == "sqrt":
    square = x**2
    loss = square.sum().sqrt()  # the length of a vector of zeros
elif case == "log":
    loss = (x * x.log()).sum()  # the entropy of a probability of 0
elif case == "exp":
    loss = (x + 100).exp().mean()
else:
    loss = (x / x.norm()).sum()  # the direction of a vector of zeros

loss.backward(retain_graph=True)
print("loss", loss.item())
print("x.grad", x.grad)
