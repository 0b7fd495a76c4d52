"""One module, used twice

The same linear layer is applied to its own output. In the graph its addition and product appear
twice, with two calls of the module around them, but weight and bias are one leaf each with two
arrows coming in. The layer doubles and adds 1, so from x = 3 the results are 7 and then 15. The
weight's gradient has a part for each use: 2·3 = 6 through the first and 7 through the second,
13 in all. The bias gets 2 + 1 = 3.

Graph: loss
"""

import torch
from torch import nn

x_value = 3.0  # -10 to 10: the input

layer = nn.Linear(1, 1)
nn.init.constant_(layer.weight, 2.0)
nn.init.constant_(layer.bias, 1.0)

x = torch.tensor([[x_value]])
once = layer(x)
twice = layer(once)
loss = twice.sum()

loss.backward(retain_graph=True)
print("results", once.item(), twice.item())
print("weight.grad", layer.weight.grad)
print("bias.grad", layer.bias.grad)
