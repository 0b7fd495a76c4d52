"""Reads a source of class folders into arrays.

Puts together the reading of files, their decoding and their layout; keeps nothing on disk.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from blitz.datasets.decoding import (
    UnreadableImageError,
    decode,
    fit_square,
    open_image,
    quiet_decoder,
)
from blitz.datasets.errors import DatasetError, UnreadableImages, shown
from blitz.datasets.layout import Layout, PathParts, arrange
from blitz.datasets.memory import check_memory
from blitz.datasets.progress import Throttle
from blitz.datasets.records import ImageDataset
from blitz.datasets.sources import ImageFile, Source

DEFAULT_SIZE = 32
MIN_SIZE = 8
MAX_COMMON_SIZE = 224

_CHUNK_BYTES = 8 * 2**20

Pixels = NDArray[np.uint8]


def read_class_folders(
    source: Source,
    *,
    image_size: int | None,
    skip_unreadable: bool,
    report: Throttle,
    available: int | None,
) -> ImageDataset:
    """Decode all images of `source`, which may take `available` bytes of memory (None: any).

    The same images give the same arrays whether they come as a folder, a zip or a tar archive.
    Raises DatasetError, and UnreadableImages unless these may be skipped.
    """
    paths = source.image_paths()
    wanted = None
    if paths is not None:  # what is wrong with the layout is said before everything is decoded
        wanted = _used(arrange(source.name, paths, source.folders), paths)
    task = "reading images" if paths is not None else f"reading {source.name}"
    total = 0
    pile = ImagePile(image_size)
    readable: list[PathParts] = []
    unreadable: dict[PathParts, str] = {}
    with quiet_decoder():
        for file in source.image_files(wanted):
            try:
                if file.problem:
                    raise UnreadableImageError(file.problem)
                pile.add(file.content)
                readable.append(file.path)
                unreadable.pop(file.path, None)
            except UnreadableImageError as error:
                unreadable[file.path] = str(error)
            if pile.chunk_is_new:
                # At the end the arrays are filled while the chunks go: one chunk more than both.
                expected = _expected_bytes(pile, file, counted=paths is not None)
                check_memory(source.name, expected + _CHUNK_BYTES, available)
            report(task, file.done, file.total)
            total = file.total
        report(task, total, total)  # the end of an archive may hold no images
    everything = [*readable, *unreadable]
    needed = _used(arrange(source.name, everything, source.folders), everything)
    unreadable = {path: reason for path, reason in unreadable.items() if path in needed}
    if unreadable and not skip_unreadable:
        files = [
            f"{shown('/'.join(path))} ({reason})" for path, reason in sorted(unreadable.items())
        ]
        raise UnreadableImages(source.name, files, len(needed))
    if not readable:
        raise DatasetError(f"{source.name}: none of its {len(needed):,} images can be read")
    layout = arrange(source.name, readable, source.folders)
    train_images, test_images = pile.distribute(layout)
    return ImageDataset(
        name=source.name,
        classes=tuple(shown(name) for name in layout.classes),
        train_images=torch.from_numpy(train_images),
        train_labels=torch.from_numpy(layout.train_labels),
        test_images=torch.from_numpy(test_images),
        test_labels=torch.from_numpy(layout.test_labels),
        mean=0.5,
        std=0.5,
    )


def _expected_bytes(pile: "ImagePile", file: ImageFile, *, counted: bool) -> int:
    """What the arrays will take, when as many images follow as the rest of the source promises."""
    # Compressed images differ in size, so the beginning of an archive says little about its end.
    if not counted and file.done < file.total // 4:
        return pile.num_bytes
    return pile.num_bytes * file.total // file.done


def _used(layout: Layout, paths: list[PathParts]) -> set[PathParts]:
    return {paths[index] for index in np.concatenate([layout.train, layout.test])}


class ImagePile:
    """Decoded images of unknown number, in chunks, all of one size.

    With an image size given, every image is fitted to it. Without one, the size is that of the
    first image as long as all are equal, square and 8 to 224 pixels wide; at the first that
    differs, all go to 32×32, those before it as if that had been known from the start.
    """

    def __init__(self, image_size: int | None) -> None:
        self._image_size = image_size
        self._size = image_size  # of the chunks
        self._decided = image_size is not None
        self._chunks: list[Pixels] = []  # [images, size, size, 1 or 3]
        self._filled = 0  # images in the last chunk
        self._channels = 1
        self.num_images = 0
        self.chunk_is_new = False
        """Whether the last image began a chunk."""

    @property
    def num_bytes(self) -> int:
        """What the arrays of all images so far will take."""
        return self.num_images * self._channels * (self._size or 0) ** 2

    def add(self, content: bytes) -> None:
        """Decode one image file and append it; raises UnreadableImageError, changing nothing."""
        image = open_image(content)
        width, height = found = image.size
        common = (
            self._image_size is None and width == height and MIN_SIZE <= width <= MAX_COMMON_SIZE
        )
        # An image that could stay as it is is always decoded in full, also when it is not going to:
        # so the order in which images come makes no difference.
        target = None if common else self._image_size or DEFAULT_SIZE
        image = decode(image, target)
        if not self._decided:
            self._decide(found, common)
        assert self._size is not None
        pixels = np.asarray(fit_square(image, self._size))
        if pixels.ndim == 2:
            pixels = pixels[..., None]  # [size, size, 1]
        chunk = self._chunk_for(pixels.shape[-1])
        chunk[self._filled] = pixels  # a grey image among colours is broadcast to three channels
        self._filled += 1
        self.num_images += 1

    def distribute(self, layout: Layout) -> tuple[Pixels, Pixels]:
        """The images to train on and to test on, each [images, channels, size, size].

        The chunks are given up one by one while the arrays fill: the system gives an array its
        memory only as it is written, so both together never take twice the memory.
        """
        assert self._size is not None
        self._trim()
        shape = (self._channels, self._size, self._size)
        train = np.empty((len(layout.train), *shape), dtype=np.uint8)
        test = np.empty((len(layout.test), *shape), dtype=np.uint8)
        # Where the image of each row of the chunks goes; -1: nowhere.
        train_rows = np.full(self.num_images, -1, dtype=np.int64)
        test_rows = np.full(self.num_images, -1, dtype=np.int64)
        train_rows[layout.train] = np.arange(len(train))
        test_rows[layout.test] = np.arange(len(test))
        end = self.num_images
        while self._chunks:
            chunk = self._chunks.pop().transpose(0, 3, 1, 2)  # [images, 1 or 3, size, size]
            rows = slice(end - len(chunk), end)
            end -= len(chunk)
            for target, places in ((train, train_rows[rows]), (test, test_rows[rows])):
                chosen = places >= 0
                target[places[chosen]] = chunk[chosen]  # one channel is broadcast to three
        return train, test

    def _chunk_for(self, channels: int) -> Pixels:
        assert self._size is not None
        self.chunk_is_new = (
            not self._chunks
            or self._filled == len(self._chunks[-1])
            or channels > self._chunks[-1].shape[-1]
        )
        if self.chunk_is_new:
            self._trim()
            self._channels = max(self._channels, channels)
            length = max(_CHUNK_BYTES // (self._channels * self._size**2), 1)
            shape = (length, self._size, self._size, self._channels)
            self._chunks.append(np.empty(shape, dtype=np.uint8))
            self._filled = 0
        return self._chunks[-1]

    def _decide(self, found: tuple[int, int], common: bool) -> None:
        if common and self._size in (None, found[0]):
            self._size = found[0]
            return
        self._decided = True
        self._trim()
        self._size = DEFAULT_SIZE
        for index, chunk in enumerate(self._chunks):
            self._chunks[index] = _fitted(chunk, DEFAULT_SIZE)

    def _trim(self) -> None:
        if self._chunks and self._filled < len(self._chunks[-1]):
            self._chunks[-1] = self._chunks[-1][: self._filled].copy()


def _fitted(chunk: Pixels, size: int) -> Pixels:
    grey = chunk.shape[-1] == 1
    images = (Image.fromarray(pixels[..., 0] if grey else pixels) for pixels in chunk)
    fitted = np.stack([np.asarray(fit_square(image, size)) for image in images])
    return fitted[..., None] if grey else fitted
