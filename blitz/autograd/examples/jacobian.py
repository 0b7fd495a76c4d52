"""Vector–Jacobian product

The Jacobian J has a row for each result and a column for each input: entry (i, j) is ∂Q[i]/∂a[j].
Here Q = 3a³ works element by element, so J is diagonal: 36 and 81 for a = [2, 3]. `backward` never
builds J; it gives Jᵀv for the vector v that you hand in. Change v and compare the last two lines:
with v = [1, 1] both are `[36, 81]`, with v = [1, 0] only the first result counts.

Graph: Q from v
"""

import torch
from torch import Tensor

a_values = [2.0, 3.0]  # -10 to 10: the input
v_values = [1.0, 1.0]  # -10 to 10: the vector v, a weight for each result


def cube(a: Tensor) -> Tensor:
    return 3 * a**3


a = torch.tensor(a_values, requires_grad=True)
v = torch.tensor(v_values)
Q = cube(a)
(gradient,) = torch.autograd.grad(Q, a, grad_outputs=v, retain_graph=True)

J = torch.autograd.functional.jacobian(cube, a.detach())
print("J =", J.tolist())
print("Jᵀv      =", (J.T @ v).tolist())
print("gradient =", gradient.tolist())
