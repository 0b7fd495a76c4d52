"""Brings the built-in data sets into memory: digits, MNIST, Fashion-MNIST and CIFAR-10.

What they are is in `catalogue`. Downloads go through `download`; files that were downloaded are
read by torchvision's own classes.
"""

import importlib.util
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from blitz.datasets.cache import CacheEntry
from blitz.datasets.catalogue import BUILTIN_DATASETS, BuiltinDataset
from blitz.datasets.download import DownloadError, download, md5_of
from blitz.datasets.errors import DatasetError
from blitz.datasets.idx import IDX_FILES, read_idx, unpacked_matches
from blitz.datasets.memory import available_memory, check_memory
from blitz.datasets.progress import Throttle
from blitz.datasets.records import ImageDataset
from blitz.datasets.splitting import split_by_class

# Where the packages of operating systems put the four gzipped files of Fashion-MNIST
# (Debian and Ubuntu: dataset-fashion-mnist).
FASHION_MNIST_FOLDERS = (Path("/usr/share/datasets/fashion-mnist"),)

_RESIZE_BATCH = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Arrays:
    """Images, uint8 [n, channels, size, size], and labels, int64 [n], of both parts."""

    train_images: torch.Tensor
    train_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor


def load_builtin(
    name: str,
    *,
    folder: Path,
    image_size: int | None,
    report: Throttle,
    system_folders: Sequence[Path] = FASHION_MNIST_FOLDERS,
) -> ImageDataset:
    """The built-in data set called `name`, downloaded to `folder` where it has to be.

    `system_folders` are looked through for Fashion-MNIST before anything is downloaded.
    Raises DatasetError where files are damaged or cannot be downloaded.
    """
    about = BUILTIN_DATASETS[name]
    size = image_size or about.image_size
    num_images = about.num_train + about.num_test
    check_memory(name, num_images * about.channels * size**2, available_memory())
    installed = installed_in(system_folders) if name == "fashion-mnist" else None
    if name == "digits":
        return _assemble(about, _digits(), size)
    if installed and size == about.image_size:  # read as fast as arrays would be
        return _assemble(about, _from_idx(installed), size)
    entry = kept_download(name, folder, size)
    with entry.locked():
        kept = entry.load()
        if kept is not None:
            return kept
        if installed:
            arrays = _from_idx(installed)
        else:
            arrays = _cifar10(folder, report) if name == "cifar10" else _mnist(name, folder, report)
        dataset = _assemble(about, arrays, size)
        entry.save(dataset)
        return dataset


def kept_download(name: str, folder: Path, image_size: int) -> CacheEntry:
    """Where the arrays of a downloaded data set are kept.

    The files had their authors' checksums when they were read, so the name says what they are.
    """
    return CacheEntry(
        folder,
        source=folder / name,
        fingerprint=name,
        image_size=image_size,
        skip_unreadable=False,
    )


def _assemble(about: BuiltinDataset, arrays: _Arrays, size: int) -> ImageDataset:
    return ImageDataset(
        name=about.name,
        classes=about.classes,
        train_images=_resized(arrays.train_images, size),
        train_labels=arrays.train_labels,
        test_images=_resized(arrays.test_images, size),
        test_labels=arrays.test_labels,
        mean=about.mean,
        std=about.std,
    )


def _digits() -> _Arrays:
    grey, targets = _digits_table()
    images = torch.from_numpy(np.rint(grey * (255 / 16)).astype(np.uint8)).reshape(-1, 1, 8, 8)
    labels = torch.from_numpy(targets.astype(np.int64))
    train, test = map(torch.from_numpy, split_by_class(labels.numpy()))
    return _Arrays(
        train_images=images[train],
        train_labels=labels[train],
        test_images=images[test],
        test_labels=labels[test],
    )


def _digits_table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pixels from 0 to 16, [1797, 64], and labels, [1797], out of scikit-learn's own file."""
    found = importlib.util.find_spec("sklearn")
    if found is None or found.origin is None:
        raise DatasetError("data set 'digits': needs scikit-learn, which is not installed")
    # Importing sklearn.datasets takes seconds; reading the table that its load_digits reads does
    # not.
    table = Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz"
    if table.is_file():
        rows = np.loadtxt(table, delimiter=",")
        return rows[:, :-1], rows[:, -1]
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.data, bunch.target


def installed_in(folders: Sequence[Path]) -> Path | None:
    """The first of these folders that has the four files of Fashion-MNIST."""
    for folder in folders:
        if all((folder / file).is_file() for files in IDX_FILES.values() for file in files):
            return folder
    return None


def _from_idx(folder: Path) -> _Arrays:
    """The data set in the gzipped IDX files of `folder`.

    Packages compress these files anew, so that the authors' checksums do not fit; gzip's own
    checksum and the numbers in the headers tell whether they are whole.
    """
    parts = {}
    for part, (images_file, labels_file) in IDX_FILES.items():
        images = read_idx(folder / images_file, 3)
        labels = read_idx(folder / labels_file, 1)
        if len(labels) != len(images):
            raise DatasetError(
                f"{folder / labels_file}: {len(labels):,} labels for {len(images):,} images"
            )
        parts[f"{part}_images"] = torch.from_numpy(images).unsqueeze(1)  # [n, 1, 28, 28]
        parts[f"{part}_labels"] = torch.from_numpy(labels.astype(np.int64))
    return _Arrays(**parts)


def _mnist(name: str, folder: Path, report: Throttle) -> _Arrays:
    # Imported here and below: torchvision takes seconds, and what needs no download needs not it.
    from torchvision.datasets import MNIST, FashionMNIST

    dataset_class = FashionMNIST if name == "fashion-mnist" else MNIST
    raw_folder = folder / dataset_class.__name__ / "raw"  # where the class looks
    with _locked(name, folder, report):
        for file, md5 in dataset_class.resources:
            urls = [f"{mirror}{file}" for mirror in dataset_class.mirrors]
            _ensure(name, urls, raw_folder / file, md5, report)
            # The class unpacks these files once and then trusts what it finds.
            unpacked = raw_folder / Path(file).stem
            if not unpacked_matches(raw_folder / file, unpacked):
                unpacked.unlink(missing_ok=True)
        train, test = _read_with(name, dataset_class, folder)
    return _Arrays(
        train_images=train.data.unsqueeze(1),
        train_labels=train.targets,
        test_images=test.data.unsqueeze(1),
        test_labels=test.targets,
    )


def _cifar10(folder: Path, report: Throttle) -> _Arrays:
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity

    unpacked = folder / CIFAR10.base_folder
    files = [
        *CIFAR10.train_list,
        *CIFAR10.test_list,
        (CIFAR10.meta["filename"], CIFAR10.meta["md5"]),
    ]
    with _locked("cifar10", folder, report):
        if not all(check_integrity(unpacked / file, md5) for file, md5 in files):
            archive = folder / CIFAR10.filename
            _ensure("cifar10", [CIFAR10.url], archive, CIFAR10.tgz_md5, report)
            # The class would not look at all files before it decides to unpack.
            shutil.rmtree(unpacked, ignore_errors=True)
        train, test = _read_with("cifar10", CIFAR10, folder)
    return _Arrays(
        train_images=_channels_first(train.data),
        train_labels=torch.tensor(train.targets, dtype=torch.int64),
        test_images=_channels_first(test.data),
        test_labels=torch.tensor(test.targets, dtype=torch.int64),
    )


def _channels_first(images: Any) -> torch.Tensor:
    # [n, 32, 32, 3] → [n, 3, 32, 32]; NumPy views become memory of their own
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


def _read_with(name: str, dataset_class: Any, folder: Path) -> tuple[Any, Any]:
    try:
        # download=True unpacks what lies there verified; nothing is left to download.
        return (
            dataset_class(folder, train=True, download=True),
            dataset_class(folder, train=False, download=True),
        )
    except (OSError, RuntimeError, ValueError, TypeError, AssertionError, EOFError) as error:
        raise DatasetError(f"data set '{name}': cannot be read from {folder} ({error})") from error


def _ensure(name: str, urls: Sequence[str], path: Path, md5: str, report: Throttle) -> None:
    """See to it that the file at `path` is there and has this checksum."""
    damaged = ""
    if path.is_file():
        if md5_of(path) == md5:
            return
        path.unlink()
        damaged = f"{path.name} was damaged (wrong checksum) and has been removed; "
    try:
        download(urls, path, md5, report)
    except DownloadError as error:
        hint = (
            " (or install the package dataset-fashion-mnist of Debian or Ubuntu)"
            if name == "fashion-mnist"
            else ""
        )
        raise DatasetError(
            f"{damaged}{name} could not be downloaded ({error}). "
            f"Offline alternative: the data set 'digits' needs no download{hint}"
        ) from error


@contextmanager
def _locked(name: str, folder: Path, report: Throttle) -> Iterator[None]:
    """Let one process at a time download and unpack the data set."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{name}.lock")
        while True:
            try:
                lock.acquire(timeout=1.0)
                break
            except Timeout:
                report(f"waiting for another download of {name}", 0, 0)
    except OSError as error:
        raise DatasetError(
            f"data set '{name}': the data folder {folder} cannot be written ({error.strerror})"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _resized(images: torch.Tensor, size: int) -> torch.Tensor:
    """Square images at another size, bilinear with antialiasing; all of the tutorial's sets are."""
    if images.shape[-1] == size:
        return images
    resized = images.new_empty((len(images), images.shape[1], size, size))
    for start in range(0, len(images), _RESIZE_BATCH):
        rows = slice(start, start + _RESIZE_BATCH)
        resized[rows] = torch.nn.functional.interpolate(
            images[rows], size=(size, size), mode="bilinear", antialias=True
        )
    return resized
