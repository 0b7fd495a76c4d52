"""Fine-tuning a frozen ResNet-18

Every parameter of the network is frozen, then its last layer is replaced by a fresh one, and fresh
parameters require a gradient. So the graph is tiny: nothing before **fc** is written down, though
the whole network has run. Only `fc.weight` [10, 512] and `fc.bias` [10] get gradients. Switch the
freezing off and the graph of all 18 layers is there. The weights are random here.

Graph: loss of model
"""

import torch
from torch import nn

from blitz.models import resnet18

frozen = True  # on or off: freeze all layers before the last one is replaced
image_size = 64  # 32 to 224: height and width of the images in pixels

torch.manual_seed(0)
model = resnet18(num_classes=1000)
if frozen:
    for parameter in model.parameters():
        parameter.requires_grad = False
model.fc = nn.Linear(512, 10)

images = torch.rand(2, 3, image_size, image_size)
loss = nn.functional.cross_entropy(model(images), torch.tensor([1, 7]))

learning = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
print(len(learning), "parameter tensors learn, the last ones being", learning[-2:])
