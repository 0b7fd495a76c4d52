"""TensorBoard's event files: the format alone, written by hand.

A file is a sequence of records (TFRecord): the length as 8 bytes, a checksum of those, the content,
a checksum of the content. A content is an Event of tensorflow/core/util/event.proto in the wire
format of protocol buffers: fields of a number, a kind and a value. Checksums are CRC-32C, turned
and shifted ("masked") as tensorflow/core/lib/hash/crc32c.h has it.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0x82F63B78  # of Castagnoli, its bits turned round
_MASK_DELTA = 0xA282EAD8
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalarEvent:
    """Numbers measured at one step."""

    wall_time: float
    """Seconds since 1970."""
    step: int
    scalars: Mapping[str, float]
    """By tag."""


def event_file(events: Iterable[ScalarEvent], *, wall_time: float) -> bytes:
    """The content of an event file; wall_time is when it begins."""
    version = _fixed64(1, wall_time) + _bytes(3, b"brain.Event:2")
    return _records([version, *map(_event, events)])


# Protocol buffers


def _event(event: ScalarEvent) -> bytes:
    values = b"".join(
        _bytes(1, _bytes(1, tag.encode()) + _fixed32(2, value))
        for tag, value in event.scalars.items()
    )
    return _fixed64(1, event.wall_time) + _varint_field(2, event.step) + _bytes(5, values)


def _key(number: int, kind: int) -> bytes:
    return bytes([number << 3 | kind])


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _varint_field(number: int, value: int) -> bytes:
    return _key(number, _VARINT) + _varint(value)


def _fixed64(number: int, value: float) -> bytes:
    return _key(number, _FIXED64) + struct.pack("<d", value)


def _fixed32(number: int, value: float) -> bytes:
    return _key(number, _FIXED32) + struct.pack("<f", value)


def _bytes(number: int, value: bytes) -> bytes:
    return _key(number, _BYTES) + _varint(len(value)) + value


# Records


def _records(contents: Sequence[bytes]) -> bytes:
    lengths = [struct.pack("<Q", len(content)) for content in contents]
    sums = zip(lengths, masked_crcs(lengths), contents, masked_crcs(contents), strict=True)
    return b"".join(
        length + struct.pack("<I", of_length) + content + struct.pack("<I", of_content)
        for length, of_length, content, of_content in sums
    )


def masked_crcs(contents: Sequence[bytes]) -> list[int]:
    """The masked CRC-32C of each content."""
    found = np.zeros(len(contents), dtype=np.uint32)
    by_length: dict[int, list[int]] = {}
    for index, content in enumerate(contents):
        by_length.setdefault(len(content), []).append(index)
    for length, indices in by_length.items():
        joined = b"".join(contents[index] for index in indices)
        table = np.frombuffer(joined, dtype=np.uint8).reshape(len(indices), length)
        crcs = crc32c(table)
        found[indices] = (crcs >> np.uint32(15) | crcs << np.uint32(17)) + np.uint32(_MASK_DELTA)
    return [int(value) for value in found]


def crc32c(contents: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The CRC-32C of each row, all rows at once: uint8 [rows, bytes] → uint32 [rows]."""
    crcs = np.full(len(contents), 0xFFFFFFFF, dtype=np.uint32)
    for column in contents.T:
        crcs = _TABLE[(crcs ^ column) & np.uint32(0xFF)] ^ crcs >> np.uint32(8)
    return ~crcs


def _table() -> NDArray[np.uint32]:
    """What eight steps of the division do to each byte."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = table >> np.uint32(1) ^ np.uint32(_POLYNOMIAL) * (table & np.uint32(1))
    return table


_TABLE = _table()
