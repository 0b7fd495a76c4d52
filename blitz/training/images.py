"""Loads the images that a run is trained on. What a data set is, `datasets` knows."""

from pathlib import Path

from blitz.datasets import ImageDataset, Progress, load_dataset
from blitz.training.config import TrainConfig


def load_images(
    config: TrainConfig, folder: Path | None = None, progress: Progress | None = None
) -> ImageDataset:
    """The images as the config wants them; ValueError in one line where there are none such.

    `folder` is where downloads are kept, by default that of the settings.
    """
    return load_dataset(
        config.dataset,
        folder=folder,
        image_size=config.image_size,
        skip_unreadable=config.skip_unreadable,
        progress=progress,
    )
