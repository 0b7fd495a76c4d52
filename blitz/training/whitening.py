"""The first convolution worked out from the training images instead of learned.

Neighbouring pixels are nearly alike, so a layer that looks at patches of them sees a few strong
directions and many faint ones. Whitening (Page 2019, "How to Train Your ResNet 8: Bag of Tricks")
turns a patch into coordinates along the eigenvectors of the patches' covariance, each divided by
its standard deviation: uncorrelated and of equal strength. Such a layer needs no learning: its
filters stay as they are, and only its bias learns (tysam-code 2023, Jordan 2024).

Knows nothing about data sets or training.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MAX_PATCHES = 2**20
"""Patches from which the covariance is estimated. It has few numbers, so more would not help."""
CHUNK_PATCHES = 2**16
"""Patches that are written out at once."""
MIN_VARIANCE = 1e-6
"""Of normalised pixels: with less there is nothing to see in the images."""
SMOOTHING = 5e-4
"""Added to every variance, as a part of their mean, so that faint noise is not blown up."""


def check_whitening(model: nn.Module, *, is_pretrained: bool = False) -> nn.Conv2d:
    """The convolution that would be whitened; ValueError in one line where there is none."""
    if is_pretrained:
        raise ValueError("whiten: True was given; this network starts from layers already learned")
    first = next(module for module in model.modules() if not list(module.children()))
    reason = "this network does not begin with a convolution"
    if not isinstance(first, nn.Conv2d):
        raise ValueError(f"whiten: True was given; {reason}")  # noqa: TRY004
    if first.out_channels % 2 or first.out_channels > 2 * _patch_size(first):
        raise ValueError(
            f"whiten: True was given; the first layer has {first.out_channels} filters, and its "
            f"patches have {_patch_size(first)} directions, enough for {2 * _patch_size(first)}"
        )
    return first


def whiten_first_layer(model: nn.Module, images: Tensor) -> None:
    """Set the first convolution's filters and bias from normalised images, and freeze the filters.

    images float32 [n, C, H, W] on the model's device. Of the filters, one half are the strongest
    whitened directions and the other half their negatives, since what follows lets only positive
    answers pass. The bias makes every answer's mean zero. Raises ValueError in one line.
    """
    first = check_whitening(model)
    directions, mean = whitened_directions(images, (first.kernel_size[0], first.kernel_size[1]))
    strongest = directions[: first.out_channels // 2]  # [filters / 2, C·k·k]
    filters = torch.cat([strongest, -strongest])
    with torch.no_grad():
        first.weight.copy_(filters.view_as(first.weight))
        if first.bias is not None:
            first.bias.copy_(-filters @ mean)
    first.weight.requires_grad = False


def whitened_directions(images: Tensor, kernel: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Eigenvectors of the patches' covariance over their standard deviations, strongest first.

    images [n, C, H, W] → float64 on the CPU: directions [C·k·k, C·k·k], and the mean patch.
    """
    size = images.shape[1] * kernel[0] * kernel[1]
    products = torch.zeros(size, size, dtype=torch.float64)
    sums, count = torch.zeros(size, dtype=torch.float64), 0
    for chunk in images.split(max(1, CHUNK_PATCHES // images[0, 0].numel())):
        patches = F.unfold(chunk, kernel).transpose(1, 2).reshape(-1, size)  # [patches, C·k·k]
        products += (patches.T @ patches).cpu().double()
        sums += patches.sum(0).cpu().double()
        count += len(patches)
    mean = sums / count
    covariance = products / count - mean.outer(mean)
    variances, vectors = torch.linalg.eigh(covariance)  # ascending; vectors are columns
    if variances.mean() < MIN_VARIANCE:
        raise ValueError("whiten: True was given; all training images are of one colour")
    scales = (variances.clamp(min=0) + SMOOTHING * variances.mean()).rsqrt()
    # An eigenvector's sign is anybody's choice: here its largest part is positive.
    signs = vectors.gather(0, vectors.abs().argmax(0, keepdim=True)).sign()
    return (vectors * signs * scales).T.flip(0), mean


def images_for_whitening(num_images: int, image_size: int) -> Tensor:
    """Indices, int64 on the CPU, of enough training images, evenly spread over all of them."""
    num_wanted = min(num_images, max(1, MAX_PATCHES // image_size**2))
    return torch.linspace(0, num_images - 1, num_wanted, dtype=torch.float64).long()


def _patch_size(layer: nn.Conv2d) -> int:
    return layer.weight[0].numel()
