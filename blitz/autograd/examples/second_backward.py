"""A second backward

While backward runs, the nodes give up the tensors that they had saved for it; a second backward
through them raises an error, shown here. With `retain_graph=True` they keep them: the second pass
works, and its gradient is added, so for x = 2 you see 3x² = 12 and then 24. Click the power to see
whether the x that it had saved is still there.

Graph: loss
"""

import torch

retain = False  # on or off: keep what was saved during the first backward
x_value = 2.0  # -10 to 10: the value of x

x = torch.tensor(x_value, requires_grad=True)
loss = x**3

loss.backward(retain_graph=retain)
print("after the first backward:", x.grad)
loss.backward(retain_graph=retain)
print("after the second backward:", x.grad)
