"""Images made to fit a network: its number of channels, its height and width."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def adapt(images: Tensor, channels: int, size: int) -> Tensor:
    """Images as a network takes them; the same tensor where they fit already.

    uint8 [N, C, H, W] → uint8 [N, channels, size, size]. Colour becomes grey by the weights of
    ITU-R 601, grey becomes colour three times alike; sizes change bilinearly with antialiasing.
    """
    if images.shape[1:] == (channels, size, size):
        return images
    return torch.stack([_adapted(image, channels, size) for image in images])


def _adapted(image: Tensor, channels: int, size: int) -> Tensor:
    pixels = image.permute(1, 2, 0).numpy()  # [H, W, C]
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    picture = picture.convert("L" if channels == 1 else "RGB")
    if picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.BILINEAR)
    adapted = torch.from_numpy(np.array(picture))
    return adapted[None] if channels == 1 else adapted.permute(2, 0, 1).contiguous()
