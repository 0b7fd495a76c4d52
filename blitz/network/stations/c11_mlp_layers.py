"""An MLP, layer by layer

Three images of 28×28 through a network without convolutions, one layer at a time. The first
dimension is the number of images and stays 3 throughout; watch the second.
"""

# ruff: noqa: B018

# %%
import torch
from torch import nn

from blitz.models import MLP

seed = 0  # one of 0, 1, 2, 3: decides images and weights
torch.manual_seed(seed)
images = torch.rand(3, 28, 28)
print(list(images.shape))

# %% [markdown]
# `Flatten` puts the rows of an image one behind the other: 28 · 28 = 784 numbers. It learns
# nothing.

# %%
flat = nn.Flatten()(images)
print(list(flat.shape))

# %% [markdown]
# `Linear` multiplies by its weight, 20 rows of 784, and adds its bias: 20 numbers an image.

# %%
linear = nn.Linear(784, 20)
hidden = linear(flat)
print(list(hidden.shape))
by_hand = flat @ linear.weight.T + linear.bias
print("x @ weight.T + bias is the same:", torch.allclose(hidden, by_hand, atol=1e-6))

# %% [markdown]
# `ReLU` sets what is negative to zero. One row for each image: before …

# %%
hidden

# %% [markdown]
# … and after: no blue left.

# %%
activated = nn.ReLU()(hidden)
print("negative before:", (hidden < 0).sum().item(), "of", hidden.numel())
print("negative after:", (activated < 0).sum().item())
activated

# %% [markdown]
# `Sequential` chains layers. The network for Fashion-MNIST is such a chain behind a `Flatten`.

# %%
net = MLP()
print(net)
print(f"{sum(parameter.numel() for parameter in net.parameters()):,} parameters")
print(list(net(images).shape))
