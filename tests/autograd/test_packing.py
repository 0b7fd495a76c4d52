import json
import struct

import numpy as np
import pytest

from blitz.autograd.picture.packing import pack, unpack

ARRAYS: dict[str, np.ndarray] = {
    "x": np.array([0.5, -1.0, np.nan], np.float32),
    "mark": np.array([1, 2, 3, 4, 5], np.uint8),
    "none": np.array([], np.int32),
    "index": np.array([-1, 2**31 - 1], np.int32),
}


def test_what_is_packed_is_unpacked() -> None:
    arrays, header = unpack(pack(ARRAYS, {"title": "Netz ∂", "texts": ["a", "β"]}))
    assert header == {"title": "Netz ∂", "texts": ["a", "β"]}
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)


@pytest.mark.parametrize("title", ["", "a", "ab", "abc", "äöü∂", "a longer title"])
def test_every_array_begins_at_a_multiple_of_eight(title: str) -> None:
    packed = pack(ARRAYS, {"title": title})
    (length,) = struct.unpack_from("<I", packed)
    assert (4 + length) % 8 == 0
    table = json.loads(packed[4 : 4 + length])["arrays"]
    assert [offset % 8 for _, offset, _ in table.values()] == [0] * len(ARRAYS)
    assert table["mark"] == ["u1", 16, 5]


def test_a_text_that_is_no_unicode_is_replaced() -> None:
    _, header = unpack(pack({}, {"texts": ["a\ud800b"]}))
    assert header["texts"] == ["a?b"]


def test_numbers_are_little_endian_whatever_they_were() -> None:
    packed = pack({"index": np.array([1], ">i4")}, {})
    assert packed.endswith(b"\x01\x00\x00\x00" + bytes(4))


def test_every_second_item_is_packed_as_such() -> None:
    arrays, _ = unpack(pack({"x": np.arange(6, dtype=np.float32)[::2]}, {}))
    assert arrays["x"].tolist() == [0, 2, 4]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(2), "'x' is of type float64"),
        (np.zeros(2, np.int64), "'x' is of type int64"),
        (np.zeros((2, 2), np.float32), "'x' has 2 dimensions"),
    ],
)
def test_no_number_is_changed_silently(array: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pack({"x": array}, {})


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        (b"ab", "2 bytes are too few"),
        (struct.pack("<I", 1000) + b"{}", "ends at byte 1004 of 6"),
        (struct.pack("<I", 4) + b"{}  ", "names no arrays"),
    ],
)
def test_other_bytes_are_refused(packed: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        unpack(packed)
