"""Finds classes and parts in the paths of images: train/cat/1.png, or just cat/1.png.

Knows names only; nothing is read here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blitz.datasets.errors import DatasetError, listed
from blitz.datasets.splitting import split_by_class

PathParts = tuple[str, ...]

# In this order: a set that has both a validation and a test part is tested on the latter.
_TEST_FOLDERS = ("test", "val", "validation", "valid")


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Which image, by its index among the paths given, belongs where."""

    classes: tuple[str, ...]
    """Names of the classes, sorted."""
    train: NDArray[np.int64]
    """Indices of the images to train on, by class, then by path."""
    train_labels: NDArray[np.int64]
    """Labels of these images."""
    test: NDArray[np.int64]
    """Indices of the images to test on, by class, then by path."""
    test_labels: NDArray[np.int64]
    """Labels of these images."""


def is_hidden(path: PathParts) -> bool:
    """Whether a path is the system's own clutter, as archives made on other systems hold it."""
    return any(part.startswith(".") or part in ("__MACOSX", "@eaDir") for part in path)


def arrange(name: str, paths: Sequence[PathParts], folders: Collection[PathParts]) -> Layout:
    """The layout of the images at `paths`; `folders` are all folders, also those without images.

    With a train folder and a test (or val, validation, valid) folder, the folders in these are the
    classes, and other folders beside them are left out. Otherwise the top folders are the classes
    and `split_by_class` divides them. Folders that wrap the whole are looked through. Images
    deeper below a class folder belong to that class; images outside any belong to none.

    Raises DatasetError for a layout without at least two classes with images, and for test images
    of a class that cannot be learned.
    """
    indices = {path: index for index, path in enumerate(paths)}  # a later file replaces an earlier
    if not indices:
        raise DatasetError(f"{name}: holds no images (JPEG, PNG, GIF, BMP, WebP, TIFF or PPM)")
    root: PathParts = ()
    while True:
        tops = _class_names(indices, root)
        train = _named(tops, ("train",))
        tests = [folder for word in _TEST_FOLDERS if (folder := _named(tops, (word,)))]
        if train is not None and tests:
            if not _class_names(indices, (*root, train)):
                raise DatasetError(f"{name}: its folder '{train}' holds no class folders")
            labelled = [test for test in tests if _class_names(indices, (*root, test))]
            if labelled:
                return _two_parts(name, indices, folders, (*root, train), (*root, labelled[0]))
            root = (*root, train)  # test images without labels are of no use here
        elif len(tops) == 1 and _class_names(indices, (*root, *tops)):
            root = (*root, *tops)
        else:
            return _one_part(name, indices, folders, root)


def _named(names: Collection[str], wanted: tuple[str, ...]) -> str | None:
    return next((name for name in sorted(names) if name.lower() in wanted), None)


def _class_names(paths: Collection[PathParts], root: PathParts) -> set[str]:
    """Folders directly in `root` with images somewhere below."""
    depth = len(root)
    return {path[depth] for path in paths if len(path) > depth + 1 and path[:depth] == root}


def _check_classes(
    name: str, classes: set[str], folders: Collection[PathParts], root: PathParts
) -> None:
    depth = len(root)
    present = {path[depth] for path in folders if len(path) > depth and path[:depth] == root}
    empty = sorted(present - classes)
    if empty:
        raise DatasetError(
            f"{name}: no images in the class folder {listed(empty)}; "
            "every class needs at least one (remove empty folders)"
        )


def _one_part(
    name: str, indices: dict[PathParts, int], folders: Collection[PathParts], root: PathParts
) -> Layout:
    classes = _class_names(indices, root)
    if not classes:
        raise DatasetError(f"{name}: its images are not in folders; expected one folder a class")
    _check_classes(name, classes, folders, root)
    names = _at_least_two(name, classes)
    images, labels = _members(indices, root, names)
    train, test = split_by_class(labels)
    if len(test) == 0:
        raise DatasetError(
            f"{name}: one image a class leaves none to test on; expected at least two in a class"
        )
    return Layout(
        classes=names,
        train=images[train],
        train_labels=labels[train],
        test=images[test],
        test_labels=labels[test],
    )


def _two_parts(
    name: str,
    indices: dict[PathParts, int],
    folders: Collection[PathParts],
    train_root: PathParts,
    test_root: PathParts,
) -> Layout:
    train_classes = _class_names(indices, train_root)
    test_classes = _class_names(indices, test_root)
    _check_classes(name, train_classes, folders, train_root)
    _check_classes(name, test_classes, folders, test_root)
    unknown = sorted(test_classes - train_classes)
    if unknown:
        raise DatasetError(
            f"{name}: '{test_root[-1]}' has the class {listed(unknown)}, which "
            f"'{train_root[-1]}' lacks; every class tested must be one that is trained"
        )
    names = _at_least_two(name, train_classes)
    train, train_labels = _members(indices, train_root, names)
    test, test_labels = _members(indices, test_root, names)
    return Layout(
        classes=names,
        train=train,
        train_labels=train_labels,
        test=test,
        test_labels=test_labels,
    )


def _at_least_two(name: str, classes: set[str]) -> tuple[str, ...]:
    if len(classes) < 2:
        raise DatasetError(
            f"{name}: one class only ({listed(sorted(classes))}); "
            "expected at least two class folders"
        )
    return tuple(sorted(classes))


def _members(
    indices: dict[PathParts, int], root: PathParts, classes: tuple[str, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices and labels of the images below `root`, by class, then by path."""
    depth = len(root)
    labels = {name: label for label, name in enumerate(classes)}
    rows = sorted(
        (labels[path[depth]], path, index)
        for path, index in indices.items()
        if len(path) > depth + 1 and path[:depth] == root
    )
    return (
        np.array([index for _, _, index in rows], dtype=np.int64),
        np.array([label for label, _, _ in rows], dtype=np.int64),
    )
