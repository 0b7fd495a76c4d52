"""The walk back

Every result remembers the operation that made it in `grad_fn`, and `next_functions` leads from
there to what that operation was fed with. Follow it from the loss, and mind the trap at the second
step.
"""

# mypy: disable-error-code="union-attr,var-annotated"

# %%
import torch
from torch import nn

from blitz.models import Net

torch.manual_seed(0)
net = Net()
out = net(torch.randn(1, 1, 32, 32))
loss = nn.MSELoss()(out, torch.randn(1, 10))
mse = loss.grad_fn
addmm = mse.next_functions[0][0]
print(type(mse).__name__)
print(type(addmm).__name__)

# %% [markdown]
# The last linear layer is one operation, `addmm(bias, x, weight)`: bias + x · weight. Many notes go
# on with index 0 and call what they find there the ReLU.

# %%
found = addmm.next_functions[0][0]
print(type(found).__name__)
print("its variable is fc3.bias:", found.variable is net.fc3.bias)

# %% [markdown]
# It is no ReLU but the place where the gradient of the **bias** is added up, since the bias is the
# first operand. The way on is at index 1, and the weight, transposed, at index 2.

# %%
for index, operand in enumerate(("bias", "x", "weight")):
    print(index, f"{operand:7}", type(addmm.next_functions[index][0]).__name__)

# %% [markdown]
# With the right index at each operation the walk reaches the first layer: `forward`, read
# backwards. There it ends, as nobody asked for a gradient of the image.

# %%
node, walk = mse, []
while node is not None:
    walk.append(type(node).__name__.removesuffix("Backward0"))
    node = node.next_functions[1 if walk[-1] == "Addmm" else 0][0]
print(" → ".join(walk))
