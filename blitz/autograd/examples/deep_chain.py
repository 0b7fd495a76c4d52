"""A chain as long as you like

Sine upon sine upon sine: one operation, one box, no branches. The gradient that arrives at x is the
product of one cosine for each step; after 200 steps from x = 1, y has come down to 0.1208 and the
gradient to 0.00135. Up to 100,000 steps are allowed, to see that neither walking the graph nor
drawing it goes by recursion: that would give up at about 1,000. Building the longest chain takes
some seconds, because every line is watched while it runs.

Graph: y
"""

import torch

steps = 200  # 1 to 100,000: how often the sine is taken

x = torch.tensor(1.0, requires_grad=True)
y = x
for _ in range(steps):
    y = torch.sin(y)

y.backward(retain_graph=True)
print("y", y.item())
print("x.grad", x.grad)
