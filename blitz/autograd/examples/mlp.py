"""Three linear layers

Each linear layer is one **Addmm** with three operands: the bias, the input and the transposed
weight. Between them stand the ReLUs. The images need no gradient, so the first layer has one arrow
less, and nothing is computed that nobody asked for. The first weight [512, 784] alone has 401,408
of the 669,706 parameters.

Graph: loss of model
"""

import torch
from torch import nn

from blitz.models import MLP, count_parameters

batch_size = 4  # 1 to 64: number of images

torch.manual_seed(0)
model = MLP()
images = torch.rand(batch_size, 1, 28, 28)
labels = torch.randint(10, (batch_size,))
loss = nn.functional.cross_entropy(model(images), labels)

print("parameters", count_parameters(model))
print("loss", loss.item())
