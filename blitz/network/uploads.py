"""A picture of a person's own, as an image for a network."""

import numpy as np
import torch
from torch import Tensor

from blitz.datasets.decoding import (
    MAX_FILE_BYTES,
    UnreadableImageError,
    decode,
    fit_square,
    open_image,
    quiet_decoder,
)

MAX_SIDE = 224
"""The largest size that a network here looks at; a larger picture is made smaller at once."""


def image_from_file(content: bytes) -> Tensor:
    """The middle square of an image file, uint8 [1 or 3, S, S] with S at most MAX_SIDE.

    Smaller pictures keep their size. ValueError says in one line why a file is not read.
    """
    try:
        if len(content) > MAX_FILE_BYTES:
            raise UnreadableImageError(f"more than {MAX_FILE_BYTES // 2**20} MB")
        with quiet_decoder():
            picture = decode(open_image(content), MAX_SIDE)
        square = fit_square(picture, min(*picture.size, MAX_SIDE))
    except UnreadableImageError as error:
        raise ValueError(f"image: {error}; expected a whole PNG, JPEG, GIF, BMP, WebP, TIFF or "
                         "PPM file") from None  # fmt: skip
    pixels = torch.from_numpy(np.array(square))
    return pixels[None] if pixels.ndim == 2 else pixels.permute(2, 0, 1).contiguous()
