"""Many matrices side by side in one picture: feature maps, kernels, the rows of a matrix.

Large ones are thinned by leaving out whole rows and columns, so that every number in the picture is
one of the tensor's own. Leaves drawing to `figures` and `thumbnails`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

MOST_TILES = 16
MOST_SIDE = 32
"""Rows and columns of a tile: more of them would not be told apart at this size."""
MOST_KERNELS = 12
"""Kernels, and input channels of each, in one picture."""
MOST_MATRIX = 160


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Tile:
    """One matrix of a mosaic."""

    values: np.ndarray
    """float32 [rows, columns], thinned."""
    leading: tuple[int, ...]
    """Its indices in the tensor, before row and column: the channel, or kernel and channel."""
    label: str
    place: tuple[int, int]
    """Row and column of the tile in the picture."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Mosaic:
    """Tiles of one size."""

    tiles: tuple[Tile, ...]
    rows: np.ndarray
    """int64: which rows of the tensor were kept."""
    columns: np.ndarray
    size: tuple[int, int]
    """Rows and columns of the whole matrices."""
    num_tiles: int
    """How many tiles there would be if all were shown."""
    limit: float
    """Largest magnitude in the whole tensor, of the finite values; 1 where all are 0."""
    num_nan: int
    num_infinite: int
    gap: int = field(init=False)
    """Cells between tiles: room for a label."""

    def __post_init__(self) -> None:
        across = 1 + max(tile.place[1] for tile in self.tiles)
        # A picture is some 400 pixels wide, a label some 16 high.
        gap = math.ceil(16 / 400 * across * len(self.columns))
        object.__setattr__(self, "gap", max(1, min(gap, len(self.rows))))

    @property
    def is_whole(self) -> bool:
        """Whether no row and no column was left out."""
        return (len(self.rows), len(self.columns)) == self.size

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of cells of the whole picture."""
        down = 1 + max(tile.place[0] for tile in self.tiles)
        across = 1 + max(tile.place[1] for tile in self.tiles)
        height, width = self._pitch
        return down * height, across * width - self.gap

    @property
    def _pitch(self) -> tuple[int, int]:
        return len(self.rows) + self.gap, len(self.columns) + self.gap

    def corner(self, tile: Tile) -> tuple[int, int]:
        """Cell of a tile's first row and column; a gap is above each tile."""
        height, width = self._pitch
        return tile.place[0] * height + self.gap, tile.place[1] * width

    def element_at(self, x: float, y: float) -> tuple[int, ...] | None:
        """Indices in the tensor of the element at a cell of the picture; None in a gap."""
        height, width = self._pitch
        down, row = divmod(round(y), height)
        across, column = divmod(round(x), width)
        row -= self.gap
        for tile in self.tiles:
            is_within = 0 <= row < len(self.rows) and column < len(self.columns)
            if tile.place == (down, across) and is_within:
                return (*tile.leading, int(self.rows[row]), int(self.columns[column]))
        return None

    def outline(
        self, leading: Sequence[int], rows: tuple[int, int], columns: tuple[int, int]
    ) -> tuple[float, float, float, float] | None:
        """Corners x0, y0, x1, y1 of a part of one tile in the picture; None if it is not shown.

        rows, columns: first of the tensor's, and the one after the last.
        """
        for tile in self.tiles:
            if tile.leading == tuple(leading):
                top, left = self.corner(tile)
                y0, y1 = np.searchsorted(self.rows, rows)
                x0, x1 = np.searchsorted(self.columns, columns)
                # Between two rows that were kept, the part is drawn as the next one.
                y0, x0 = min(y0, len(self.rows) - 1), min(x0, len(self.columns) - 1)
                y1, x1 = max(y1, y0 + 1), max(x1, x0 + 1)
                return left + x0 - 0.5, top + y0 - 0.5, left + x1 - 0.5, top + y1 - 0.5
        return None


def kept(size: int, most: int) -> np.ndarray:
    """At most `most` indices of `size`, evenly spread, first and last among them."""
    if size <= most:
        return np.arange(size)
    return np.linspace(0, size - 1, most).round().astype(np.int64)


def largest_magnitude(values: Tensor) -> float:
    """Of the finite values; 0 where there is none."""
    low, high = values.aminmax()
    if not (low.isfinite() and high.isfinite()):  # both are NaN where any value is
        low, high = values.nan_to_num(0.0, 0.0, 0.0).aminmax()
    return max(-float(low), float(high))


def feature_maps(
    values: Tensor, *, first: int = 0, most_tiles: int = MOST_TILES, most_side: int = MOST_SIDE
) -> Mosaic:
    """The channels of an activation [channels, rows, columns], from channel `first` on."""
    channels = range(first, min(first + most_tiles, len(values)))
    across = math.ceil(math.sqrt(len(channels)))
    leading = [(channel,) for channel in channels]
    places = [divmod(place, across) for place in range(len(channels))]
    labels = [str(channel) for channel in channels]
    return _mosaic(values, leading, places, labels, most_side, len(values))


def kernels(weight: Tensor, *, first: int = 0) -> Mosaic:
    """The kernels of a convolution [out, in, rows, columns], a row of tiles each."""
    out, within = weight.shape[:2]
    if within == 1:
        maps = feature_maps(weight[:, 0], first=first)
        tiles = tuple(_relabelled(tile, (*tile.leading, 0)) for tile in maps.tiles)
        return _with_tiles(maps, tiles)
    rows = range(first, min(first + MOST_KERNELS, out))
    leading = [(o, i) for o in rows for i in range(min(within, MOST_KERNELS))]
    places = [(o - first, i) for o, i in leading]
    labels = [f"{o} · {i}" for o, i in leading]
    return _mosaic(weight, leading, places, labels, MOST_SIDE, out * within)


def matrix(values: Tensor, most: int = MOST_MATRIX) -> Mosaic:
    """One matrix [rows, columns]."""
    return _mosaic(values, [()], [(0, 0)], [""], most, 1)


def _mosaic(
    values: Tensor,
    leading: Sequence[tuple[int, ...]],
    places: Sequence[tuple[int, int]],
    labels: Sequence[str],
    most_side: int,
    num_tiles: int,
) -> Mosaic:
    values = values.detach()
    rows, columns = (kept(size, most_side) for size in values.shape[-2:])
    row_index, column_index = torch.from_numpy(rows), torch.from_numpy(columns)
    tiles = tuple(
        Tile(
            values=values[indices][row_index][:, column_index].float().cpu().numpy(),
            leading=indices,
            label=label,
            place=place,
        )
        for indices, place, label in zip(leading, places, labels, strict=True)
    )
    limit = largest_magnitude(values)
    return Mosaic(
        tiles=tiles,
        rows=rows,
        columns=columns,
        size=(values.shape[-2], values.shape[-1]),
        num_tiles=num_tiles,
        limit=limit or 1.0,
        num_nan=int(values.isnan().sum()),
        num_infinite=int(values.isinf().sum()),
    )


def _relabelled(tile: Tile, leading: tuple[int, ...]) -> Tile:
    return Tile(values=tile.values, leading=leading, label=tile.label, place=tile.place)


def _with_tiles(mosaic: Mosaic, tiles: tuple[Tile, ...]) -> Mosaic:
    return Mosaic(
        tiles=tiles, rows=mosaic.rows, columns=mosaic.columns, size=mosaic.size,
        num_tiles=mosaic.num_tiles, limit=mosaic.limit, num_nan=mosaic.num_nan,
        num_infinite=mosaic.num_infinite,
    )  # fmt: skip
