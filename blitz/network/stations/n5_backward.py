"""Backward from ten outputs

`backward` starts from a single number. Ten outputs need to be told how much each of them counts: a
vector v of their shape. What comes back is the gradient of v · out.
"""

# %%
import torch

from blitz.models import Net

seed = 0  # one of 0, 1, 2, 3: decides weights, image and v
torch.manual_seed(seed)
net = Net()
out = net(torch.randn(1, 1, 32, 32))
print(list(out.shape))

# %% tags=["raises-exception"]
out.backward()

# %% [markdown]
# With a random v it works. `zero_grad` first, so that nothing of an earlier pass is left over.

# %%
net.zero_grad()
v = torch.randn(1, 10)
out.backward(v)
print("v             ", v)
print("fc3.bias.grad ", net.fc3.bias.grad)

# %% [markdown]
# The two are equal: each bias of the last layer is simply added to one output, so its gradient is
# what came in there. Farther from the outputs a gradient has passed through every layer between.

# %%
for name, parameter in net.named_parameters():
    assert parameter.grad is not None
    print(f"{name:13} largest gradient {parameter.grad.abs().max().item():.4f}")
