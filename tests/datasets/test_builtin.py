"""The built-in data sets against the libraries they come from."""

import gzip
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision.datasets
from PIL import Image
from sklearn.datasets import load_digits

from blitz.datasets import BUILTIN_DATASETS, DatasetError, ImageDataset, builtin
from blitz.datasets.builtin import FASHION_MNIST_FOLDERS, load_builtin
from blitz.datasets.progress import Throttle
from tests.datasets.helpers import idx, load, mnist_files, write_folder

INSTALLED = FASHION_MNIST_FOLDERS[0]


def fashion(folder: Path, tmp_path: Path) -> ImageDataset:
    return load_builtin(
        "fashion-mnist",
        folder=tmp_path / "data",
        image_size=None,
        report=Throttle(None),
        system_folders=(tmp_path / "missing", folder),
    )


def test_digits_are_scikit_learns_enlarged(tmp_path: Path) -> None:
    dataset = load("digits", tmp_path)
    images = torch.cat([dataset.train_images, dataset.test_images])
    labels = torch.cat([dataset.train_labels, dataset.test_labels])
    bunch = load_digits()
    expected = set()
    for image, label in zip(bunch.images, bunch.target, strict=True):
        small = Image.fromarray(np.rint(image * 255 / 16).astype(np.uint8))
        large = small.resize((32, 32), Image.Resampling.BILINEAR)
        expected.add((int(label), np.asarray(large).tobytes()))
    found = {
        (int(label), image.numpy().tobytes()) for image, label in zip(images, labels, strict=True)
    }
    assert len(images) == 1797
    assert found == expected
    assert not (tmp_path / "data").exists()  # needs no folder


def test_every_class_of_digits_is_split_four_to_one(tmp_path: Path) -> None:
    dataset = load("digits", tmp_path)
    counts = np.bincount(load_digits().target)
    tested = torch.bincount(dataset.test_labels).numpy()
    assert np.abs(tested - counts * 0.2).max() <= 0.5
    assert (torch.bincount(dataset.train_labels).numpy() + tested).tolist() == counts.tolist()
    again = load("digits", tmp_path)
    assert again.test_images.equal(dataset.test_images)


def test_digits_at_their_own_size_are_not_resized(tmp_path: Path) -> None:
    dataset = load("digits", tmp_path, image_size=8)
    found = {image.numpy().tobytes() for image in dataset.train_images}
    whole = np.rint(load_digits().images * 255 / 16).astype(np.uint8)
    assert found <= {image.tobytes() for image in whole}


def test_digits_without_the_packed_table_come_from_load_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load("digits", tmp_path)
    monkeypatch.setattr(Path, "is_file", lambda path: False)
    assert load("digits", tmp_path).train_images.equal(first.train_images)


def test_the_catalogue_describes_digits_truly(tmp_path: Path) -> None:
    about, dataset = BUILTIN_DATASETS["digits"], load("digits", tmp_path)
    assert (about.num_train, about.num_test) == (
        len(dataset.train_labels),
        len(dataset.test_labels),
    )
    assert (about.image_size, about.channels, about.classes) == (
        dataset.image_size,
        dataset.channels,
        dataset.classes,
    )


def test_the_catalogue_names_fashion_mnists_classes_as_torchvision_does() -> None:
    classes = BUILTIN_DATASETS["fashion-mnist"].classes
    assert list(classes) == torchvision.datasets.FashionMNIST.classes
    assert list(BUILTIN_DATASETS) == ["digits", "mnist", "fashion-mnist", "cifar10"]


@pytest.mark.skipif(not INSTALLED.is_dir(), reason="dataset-fashion-mnist is not installed")
def test_installed_fashion_mnist_equals_torchvisions_reading(tmp_path: Path) -> None:
    dataset = load("fashion-mnist", tmp_path)
    assert dataset.train_images.shape == (60_000, 1, 28, 28)
    assert dataset.test_images.shape == (10_000, 1, 28, 28)
    assert torch.bincount(dataset.train_labels).tolist() == [6_000] * 10
    assert (dataset.mean, dataset.std) == (0.0, 1.0)
    unpacked = write_folder(
        tmp_path / "FashionMNIST" / "raw",
        {path.stem: gzip.decompress(path.read_bytes()) for path in INSTALLED.glob("*.gz")},
    )
    assert len(list(unpacked.iterdir())) == 4
    for train, images, labels in (
        (True, dataset.train_images, dataset.train_labels),
        (False, dataset.test_images, dataset.test_labels),
    ):
        oracle = torchvision.datasets.FashionMNIST(tmp_path, train=train)
        assert labels.equal(oracle.targets)
        assert images.squeeze(1).equal(oracle.data)


@pytest.mark.parametrize("file", list(mnist_files()))
def test_a_damaged_installed_file_is_named(tmp_path: Path, file: str) -> None:
    folder = write_folder(tmp_path / "installed", mnist_files())
    assert len(fashion(folder, tmp_path).train_labels) == 6
    content = (folder / file).read_bytes()
    flipped = bytearray(content)
    flipped[len(flipped) // 2] ^= 4
    shorter = gzip.compress(gzip.decompress(content)[:-1])
    other = gzip.compress(b"not an IDX file")
    for damaged in (content[:-1], content[: len(content) // 2], flipped, b"", shorter, other):
        (folder / file).write_bytes(damaged)
        with pytest.raises(DatasetError, match=file) as caught:
            fashion(folder, tmp_path)
        assert "\n" not in str(caught.value)


def test_labels_that_do_not_fit_the_images_are_named(tmp_path: Path) -> None:
    files = mnist_files()
    name = "t10k-labels-idx1-ubyte.gz"
    files[name] = idx(np.zeros(3, dtype=np.uint8))
    with pytest.raises(DatasetError, match=f"{name}: 3 labels for 4 images"):
        fashion(write_folder(tmp_path / "installed", files), tmp_path)


def test_fashion_mnist_without_network_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", ["http://127.0.0.1:1/"])
    with pytest.raises(DatasetError, match="dataset-fashion-mnist"):
        fashion(tmp_path / "missing", tmp_path)


@pytest.mark.parametrize("size", [8, 20, 32, 64])
def test_resizing_equals_pillow(size: int) -> None:
    images = torch.from_numpy(
        np.random.RandomState(0).randint(0, 256, (5, 1, 28, 28)).astype(np.uint8)
    )
    resized = builtin._resized(images, size)
    for image, result in zip(images, resized, strict=True):
        expected = Image.fromarray(image[0].numpy()).resize((size, size), Image.Resampling.BILINEAR)
        difference = result[0].int() - torch.from_numpy(np.array(expected)).int()
        assert difference.abs().max() <= 1


def test_all_names_are_distinct() -> None:
    for one, other in itertools.combinations(BUILTIN_DATASETS.values(), 2):
        assert one.name != other.name
        assert one.title != other.title
