"""Reads the image files of a zip or tar archive, one after another, as bytes.

Nothing is extracted to disk, and nothing is decoded or sorted into classes here.
"""

import bz2
import gzip
import hashlib
import io
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Container, Iterator
from pathlib import Path
from typing import IO, cast

from blitz.datasets.decoding import MAX_FILE_BYTES
from blitz.datasets.errors import DatasetError, shown
from blitz.datasets.layout import PathParts, is_hidden
from blitz.datasets.sources import TOO_LARGE, ImageFile, Source, is_image, limited


class ZipSource(Source):
    """A zip archive, its members read into memory one at a time."""

    def fingerprint(self) -> str:
        return _file_fingerprint(self.path)

    def image_paths(self) -> list[PathParts]:
        with self._opened() as archive:
            return sorted(self._members(archive))

    def image_files(self, wanted: Container[PathParts] | None) -> Iterator[ImageFile]:
        with self._opened() as archive:
            members = {
                path: member
                for path, member in self._members(archive).items()
                if wanted is None or path in wanted
            }
            for done, (path, member) in enumerate(members.items(), start=1):
                content, problem = b"", ""
                if member.file_size > MAX_FILE_BYTES:
                    problem = TOO_LARGE
                else:
                    try:
                        with archive.open(member) as file:
                            content, problem = limited(file.read(MAX_FILE_BYTES + 1))
                    except NotImplementedError:
                        problem = "compressed in an unknown way"
                    except _BROKEN:
                        problem = "damaged in the archive"
                yield ImageFile(
                    path=path, content=content, problem=problem, done=done, total=len(members)
                )

    def _opened(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except _BROKEN as error:
            raise _broken(self.name, error) from error

    def _members(self, archive: zipfile.ZipFile) -> dict[PathParts, zipfile.ZipInfo]:
        images: dict[PathParts, zipfile.ZipInfo] = {}
        for member in archive.infolist():
            path = _safe_parts(self.name, member.filename)
            # The upper half holds the Unix mode, 0 where the archive was made elsewhere.
            mode = member.external_attr >> 16
            kind = stat.S_IFMT(mode)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _forbidden(self.name, member.filename)
            if member.flag_bits & 1:
                raise DatasetError(
                    f"{self.name}: encrypted ('{shown(member.filename)}'); "
                    "expected an archive without a password"
                )
            if is_hidden(path):
                continue
            self.add_folders(path if member.is_dir() else path[:-1])
            if not member.is_dir() and is_image(path[-1]):
                images[path] = member
        return images


class TarSource(Source):
    """A tar archive, read once from front to end: compressed ones cannot seek."""

    def fingerprint(self) -> str:
        return _file_fingerprint(self.path)

    def image_files(self, wanted: Container[PathParts] | None) -> Iterator[ImageFile]:
        total = self.path.stat().st_size
        try:
            with self.path.open("rb") as file, _decompressed(file) as stream:
                for path, size, reader in self._members(stream):
                    if wanted is not None and path not in wanted:
                        continue
                    content, problem = b"", TOO_LARGE
                    if size <= MAX_FILE_BYTES:
                        content, problem = reader.read(size), ""
                        if len(content) < size:
                            raise EOFError("unexpected end of data")
                    yield ImageFile(
                        path=path,
                        content=content,
                        problem=problem,
                        done=min(file.tell(), total),
                        total=total,
                    )
        except DatasetError:
            raise
        except (*_BROKEN, ValueError, OverflowError) as error:
            raise _broken(self.name, error) from error

    def _members(self, stream: IO[bytes]) -> Iterator[tuple[PathParts, int, "_ForwardReader"]]:
        """Path and size of each image file, with the reader at the start of its content."""
        reader = _ForwardReader(stream)
        archive = tarfile.TarFile(fileobj=cast(IO[bytes], reader), mode="r")
        while (member := archive.next()) is not None:
            # Otherwise one record a member stays in memory.
            archive.members = []  # type: ignore[attr-defined]
            path = _safe_parts(self.name, member.name)
            if not (member.isreg() or member.isdir()):
                raise _forbidden(self.name, member.name)
            if is_hidden(path):
                continue
            self.add_folders(path if member.isdir() else path[:-1])
            if member.isreg() and is_image(path[-1]):
                reader.seek(member.offset_data)
                yield path, MAX_FILE_BYTES + 1 if member.issparse() else member.size, reader
        # tarfile takes anything that is no header for the end. The true end is a block of zeros;
        # without it the archive was cut, perhaps just between two members.
        if reader.last_read != bytes(tarfile.BLOCKSIZE):
            raise EOFError("no end-of-archive mark")
        while stream.read(2**20):
            pass  # the checksum of a compressed stream is compared at its end


class _ForwardReader:
    """What tarfile needs of a file, for a stream that only goes forward.

    A header may claim any size, and tarfile would read that much at once: so reads are limited.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._position = 0
        self.last_read = b""

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> None:
        if position < self._position:
            raise EOFError("tar headers point backwards")
        while self._position < position:
            skipped = len(self._stream.read(min(position - self._position, 2**20)))
            if skipped == 0:
                raise EOFError("unexpected end of data")
            self._position += skipped

    def read(self, size: int) -> bytes:
        if not 0 <= size <= MAX_FILE_BYTES:
            raise EOFError("a header claims an absurd size")
        self.last_read = self._stream.read(size)
        self._position += len(self.last_read)
        return self.last_read


# What the readers of archives raise on damaged or cut input.
_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
)


def _decompressed(file: IO[bytes]) -> IO[bytes]:
    head = file.read(6)
    file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.GzipFile(fileobj=file))
    if head.startswith(b"BZh"):
        return cast(IO[bytes], bz2.BZ2File(file))
    if head == b"\xfd7zXZ\x00":
        return cast(IO[bytes], lzma.LZMAFile(file))
    return io.BufferedReader(cast(io.RawIOBase, file))


def _safe_parts(name: str, member: str) -> PathParts:
    # Archives made on Windows may hold its separators.
    path = member.replace("\\", "/")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if path.startswith("/") or re.match("[A-Za-z]:/", path) or ".." in parts:
        raise DatasetError(
            f"{name}: refused, its member '{shown(member)}' leads out of the archive"
        )
    return parts


def _forbidden(name: str, member: str) -> DatasetError:
    return DatasetError(
        f"{name}: refused, its member '{shown(member)}' is a link or device; "
        "expected files and folders only"
    )


def _broken(name: str, error: Exception) -> DatasetError:
    return DatasetError(f"{name}: the archive is cut or damaged ({shown(error)})")


def _file_fingerprint(path: Path) -> str:
    status = path.stat()
    return hashlib.sha256(f"{status.st_size} {status.st_mtime_ns}".encode()).hexdigest()
