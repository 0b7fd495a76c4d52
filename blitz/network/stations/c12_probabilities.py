"""Logits to probabilities

The last layer gives logits: any numbers, of which the largest names the class. Softmax makes
probabilities of them: exponentials, divided by their sum.
"""

# ruff: noqa: B018

# %%
import torch
from torch import nn

from blitz.models import MLP

seed = 0  # one of 0, 1, 2, 3: decides images and weights
torch.manual_seed(seed)
net = MLP()
logits = net(torch.rand(3, 28, 28)).detach()
print(logits)

# %% [markdown]
# `dim=1` runs over the classes of each image. Every row sums to 1, as closely as float32 goes.

# %%
probabilities = nn.Softmax(dim=1)(logits)
print("sums:", probabilities.sum(dim=1))
print("classes:", probabilities.argmax(dim=1))
probabilities

# %% [markdown]
# Softmax keeps the order, so the logits name the same classes; and it sees differences only: 100
# added to every logit changes nothing.

# %%
print("classes:", logits.argmax(dim=1))
shifted = nn.Softmax(dim=1)(logits + 100)
print("+ 100 the same:", torch.allclose(shifted, probabilities, atol=1e-5))

# %% [markdown]
# An untrained network gives every class about 1/10. `CrossEntropyLoss` takes the logits as they
# are, since softmax is part of it: −log of the right class's probability, near ln 10 = 2.303 here.

# %%
labels = torch.tensor([0, 1, 2])
of_the_right_class = probabilities[torch.arange(3), labels]
print("by hand:", -of_the_right_class.log().mean().item())
print("CrossEntropyLoss:", nn.CrossEntropyLoss()(logits, labels).item())
