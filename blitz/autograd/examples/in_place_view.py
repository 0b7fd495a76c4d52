"""In place on a view

`y[0]` is a view: it shares y's memory. Multiplying it in place changes y too, so autograd rewrites
y's history: the box **CopySlices** says that one slice of y has come from another operation. Rows
that were not touched keep the gradient 1, the row that was multiplied by 10 has 10. Asked again,
the view itself gets a new history as a slice of the new y.

Graph: loss
"""

import torch

factor = 10.0  # -100 to 100: what the first row is multiplied by

x = torch.ones(2, 3, requires_grad=True)
y = x.clone()
row = y[0]
row.mul_(factor)
print("y.grad_fn:  ", type(y.grad_fn).__name__)
print("row.grad_fn:", type(row.grad_fn).__name__)
loss = y.sum()

loss.backward(retain_graph=True)
print("x.grad", x.grad)
