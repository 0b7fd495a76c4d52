"""A derivative's derivative

With `create_graph=True` backward is itself written down: the first derivative of x³ comes with a
graph of its own, and can be derived again. For x = 2: x³ = 8, 3x² = 12, 6x = 12, and the third
derivative is 6. The graph shown is that of the second derivative: a power and two products, none of
them on the line of the cube. Autograd wrote them down while it was deriving.

Graph: second
"""

import torch

x_value = 2.0  # -10 to 10: the value of x

x = torch.tensor(x_value, requires_grad=True)
y = x**3
(first,) = torch.autograd.grad(y, x, create_graph=True)
(second,) = torch.autograd.grad(first, x, create_graph=True)
(third,) = torch.autograd.grad(second, x, retain_graph=True)

print("x³ =", y.item())
print("3x² =", first.item())
print("6x =", second.item())
print("third derivative:", third.item())
