"""Small data sets for tests."""

import torch
from torch import Tensor

from blitz.datasets import ImageDataset, load_dataset


def squares(
    num_train: int = 60, num_test: int = 20, image_size: int = 16, channels: int = 1
) -> ImageDataset:
    """Two classes that a network tells apart within a few steps: dark squares and bright ones."""

    def part(count: int, seed: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(seed)
        shape = (count, channels, image_size, image_size)
        labels = torch.arange(count) % 2
        noise = torch.randint(0, 100, shape, generator=generator, dtype=torch.uint8)
        return noise + 150 * labels.to(torch.uint8).view(-1, 1, 1, 1), labels

    train, train_labels = part(num_train, 0)
    test, test_labels = part(num_test, 1)
    return ImageDataset(
        name="squares",
        classes=("dark", "bright"),
        train_images=train,
        train_labels=train_labels,
        test_images=test,
        test_labels=test_labels,
        mean=0.5,
        std=0.5,
    )


def digits() -> ImageDataset:
    """Real digits, 1,438 to train on."""
    return load_dataset("digits")
