"""In place: no harm done

Whether an in-place operation is allowed depends on what was saved. A product by a constant saves
only that constant, so its result may be overwritten; and ReLU's backward needs only its own result,
which `relu_` leaves in place. The boxes written in place are marked. With x = [−1, 2] the product
is [−3, 6], plus 4 gives [1, 10], and ReLU lets both through: the gradient is 3 for each.

Graph: loss
"""

import torch

x_values = [-1.0, 2.0]  # -10 to 10: the input

x = torch.tensor(x_values, requires_grad=True)
y = x * 3
y.add_(4)
y.relu_()
print("y", y.tolist(), "at version", y._version)
loss = y.sum()

loss.backward(retain_graph=True)
print("x.grad", x.grad)
