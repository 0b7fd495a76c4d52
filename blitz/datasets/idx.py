"""Reads the IDX files of the MNIST family, gzipped, without unpacking them to disk.

Knows the file format only. The format: http://yann.lecun.com/exdb/mnist/
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blitz.datasets.errors import DatasetError, shown

_UINT8 = 0x08


IDX_FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
"""Names of the images' and the labels' file of each part, the same in the whole family."""


def read_idx(path: Path, num_dimensions: int) -> NDArray[np.uint8]:
    """The bytes in a gzipped IDX file as an array of so many dimensions.

    Raises DatasetError, naming the file, where it is cut, damaged or of another format.
    """
    try:
        with gzip.open(path) as file:
            content = file.read()  # gzip compares its checksum at the end
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{shown(path)}: the file is cut or damaged ({error})") from error
    header = 4 + 4 * num_dimensions
    if len(content) < header or content[:4] != bytes([0, 0, _UINT8, num_dimensions]):
        raise DatasetError(
            f"{shown(path)}: not an IDX file of bytes with {num_dimensions} dimensions"
        )
    shape = struct.unpack(f">{num_dimensions}I", content[4:header])
    if len(content) - header != math.prod(shape):
        raise DatasetError(
            f"{shown(path)}: {len(content) - header:,} bytes of data; its header says "
            f"{' × '.join(map(str, shape))}"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape).copy()


def unpacked_matches(packed: Path, unpacked: Path) -> bool:
    """Whether `unpacked` has the length and checksum that the gzip file `packed` ends with."""
    try:
        content = unpacked.read_bytes()
        with packed.open("rb") as file:
            file.seek(-8, 2)
            checksum, length = map(int, struct.unpack("<II", file.read(8)))
    except OSError:
        return False
    return len(content) % 2**32 == length and zlib.crc32(content) == checksum
