"""How requires_grad spreads

x and y do not require a gradient, so neither does x + y: autograd writes nothing down for it. z
does, and so does everything that is computed from it. Click the addition **b**: it has two
operands, but only one arrow, to z; for x no gradient will be computed, so there is none to follow.

Graph: b
"""

import torch

torch.manual_seed(0)
x = torch.rand(2, 3)
y = torch.rand(2, 3)
z = torch.rand(2, 3, requires_grad=True)

a = x + y
b = x + z

print("x + y requires a gradient:", a.requires_grad)
print("x + z requires a gradient:", b.requires_grad)
print("a.grad_fn:", a.grad_fn)
print("b.grad_fn:", type(b.grad_fn).__name__)
