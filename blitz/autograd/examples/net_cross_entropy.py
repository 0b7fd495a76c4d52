"""Net as a classifier

The same network with the loss of classification. Cross-entropy is two operations in the graph: the
logarithm of softmax, and the choice of the right class's entry. An untrained network knows nothing
about ten classes, so its loss is near ln 10 = 2.303. Click the box of the logarithm of softmax: the
gradient that leaves it is (softmax − one-hot) / batch, so each of its rows sums to 0.

Graph: loss of net
"""

import torch
from torch import nn

from blitz.models import Net

batch_size = 4  # 1 to 64: number of images

torch.manual_seed(0)
net = Net()
images = torch.randn(batch_size, 1, 32, 32)
labels = torch.randint(10, (batch_size,))
logits = net(images)  # [batch, 10]
loss = nn.functional.cross_entropy(logits, labels)

(gradient,) = torch.autograd.grad(loss, logits, retain_graph=True)
print("loss", loss.item())
print("row sums of its gradient", gradient.sum(dim=1))
