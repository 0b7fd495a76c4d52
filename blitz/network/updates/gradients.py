"""One parameter of a network and its gradient on a batch."""

import torch
from torch import Tensor, nn

from blitz.network.step_settings import loss_of
from blitz.turns import one_at_a_time


def gradient_of(
    model: nn.Module, images: Tensor, labels: Tensor, name: str
) -> tuple[Tensor, Tensor]:
    """The parameter's values and the gradient of the mean cross-entropy, copies of one shape.

    `model` is one's own: it is put into training mode. images float32 [N, C, H, W], labels int64
    [N]. Raises ValueError where a layer refuses the batch.
    """
    parameter = model.get_parameter(name).requires_grad_(True)
    model.train()
    with torch.enable_grad(), one_at_a_time(), torch.random.fork_rng(devices=[]):
        loss = loss_of(model(images), labels, "cross-entropy")
    [gradient] = torch.autograd.grad(loss, [parameter])
    return parameter.detach().clone(), gradient.contiguous()
