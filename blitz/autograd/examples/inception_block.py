"""An Inception block

The same input goes through kernels of 1×1, 5×5 and twice 3×3, and through pooling; **Cat** joins
the results along the channels. Its arrows are four, and backward cuts the gradient into four pieces
of 64, 64, 96 and 32 channels, 256 in all. Where the four ways meet again at x, their gradients are
added.

Graph: loss of block
"""

import torch
from torchvision.models.inception import InceptionA

image_size = 16  # 1 to 64: height and width in pixels

torch.manual_seed(0)
block = InceptionA(in_channels=32, pool_features=32).eval()
x = torch.randn(2, 32, image_size, image_size, requires_grad=True)
joined = block(x)  # [2, 256, size, size]
loss = joined.square().mean()

print("shape", list(joined.shape))
