"""Four words

Tensor, Module, Parameter, Function: four classes on which all the others rest. Each with a question
that Python itself answers.
"""

# mypy: disable-error-code="no-untyped-call,no-untyped-def,union-attr"

# %% [markdown]
# **Tensor**: numbers in a grid of any dimension. It knows the operation that made it, and a place
# for its gradient.

# %%
import torch
from torch import nn

from blitz.models import Net

torch.manual_seed(0)
net = Net()
out = net(torch.randn(1, 1, 32, 32))
print("a Tensor:", isinstance(out, torch.Tensor))
print("made by:", out.grad_fn.name())

# %% [markdown]
# **Module**: a piece of network. Layers are modules, and so is the whole: modules hold modules,
# find all their parameters, move to a device, save and load.

# %%
print("the network:", isinstance(net, nn.Module))
print("a layer of it:", isinstance(net.conv1, nn.Module))
print("layers:", [name for name, _ in net.named_children()])

# %% [markdown]
# **Parameter**: a tensor that a module takes up as its own as soon as it becomes an attribute.
# A plain tensor stays outside: no optimiser would ever see `shift`.


# %%
class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.shift = torch.zeros(1, requires_grad=True)


print("a Parameter is a Tensor:", issubclass(nn.Parameter, torch.Tensor))
print("taken up:", [name for name, _ in Scaled().named_parameters()])

# %% [markdown]
# **autograd.Function**: an operation with both its directions. Autograd has one for each operation
# of PyTorch; this one is our own. `forward` saves what `backward` will need, `backward` multiplies
# the gradient that comes in by the derivative.


# %%
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * 2 * x


x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = Square.apply(x)
y.sum().backward()
print("grad_fn:", y.grad_fn.name())
print("gradient, 2x:", x.grad)

# %% [markdown]
# `gradcheck` compares it with differences of the forward pass, in double precision.

# %%
z = torch.randn(3, dtype=torch.float64, requires_grad=True)
print("checked:", torch.autograd.gradcheck(Square.apply, z))
