"""Gradients add up

`backward` does not set gradients, it adds to them. Watch the six numbers of `conv1.bias.grad`
before, after, and after more of the same.
"""

# mypy: disable-error-code="union-attr,operator,arg-type"

# %%
import torch
from torch import nn

from blitz.models import Net

torch.manual_seed(0)
net = Net()
image, target = torch.randn(1, 1, 32, 32), torch.randn(1, 10)
criterion = nn.MSELoss()
net.zero_grad()
print("before backward:", net.conv1.bias.grad)

# %% [markdown]
# `None`: no gradient yet, and no memory spent on one. Older notes show six zeros in this place,
# because `zero_grad` used to fill gradients with zeros where today it drops them.

# %%
criterion(net(image), target).backward()
first = net.conv1.bias.grad.clone()
print("after one backward:", first)

# %% [markdown]
# The same image again, without `zero_grad` in between. Each pass adds the same six numbers.

# %%
passes = 2  # one of 1, 2, 3, 10: backward passes in all
for _ in range(passes - 1):
    criterion(net(image), target).backward()
print(net.conv1.bias.grad)
print("times the first:", net.conv1.bias.grad / first)

# %% [markdown]
# Two ways to begin afresh. Zeros remain gradients: an optimiser with momentum or weight decay still
# moves such a parameter, while it skips one without a gradient.

# %%
net.zero_grad(set_to_none=False)
print("set_to_none=False:", net.conv1.bias.grad)
net.zero_grad()
print("as usual:", net.conv1.bias.grad)
