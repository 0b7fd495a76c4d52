"""Leaves, root and between

A graph of operations grows while the forward pass runs. **x**, **w** and **b** were made by hand;
of these the ones that require a gradient, w and b, are the leaves. The root is the operation that
made the loss. Every box is the `grad_fn` of one operation, and every arrow an entry of its
`next_functions`: where a gradient goes next. With the numbers given, error = 2·3 + 1 − 5 = 2 and
loss = 4. Click w to see 2·error·x = 8, and b to see 2·error = 4.

Graph: loss
"""

import torch

w_value = 3.0  # -10 to 10: the weight
b_value = 1.0  # -10 to 10: the bias

x = torch.tensor(2.0)
w = torch.tensor(w_value, requires_grad=True)
b = torch.tensor(b_value, requires_grad=True)
product = w * x
error = product + b - 5
loss = error**2

print("w is a leaf:", w.is_leaf, "  its grad_fn:", w.grad_fn)
print("loss is a leaf:", loss.is_leaf, "  its value:", loss.item())

# From the root towards the leaves, taking the first way at each node.
node = loss.grad_fn
while node is not None:
    print(node.name())
    node = node.next_functions[0][0] if node.next_functions else None
