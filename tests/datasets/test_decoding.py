"""One image file: which are read, as which pixels; which are not, and why."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torchvision.transforms.v2.functional import center_crop, pil_to_tensor, resize

from blitz.datasets.decoding import (
    UnreadableImageError,
    decode,
    fit_square,
    open_image,
    quiet_decoder,
)
from tests.datasets.helpers import encoded, noise


def read(content: bytes) -> Image.Image:
    with quiet_decoder():
        return decode(open_image(content))


def pixels(content: bytes) -> list[int]:
    return np.asarray(read(content)).flatten().tolist()


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header claims a size and which has no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


@pytest.mark.parametrize("image_format", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats_keep_every_pixel(image_format: str) -> None:
    image = noise(0)
    assert np.array_equal(np.asarray(read(encoded(image, image_format))), np.asarray(image))


@pytest.mark.parametrize("image_format", ["JPEG", "GIF", "WEBP"])
def test_other_formats_equal_pillow(image_format: str) -> None:
    content = encoded(noise(0), image_format)
    expected = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert np.array_equal(np.asarray(read(content)), expected)


def test_sixteen_bits_are_scaled_to_eight() -> None:
    grey = np.array([[0, 257, 128 * 257, 65535, 128, 129]], dtype=np.uint16)
    expected = [0, 1, 128, 255, 0, 1]  # value / 257, rounded
    assert pixels(encoded(Image.fromarray(grey))) == expected
    assert pixels(encoded(Image.fromarray(grey), "TIFF")) == expected


def test_one_bit_is_black_and_white() -> None:
    image = Image.fromarray(np.array([[0, 255]], dtype=np.uint8)).convert("1")
    assert pixels(encoded(image)) == [0, 255]


def test_palette_becomes_its_colours() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putdata([0, 1])
    assert pixels(encoded(image)) == [255, 0, 0, 0, 0, 255]


def test_cmyk_becomes_rgb() -> None:
    image = Image.new("CMYK", (8, 8), (0, 255, 255, 0))  # no cyan: red
    red, green, blue = pixels(encoded(image, "JPEG", quality=100))[:3]
    assert red > 250
    assert green < 5
    assert blue < 5


def test_transparent_pixels_are_white() -> None:
    colour = Image.fromarray(np.array([[[9, 9, 9, 0], [9, 8, 7, 255]]], dtype=np.uint8))
    assert pixels(encoded(colour)) == [255, 255, 255, 9, 8, 7]
    grey = Image.fromarray(np.array([[[9, 0], [9, 255]]], dtype=np.uint8), "LA")
    assert read(encoded(grey)).mode == "L"
    assert pixels(encoded(grey)) == [255, 9]


def test_a_transparent_palette_entry_is_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putdata([0, 1])
    assert pixels(encoded(image, transparency=0)) == [255, 255, 255, 0, 0, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_upright(orientation: int) -> None:
    image = noise(0, (6, 4))
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(image, exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    assert read(content).size == ((4, 6) if orientation >= 5 else (6, 4))
    assert np.array_equal(np.asarray(read(content)), np.asarray(expected))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 100,
        b"<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'></svg>",
        b"<!DOCTYPE html><html><body>404</body></html>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n",
        png_of_size(0, 0),
        png_of_size(0, 8),
        png_of_size(50_000, 50_000),
        png_of_size(10_000, 10_000),  # PIL itself only warns of this size
        png_of_size(8, 8),
        encoded(noise(0, (64, 64)), "JPEG")[:700],
        encoded(noise(0, (64, 64)), "PNG")[:700],
        encoded(Image.fromarray(np.zeros((8, 8), dtype=np.float32)), "TIFF"),
    ],
    ids=[
        "empty", "zeros", "svg", "html", "eps", "no-pixels", "no-width", "giant",
        "large", "no-data", "cut-jpeg", "cut-png", "float",
    ],
)  # fmt: skip
def test_what_is_no_image_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableImageError):
        read(content)


def test_a_file_flipped_anywhere_is_read_or_unreadable_and_nothing_else() -> None:
    random = np.random.RandomState(0)
    for image_format in ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "PPM"):
        content = encoded(noise(0, (16, 16)), image_format)
        for _ in range(60):
            damaged = bytearray(content)
            damaged[random.randint(len(damaged))] ^= 1 << random.randint(8)
            with contextlib.suppress(UnreadableImageError):
                assert read(bytes(damaged)).mode in ("L", "RGB")


@pytest.mark.parametrize("size", [(40, 40), (60, 40), (40, 92), (16, 16)])
def test_fitting_is_short_side_then_centre_crop(size: tuple[int, int]) -> None:
    image = noise(1, size)
    fitted = pil_to_tensor(fit_square(image, 20))
    expected = center_crop(resize(pil_to_tensor(image), [20], antialias=True), [20, 20])
    assert fitted.shape == (3, 20, 20)
    assert (fitted.int() - expected.int()).abs().max() <= 1


def test_a_long_thin_image_is_fitted() -> None:
    assert fit_square(noise(0, (20_000, 1)), 32).size == (32, 32)


def test_a_photograph_is_decoded_small_and_looks_the_same() -> None:
    gradient = np.add.outer(np.arange(400), np.arange(600)) * 255 // 1000
    photo = encoded(Image.fromarray(gradient.astype(np.uint8)), "JPEG", quality=95)
    small = decode(open_image(photo), 32)
    full = decode(open_image(photo))
    assert 64 <= min(small.size) < 400
    one, other = (
        torch.from_numpy(np.asarray(fit_square(i, 32)).astype(int)) for i in (small, full)
    )
    assert (one - other).abs().max() <= 3
