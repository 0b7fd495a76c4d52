"""Gradients add up

`backward` does not overwrite `.grad`, it adds to it. With x = 3 each pass contributes 2x = 6: three
passes without clearing leave 6, 12, 18. Switch clearing on and every pass leaves 6. This is why a
training loop calls `zero_grad()`; its default today sets `.grad` to None, the state before the
first backward. The graph is that of the last pass: each pass has built its own.

Graph: loss
"""

import torch

passes = 3  # 1 to 20: how many times forward and backward run
clear = False  # on or off: clear the gradient before each pass
x_value = 3.0  # -10 to 10: the value of x

x = torch.tensor(x_value, requires_grad=True)
loss = x
print("before the first pass:", x.grad)
for number in range(1, passes + 1):
    if clear:
        x.grad = None
    loss = x**2
    loss.backward(retain_graph=True)
    print(f"after pass {number}:", x.grad)
