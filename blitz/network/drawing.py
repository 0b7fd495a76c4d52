"""A picture drawn by hand: checked as it comes from a browser, and centred as digits are."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

SIDE = 96
"""Height and width of a drawing, in pixels."""
MNIST_SHARE = 20 / 28
"""How much of the side a digit of MNIST takes up at most."""
DIGIT_SHARES: Mapping[str, float] = {"mnist": MNIST_SHARE, "digits": 1.0}
"""The same for data sets of digits; those of the small one were cut out as high as they are."""
PAPERS = ("black", "white")

_TEXT_LENGTH = 4 * -(-(SIDE**2) // 3)  # base64 writes three bytes as four signs


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawing:
    """Ink on black or white paper."""

    ink: bytes
    """SIDE × SIDE bytes, row by row: 0 for bare paper, 255 for all ink."""
    paper: str
    """"black" under white ink or "white" under black ink."""

    def __post_init__(self) -> None:
        if len(self.ink) != SIDE**2:
            raise ValueError(f"ink: {len(self.ink)} bytes were given; expected {SIDE**2}")
        if self.paper not in PAPERS:
            raise ValueError(f"paper: {self.paper[:20]!r} was given; expected black or white")

    @property
    def is_blank(self) -> bool:
        """Whether there is no ink at all."""
        return not any(self.ink)

    @property
    def digest(self) -> str:
        """A short name for what was drawn."""
        content = self.paper.encode() + self.ink
        return hashlib.sha1(content, usedforsecurity=False).hexdigest()[:12]


def read_drawing(value: object) -> Drawing:
    """A drawing as a browser sends it: {"paper": "black", "ink": base64}.

    A browser can send anything: ValueError in one line for what is no drawing.
    """
    match value:
        case {"ink": str(ink), "paper": str(paper)} if len(ink) == _TEXT_LENGTH:
            pass
        case _:
            raise ValueError(
                f"drawing: {type(value).__name__} was given; expected its paper, and its ink in "
                f"{_TEXT_LENGTH:,} letters"
            )
    try:
        content = base64.b64decode(ink, validate=True)
    except ValueError:
        raise ValueError("ink: other letters were given; expected base64") from None
    return Drawing(ink=content, paper=paper)


def picture_of(drawing: Drawing, share: float | None = None) -> Tensor:
    """What a network may look at, uint8 [1, SIDE, SIDE]; with a share, centred first."""
    ink = torch.frombuffer(bytearray(drawing.ink), dtype=torch.uint8).view(1, SIDE, SIDE)
    if share is not None:
        ink = centred(ink, share)
    return ink if drawing.paper == "black" else 255 - ink


def centred(ink: Tensor, share: float = MNIST_SHARE) -> Tensor:
    """Ink scaled to `share` of the side at its longer extent, its centre of mass in the middle.

    uint8 [1, S, S] → uint8 [1, S, S]; 0 is bare paper. MNIST's makers did so with a box of 20 in a
    field of 28 pixels (LeCun, Cortes and Burges, "The MNIST database of handwritten digits").
    """
    rows, columns = torch.nonzero(ink[0], as_tuple=True)
    if not len(rows):
        return ink
    side = ink.shape[-1]
    box = ink[0, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    scale = share * side / max(box.shape)
    height, width = (max(1, round(extent * scale)) for extent in box.shape)
    shape = Image.fromarray(box.numpy()).resize((width, height), Image.Resampling.BILINEAR)
    top = _start(box.sum(dim=1), height, side)
    left = _start(box.sum(dim=0), width, side)
    field = torch.zeros_like(ink)
    field[0, top : top + height, left : left + width] = torch.from_numpy(np.array(shape))
    return field


def _start(mass: Tensor, extent: int, side: int) -> int:
    """Where ink of this extent begins, whose centre of mass is to be in the middle of the side.

    mass: how much ink there is from its one end to the other, before it was scaled.
    Ink that lies mostly at one end of its box could leave the field; it stops at the border.
    """
    places = (torch.arange(len(mass)) + 0.5) / len(mass)
    centre = extent * float((mass * places).sum() / mass.sum())
    return min(max(round(side / 2 - centre), 0), side - extent)
