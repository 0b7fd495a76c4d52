"""Two, two, two neurons

A network small enough to be done by hand, each weight a leaf of its own. With the numbers given the
outputs are 0.702308 and 0.714634, and the total error is 0.0968673. Click **w5**: the chain rule
gives −0.147692 · 0.209072 · 0.595078 = −0.018375. Click **w1**: both outputs send something back,
−0.0077196 and 0.0253672, and its gradient is their sum times 0.240960 · 0.1, so 0.000425237. One
step of size 1 takes w5 to 0.268375 and w1 to 0.0495748.

Graph: E
"""

import torch

inputs = [0.10, 0.20]  # -10 to 10: what goes in
hidden_weights = [0.05, 0.15, 0.10, 0.20]  # -10 to 10: w1 to w4, two for each hidden neuron
output_weights = [0.25, 0.35, 0.30, 0.40]  # -10 to 10: w5 to w8, two for each output
biases = [0.35, 0.50]  # -10 to 10: b1 of the hidden layer and b2 of the outputs
targets = [0.85, 0.30]  # 0 to 1: what should come out

torch.set_default_dtype(torch.float64)
w1, w2, w3, w4 = (torch.tensor(value, requires_grad=True) for value in hidden_weights)
w5, w6, w7, w8 = (torch.tensor(value, requires_grad=True) for value in output_weights)
i1, i2 = inputs
b1, b2 = biases

h1 = torch.sigmoid(w1 * i1 + w2 * i2 + b1)
h2 = torch.sigmoid(w3 * i1 + w4 * i2 + b1)
o1 = torch.sigmoid(w5 * h1 + w6 * h2 + b2)
o2 = torch.sigmoid(w7 * h1 + w8 * h2 + b2)
E1 = (targets[0] - o1) ** 2 / 2
E2 = (targets[1] - o2) ** 2 / 2
E = E1 + E2

E.backward(retain_graph=True)
print(f"outputs {o1.item():.9f} {o2.item():.9f}")
print(f"errors {E1.item():.9f} + {E2.item():.9f} = {E.item():.9f}")
for number, weight in enumerate((w1, w2, w3, w4, w5, w6, w7, w8), start=1):
    assert weight.grad is not None
    gradient = weight.grad.item()
    print(f"w{number}: gradient {gradient:.9g}, after one step {weight.item() - gradient:.9f}")
