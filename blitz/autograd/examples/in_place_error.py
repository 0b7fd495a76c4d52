"""In place: an error at backward

The exponential is its own derivative, so exp saves its **result** for backward. Adding 1 to that
very tensor in place overwrites it. Every tensor counts such writes, its version; at backward exp
finds version 1 where it had saved version 0, and refuses rather than give a wrong gradient. Switch
in-place off, and the gradient is e = 2.71828 for each of the ones in x.

Graph: loss
"""

import torch

in_place = True  # on or off: add in place instead of making a new tensor

x = torch.ones(3, requires_grad=True)
y = x.exp()
print("version after exp:", y._version)
if in_place:
    y.add_(1)
    print("version after add_:", y._version)
else:
    y = y + 1
loss = y.sum()

loss.backward(retain_graph=True)
print("x.grad", x.grad)
