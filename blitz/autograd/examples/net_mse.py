"""Net: the walk back

A small convolutional network and the mean squared error against random targets. `loss.grad_fn` is
the last operation, and `next_functions` leads on from there. Mind the trap: the first entry of the
last layer's **Addmm** is not the ReLU before it but the gradient accumulator of the bias, because
addmm(bias, x, weight) counts its operands from the bias on. The ReLU is entry 1. `conv1.bias.grad`
is None before the first backward.

Graph: loss of net
"""

import torch
from torch import nn

from blitz.models import Net

torch.manual_seed(0)
net = Net()
image = torch.randn(1, 1, 32, 32)
target = torch.randn(1, 10)
loss = nn.MSELoss()(net(image), target)

mse = loss.grad_fn
assert mse is not None
addmm = mse.next_functions[0][0]
assert addmm is not None
print("loss.grad_fn:", mse.name())
print("its entry 0:", addmm.name())
for index, (node, _) in enumerate(addmm.next_functions):
    print(f"entry {index} of that:", node.name() if node else None)

bias = net.get_parameter("conv1.bias")
print("conv1.bias.grad before backward:", bias.grad)
loss.backward(retain_graph=True)
print("conv1.bias.grad after backward:", bias.grad)
