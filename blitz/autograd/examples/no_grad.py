"""Where the graph is cut off

The factor **scale** is computed from w, but under `no_grad`, through `detach` or in
`inference_mode` nothing is written down: for autograd it is a plain number, and the way from the
loss to w through it is cut. With w = 3 the loss is w·(2w) = 18. Followed through both ways the
gradient is 4w = 12; with one of them cut it is 2w = 6. Try all four. A tensor made in inference
mode can never be part of a graph again, so there the product is refused.

Graph: loss
"""

import torch

how = "no_grad"  # one of "no_grad", "detach", "inference_mode", "nothing": what cuts the graph off
w_value = 3.0  # -10 to 10: the value of w

w = torch.tensor(w_value, requires_grad=True)
if how == "no_grad":
    with torch.no_grad():
        scale = 2 * w
elif how == "detach":
    scale = (2 * w).detach()
elif how == "inference_mode":
    with torch.inference_mode():
        scale = 2 * w
else:
    scale = 2 * w

print("scale requires a gradient:", scale.requires_grad)
loss = w * scale
loss.backward(retain_graph=True)
print("w.grad", w.grad)
