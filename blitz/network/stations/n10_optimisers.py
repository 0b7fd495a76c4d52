"""Optimisers, and the loop

An optimiser turns gradients into updates. From one and the same gradient each of them makes another
step, already the very first one.
"""

# mypy: disable-error-code="union-attr,operator,index,no-untyped-call"

# %%
import copy

import torch
from torch import nn, optim

from blitz.models import Net

lr = 0.01  # one of 0.001, 0.01, 0.1: learning rate
torch.manual_seed(0)
net = Net()
image, target = torch.randn(1, 1, 32, 32), torch.randn(1, 10)
criterion = nn.MSELoss()
criterion(net(image), target).backward()
gradient = net.fc3.bias.grad[:3]
print("gradient of three biases:", gradient)

# %% [markdown]
# The first update of these biases. SGD takes lr · gradient. Nesterov's momentum looks a step ahead:
# 1.9 times as much at momentum 0.9. Adam and RMSprop divide by the gradient's size and keep hardly
# more than its sign: Adam moves every weight by lr, RMSprop by ten times lr, because its average of
# squares has only begun.

# %%
optimisers = {
    "SGD": lambda weights: optim.SGD(weights, lr),
    "Nesterov-SGD": lambda weights: optim.SGD(weights, lr, momentum=0.9, nesterov=True),
    "Adam": lambda weights: optim.Adam(weights, lr),
    "RMSprop": lambda weights: optim.RMSprop(weights, lr),
}
for name, build in optimisers.items():
    own = copy.deepcopy(net)
    for ours, theirs in zip(own.parameters(), net.parameters(), strict=True):
        ours.grad = theirs.grad.clone()
    build(own.parameters()).step()
    update = (own.fc3.bias - net.fc3.bias)[:3].detach()
    print(f"{name:13}", update)
    print("   divided by -lr · gradient:", update / (-lr * gradient))

# %% [markdown]
# The five lines of every training loop: forget the old gradients, forward, loss, backward, update.
# Here they run 20 times on one image with one random target. Try each optimiser at each learning
# rate: what is too slow for one is too much for another.

# %%
kind = "SGD"  # one of "SGD", "Nesterov-SGD", "Adam", "RMSprop": optimiser
optimizer = optimisers[kind](net.parameters())
losses = []
for _ in range(20):
    optimizer.zero_grad()
    output = net(image)
    loss = criterion(output, target)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print("loss at step  1:", f"{losses[0]:.6f}")
print("loss at step  5:", f"{losses[4]:.6f}")
print("loss at step 20:", f"{losses[-1]:.6f}")
