"""Why backward: one pass

The gradient of one loss with respect to n inputs can be had in two ways. Forward mode carries a
slope along with every number and so follows a change of **one** input through the program: n inputs
take n passes. Reverse mode, what `backward` does, starts at the loss and takes one pass, however
many inputs there are; a network with millions of parameters has one loss. The price is memory: what
the forward pass computed is kept until then. The program does both, and they agree.

Graph: loss
"""

import torch

num_inputs = 10  # 1 to 200: number of inputs

torch.manual_seed(0)
x = torch.rand(num_inputs, requires_grad=True)
square = x * x
loss = torch.sin(square).sum()
(by_reverse,) = torch.autograd.grad(loss, x, retain_graph=True)

by_forward = []
with torch.no_grad():
    for change in torch.eye(num_inputs):  # in one input at a time
        square_slope = 2 * x * change
        loss_slope = (torch.cos(square) * square_slope).sum()
        by_forward.append(loss_slope)

print("passes: reverse 1, forward", len(by_forward))
print("largest difference:", (by_reverse - torch.stack(by_forward)).abs().max().item())
