"""A random image through it

Calling the network runs `forward`. It expects a batch, [images, channels, height, width], and
answers with ten numbers an image: the logits. What happens to a single image without the batch
dimension is worth seeing once.
"""

# ruff: noqa: B018

# %%
import torch

from blitz.models import Net

seed = 0  # one of 0, 1, 2, 3: decides weights and image
torch.manual_seed(seed)
net = Net()
image = torch.randn(1, 1, 32, 32)
out = net(image)
print(out)
print(list(out.shape))

# %% [markdown]
# The image: noise. An untrained network answers with small numbers, whatever it sees.

# %%
image

# %% [markdown]
# Now without the batch dimension. Older notes say that `torch.nn` takes batches only; a convolution
# of today takes one image of three dimensions just as well, and computes the same.

# %%
single = image[0]  # [1, 32, 32]
print(list(net.conv1(single).shape))
in_batch = net.conv1(image)[0]
print("the same as in a batch:", torch.allclose(net.conv1(single), in_batch))

# %% [markdown]
# The whole network does not. `torch.flatten(x, 1)` keeps dimension 0, which it takes for the
# images. Here it is the 16 feature maps: 16 "images" of 25 numbers, where `fc1` wants 400.

# %% tags=["raises-exception"]
net(single)

# %% [markdown]
# `unsqueeze(0)` makes a batch of one.

# %%
print(list(net(single.unsqueeze(0)).shape))
