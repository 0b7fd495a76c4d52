"""One step of training

Forward, loss, backward, step: the loss is the sum of predictions minus labels, and each parameter
moves by 0.01 times its gradient, a first step with momentum being like one without. The step
writes to the parameters in place, so the graph of the first forward is spent. The one shown is that
of a second forward on the same two images, and the loss has fallen. The weights are random ones
here, not those learned on ImageNet.

Graph: loss_after of model
"""

import torch

from blitz.models import resnet18

image_size = 64  # 32 to 224: height and width of the images in pixels
learning_rate = 0.01  # 0 to 1: how far along the gradient the step goes
momentum = 0.9  # 0 to 0.99: how much of the step before is kept

torch.manual_seed(0)
model = resnet18(num_classes=1000)
images = torch.rand(2, 3, image_size, image_size)
labels = torch.rand(2, 1000)
optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=momentum)

loss = (model(images) - labels).sum()
loss.backward()
optimizer.step()
optimizer.zero_grad()

loss_after = (model(images) - labels).sum()
print("loss before the step", loss.item())
print("loss after the step", loss_after.item())
