"""What data sets are called, and what the built-in ones are, without loading any.

Leaves the loading to `builtin`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltinDataset:
    """What a built-in data set is, known without loading it."""

    name: str
    """What `load_dataset` calls it."""
    title: str
    """What people call it."""
    description: str
    """What it shows, in one line."""
    classes: tuple[str, ...]
    """Names of the classes, in the order of the labels."""
    channels: int
    """1 for grey, 3 for colour."""
    image_size: int
    """Height and width in pixels, unless another size is asked for."""
    num_train: int
    """How many images there are to train on."""
    num_test: int
    """How many images there are to test on."""
    mean: float
    """Subtracted from pixels in [0, 1]."""
    std: float
    """Divides what is left."""
    download_megabytes: int
    """How much is downloaded the first time; 0 for none."""
    source: str
    """Who made it, and under which licence it may be used."""


_NUMBERS = tuple("0123456789")

BUILTIN_DATASETS: Mapping[str, BuiltinDataset] = MappingProxyType(
    {
        dataset.name: dataset
        for dataset in (
            BuiltinDataset(
                name="digits",
                title="Digits",
                description="Small handwritten digits, enlarged from 8×8; needs no download",
                classes=_NUMBERS,
                channels=1,
                image_size=32,
                num_train=1_438,
                num_test=359,
                mean=0.5,
                std=0.5,
                download_megabytes=0,
                source="Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI, "
                "1998 (CC BY 4.0); with scikit-learn",
            ),
            BuiltinDataset(
                name="mnist",
                title="MNIST",
                description="Handwritten digits, the classic first data set",
                classes=_NUMBERS,
                channels=1,
                image_size=28,
                num_train=60_000,
                num_test=10_000,
                mean=0.5,
                std=0.5,
                download_megabytes=12,
                source="LeCun, Cortes and Burges, 1998 (CC BY-SA 3.0)",
            ),
            BuiltinDataset(
                name="fashion-mnist",
                title="Fashion-MNIST",
                description="Grey pictures of clothes in ten kinds; harder than digits",
                classes=(
                    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
                ),
                channels=1,
                image_size=28,
                num_train=60_000,
                num_test=10_000,
                mean=0.0,  # as in the tutorial: pixels from 0 to 1
                std=1.0,
                download_megabytes=31,
                source="Xiao, Rasul and Vollgraf, Zalando Research, 2017 (MIT)",
            ),
            BuiltinDataset(
                name="cifar10",
                title="CIFAR-10",
                description="Small colour photographs of ten kinds of vehicles and animals",
                classes=(
                    "airplane", "automobile", "bird", "cat", "deer",
                    "dog", "frog", "horse", "ship", "truck",
                ),
                channels=3,
                image_size=32,
                num_train=50_000,
                num_test=10_000,
                mean=0.5,
                std=0.5,
                download_megabytes=171,
                source="Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
            ),
        )
    }
)  # fmt: skip


def dataset_title(source: str) -> str:
    """What people call this data set."""
    return BUILTIN_DATASETS[source].title if source in BUILTIN_DATASETS else dataset_name(source)


def dataset_name(source: str) -> str:
    """What an address or a file calls a data set: of a path the last part; its folder is private.

    A file name need not be valid Unicode; what is not becomes a question mark.
    """
    if source in BUILTIN_DATASETS:
        return source
    return Path(source).name.encode(errors="replace").decode()
