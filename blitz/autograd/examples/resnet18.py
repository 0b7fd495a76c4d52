"""ResNet-18

Eight blocks of two convolutions, and around each block a shortcut. Where a shortcut joins, an
**Add** passes the gradient on unchanged along both arrows: however deep the network, there is a way
back on which nothing shrinks. Open a layer and then a block to see it. The network has 62 parameter
tensors with 11,689,512 numbers; the weights are random here.

Graph: loss of model
"""

import torch
from torch import nn

from blitz.models import count_parameters, resnet18

image_size = 64  # 32 to 224: height and width of the images in pixels
batch_size = 2  # 1 to 8: number of images

torch.manual_seed(0)
model = resnet18(num_classes=1000)
images = torch.rand(batch_size, 3, image_size, image_size)
labels = torch.randint(1000, (batch_size,))
loss = nn.functional.cross_entropy(model(images), labels)

print("parameters", count_parameters(model))
print("loss", loss.item())
