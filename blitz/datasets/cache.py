"""Keeps decoded arrays on disk, so that a data set is decoded once.

An entry is a folder with one .npy file an array and meta.json, which has their checksums. It is
written beside its place and renamed, so it is whole or not there. The cache is there for speed
only: what cannot be read is decoded again, and what cannot be written is not kept.
"""

import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock

from blitz.datasets.memory import available_memory, check_memory
from blitz.datasets.records import ImageDataset

# Raised whenever decoding, splitting or the files change: entries of other versions are not found.
_FORMAT_VERSION = 1

_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


class CacheEntry:
    """The place of one source's arrays, at one size."""

    def __init__(
        self,
        folder: Path,
        *,
        source: Path,
        fingerprint: str,
        image_size: int | None,
        skip_unreadable: bool,
    ) -> None:
        self._folder = folder / "arrays"
        self._source_key = _digest(source.resolve())
        self._state_key = _digest(_FORMAT_VERSION, fingerprint)
        variant = _digest(image_size, skip_unreadable)
        self._place = self._folder / f"{self._source_key}-{self._state_key}-{variant}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from decoding the same source meanwhile, where a lock can be had."""
        with ExitStack() as stack:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(FileLock(self._folder / f"{self._source_key}.lock"))
            except OSError:
                pass  # a folder that cannot be written: nothing will be kept in it either
            yield

    def exists(self) -> bool:
        """Whether something is kept here; `load` finds out whether it is whole."""
        return (self._place / "meta.json").is_file()

    def load(self) -> ImageDataset | None:
        """The data set kept here, or None where there is none or it is damaged."""
        try:
            meta = json.loads((self._place / "meta.json").read_text(encoding="utf-8"))
            check_memory(meta["name"], sum(meta["num_bytes"].values()), available_memory())
            arrays = {}
            for name in _ARRAYS:
                array = np.load(self._place / f"{name}.npy", allow_pickle=False)
                if zlib.crc32(array.data) != meta["crc32"][name]:
                    return None
                arrays[name] = torch.from_numpy(array)
            return ImageDataset(
                name=meta["name"],
                classes=tuple(meta["classes"]),
                mean=meta["mean"],
                std=meta["std"],
                **arrays,
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, MemoryError):
            return None

    def save(self, dataset: ImageDataset) -> None:
        """Keep `dataset` here, and drop what was kept of earlier states of the same source."""
        unfinished = self._folder / f".{self._source_key}.unfinished"
        try:
            # What is there was left by a process that died: the lock is ours.
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            _write(unfinished, dataset)
            for old in self._folder.glob(f"{self._source_key}-*"):
                if old == self._place or not old.name.startswith(
                    f"{self._source_key}-{self._state_key}-"
                ):
                    shutil.rmtree(old, ignore_errors=True)
            unfinished.rename(self._place)
            _sync_folder(self._folder)
        except OSError:
            shutil.rmtree(unfinished, ignore_errors=True)


def _write(folder: Path, dataset: ImageDataset) -> None:
    checksums: dict[str, int] = {}
    num_bytes: dict[str, int] = {}
    meta = {
        "name": dataset.name,
        "classes": dataset.classes,
        "mean": dataset.mean,
        "std": dataset.std,
        "crc32": checksums,
        "num_bytes": num_bytes,
    }
    for name in _ARRAYS:
        array = getattr(dataset, name).numpy()
        checksums[name] = zlib.crc32(array.data)
        num_bytes[name] = array.nbytes
        with (folder / f"{name}.npy").open("wb") as file:
            # np.save would not notice when the last few kilobytes find the disk full.
            header = np.lib.format.header_data_from_array_1_0(array)
            np.lib.format.write_array_header_1_0(file, header)
            file.write(array.data)
            file.flush()
            os.fsync(file.fileno())
    with (folder / "meta.json").open("w", encoding="utf-8") as file:
        json.dump(meta, file)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(*parts: object) -> str:
    text = "\0".join(map(str, parts))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
