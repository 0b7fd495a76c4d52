"""3×3 instead of 5×5

The same network with smaller kernels. A kernel of k×k without padding makes an image k − 1 pixels
narrower, pooling halves it. So the kernel decides how many numbers reach the first linear layer,
and that layer has to be built for exactly as many.
"""

# %%
from blitz.models import Net, Net3x3

kernel = 3  # one of 3, 5: rows and columns of each kernel
size = 32
for layer in ("conv1", "conv2"):
    print(f"{layer}: {size} - {kernel} + 1 = {size - kernel + 1}")
    size = (size - kernel + 1) // 2
    print(f"pooled: {size}")
print(f"flattened: 16 · {size} · {size} = {16 * size * size}")

# %% [markdown]
# `in_features` of `fc1` is that product.

# %%
net = Net3x3() if kernel == 3 else Net()
print(net)
print("first parameter:", list(next(net.parameters()).shape))

# %% [markdown]
# Smaller kernels, yet a larger network: what the convolutions save, the longer `fc1` more than eats
# up.

# %%
for build in (Net, Net3x3):
    of_fc1 = build().fc1.weight.numel()
    in_all = sum(parameter.numel() for parameter in build().parameters())
    print(f"{build.__name__:7} {in_all:,} parameters, {of_fc1:,} of them in fc1.weight")
