"""Turns the bytes of one image file into 8-bit grey or colour pixels, and fits them into a square.

Knows nothing about files, classes or arrays of many images.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}
)
MAX_FILE_BYTES = 64 * 2**20
MAX_PIXELS = 50_000_000

# The file's content decides, not its name. Formats that run programs (EPS) or are no pictures
# (SVG, HTML) are not among them.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
_ORIENTATION = 0x0112  # EXIF tag
_TOO_MANY = f"more than {MAX_PIXELS:,} pixels"


class UnreadableImageError(Exception):
    """The reason, in a few words, why a file is not read as an image."""


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn what PIL raises on damaged or foreign files into UnreadableImageError."""
    try:
        yield
    except UnreadableImageError:
        raise
    except UnidentifiedImageError:
        raise UnreadableImageError("not a known image format") from None
    except Image.DecompressionBombError:
        raise UnreadableImageError(_TOO_MANY) from None
    except MemoryError:
        raise UnreadableImageError("needs too much memory") from None
    except Exception:  # noqa: BLE001 - its readers raise nearly anything on damaged files
        raise UnreadableImageError("damaged") from None


@contextmanager
def quiet_decoder() -> Iterator[None]:
    """Keep PIL's warnings about odd metadata and large pictures to itself.

    What they warn of is answered here: too many pixels are refused, a damaged file is unreadable.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def open_image(content: bytes) -> Image.Image:
    """The image in `content` by its header alone: format and size are known, no pixel is decoded.

    Raises UnreadableImageError for other formats, no pixels, and more than 50 million of them.
    """
    if not content:
        raise UnreadableImageError("empty file")
    with _reasons():
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
    width, height = image.size
    if width < 1 or height < 1:
        raise UnreadableImageError(f"{width}×{height} pixels")
    if width * height > MAX_PIXELS:
        raise UnreadableImageError(f"{width}×{height} pixels, {_TOO_MANY}")
    return image


def decode(image: Image.Image, target_size: int | None = None) -> Image.Image:
    """The pixels of an opened image, upright, in mode "L" (grey) or "RGB".

    16-bit grey is scaled to 8 bits, palettes and CMYK become RGB, transparent pixels white; of an
    animation the first picture counts. With `target_size`, a JPEG much larger than that is decoded
    at a fraction of its size, at least twice the target: many times faster for photographs.

    Raises UnreadableImageError.
    """
    with _reasons():
        if target_size is not None:
            image.draft(None, (2 * target_size, 2 * target_size))
        image.load()
        if image.getexif().get(_ORIENTATION, 1) != 1:
            image = ImageOps.exif_transpose(image)
        return _eight_bits(image)


def fit_square(image: Image.Image, size: int) -> Image.Image:
    """The middle square of `image`, resized to `size`×`size` bilinearly with antialiasing.

    The same as resizing the short side to `size` and cropping the middle, but no larger picture
    comes in between when an image is very long and thin.
    """
    if image.size == (size, size):
        return image
    return ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR)


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "RGB"):
        if "transparency" not in image.info:
            return image
        image = image.convert("RGBA" if image.mode == "RGB" else "LA")
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "I" or image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise UnreadableImageError("more than 16 bits a pixel")
        # 65535 = 257 · 255, so dividing by 257 takes white to white and black to black.
        return Image.fromarray(((values + 128) // 257).astype(np.uint8))
    if image.mode == "F":
        raise UnreadableImageError("floating-point pixels")
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode == "LA":
        return _on_white(image, "L")
    if image.mode in ("RGBA", "PA", "La", "RGBa"):
        return _on_white(image.convert("RGBA"), "RGB")
    return image.convert("RGB")


def _on_white(image: Image.Image, mode: str) -> Image.Image:
    # White, as paper and web pages are: a drawing on nothing is mostly dark ink.
    background = Image.new(mode, image.size, "white")
    background.paste(image.convert(mode), mask=image.getchannel("A"))
    return background
