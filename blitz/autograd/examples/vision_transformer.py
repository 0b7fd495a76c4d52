"""A vision transformer

The image is cut into patches of 8×8, each becomes a vector, and one more is put in front to collect
the answer: 16 + 1 = 17 vectors for 32×32 pixels. Every layer is attention and a small network, each
with a shortcut around it: two **Add** boxes a layer. Fold the graph to modules and the layers are
beads on a string. More layers make it longer, more pixels only make the tensors larger.

Graph: loss of model
"""

import torch
from torch import nn
from torchvision.models import VisionTransformer

layers = 2  # 1 to 12: number of encoder layers
image_size = "32"  # one of "16", "32", "64": height and width in pixels

torch.manual_seed(0)
model = VisionTransformer(
    image_size=int(image_size),
    patch_size=8,
    num_layers=layers,
    num_heads=2,
    hidden_dim=32,
    mlp_dim=64,
    num_classes=10,
)
image = torch.rand(1, 3, int(image_size), int(image_size))
loss = nn.functional.cross_entropy(model(image), torch.tensor([3]))

print("parameters", sum(parameter.numel() for parameter in model.parameters()))
print("vectors", model.encoder.pos_embedding.shape[1])
