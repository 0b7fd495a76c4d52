"""Names, paths and sizes given to load_dataset; data sets found in folders; a real archive."""

import time
from pathlib import Path

import pytest
import torch

from blitz.datasets import DatasetError, find_datasets, load_dataset
from blitz.datasets.memory import available_memory, check_memory
from tests.datasets.helpers import class_files, load, png, same, split_files, write_folder

CIFAR10_ARCHIVE = Path(__file__).parents[3] / "shared" / "data" / "cifar10-jpg.tar.xz"


@pytest.mark.parametrize("source", ["foo", "", "foo/bar", "a\0b", "x" * 5000, "~nobody-at-all/x"])
def test_an_unknown_source_says_what_there_is(tmp_path: Path, source: str) -> None:
    with pytest.raises(DatasetError) as caught:
        load(source, tmp_path)
    assert str(caught.value).endswith(
        "': unknown; choose digits, mnist, fashion-mnist, cifar10 "
        "or the path of a folder or archive of class folders"
    )
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_the_message_for_an_unknown_name_is_exact(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"^data set 'foo': unknown; choose digits, mnist, "):
        load("foo", tmp_path)


@pytest.mark.parametrize("size", [7, 513, 0, -1, 10**9, 16.0, "16", True])
def test_an_image_size_out_of_range_is_refused(tmp_path: Path, size: object) -> None:
    with pytest.raises(DatasetError, match=r"^image_size: .* from 8 to 512$"):
        load("digits", tmp_path, image_size=size)


def test_without_a_folder_the_settings_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLITZ_HOME", str(tmp_path / "home"))
    load_dataset(str(write_folder(tmp_path / "set", split_files())))
    assert (tmp_path / "home" / "data" / "arrays").is_dir()


def test_find_lists_sub_folders_and_archives(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    write_folder(shelf / "pets", class_files(1))
    names = ["a.zip", "b.tar", "c.tar.gz", "d.TGZ", "e.tar.bz2", "f.tar.xz"]
    write_folder(shelf, dict.fromkeys([*names, "notes.txt", "x.png", ".hidden.zip"], b""))
    (shelf / ".git").mkdir()
    single = write_folder(tmp_path / "single", split_files())
    flat = write_folder(tmp_path / "flat", class_files(1))
    found = find_datasets([shelf, tmp_path / "missing", single, flat, shelf / "notes.txt", shelf])
    assert found == sorted([*(shelf / name for name in [*names, "pets"]), single, flat])


def test_more_memory_than_free_is_refused() -> None:
    available = available_memory()
    assert available is not None
    assert 0 < available < 2**50
    check_memory("pets", available // 2, available)
    check_memory("pets", 2**60, None)
    with pytest.raises(DatasetError, match=r"pets: .* need 3\.0 GB of memory and 2\.0 GB are free"):
        check_memory("pets", 3 * 10**9, 2 * 10**9)


def test_a_folder_given_relative_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path / "set", {f"{name}/{i}.png": png(i) for name in "ab" for i in range(2)})
    monkeypatch.chdir(tmp_path / "set")
    assert load(Path(), tmp_path).name == "set"


@pytest.mark.skipif(not CIFAR10_ARCHIVE.exists(), reason="the archive is not here")
def test_cifar10_as_jpegs_is_decoded_once_and_then_loaded_at_once(tmp_path: Path) -> None:
    started = time.monotonic()
    dataset = load(CIFAR10_ARCHIVE, tmp_path)
    decoded = time.monotonic()
    again = load(CIFAR10_ARCHIVE, tmp_path)
    loaded = time.monotonic()
    assert dataset.train_images.shape == (50_000, 3, 32, 32)
    assert dataset.test_images.shape == (10_000, 3, 32, 32)
    assert dataset.num_classes == 10
    assert torch.bincount(dataset.test_labels).tolist() == [1_000] * 10
    assert same(dataset, again)
    assert loaded - decoded < (decoded - started) / 2
