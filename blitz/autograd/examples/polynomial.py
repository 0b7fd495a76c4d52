"""Q = 3a³ − b²

The gradient of Q is asked for with a vector of ones, one number for each element of Q. Click the
leaf **a**: its gradient is 9a², so `[36, 81]` for a = [2, 3]. Click **b**: −2b, so `[−12, −8]` for
b = [6, 4]. Summing Q first and calling `backward()` without an argument gives the same, because
the derivative of a sum with respect to each of its terms is 1.

Graph: Q from gradient
"""

import torch

a_values = [2.0, 3.0]  # -10 to 10: the vector a
b_values = [6.0, 4.0]  # -10 to 10: the vector b
gradient = [1.0, 1.0]  # -10 to 10: how much each element of Q counts
take_sum = False  # on or off: call backward on the sum of Q instead

a = torch.tensor(a_values, requires_grad=True)
b = torch.tensor(b_values, requires_grad=True)
Q = 3 * a**3 - b**2

# Retained, the graph can be walked backward once more: that is what the picture does.
if take_sum:
    Q.sum().backward(retain_graph=True)
else:
    Q.backward(gradient=torch.tensor(gradient), retain_graph=True)

print("a.grad", a.grad, "  9a² =", (9 * a**2).tolist())
print("b.grad", b.grad, "  −2b =", (-2 * b).tolist())
