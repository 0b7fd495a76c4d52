"""The update by hand

weight ← weight − learning rate · gradient: the rule fits into a line. It is what `optim.SGD` does,
to the last bit, if it is written as `optim.SGD` writes it.
"""

# mypy: disable-error-code="index,operator,arg-type,union-attr,no-untyped-call"

# %%
import copy

import pandas as pd
import torch
from torch import nn, optim

from blitz.models import Net

lr = 0.01  # one of 0.001, 0.01, 0.1, 0.5: learning rate
torch.manual_seed(0)
net = Net()
loss = nn.MSELoss()(net(torch.randn(1, 1, 32, 32)), torch.randn(1, 10))
loss.backward()
gradients = [parameter.grad for parameter in net.parameters()]
print("fc3.bias     ", net.fc3.bias.detach()[:3])
print("its gradient ", net.fc3.bias.grad[:3])

# %% [markdown]
# Weights are leaves that need gradients. Changing them in place outside of `no_grad` would be a
# step of the computation itself, and autograd refuses it.

# %% tags=["raises-exception"]
net.fc3.bias.sub_(lr * net.fc3.bias.grad)

# %% [markdown]
# Within `no_grad` it is allowed. Three ways to write it, the third from older notes: `.data` goes
# past autograd without a warning. Each on a copy of the network, against `optim.SGD` on another.

# %%
by_sgd = copy.deepcopy(net)
for weight, gradient in zip(by_sgd.parameters(), gradients, strict=True):
    weight.grad = gradient
optim.SGD(by_sgd.parameters(), lr=lr).step()

ways = {
    "w.add_(g, alpha=-lr)": lambda w, g: w.add_(g, alpha=-lr),
    "w.copy_(w - lr * g)": lambda w, g: w.copy_(w - lr * g),
    "w.data.sub_(g * lr)": lambda w, g: w.data.sub_(g * lr),
}
rows = []
for way, update in ways.items():
    by_hand = copy.deepcopy(net)
    with torch.no_grad():
        for weight, gradient in zip(by_hand.parameters(), gradients, strict=True):
            update(weight, gradient)
    ours = nn.utils.parameters_to_vector(by_hand.parameters())
    theirs = nn.utils.parameters_to_vector(by_sgd.parameters())
    num_different = int((ours != theirs).sum())
    farthest = f"{(ours - theirs).abs().max().item():.1e}"
    rows.append({"way": way, "unlike SGD": num_different, "at most by": farthest})
pd.DataFrame(rows)

# %% [markdown]
# `add_` with `alpha` is the very call in `optim.SGD`: all 61,706 numbers are equal. The other two
# round the product lr · gradient before they subtract it, where `alpha` lets the processor multiply
# and add in one go and round once. So a few numbers end a last bit apart. With lr = 0.5 the product
# needs no rounding, and all ways agree.

# %%
print("before ", net.fc3.bias.detach()[:3])
print("SGD    ", by_sgd.fc3.bias.detach()[:3])
print("by hand", by_hand.fc3.bias.detach()[:3])
