"""Reads the image files of a folder, one after another, as bytes; and what archives share with it.

Archives are read in `archives`. Nothing is decoded or sorted into classes here.
"""

import hashlib
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from blitz.datasets.decoding import IMAGE_SUFFIXES, MAX_FILE_BYTES
from blitz.datasets.errors import DatasetError, shown
from blitz.datasets.layout import PathParts, is_hidden

TOO_LARGE = f"larger than {MAX_FILE_BYTES // 2**20} MiB"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFile:
    """One image file as it was found."""

    path: PathParts
    """Folders and file name, from the top of the source."""
    content: bytes
    """What is in the file; empty where `problem` says why it was not read."""
    problem: str
    """Why the content could not be had; empty where it could."""
    done: int
    """How much of the source has been read so far."""
    total: int
    """How much there is: bytes of a tar archive, image files of anything else."""


class Source(ABC):
    """A folder or an archive of images."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = shown(path.name or path.resolve().name or path)
        self.folders: set[PathParts] = set()
        """All folders; of a tar archive, those met so far."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Changes when the source changes; found without reading the content."""

    def image_paths(self) -> list[PathParts] | None:
        """Paths of all image files, or None where only reading everything tells."""
        return None

    @abstractmethod
    def image_files(self, wanted: Container[PathParts] | None) -> Iterator[ImageFile]:
        """The image files, or those among `wanted`; raises DatasetError for a broken source."""

    def add_folders(self, path: PathParts) -> None:
        """Note that the folder at `path` exists, and those above it."""
        while path and path not in self.folders:
            self.folders.add(path)
            path = path[:-1]


class FolderSource(Source):
    """A folder. Links in it are followed, except back to a folder above."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._files: dict[PathParts, os.stat_result] = {}
        waiting: list[tuple[PathParts, frozenset[tuple[int, int]]]] = [((), frozenset())]
        while waiting:
            parts, above = waiting.pop()
            folder = path.joinpath(*parts)
            try:
                status = folder.stat()
                identity = (status.st_dev, status.st_ino)
                if identity in above:
                    continue
                with os.scandir(folder) as entries:
                    found = [entry for entry in entries if not is_hidden((entry.name,))]
            except OSError as error:
                raise DatasetError(
                    f"{self.name}: the folder {shown(folder)} cannot be read ({error.strerror})"
                ) from error
            self.add_folders(parts)
            for entry in found:
                try:
                    if entry.is_dir():
                        waiting.append(((*parts, entry.name), above | {identity}))
                    elif is_image(entry.name):
                        status = entry.stat()
                        if stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
                            self._files[*parts, entry.name] = status
                except OSError:
                    continue  # a link that leads nowhere

    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for folder in sorted(self.folders):
            digest.update(repr(folder).encode("utf-8", "surrogateescape"))
        for path, status in sorted(self._files.items()):
            line = f"{path!r} {status.st_size} {status.st_mtime_ns}"
            digest.update(line.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def image_paths(self) -> list[PathParts]:
        return sorted(self._files)

    def image_files(self, wanted: Container[PathParts] | None) -> Iterator[ImageFile]:
        paths = [path for path in self.image_paths() if wanted is None or path in wanted]
        for done, path in enumerate(paths, start=1):
            content, problem = b"", ""
            try:
                with self.path.joinpath(*path).open("rb") as file:
                    content, problem = limited(file.read(MAX_FILE_BYTES + 1))
            except OSError as error:
                problem = error.strerror or "cannot be read"
            yield ImageFile(
                path=path, content=content, problem=problem, done=done, total=len(paths)
            )


def limited(content: bytes) -> tuple[bytes, str]:
    """Content and problem of a file of which no more than one byte above the limit was read."""
    return (content, "") if len(content) <= MAX_FILE_BYTES else (b"", TOO_LARGE)


def is_image(file_name: str) -> bool:
    """Whether a file counts as an image by its name; what is in it is seen later."""
    return PurePosixPath(file_name).suffix.lower() in IMAGE_SUFFIXES
