"""Images and labels as tensors: built-in data sets, and people's own folders and archives."""

from blitz.datasets.catalogue import (
    BUILTIN_DATASETS,
    BuiltinDataset,
    dataset_name,
    dataset_title,
)
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
    "dataset_name",
    "dataset_title",
    "find_datasets",
    "load_dataset",
]
