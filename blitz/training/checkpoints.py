"""A run's state as one file that is whole or absent, whatever happens while it is written.

Knows files and hashes. Which files there should be, what they belong to and when an older one may
go are rows in the run store: whoever saves adds the row first and removes the older file after.
"""

import errno
import hashlib
import io
import json
import os
import secrets
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from blitz.training.state import TrainState

WeightsFormat = Literal["safetensors", "pth"]

FORMAT_VERSION = 1
"""Goes up when files change such that earlier code would misread them."""

_METADATA_KEY = "blitz.state"
_MODEL_PREFIX = "model."
_PART_SUFFIX = ".part"
_one_at_a_time = threading.Lock()
"""A sweep in one thread must not take away what another thread is writing."""
_STATE_FILES = ("last-*.safetensors", "best-*.safetensors", "epoch-*.safetensors")


class CheckpointError(Exception):
    """A checkpoint cannot be loaded; the message is one line that names the file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedFile:
    """A file that is on the disk to stay."""

    path: Path
    sha256: str
    num_bytes: int


def save_state(path: Path, state: TrainState) -> SavedFile:
    """Write a state as one safetensors file; OSError (ENOSPC: disk full) leaves the old file."""
    return write_atomically(path, _encode(state))


def load_state(path: Path, sha256: str | None = None) -> TrainState:
    """Read a state back, bit for bit.

    With the hash that `save_state` gave, any other content is refused with CheckpointError.
    Without, a missing, cut or foreign file still is, but not a changed number.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"checkpoint {path} cannot be read: {error.strerror}") from error
    if sha256 is not None:
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise CheckpointError(
                f"checkpoint {path} is damaged: its {len(data):,} bytes have the SHA-256 "
                f"{found[:12]}…, {sha256[:12]}… was recorded"
            )
    return _decode(data, path)


def write_atomically(path: Path, data: bytes) -> SavedFile:
    """Write a file so that, after any crash, its old content or its new is there in full.

    An OSError leaves the old content in place and nothing else behind.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    # In the same folder: a rename is atomic only inside one file system.
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_PART_SUFFIX}")
    with _one_at_a_time:
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _verify(part, sha256)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return SavedFile(path=path, sha256=sha256, num_bytes=len(data))


def sweep(folder: Path, keep: Collection[str]) -> None:
    """Remove half-written files, and state files whose names are not among those to keep.

    Only for the one process that writes this folder: another's save would lose its file.
    """
    with _one_at_a_time:
        for part in folder.glob(f"*{_PART_SUFFIX}"):
            part.unlink(missing_ok=True)
    for pattern in _STATE_FILES:
        for file in folder.glob(pattern):
            if file.name not in keep:
                file.unlink(missing_ok=True)


def export_weights(state: TrainState, format: WeightsFormat) -> bytes:
    """The model's tensors alone, as a file that `load_state_dict` takes after reading."""
    weights = _compact(
        {
            name.removeprefix(_MODEL_PREFIX): tensor
            for name, tensor in state.tensors.items()
            if name.startswith(_MODEL_PREFIX)
        }
    )
    if format == "safetensors":
        return safetensors.torch.save(weights, {"format": "pt"})
    buffer = io.BytesIO()
    torch.save(weights, buffer)
    return buffer.getvalue()


def _encode(state: TrainState) -> bytes:
    # One metadata key: safetensors writes several in no fixed order, and the same state shall
    # give the same bytes.
    record = {"version": FORMAT_VERSION, "values": state.values}
    return safetensors.torch.save(_compact(state.tensors), {_METADATA_KEY: json.dumps(record)})


def _decode(data: bytes, path: Path) -> TrainState:
    try:
        tensors = safetensors.torch.load(data)  # also checks that no byte is missing or left over
        record = json.loads(_metadata(data)[_METADATA_KEY])
        version, values = record["version"], record["values"]
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        # RuntimeError: impossible shapes, from torch, and endless nesting, from json.
        raise CheckpointError(f"checkpoint {path} is cut, damaged or no checkpoint") from error
    if version != FORMAT_VERSION:
        raise CheckpointError(
            f"checkpoint {path} has format {version!r}; this version of Blitz reads "
            f"format {FORMAT_VERSION}"
        )
    return TrainState(tensors=tensors, values=values)


def _metadata(data: bytes) -> Mapping[str, str]:
    """The texts in a safetensors file, which its own reader gives only for files on a disk."""
    header_length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + header_length])
    metadata: Mapping[str, str] = header["__metadata__"]
    return metadata


def _compact(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies that share no memory and have no gaps, as the file formats want them."""
    return {
        name: tensor.detach().clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }


def _verify(path: Path, sha256: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise OSError(errno.EIO, "what was written does not read back", str(path))


def _sync_folder(folder: Path) -> None:
    """Make a rename in the folder last through a loss of power."""
    if os.name == "nt":  # folders cannot be opened; NTFS keeps renames in its journal
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems know no fsync of a folder; there is nothing more to do there.
        if error.errno not in (errno.EINVAL, errno.EBADF):
            raise
    finally:
        os.close(descriptor)
