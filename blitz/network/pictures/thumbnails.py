"""Activations as pictures of a few dozen pixels, small enough to send one for every layer."""

import base64
import io
import math
from functools import cache, lru_cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from blitz.look import STOPS
from blitz.network.pictures.mosaic import kept

MAPS = 4
"""Maps in one thumbnail, two in a row."""
SIDE = 22
"""Pixels of one of them."""
_SHADES, _CLEAR = 255, 255
"""How many colours there are, an odd number so that 0 has one; and the index of none."""


def thumbnail(activation: Tensor) -> str:
    """The first maps of an activation [channels, rows, columns], or a vector, as a data URL.

    Blue is below 0, grey 0, orange above, as strong as the largest magnitude; NaN is transparent.
    """
    values = activation.detach().float()
    if values.ndim == 3 and values.shape[1:] != (1, 1):
        tiles = [_small(channel, SIDE) for channel in values[:MAPS]]
    else:
        tiles = [_folded(values.reshape(-1))]
    return png(_side_by_side(tiles))


def image_thumbnail(pixels: Tensor) -> str:
    """An image uint8 [C, H, W], grey or colour, as a data URL."""
    small = pixels[:, kept(pixels.shape[1], 2 * SIDE)][:, :, kept(pixels.shape[2], 2 * SIDE)]
    array = small.permute(1, 2, 0).numpy()
    return _image_url(array.tobytes(), *array.shape)


@lru_cache(maxsize=1024)  # 12 MB: neighbours are shown again and again
def _image_url(pixels: bytes, height: int, width: int, channels: int) -> str:
    return _data_url(Image.frombytes("L" if channels == 1 else "RGB", (width, height), pixels))


def png(values: np.ndarray) -> str:
    """Numbers in colours as a data URL; NaN is transparent."""
    is_nan = np.isnan(values)
    finite = np.abs(values[np.isfinite(values)])
    limit = float(finite.max(initial=0.0)) or 1.0
    scaled = np.clip(values / limit, -1, 1)  # infinities become the strongest colours
    places = np.where(is_nan, _CLEAR, np.rint((_SHADES - 1) / 2 * (scaled + 1)))
    height, width = values.shape
    picture = Image.frombytes("P", (width, height), places.astype(np.uint8).tobytes())
    picture.putpalette(_palette(), "RGBA")
    return _data_url(picture)


def _small(matrix: Tensor, side: int) -> np.ndarray:
    rows, columns = (torch.from_numpy(kept(size, side)) for size in matrix.shape)
    small: np.ndarray = matrix[rows][:, columns].cpu().numpy()
    return small


def _folded(vector: Tensor) -> np.ndarray:
    """A vector as a rectangle that is about twice as wide as high, row by row."""
    few = vector[torch.from_numpy(kept(len(vector), 512))].cpu().numpy()
    across = max(1, math.ceil(math.sqrt(2 * len(few))))
    padded = np.full(across * math.ceil(len(few) / across), np.nan, dtype=np.float32)
    padded[: len(few)] = few
    return padded.reshape(-1, across)


def _side_by_side(tiles: list[np.ndarray]) -> np.ndarray:
    if len(tiles) == 1:
        return tiles[0]
    rows, columns = tiles[0].shape
    down = math.ceil(len(tiles) / 2)
    picture = np.full((down * (rows + 1) - 1, 2 * columns + 1), np.nan, dtype=np.float32)
    for place, tile in enumerate(tiles):
        top, left = place // 2 * (rows + 1), place % 2 * (columns + 1)
        picture[top : top + rows, left : left + columns] = tile
    return picture


@cache
def _palette() -> bytes:
    """The colours from the most negative over 0 to the most positive, and one that is clear."""
    stops = [stop for stop, _ in STOPS]
    colours = np.array([_rgb(colour) for _, colour in STOPS])
    places = np.linspace(0, 1, _SHADES)
    channels = [np.interp(places, stops, colours[:, channel]) for channel in range(3)]
    shades = np.stack([*channels, np.full(_SHADES, 255)], axis=-1).round().astype(np.uint8)
    return shades.tobytes() + bytes(4)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _data_url(picture: Image.Image) -> str:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
