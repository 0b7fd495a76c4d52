"""Images and labels as tensors: built-in data sets, and people's own folders and archives."""

from blitz.datasets.catalogue import BUILTIN_DATASETS, BuiltinDataset
from blitz.datasets.errors import DatasetError, UnreadableImages
from blitz.datasets.loading import find_datasets, load_dataset
from blitz.datasets.progress import Progress
from blitz.datasets.records import ImageDataset

__all__ = [
    "BUILTIN_DATASETS",
    "BuiltinDataset",
    "DatasetError",
    "ImageDataset",
    "Progress",
    "UnreadableImages",
    "find_datasets",
    "load_dataset",
]
