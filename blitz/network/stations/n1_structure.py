"""The network, printed

A network is a class. `__init__` makes the layers that learn, `forward` says in which order an input
passes through them. Nobody writes a `backward`: autograd records what `forward` did and works out
the rest.
"""

# %%
import inspect

import torch

from blitz.models import Net

print(inspect.getsource(Net))

# %% [markdown]
# Printing an instance lists what `__init__` attached to it. ReLU, pooling and flattening are
# missing from the list: they are plain functions, called in `forward`, with nothing to learn.

# %%
channels = 1  # one of 1, 3: grey images or coloured ones
torch.manual_seed(0)
net = Net(channels)
print(net)

# %% [markdown]
# Five layers with a weight and a bias each make 10 tensors. The first is the weight of `conv1`:
# 6 kernels, the channels that each of them looks at, and 5 rows of 5 numbers. Three channels need
# 300 numbers more, all of them here.

# %%
parameters = list(net.parameters())
print(len(parameters), "parameter tensors")
print("the first:", list(parameters[0].shape))
print(f"{sum(parameter.numel() for parameter in parameters):,} numbers in all")

# %% [markdown]
# The 6 kernels as they stand before any training, each for the first channel: noise.

# %%
net.conv1.weight[:, 0]
