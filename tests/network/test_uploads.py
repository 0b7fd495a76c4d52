"""A person's own picture: which files are read, as which pixels; which are not, and why."""

import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from blitz.network.uploads import MAX_SIDE, image_from_file
from tests.datasets.helpers import encoded, noise


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_a_small_square_keeps_every_pixel(channels: int) -> None:
    picture = noise(0, (28, 28), channels)
    expected = torch.from_numpy(np.asarray(picture).copy()).view(28, 28, channels).permute(2, 0, 1)
    found = image_from_file(encoded(picture))
    assert found.equal(expected)
    assert found.is_contiguous()


@pytest.mark.parametrize(
    ("size", "side"),
    [((500, 300), MAX_SIDE), ((40, 30), 30), ((9, 1_000), 9), ((1, 1), 1), ((224, 300), 224)],
)
def test_the_middle_square_is_taken_and_large_ones_made_smaller(
    size: tuple[int, int], side: int
) -> None:
    picture = Image.new("L", size, 10)
    short = min(size)
    left, top = ((extent - short) // 2 for extent in size)
    picture.paste(200, (left, top, left + short, top + short))  # the middle square
    found = image_from_file(encoded(picture))
    assert found.shape == (1, side, side)
    assert (found[0, side // 4 :, side // 4 :] > 100).all()


def sixteen_bits() -> bytes:
    return encoded(Image.fromarray(np.full((8, 8), 65535, dtype=np.uint16)))


def palette() -> bytes:
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([0, 0, 0, 255, 0, 0])
    return encoded(picture)


def turned() -> bytes:
    picture = Image.new("RGB", (16, 16))
    picture.paste((255, 0, 0), (0, 0, 16, 8))  # red above; the camera was held upside down
    exif = Image.Exif()
    exif[0x0112] = 3
    return encoded(picture, "PNG", exif=exif)


def transparent() -> bytes:
    return encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0)))


def animated() -> bytes:
    frames = [Image.new("P", (8, 8), index) for index in (1, 0)]
    for frame in frames:
        frame.putpalette([0, 0, 0, 255, 0, 0])
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


@pytest.mark.parametrize(
    ("content", "lower_right"),
    [
        (encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=100), (254, 0, 0)),
        (sixteen_bits(), (255,)),
        (palette(), (255, 0, 0)),
        (turned(), (255, 0, 0)),
        (transparent(), (255, 255, 255)),
        (animated(), (255, 0, 0)),
    ],
    ids=["cmyk", "16-bit", "palette", "turned", "transparent", "animated"],
)
def test_unusual_pictures_are_converted(content: bytes, lower_right: tuple[int, ...]) -> None:
    found = image_from_file(content)
    assert found.dtype == torch.uint8
    assert found[:, -1, -1].tolist() == pytest.approx(lower_right, abs=2)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"some text", "not a known image format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\nshowpage\n", "not a known"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'></svg>", "not a known"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "not a known"),
        (png_header(50_000, 50_000), "50,000,000 pixels"),
        (png_header(0, 0), "0×0 pixels|damaged|not a known"),
        (encoded(noise(0, (64, 64)), "JPEG")[:700], "damaged"),
        (b"\xff" * (64 * 2**20 + 1), "more than 64 MB"),
    ],
    ids=["empty", "text", "eps", "svg", "html", "giant", "no-pixels", "cut", "huge-file"],
)
def test_what_is_no_picture_is_refused_with_its_fault(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as error:
        image_from_file(content)
    assert "\n" not in str(error.value)
