"""Finds data sets and loads them, by name or from a folder or archive.

Leaves downloads to `builtin`, decoding to `folders`, and what is kept on disk to `cache`.
"""

import operator
import os
from collections.abc import Iterable
from pathlib import Path

from blitz.datasets.archives import TarSource, ZipSource
from blitz.datasets.builtin import load_builtin
from blitz.datasets.cache import CacheEntry
from blitz.datasets.catalogue import BUILTIN_DATASETS
from blitz.datasets.decoding import IMAGE_SUFFIXES
from blitz.datasets.errors import DatasetError, shown
from blitz.datasets.folders import MIN_SIZE, read_class_folders
from blitz.datasets.memory import available_memory
from blitz.datasets.progress import Progress, Throttle
from blitz.datasets.records import ImageDataset
from blitz.datasets.sources import FolderSource, Source

MAX_SIZE = 512

_ARCHIVE_SUFFIXES = (
    ".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz",
)  # fmt: skip


def load_dataset(
    source: str | Path,
    *,
    folder: Path | None = None,
    image_size: int | None = None,
    skip_unreadable: bool = False,
    progress: Progress | None = None,
) -> ImageDataset:
    """The data set called `source`, or the one in the folder or archive at that path.

    `folder` is where downloads and decoded arrays are kept; None: the data folder of the settings.
    `image_size`, 8 to 512, resizes every image (the short side, then the middle is cropped). None
    leaves built-in sets as they are; own images keep their size when all are equal, square and 8
    to 224 pixels wide, and otherwise become 32×32, the size the networks of the tutorial take.
    Own sets are laid out as `layout.arrange` says.

    Raises DatasetError, one line for the person who chose the data set, and its subclass
    UnreadableImages where files are no images, unless `skip_unreadable` leaves them out.
    """
    if image_size is not None:
        image_size = _checked_size(image_size)
    if folder is None:
        from blitz.settings import read_settings  # only here: a path given needs no settings

        folder = read_settings().data_folder
    report = Throttle(progress)
    if isinstance(source, str) and source in BUILTIN_DATASETS:
        return load_builtin(source, folder=folder, image_size=image_size, report=report)
    return _load_own(_checked_path(source), folder, image_size, skip_unreadable, report)


def find_datasets(folders: Iterable[Path]) -> list[Path]:
    """What `load_dataset` may be given from these folders: their sub-folders and archives, sorted.

    A folder that is itself a data set (a train folder, or folders with images, directly inside) is
    listed instead of what is in it. Nothing is opened, so what is found may still be refused.
    Folders that are missing or cannot be read are left out.
    """
    found: set[Path] = set()
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                visible = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError:
            continue
        inside = [Path(entry.path) for entry in visible if entry.is_dir()]
        if any(path.name.lower() == "train" or _holds_images(path) for path in inside):
            found.add(Path(folder))
            continue
        found.update(inside)
        found.update(
            Path(entry.path)
            for entry in visible
            if entry.is_file() and entry.name.lower().endswith(_ARCHIVE_SUFFIXES)
        )
    return sorted(found)


def _holds_images(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(Path(entry.name).suffix.lower() in IMAGE_SUFFIXES for entry in entries)
    except OSError:
        return False


def _checked_size(image_size: int) -> int:
    try:
        size = operator.index(image_size)
    except TypeError:
        size = 0
    if isinstance(image_size, bool) or not MIN_SIZE <= size <= MAX_SIZE:
        raise DatasetError(
            f"image_size: {shown(image_size)}; expected a whole number of pixels "
            f"from {MIN_SIZE} to {MAX_SIZE}"
        )
    return size


def _checked_path(source: str | Path) -> Path:
    try:
        path = Path(source).expanduser()
        if str(source) and path.exists():
            return path
    except (OSError, RuntimeError, ValueError):  # too long, no such user, a NUL in it
        pass
    *names, last = BUILTIN_DATASETS
    raise DatasetError(
        f"data set '{shown(source)}': unknown; choose {', '.join(names)}, {last} "
        "or the path of a folder or archive of class folders"
    )


def _open_source(path: Path) -> Source:
    # Told by what is in a file, not by its name.
    try:
        if path.is_dir():
            return FolderSource(path)
        if not path.is_file():
            raise DatasetError(f"{shown(path)}: neither a folder nor a file")
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise DatasetError(f"{shown(path)}: cannot be read ({error.strerror})") from error
    if head.startswith(b"PK"):
        return ZipSource(path)
    compressed = head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"))
    if compressed or head[257:262] == b"ustar" or head == bytes(512):  # zeros: an empty archive
        return TarSource(path)
    raise DatasetError(
        f"{shown(path.name)}: not a data set; expected a folder, or a zip, tar, tar.gz, tar.bz2 or "
        "tar.xz archive, of class folders"
    )


def fingerprint_of(source: str | Path) -> str:
    """What changes when the files of an own data set change; DatasetError as above."""
    return _open_source(_checked_path(source)).fingerprint()


def kept_arrays(
    source: str | Path, folder: Path, image_size: int | None, skip_unreadable: bool
) -> CacheEntry:
    """Where the arrays of an own data set are kept once it was read; DatasetError as above."""
    path = _checked_path(source)
    return _entry(_open_source(path), path, folder, image_size, skip_unreadable)


def _entry(
    source: Source, path: Path, folder: Path, image_size: int | None, skip_unreadable: bool
) -> CacheEntry:
    return CacheEntry(
        folder,
        source=path,
        fingerprint=source.fingerprint(),
        image_size=image_size,
        skip_unreadable=skip_unreadable,
    )


def _load_own(
    path: Path, folder: Path, image_size: int | None, skip_unreadable: bool, report: Throttle
) -> ImageDataset:
    source = _open_source(path)
    entry = _entry(source, path, folder, image_size, skip_unreadable)
    with entry.locked():
        kept = entry.load()
        if kept is not None:
            return kept
        dataset = read_class_folders(
            source,
            image_size=image_size,
            skip_unreadable=skip_unreadable,
            report=report,
            available=available_memory(),
        )
        entry.save(dataset)
        return dataset
