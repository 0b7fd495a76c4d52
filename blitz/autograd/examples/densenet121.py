"""DenseNet-121

Within a block each layer gets the results of all layers before it, joined by **Cat**. So a result
has many users and a node many arrows coming in: the graph is broad where a ResNet's is a chain with
shortcuts. Fold it to blocks first, then open one. The network has 364 parameter tensors with
7,978,856 numbers; the weights are random here.

Graph: loss of model
"""

import torch
import torchvision
from torch import nn

image_size = 64  # 32 to 224: height and width of the image in pixels

torch.manual_seed(0)
# Without batch statistics: at this size there is a single pixel left in the last block.
model = torchvision.models.densenet121(weights=None).eval()
image = torch.rand(1, 3, image_size, image_size)
loss = nn.functional.cross_entropy(model(image), torch.tensor([7]))

print("parameters", sum(parameter.numel() for parameter in model.parameters()))
print("loss", loss.item())
