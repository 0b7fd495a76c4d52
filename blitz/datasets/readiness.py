"""Tells whether a data set can be had at once, without loading it.

Leaves loading to `loading`. A page asks before it shows images unasked.
"""

from pathlib import Path

from blitz.datasets.builtin import FASHION_MNIST_FOLDERS, installed_in, kept_download
from blitz.datasets.catalogue import BUILTIN_DATASETS
from blitz.datasets.errors import DatasetError
from blitz.datasets.loading import fingerprint_of, kept_arrays


def is_quick(source: str, *, folder: Path, image_size: int | None, skip_unreadable: bool) -> bool:
    """Whether `load_dataset` would answer in about a second: no download, no long decoding.

    True as well for what it would refuse at once, so that the person sees why.
    """
    if source == "digits":
        return True
    if source in BUILTIN_DATASETS:
        size = image_size or BUILTIN_DATASETS[source].image_size
        is_own_size = size == BUILTIN_DATASETS[source].image_size
        if source == "fashion-mnist" and is_own_size and installed_in(FASHION_MNIST_FOLDERS):
            return True
        return kept_download(source, folder, size).exists()
    try:
        return kept_arrays(source, folder, image_size, skip_unreadable).exists()
    except DatasetError:
        return True


def state_of(source: str) -> str:
    """What changes when the files of a data set change; DatasetError where there are none."""
    return source if source in BUILTIN_DATASETS else fingerprint_of(source)
