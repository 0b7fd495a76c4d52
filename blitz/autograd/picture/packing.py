"""Packs arrays and texts into one bytes object that a browser reads without copying a number.

    4 bytes   length H of the header, unsigned, little-endian
    H bytes   header: JSON in UTF-8, padded with spaces until 4 + H is a multiple of 8
    arrays    one after another, each beginning at a multiple of 8

The header's "arrays" say of each name: type ("f4", "i4", "u1"), byte offset from the start of the
arrays, number of items. All else in the header is the caller's. What the arrays mean is up to
whoever packs them; viewer/00_viewer_interface.js says it of a drawing and of a playback.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

ALIGNMENT = 8
DTYPES: dict[str, np.dtype[Any]] = {
    "f4": np.dtype("<f4"),
    "i4": np.dtype("<i4"),
    "u1": np.dtype("u1"),
}


def pack(arrays: Mapping[str, np.ndarray], header: Mapping[str, object]) -> bytes:
    """Pack arrays of float32, int32 or uint8 with one dimension, and a header.

    Raises ValueError for another type of number or another number of dimensions: converting is the
    caller's decision.
    """
    table: dict[str, tuple[str, int, int]] = {}
    pieces: list[bytes] = []
    offset = 0
    for name, array in arrays.items():
        dtype = array.dtype.str[1:]
        if dtype not in DTYPES:
            raise ValueError(f"array {name!r} is of type {array.dtype}, not one of {[*DTYPES]}")
        if array.ndim != 1:
            raise ValueError(f"array {name!r} has {array.ndim} dimensions instead of one")
        data = array.astype(DTYPES[dtype], copy=False).tobytes()
        table[name] = (dtype, offset, len(array))
        pieces += [data, bytes(-len(data) % ALIGNMENT)]
        offset += len(data) + -len(data) % ALIGNMENT
    text = json.dumps({**header, "arrays": table}, ensure_ascii=False, allow_nan=False)
    # Half of a pair of surrogates, which a name in Python may have, has no place in UTF-8.
    words = text.encode(errors="replace")
    words += b" " * (-(4 + len(words)) % ALIGNMENT)
    return b"".join([struct.pack("<I", len(words)), words, *pieces])


def unpack(packed: bytes) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """The arrays, which share the memory of `packed` and cannot be written, and the header.

    Raises ValueError where the bytes do not have this format.
    """
    if len(packed) < 4:
        raise ValueError(f"{len(packed)} bytes are too few for a header")
    (length,) = struct.unpack_from("<I", packed)
    start = 4 + length
    if start > len(packed):
        raise ValueError(f"the header ends at byte {start} of {len(packed)}")
    header: dict[str, Any] = json.loads(packed[4:start])
    if "arrays" not in header:
        raise ValueError("the header names no arrays")
    arrays = {
        name: np.frombuffer(packed, DTYPES[dtype], count, start + offset)
        for name, (dtype, offset, count) in header.pop("arrays").items()
    }
    return arrays, header
