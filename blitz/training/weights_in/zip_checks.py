"""The members of a .pth, which is a zip archive, once the archive is known to be an honest one.

What the members mean is `opcodes`' business.
"""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass

from blitz.training.weights_in.policy import MAX_TENSORS, shown

_ENCRYPTED = 0x1
_MAX_MEMBERS = MAX_TENSORS + 100
_MAX_PICKLE_BYTES = 400 * MAX_TENSORS
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """What torch.save wrote: a pickle that describes, and storages that hold the values."""

    pickle: bytes
    storages: dict[str, bytes]
    """By key, which is the member's name in the folder "data"."""
    others: dict[str, bytes]
    """Versions and the like, by name."""

    def rebuilt(self) -> bytes:
        """An archive of exactly these members: nothing that was not checked is left in it."""
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("archive/data.pkl", self.pickle)
            for name, content in self.others.items():
                archive.writestr(f"archive/{name}", content)
            for key, content in self.storages.items():
                archive.writestr(f"archive/data/{key}", content)
        return written.getvalue()


def read_archive(content: bytes, limit_bytes: int) -> Archive:
    """The members of an archive; ValueError with the reason where it is not what it should be."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _check_entries(entries, min(limit_bytes, len(content)))
            members = {entry.filename: _read(archive, entry) for entry in entries}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, UnicodeError) as error:
        raise ValueError(f"it is cut or damaged ({shown(str(error))})") from None
    return _archive(members)


def _check_entries(entries: list[zipfile.ZipInfo], limit_bytes: int) -> None:
    """What the directory says, before any member is read."""
    if len(entries) > _MAX_MEMBERS:
        raise ValueError(f"it has {len(entries):,} members; at most {_MAX_MEMBERS:,} are read")
    names: set[str] = set()
    for entry in entries:
        # The name as it stands: zipfile cuts it at a NUL and turns a backslash round on Windows.
        name = entry.orig_filename
        _check_name(name)
        if name in names:
            raise ValueError(f"it has two members of the name {shown(name)}")
        names.add(name)
        if entry.flag_bits & _ENCRYPTED:
            raise ValueError(f"its member {shown(name)} is encrypted")
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise ValueError(
                f"its member {shown(name)} is compressed; torch.save stores members as they are"
            )
    total = sum(entry.file_size for entry in entries)
    if total > limit_bytes:
        raise ValueError(f"its members claim {total:,} bytes; there is room for {limit_bytes:,}")


def _check_name(name: str) -> None:
    if name.startswith("/") or "\\" in name or _DRIVE.match(name):
        raise ValueError(f"its member {shown(name)} is an absolute path or has a backslash")
    if {"", ".", ".."} & set(name.split("/")):
        raise ValueError(f"its member {shown(name)} has no plain path (..)")
    if not name.isprintable():
        raise ValueError(f"its member {shown(name)} has signs in its name that cannot be seen")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(entry)  # compares the CRC
    except (zipfile.BadZipFile, zlib.error) as error:
        reason = "its CRC is wrong" if "CRC" in str(error) else shown(str(error))
        raise ValueError(
            f"it is damaged: member {shown(entry.filename)} does not read back ({reason})"
        ) from None


def _archive(members: dict[str, bytes]) -> Archive:
    folders = {name.partition("/")[0] for name in members}
    if len(folders) != 1:
        raise ValueError("it is no file of torch.save: its members are not in one folder")
    inside = {name.partition("/")[2]: content for name, content in members.items()}
    if "constants.pkl" in inside or any(name.startswith("code/") for name in inside):
        raise ValueError("it is TorchScript, which is a program; save model.state_dict() instead")
    if "data.pkl" not in inside:
        raise ValueError("it is no file of torch.save: it has no data.pkl")
    pickle = inside.pop("data.pkl")
    if len(pickle) > _MAX_PICKLE_BYTES:
        raise ValueError(
            f"its pickle has {len(pickle):,} bytes; at most {_MAX_PICKLE_BYTES:,} are read, "
            f"which is room for {MAX_TENSORS:,} tensors"
        )
    storages = {
        name.removeprefix("data/"): inside.pop(name)
        for name in list(inside)
        if name.startswith("data/")
    }
    return Archive(pickle=pickle, storages=storages, others=inside)
