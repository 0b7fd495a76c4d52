"""Own data sets: classes, parts, sizes, channels, and what is refused."""

import os
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import ImageFolder
from torchvision.transforms.v2.functional import pil_to_tensor

from blitz.datasets import DatasetError, UnreadableImages
from blitz.datasets.archives import TarSource, ZipSource
from blitz.datasets.decoding import fit_square
from blitz.datasets.folders import read_class_folders
from blitz.datasets.progress import Throttle
from blitz.datasets.sources import FolderSource, Source
from blitz.datasets.splitting import split_by_class
from tests.datasets.helpers import (
    class_files,
    encoded,
    load,
    noise,
    png,
    same,
    split_files,
    write_folder,
    write_tar,
    write_zip,
)


def test_train_and_test_folders_equal_torchvisions_image_folder(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "set", split_files())
    dataset = load(root, tmp_path)
    assert dataset.classes == ("ant", "bee")
    assert (dataset.mean, dataset.std) == (0.5, 0.5)
    for part, images, labels in (
        ("train", dataset.train_images, dataset.train_labels),
        ("test", dataset.test_images, dataset.test_labels),
    ):
        oracle = ImageFolder(root / part)
        assert labels.tolist() == oracle.targets
        assert images.equal(torch.stack([pil_to_tensor(image) for image, _ in oracle]))


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
@pytest.mark.parametrize("files", [split_files(), class_files()], ids=["parts", "classes"])
def test_archives_give_the_same_arrays_as_the_folder(
    tmp_path: Path, ending: str, files: dict[str, bytes]
) -> None:
    backwards = dict(reversed(files.items()))
    path = tmp_path / f"set.{ending}"
    archive = write_zip(path, backwards) if ending == "zip" else write_tar(path, backwards)
    folder = write_folder(tmp_path / "set", files)
    assert same(load(archive, tmp_path), load(folder, tmp_path))
    assert {entry.name for entry in tmp_path.iterdir()} == {"set", archive.name, "data"}


def test_wrapping_folders_are_looked_through(tmp_path: Path) -> None:
    plain = write_folder(tmp_path / "plain", split_files())
    deep = {f"pets-1.0/images/{name}": content for name, content in split_files().items()}
    deep |= {"pets-1.0/README.md": b"#", "pets-1.0/preview.png": png(0)}
    wrapped = write_folder(tmp_path / "wrapped", deep)
    assert same(load(wrapped, tmp_path), load(plain, tmp_path))


@pytest.mark.parametrize("word", ["val", "validation", "valid", "Test"])
def test_a_validation_part_is_tested_on(tmp_path: Path, word: str) -> None:
    plain = write_folder(tmp_path / "plain", split_files())
    named = {name.replace("test/", f"{word}/"): data for name, data in split_files().items()}
    assert same(load(write_folder(tmp_path / "set", named), tmp_path), load(plain, tmp_path))


def test_a_test_part_is_preferred_to_a_validation_part(tmp_path: Path) -> None:
    files = split_files() | {"val/ant/0.png": png(0), "val/bee/0.png": png(0)}
    plain = write_folder(tmp_path / "plain", split_files())
    assert same(load(write_folder(tmp_path / "set", files), tmp_path), load(plain, tmp_path))


def test_a_class_called_train_beside_others_is_a_class(tmp_path: Path) -> None:
    files = {f"{name}/{i}.png": png(i) for name in ("bus", "train", "tram") for i in range(3)}
    assert load(write_folder(tmp_path / "set", files), tmp_path).classes == ("bus", "train", "tram")


def test_unlabelled_test_images_are_left_out(tmp_path: Path) -> None:
    files = {f"train/{name}": data for name, data in class_files().items()}
    files |= {f"test/{index}.png": png(index) for index in range(4)}
    plain = write_folder(tmp_path / "plain", class_files())
    assert same(load(write_folder(tmp_path / "set", files), tmp_path), load(plain, tmp_path))


def test_deeper_images_belong_to_their_class_folder(tmp_path: Path) -> None:
    files = split_files() | {"train/ant/more/deep/9.png": png((1, 2, 3))}
    dataset = load(write_folder(tmp_path / "set", files), tmp_path)
    assert dataset.train_labels.tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_clutter_is_ignored(tmp_path: Path) -> None:
    clutter = {
        "train/ant/Thumbs.db": b"x",
        "train/ant/.hidden.png": b"x",
        "train/ant/._0.png": b"x",
        "train/ant/notes.txt": b"x",
        "__MACOSX/train/ant/._0.png": b"x",
        ".git/config": b"x",
        "train/.ipynb_checkpoints/0.png": b"x",
        "README.md": b"x",
    }
    plain = write_folder(tmp_path / "plain", split_files())
    for archive in (
        write_folder(tmp_path / "set", split_files() | clutter),
        write_zip(tmp_path / "set.zip", split_files() | clutter),
        write_tar(tmp_path / "set.tar.gz", split_files() | clutter),
    ):
        assert same(load(archive, tmp_path), load(plain, tmp_path))


def test_links_in_a_folder_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    plain = write_folder(tmp_path / "plain", class_files())
    root = tmp_path / "set"
    (root / "ant").mkdir(parents=True)
    for file in (plain / "ant").iterdir():
        (root / "ant" / file.name).symlink_to(file)
    (root / "bee").symlink_to(plain / "bee")
    (root / "ant" / "again").symlink_to(root)
    (root / "ant" / "nowhere.png").symlink_to(tmp_path / "missing")
    (root / "ant" / "itself.png").symlink_to(root / "ant" / "itself.png")
    os.mkfifo(root / "ant" / "pipe.png")
    assert same(load(root, tmp_path), load(plain, tmp_path))


def test_without_parts_a_fifth_of_every_class_is_tested(tmp_path: Path) -> None:
    sizes = {"a": 10, "b": 5, "c": 2, "d": 1, "e": 13}
    files = {f"{name}/{i}.png": png(i) for name, number in sizes.items() for i in range(number)}
    dataset = load(write_folder(tmp_path / "set", files), tmp_path)
    assert torch.bincount(dataset.test_labels, minlength=5).tolist() == [2, 1, 1, 0, 3]
    assert torch.bincount(dataset.train_labels).tolist() == [8, 4, 1, 1, 10]


def test_a_split_uses_every_image_once_and_is_always_the_same() -> None:
    labels = np.random.RandomState(3).randint(0, 7, 500)
    train, test = split_by_class(labels)
    assert sorted([*train, *test]) == list(range(500))
    again = split_by_class(labels)
    assert np.array_equal(train, again[0])
    assert np.array_equal(test, again[1])
    assert not np.array_equal(test, np.arange(len(test)))


@pytest.mark.parametrize(
    ("files", "folders", "message"),
    [
        ({}, [], "holds no images"),
        ({"notes.txt": b"x"}, [], "holds no images"),
        ({"0.png": png(0), "1.png": png(1)}, [], "not in folders"),
        ({"ant/0.png": png(0), "ant/1.png": png(1)}, [], r"one class only \('ant'\)"),
        ({"x/ant/0.png": png(0), "x/ant/1.png": png(1)}, [], r"one class only \('ant'\)"),
        (class_files(), ["cat"], "no images in the class folder 'cat'"),
        (class_files() | {"cat/a.txt": b""}, [], "no images in the class folder 'cat'"),
        (split_files(), ["train/cat"], "no images in the class folder 'cat'"),
        (split_files(), ["test/cat"], "no images in the class folder 'cat'"),
        (
            split_files() | {"test/cat/0.png": png(0)},
            [],
            "has the class 'cat', which 'train' lacks",
        ),
        ({"ant/0.png": png(0), "bee/0.png": png(0)}, [], "none to test on"),
        ({"train/0.png": png(0), "test/0.png": png(0)}, [], "'train' holds no class folders"),
    ],
)
@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_layouts_that_cannot_be_learned_are_refused(
    tmp_path: Path, files: dict[str, bytes], folders: list[str], message: str, kind: str
) -> None:
    source = tmp_path / ("set" if kind == "folder" else f"set.{kind}")
    if kind == "folder":
        source.mkdir()
        write_folder(source, files)
        for folder in folders:
            (source / folder).mkdir(parents=True)
    elif kind == "zip":
        write_zip(source, files | {f"{folder}/": b"" for folder in folders})
    else:
        members = [tarfile.TarInfo(folder) for folder in folders]
        for member in members:
            member.type = tarfile.DIRTYPE
        write_tar(source, files, tuple(members))
    with pytest.raises(DatasetError, match=message) as caught:
        load(source, tmp_path)
    assert "\n" not in str(caught.value)
    assert source.name in str(caught.value)


def test_grey_images_have_one_channel_and_a_mixture_three(tmp_path: Path) -> None:
    grey = {f"{name}/{index}.png": png(40 * index) for name in "ab" for index in range(5)}
    assert load(write_folder(tmp_path / "grey", grey), tmp_path).channels == 1
    for colour_first in (True, False):
        name = "a/!.png" if colour_first else "b/z.png"
        mixed = grey | {name: png((10, 20, 30))}
        dataset = load(write_folder(tmp_path / f"mixed{colour_first}", mixed), tmp_path)
        images = torch.cat([dataset.train_images, dataset.test_images])
        values = {tuple(image[:, 0, 0].tolist()) for image in images}
        assert values == {(v, v, v) for v in range(0, 200, 40)} | {(10, 20, 30)}


def test_equal_square_images_keep_their_size(tmp_path: Path) -> None:
    files = {f"{name}/{i}.png": png(i, (48, 48)) for name in "ab" for i in range(3)}
    assert load(write_folder(tmp_path / "set", files), tmp_path).image_size == 48


@pytest.mark.parametrize(
    "sizes",
    [[(48, 48)] * 5 + [(20, 30)], [(20, 30)] + [(48, 48)] * 5, [(300, 300)] * 6, [(4, 4)] * 6,
     [(48, 40)] * 6],
    ids=["odd-last", "odd-first", "large", "tiny", "oblong"],
)  # fmt: skip
def test_other_images_become_32_pixels_whatever_their_order(
    tmp_path: Path, sizes: list[tuple[int, int]]
) -> None:
    pictures = {
        f"{part}/{name}/{index}.jpg": encoded(noise(index, size), "JPEG")
        for part in ("train", "test")
        for name in "ab"
        for index, size in enumerate(sizes)
    }
    dataset = load(write_tar(tmp_path / "set.tar", pictures), tmp_path)
    assert dataset.image_size == 32
    asked = load(write_zip(tmp_path / "set.zip", pictures), tmp_path, image_size=32)
    expected = fit_square(Image.open(tmp_path_file(tmp_path, pictures["test/b/5.jpg"])), 32)
    difference = dataset.test_images[-1].int() - pil_to_tensor(expected).int()
    assert difference.abs().float().mean() < 8  # large JPEGs are decoded at a fraction first
    assert dataset.train_labels.equal(asked.train_labels)
    backwards = write_tar(tmp_path / "back.tar", dict(reversed(pictures.items())))
    assert same(load(backwards, tmp_path), dataset)


def tmp_path_file(folder: Path, content: bytes) -> Path:
    path = folder / "picture"
    path.write_bytes(content)
    return path


def test_image_size_fits_every_image(tmp_path: Path) -> None:
    files = {f"{n}/{i}.png": encoded(noise(i, (30 + i, 20))) for n in "ab" for i in range(3)}
    root = write_folder(tmp_path / "set", files)
    dataset = load(root, tmp_path, image_size=16)
    assert dataset.train_images.shape == (4, 3, 16, 16)
    expected = {
        pil_to_tensor(fit_square(noise(i, (30 + i, 20)), 16)).numpy().tobytes() for i in range(3)
    }
    images = torch.cat([dataset.train_images, dataset.test_images])
    assert {image.numpy().tobytes() for image in images} == expected


def test_unreadable_files_are_listed_and_skipped_on_consent(tmp_path: Path) -> None:
    bad = {"train/ant/bad.png": b"<html>", "test/bee/bad.jpg": b"", "preview.png": b"outside"}
    plain = write_folder(tmp_path / "plain", split_files())
    for source in (
        write_folder(tmp_path / "set", bad | split_files()),
        write_zip(tmp_path / "set.zip", bad | split_files()),
        write_tar(tmp_path / "set.tar.gz", bad | split_files()),
    ):
        for _ in range(2):  # a refusal is not kept as if it were a data set
            with pytest.raises(UnreadableImages) as caught:
                load(source, tmp_path)
            assert caught.value.total == 12
            assert caught.value.files == (
                "test/bee/bad.jpg (empty file)",
                "train/ant/bad.png (not a known image format)",
            )
        assert same(load(source, tmp_path, skip_unreadable=True), load(plain, tmp_path))
        with pytest.raises(UnreadableImages):  # consent once is not consent for ever
            load(source, tmp_path)


def test_a_class_with_unreadable_images_only_is_refused_on_consent(tmp_path: Path) -> None:
    files = class_files() | {"cat/0.png": b"x", "cat/1.png": b"x"}
    with pytest.raises(DatasetError, match="no images in the class folder 'cat'"):
        load(write_folder(tmp_path / "set", files), tmp_path, skip_unreadable=True)
    nothing = {"ant/0.png": b"x", "bee/0.png": b"x", "bee/1.png": b"x"}
    with pytest.raises(DatasetError, match="none of its 3 images can be read"):
        load(write_folder(tmp_path / "none", nothing), tmp_path, skip_unreadable=True)


def test_a_damaged_first_image_does_not_decide_the_size(tmp_path: Path) -> None:
    cut = encoded(noise(0, (100, 60)), "PNG")[:200]
    files = {"ant/!.png": cut} | class_files()
    dataset = load(write_folder(tmp_path / "set", files), tmp_path, skip_unreadable=True)
    assert dataset.image_size == 8


@pytest.mark.parametrize("kind", [FolderSource, ZipSource, TarSource])
def test_more_than_the_free_memory_is_refused_with_both_numbers(
    tmp_path: Path, kind: type[Source]
) -> None:
    files = {f"{name}/{i}.png": png((i, 0, 0)) for name in "ab" for i in range(40)}
    source = tmp_path / "set"
    write = {FolderSource: write_folder, ZipSource: write_zip, TarSource: write_tar}[kind]
    write(source, files)

    def read(available: int) -> int:
        return read_class_folders(
            kind(source),
            image_size=512,
            skip_unreadable=False,
            report=Throttle(None),
            available=available,
        ).image_size

    needed = 80 * 3 * 512 * 512 + 8 * 2**20
    with pytest.raises(DatasetError, match=r"\d MB of memory and 20\.00 MB are free") as caught:
        read(20_000_000)
    if kind is not TarSource:  # of a tar archive, how much will come can only be guessed
        assert f"would need {needed / 1e6:.2f} MB" in str(caught.value)
    assert read(needed * 2) == 512


def test_reading_holds_little_more_than_the_arrays(tmp_path: Path) -> None:
    files = {f"{n}/{i}.png": encoded(noise(i, (16, 16))) for n in "ab" for i in range(20)}
    source = FolderSource(write_folder(tmp_path / "set", files))
    tracemalloc.start()
    dataset = read_class_folders(
        source, image_size=512, skip_unreadable=False, report=Throttle(None), available=None
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = dataset.train_images.nbytes + dataset.test_images.nbytes
    # Traced: the arrays, empty at first, beside all chunks; the system counts only what is written.
    assert peak < 2 * size + 5 * 8 * 2**20


def test_progress_counts_images_and_is_throttled(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "set", class_files(100))
    reports: list[tuple[str, int, int]] = []
    load(root, tmp_path, progress=lambda task, done, total: reports.append((task, done, total)))
    assert reports[0] == ("reading images", 1, 200)
    assert reports[-1] == ("reading images", 200, 200)
    assert len(reports) < 40
    archive = write_tar(tmp_path / "set.tar.gz", class_files(100))
    reports.clear()
    load(archive, tmp_path, progress=lambda task, done, total: reports.append((task, done, total)))
    assert {(task, total) for task, _, total in reports} == {
        ("reading set.tar.gz", archive.stat().st_size)
    }
    assert len(reports) < 40
