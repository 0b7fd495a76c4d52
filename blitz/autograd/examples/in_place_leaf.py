"""In place on a leaf

A leaf that requires a gradient must not be written over in place: the graph would have to begin
with a value that is gone. The program stops at that line, and the graph is the one built before.
An optimiser does write to leaves, under `no_grad`: no node is made, but the version goes up, and
a graph that had saved the old value can no longer be used. Here the product needs only x for the
gradient of w, so backward still works: with x = 3 it is 3.

Graph: loss
"""

import torch

under_no_grad = False  # on or off: write to the leaf as an optimiser does

x = torch.tensor(3.0)
w = torch.tensor(2.0, requires_grad=True)
loss = w * x

if under_no_grad:
    with torch.no_grad():
        w.sub_(0.5)
else:
    w.sub_(0.5)
print("w is now", w.item(), "at version", w._version)
loss.backward(retain_graph=True)
print("w.grad", w.grad)
