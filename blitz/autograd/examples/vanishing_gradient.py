"""A gradient that vanishes

The state is multiplied by the same matrix at every step, and on the way back the gradient is
multiplied by its transpose. The matrix is a rotation times `scale`, so without tanh the gradient
shrinks by exactly that factor a step: 0.7 to the 20th is 0.0008. The arrows are as broad as the
gradients on them: see them narrow towards the first step. With tanh it shrinks faster still; with
a scale above 1 and no tanh it explodes.

Graph: loss
"""

import torch

steps = 20  # 1 to 200: number of steps
scale = 0.7  # 0 to 2: length of the matrix's columns
squash = False  # on or off: tanh after each step

torch.manual_seed(0)
rotation = torch.linalg.qr(torch.randn(8, 8)).Q
matrix = (scale * rotation).requires_grad_()
start = torch.full((8,), 0.5, requires_grad=True)

state = start
for _ in range(steps):
    state = matrix @ state
    if squash:
        state = torch.tanh(state)
loss = state.sum()

(gradient,) = torch.autograd.grad(loss, start, retain_graph=True)
at_end = torch.ones(8).norm().item()  # the loss is a sum: a one for each number of the state
at_start = gradient.norm().item()
print(f"length of the gradient: {at_end:.6g} at the end, {at_start:.6g} at the start")
print(f"ratio {at_start / at_end:.6g}, scale to the power of steps {scale**steps:.6g}")
