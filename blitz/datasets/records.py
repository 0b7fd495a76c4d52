"""The images and labels of a data set as tensors.

Knows nothing about where they came from, nor about batches and training.
"""

import math
from dataclasses import dataclass, replace

import torch

from blitz.datasets.errors import DatasetError


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ImageDataset:
    """Images with one label each, in a part to train on and a part to test on."""

    name: str
    """What the data set is called."""
    classes: tuple[str, ...]
    """Names of the classes; a label is an index into them."""
    train_images: torch.Tensor
    """uint8 [num_train, channels, height, width], 0 to 255."""
    train_labels: torch.Tensor
    """int64 [num_train]."""
    test_images: torch.Tensor
    """uint8 [num_test, channels, height, width]."""
    test_labels: torch.Tensor
    """int64 [num_test]."""
    mean: float
    """Subtracted from a pixel in [0, 1] by `normalise`."""
    std: float
    """Divides what is left after the mean was subtracted."""

    def __post_init__(self) -> None:
        if not self.name:
            raise DatasetError("name: empty; expected a name")
        if len(self.classes) < 2 or len(set(self.classes)) != len(self.classes):
            raise DatasetError(f"classes: {self.classes}; expected at least two, all different")
        _check_part("train", self.train_images, self.train_labels, len(self.classes))
        _check_part("test", self.test_images, self.test_labels, len(self.classes))
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise DatasetError(
                f"test_images: images of {list(self.test_images.shape[1:])}; expected "
                f"{list(self.train_images.shape[1:])}, as in train_images"
            )
        if not math.isfinite(self.mean):
            raise DatasetError(f"mean: {self.mean}; expected a finite number")
        if not (math.isfinite(self.std) and self.std > 0):
            raise DatasetError(f"std: {self.std}; expected a finite number above 0")

    @property
    def channels(self) -> int:
        """1 for grey images, 3 for colour."""
        return self.train_images.shape[1]

    @property
    def image_size(self) -> int:
        """Height and width of every image, in pixels."""
        return self.train_images.shape[-1]

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.classes)

    def to(self, device: torch.device | str) -> "ImageDataset":
        """The same data set with all four tensors on `device`."""
        return replace(
            self,
            train_images=self.train_images.to(device),
            train_labels=self.train_labels.to(device),
            test_images=self.test_images.to(device),
            test_labels=self.test_labels.to(device),
        )

    def normalise(self, images: torch.Tensor) -> torch.Tensor:
        """What a network is fed: (images / 255 − mean) / std as float32, on the images' device.

        `images` is uint8 of any shape; the result has the same shape.
        """
        # (x/255 − mean)/std = x · 1/(255·std) + (−mean/std): one multiply and one add a pixel.
        scale = 1.0 / (255.0 * self.std)
        return images.to(torch.float32).mul_(scale).add_(-self.mean / self.std)


def _check_part(part: str, images: torch.Tensor, labels: torch.Tensor, num_classes: int) -> None:
    if images.dtype != torch.uint8 or images.ndim != 4 or 0 in images.shape:
        raise DatasetError(
            f"{part}_images: {images.dtype} {list(images.shape)}; "
            "expected torch.uint8 [images, channels, height, width], none of them 0"
        )
    if images.shape[2] != images.shape[3]:
        raise DatasetError(f"{part}_images: {list(images.shape)}; expected square images")
    if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
        raise DatasetError(
            f"{part}_labels: {labels.dtype} {list(labels.shape)}; "
            f"expected torch.int64 [{len(images)}], one label an image"
        )
    # Looking at values on another device would wait for it; they were checked before they went.
    if labels.device.type == "cpu" and not (labels.min() >= 0 and labels.max() < num_classes):
        raise DatasetError(f"{part}_labels: expected every label from 0 to {num_classes - 1}")
