"""How much memory a network needs, found without computing anything; and how much one may need.

A server shows networks to many people at once, whatever they choose. Knows nothing about pages.
"""

from functools import lru_cache

import torch
from torch import Tensor, nn

from blitz.models import build_model, count_parameters

MOST_PARAMETERS = 30_000_000
MOST_SAVED_BYTES = 256 * 2**20
"""What autograd may keep for a backward pass."""


def check_memory(
    model: str, *, channels: int, image_size: int, num_classes: int, width: int, num_images: int = 1
) -> None:
    """Raise ValueError in one line where a network, or its pass over so many images, is too large.

    Builds the network on PyTorch's meta device, where tensors have shapes but no numbers.
    """
    num_parameters, saved = _needs(model, channels, image_size, num_classes, width)
    if num_parameters > MOST_PARAMETERS:
        raise ValueError(
            f"model: {model} for images of {image_size}×{image_size} and {num_classes:,} "
            f"classes has {num_parameters:,} parameters; at most {MOST_PARAMETERS:,} are shown"
        )
    if num_images * saved > MOST_SAVED_BYTES:
        most = MOST_SAVED_BYTES // saved
        allowed = f"at most {most} together" if most else "choose a smaller size or width"
        raise ValueError(
            f"image_size: {image_size} was given; of each image autograd would keep "
            f"{saved / 2**20:,.0f} MiB, and {MOST_SAVED_BYTES // 2**20} MiB are allowed: {allowed}"
        )


def most_images(model: str, *, channels: int, image_size: int, num_classes: int, width: int) -> int:
    """How many images may go through the network together; 0 where not even one."""
    _, saved = _needs(model, channels, image_size, num_classes, width)
    return MOST_SAVED_BYTES // saved


@lru_cache(maxsize=256)
def _needs(
    name: str, channels: int, image_size: int, num_classes: int, width: int
) -> tuple[int, int]:
    """Number of parameters, and bytes that autograd keeps of each image."""
    with torch.device("meta"):
        model = build_model(
            name, channels=channels, image_size=image_size, num_classes=num_classes, width=width
        )
        model.requires_grad_()  # a frozen one keeps nothing, yet its layers take as much meanwhile
        images = torch.empty(2, channels, image_size, image_size)
    saved = [images.nbytes]

    def keep(tensor: Tensor) -> Tensor:
        if not isinstance(tensor if tensor._base is None else tensor._base, nn.Parameter):
            saved.append(tensor.nbytes)
        return tensor

    with (
        torch.enable_grad(),
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
    ):
        model(images)
    return count_parameters(model), sum(saved) // 2
