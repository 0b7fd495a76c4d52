"""Decoded arrays on disk: used again, never trusted blindly, never in the way."""

import os
import resource
import shutil
import threading
from pathlib import Path

import pytest

from blitz.datasets import ImageDataset
from tests.datasets.helpers import (
    class_files,
    load,
    png,
    same,
    split_files,
    write_folder,
    write_tar,
    write_zip,
)


class Reads:
    """Counts how often images were decoded, by the reports of progress."""

    def __init__(self) -> None:
        self.tasks: list[str] = []

    def __call__(self, task: str, done: int, total: int) -> None:
        if done == total:
            self.tasks.append(task)


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "data" / "arrays").iterdir() if path.is_dir())


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_the_second_load_decodes_nothing(tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        source = write_folder(tmp_path / "set", split_files())
    else:
        write = write_zip if kind == "zip" else write_tar
        source = write(tmp_path / f"set.{kind}", split_files())
    reads = Reads()
    first = load(source, tmp_path, progress=reads)
    assert len(reads.tasks) >= 1
    reads.tasks.clear()
    second = load(source, tmp_path, progress=reads)
    assert reads.tasks == []
    assert same(first, second)
    assert (second.name, second.mean, second.std) == (first.name, first.mean, first.std)


def test_what_is_loaded_can_be_written_to(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "set", split_files())
    load(source, tmp_path)
    load(source, tmp_path).train_images.zero_()
    assert load(source, tmp_path).train_images.any()


def test_a_changed_source_is_decoded_again_and_its_old_arrays_go(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "set", split_files())
    load(source, tmp_path)
    before = entries(tmp_path)
    write_folder(source, {"train/ant/9.png": png((1, 2, 3))})
    assert len(load(source, tmp_path).train_labels) == 7
    # The same number of bytes at another time is another file.
    changed = source / "train/ant/9.png"
    changed.write_bytes(png((3, 2, 1)))
    os.utime(changed, ns=(1, 1))
    images = load(source, tmp_path).train_images
    assert images[3, :, 0, 0].tolist() == [3, 2, 1]
    assert len(entries(tmp_path)) == 1
    assert entries(tmp_path) != before


def test_a_new_empty_class_folder_is_noticed(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "set", split_files())
    load(source, tmp_path)
    (source / "train" / "cat").mkdir()
    with pytest.raises(ValueError, match="'cat'"):
        load(source, tmp_path)


def test_sizes_are_kept_side_by_side(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "set", split_files())
    sizes = [load(source, tmp_path, image_size=size).image_size for size in (16, 24, 16, 24)]
    assert sizes == [16, 24, 16, 24]
    assert len(entries(tmp_path)) == 2


def test_two_sources_of_one_name_are_kept_apart(tmp_path: Path) -> None:
    one = write_folder(tmp_path / "one" / "set", split_files())
    other = write_folder(tmp_path / "other" / "set", class_files())
    assert len(load(one, tmp_path).train_labels) == 6
    assert len(load(other, tmp_path).train_labels) == 8
    assert len(entries(tmp_path)) == 2


@pytest.mark.parametrize(
    "damage", ["flip", "cut", "empty", "missing", "garbage-meta", "other-meta"]
)
@pytest.mark.parametrize("file", ["train_images.npy", "test_labels.npy", "meta.json"])
def test_a_damaged_entry_is_decoded_again(tmp_path: Path, file: str, damage: str) -> None:
    source = write_folder(tmp_path / "set", split_files())
    first = load(source, tmp_path)
    path = entries(tmp_path)[0] / file
    content = path.read_bytes()
    if damage == "flip":
        path.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
    elif damage == "cut":
        path.write_bytes(content[:-4])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "missing":
        path.unlink()
    elif damage == "garbage-meta":
        path.with_name("meta.json").write_bytes(b"\xff\xfe")
    else:
        path.with_name("meta.json").write_text("[1, 2]")
    reads = Reads()
    assert same(load(source, tmp_path, progress=reads), first)
    if file != "meta.json" or damage != "flip":  # a flip in the JSON may fall on a space
        assert reads.tasks
    reads.tasks.clear()
    assert same(load(source, tmp_path, progress=reads), first)
    assert reads.tasks == []


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "set", split_files())
    (tmp_path / "data").write_text("a file where the folder should be")
    assert len(load(source, tmp_path).train_labels) == 6


def test_a_full_disk_is_no_obstacle_and_leaves_nothing_behind(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "set", split_files())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # the first array is larger
    try:
        dataset = load(source, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(dataset.train_labels) == 6
    left = [path.name for path in (tmp_path / "data" / "arrays").iterdir()]
    assert [name for name in left if not name.endswith(".lock")] == []
    load(source, tmp_path)
    assert len(entries(tmp_path)) == 1


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "set", split_files())
    load(source, tmp_path)
    (entry,) = entries(tmp_path)
    unfinished = entry.with_name(f".{entry.name.split('-')[0]}.unfinished")
    shutil.move(entry, unfinished)
    load(source, tmp_path)
    assert entries(tmp_path) == [entry]


def test_two_loads_at_once_decode_once(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "set", class_files(60))
    reads = Reads()
    loaded: list[ImageDataset] = []
    threads = [
        threading.Thread(target=lambda: loaded.append(load(source, tmp_path, progress=reads)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 3
    assert same(loaded[0], loaded[1])
    assert same(loaded[0], loaded[2])
    assert len(reads.tasks) == 1
