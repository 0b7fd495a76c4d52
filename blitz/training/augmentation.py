"""Training images changed a little in every epoch: mirrored, shifted, a square of them left out.

What happens to which image is decided for a whole epoch at once, on the CPU, by the seed and the
epoch alone: a run resumed in the middle of an epoch changes its images as it would have. Carrying
it out is one gather on the images' device, which is never waited for.

Knows nothing about batches or training.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from blitz.training.config import AugmentName

SHIFT_FRACTION = 1 / 16
"""The largest shift, as a part of an image's side: 2 pixels of 32 (Jordan 2024)."""
HOLE_FRACTION = 3 / 8
"""Side of the square that is left out, as a part of an image's: 12 pixels of 32 (Jordan 2024)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EpochAugmentation:
    """What happens to each training image in one epoch, in the order of the data set."""

    is_flipped: Tensor
    """bool [images]"""
    shifts: Tensor
    """Pixels that the content moves down and to the right, int64 [images, 2]."""
    holes: Tensor
    """First row and column of the square that is left out, int64 [images, 2]."""
    hole_side: int
    """Pixels; 0 leaves nothing out."""

    def of(self, indices: Tensor, images: Tensor) -> Tensor:
        """The images [batch, C, H, W] with these indices [batch], mirrored and shifted.

        All on one device.
        """
        is_flipped = self.is_flipped.index_select(0, indices)
        return augmented(images, is_flipped, self.shifts.index_select(0, indices))

    def cut_out_of(self, indices: Tensor, images: Tensor) -> Tensor:
        """The normalised images [batch, C, H, W] with these indices, without their squares."""
        if not self.hole_side:
            return images
        return cut_out(images, self.holes.index_select(0, indices), self.hole_side)

    def to(self, device: torch.device) -> "EpochAugmentation":
        """The same tables on a device."""
        return replace(
            self,
            is_flipped=self.is_flipped.to(device),
            shifts=self.shifts.to(device),
            holes=self.holes.to(device),
        )

    def copy_(self, other: "EpochAugmentation") -> None:
        """Take over the tables of another epoch, into the same memory."""
        self.is_flipped.copy_(other.is_flipped)
        self.shifts.copy_(other.shifts)
        self.holes.copy_(other.holes)


def epoch_augmentation(
    augment: AugmentName, num_images: int, image_size: int, seed: int, epoch: int
) -> EpochAugmentation:
    """The tables of one epoch, on the CPU.

    Mirroring alternates (Jordan 2024, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", section
    3.6): half of the images, drawn once, are mirrored in the first epoch, the other half in the
    second, and so on. Two epochs show every image both ways, where drawing anew in each would
    show half of them the same way twice. Shifts are drawn anew: from −limit to +limit pixels in
    both directions, every whole number alike. So is the square that is left out (DeVries and
    Taylor 2017, "Improved Regularization of Convolutional Neural Networks with Cutout"), which
    here lies within the image.
    """
    is_flipped = torch.zeros(num_images, dtype=torch.bool)
    if augment != "none":
        drawn = torch.rand(num_images, generator=_generator(seed, -1)) < 0.5
        is_flipped = drawn ^ (epoch % 2 == 1)
    shifts, holes = torch.zeros(2, num_images, 2, dtype=torch.int64)
    generator = _generator(seed, epoch)
    limit, side = shift_limit(augment, image_size), hole_side(augment, image_size)
    if limit:
        shifts.random_(-limit, limit + 1, generator=generator)
    if side:
        holes.random_(0, image_size - side + 1, generator=generator)
    return EpochAugmentation(is_flipped=is_flipped, shifts=shifts, holes=holes, hole_side=side)


def shift_limit(augment: AugmentName, image_size: int) -> int:
    """The most pixels that images are shifted by; 0 where they are not."""
    return 0 if augment in ("none", "flip") else max(1, round(SHIFT_FRACTION * image_size))


def hole_side(augment: AugmentName, image_size: int) -> int:
    """Side of the square that is left out, in pixels; 0 where none is."""
    return max(1, round(HOLE_FRACTION * image_size)) if augment == "flip-shift-cutout" else 0


def augmented(images: Tensor, is_flipped: Tensor, shifts: Tensor) -> Tensor:
    """Mirror images left to right where asked, then shift them, in one gather.

    images [n, C, H, W] of any type, is_flipped bool [n], shifts int64 [n, 2] (down, right) → as
    images. What a shift brings in from outside is the image's own reflection, without its edge
    twice; shifts are smaller than the image.
    """
    num_images, channels, height, width = images.shape
    rows = torch.arange(height, device=images.device) - shifts[:, :1]  # [n, H]
    columns = torch.arange(width, device=images.device) - shifts[:, 1:]  # [n, W]
    rows = (height - 1) - ((height - 1) - rows.abs()).abs()
    columns = (width - 1) - ((width - 1) - columns.abs()).abs()
    columns = torch.where(is_flipped[:, None], (width - 1) - columns, columns)
    pixels = (rows[:, :, None] * width + columns[:, None, :]).view(num_images, 1, -1)  # [n, 1, H·W]
    flat = images.reshape(num_images, channels, height * width)
    return flat.gather(2, pixels.expand(-1, channels, -1)).view_as(images)


def cut_out(images: Tensor, corners: Tensor, side: int) -> Tensor:
    """A square of each image made zero, which is the mean of normalised images.

    images [n, C, H, W], corners int64 [n, 2] (first row, first column), side in pixels → as images.
    """
    height, width = images.shape[2:]
    rows = torch.arange(height, device=images.device) - corners[:, :1]  # [n, H]
    columns = torch.arange(width, device=images.device) - corners[:, 1:]  # [n, W]
    in_rows, in_columns = (rows >= 0) & (rows < side), (columns >= 0) & (columns < side)
    return images.masked_fill(in_rows[:, None, :, None] & in_columns[:, None, None, :], 0)


def _generator(seed: int, epoch: int) -> torch.Generator:
    # Another factor than that of the epoch's order, whose draws these must not repeat.
    generator = torch.Generator()
    generator.manual_seed((seed * 7_368_787 + epoch + 2**40) % 2**63)
    return generator
