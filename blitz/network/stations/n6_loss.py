"""A loss

A loss is one number that says how far the outputs are from what they should be. Here the targets
are random and the distance is the mean of the squared differences.
"""

# %%
import torch
from torch import nn

from blitz.models import Net

seed = 0  # one of 0, 1, 2, 3: decides weights, image and target
torch.manual_seed(seed)
net = Net()
out = net(torch.randn(1, 1, 32, 32))
target = torch.randn(10).view(1, -1)  # [1, 10], the shape of the outputs
criterion = nn.MSELoss()
loss = criterion(out, target)
print(loss)

# %% [markdown]
# By hand: subtract, square, take the mean.

# %%
differences = out - target
print("squares ", (differences**2).detach())
print("mean    ", (differences**2).mean().item())
print("MSELoss ", loss.item())

# %% [markdown]
# The derivative by an output is 2 · difference / 10, because the mean divides by ten.

# %%
(gradient,) = torch.autograd.grad(loss, out, retain_graph=True)
print("autograd", gradient)
print("by hand ", 2 * differences.detach() / 10)
