"""Drawings as a browser sends them, and how they are centred."""

import base64
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from blitz.network.drawing import (
    DIGIT_SHARES,
    MNIST_SHARE,
    SIDE,
    centred,
    picture_of,
    read_drawing,
)
from blitz.network.images import adapt
from tests.images import digits


def sent(ink: Tensor, paper: str = "black") -> dict[str, str]:
    return {"ink": base64.b64encode(ink.numpy().tobytes()).decode(), "paper": paper}


def with_bar(top: int, left: int, height: int, width: int) -> Tensor:
    ink = torch.zeros(1, SIDE, SIDE, dtype=torch.uint8)
    ink[0, top : top + height, left : left + width] = 255
    return ink


def extent(ink: Tensor) -> tuple[int, int, int, int]:
    """Top, left, height and width of what is half ink or more."""
    rows, columns = np.nonzero(ink[0].numpy() >= 128)
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    return int(rows.min()), int(columns.min()), int(height), int(width)


def test_a_drawing_arrives_pixel_by_pixel() -> None:
    ink = torch.randint(0, 256, (1, SIDE, SIDE), dtype=torch.uint8)
    white_on_black, black_on_white = (read_drawing(sent(ink, p)) for p in ("black", "white"))
    assert picture_of(white_on_black).equal(ink)
    assert picture_of(black_on_white).equal(255 - ink)
    assert not white_on_black.is_blank
    assert read_drawing(sent(torch.zeros_like(ink))).is_blank
    assert white_on_black.digest != black_on_white.digest
    assert white_on_black.digest == read_drawing(sent(ink)).digest


GOOD = sent(with_bar(0, 0, 3, 3))


@pytest.mark.parametrize(
    "value",
    [
        None, "text", [1, 2], {}, GOOD | {"ink": 3}, GOOD | {"ink": ""},
        GOOD | {"ink": GOOD["ink"][:-4]}, GOOD | {"ink": GOOD["ink"] * 1_000},
        GOOD | {"ink": "é" * len(GOOD["ink"])}, GOOD | {"ink": "*" * len(GOOD["ink"])},
        GOOD | {"ink": GOOD["ink"][:-2] + "=="}, GOOD | {"paper": "x" * 10_000},
        GOOD | {"paper": ["black"]}, {"paper": "black"}, {"ink": GOOD["ink"]},
    ],
)  # fmt: skip
def test_what_is_no_drawing_is_refused_in_a_short_line(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^\w+: .") as error:
        read_drawing(value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 120


@given(
    top=st.integers(0, 80), left=st.integers(0, 80),
    height=st.integers(4, 96), width=st.integers(4, 96),
)  # fmt: skip
def test_a_bar_fills_twenty_of_twentyeight_and_lies_in_the_middle(
    top: int, left: int, height: int, width: int
) -> None:
    height, width = min(height, SIDE - top), min(width, SIDE - left)
    found = extent(centred(with_bar(top, left, height, width)))
    scale = SIDE * 20 / 28 / max(height, width)
    assert found[2:] == pytest.approx((height * scale, width * scale), abs=1)
    # The centre of mass of a bar is its middle.
    assert found[0] + found[2] / 2 == pytest.approx(SIDE / 2, abs=1)
    assert found[1] + found[3] / 2 == pytest.approx(SIDE / 2, abs=1)


def test_the_centre_of_mass_is_in_the_middle_not_that_of_the_box() -> None:
    ink = with_bar(30, 30, 40, 8) + with_bar(62, 38, 8, 32)  # an L, 40 wide and high
    top, left, height, width = extent(centred(ink))
    # Middle of the stem and of the foot, each times its number of pixels.
    row = (40 * 8 * 20 + 8 * 32 * 36) / (40 * 8 + 8 * 32) / 40
    column = (40 * 8 * 4 + 8 * 32 * 24) / (40 * 8 + 8 * 32) / 40
    assert (height, width) == pytest.approx((SIDE * MNIST_SHARE,) * 2, abs=1)
    assert top + row * height == pytest.approx(SIDE / 2, abs=1)
    assert left + column * width == pytest.approx(SIDE / 2, abs=1)


def test_ink_never_leaves_the_field() -> None:
    # Nearly all ink at the left end of a thin line, whose middle is far from its mass.
    ink = with_bar(40, 10, 16, 16) + with_bar(47, 26, 1, 60)
    found = centred(ink, 1.0)
    assert extent(found)[3] == SIDE
    assert extent(centred(ink))[1] + extent(centred(ink))[3] == SIDE


@given(st.lists(st.tuples(st.integers(0, 95), st.integers(0, 95), st.integers(1, 255))))
def test_any_ink_at_all_can_be_centred(points: list[tuple[int, int, int]]) -> None:
    ink = torch.zeros(1, SIDE, SIDE, dtype=torch.uint8)
    for row, column, value in points:
        ink[0, row, column] = value
    found = centred(ink)
    assert found.shape == ink.shape
    assert found.dtype == torch.uint8


def test_digits_drawn_in_a_corner_are_like_those_of_the_data_set_once_centred() -> None:
    dataset = digits()
    size = dataset.image_size
    known = dataset.train_images.float().flatten(1)
    drawn = torch.zeros(100, 1, SIDE, SIDE, dtype=torch.uint8)
    drawn[:, :, 50 : 50 + size, 8 : 8 + size] = dataset.test_images[:100]

    def accuracy(ink: Tensor) -> float:
        """How often the nearest training image is of the same class."""
        images = adapt(ink, 1, size).float().flatten(1)
        nearest = torch.cdist(images, known).argmin(dim=1)
        is_right = dataset.train_labels[nearest] == dataset.test_labels[:100]
        return float(is_right.float().mean())

    assert accuracy(drawn) < 0.3
    assert accuracy(torch.stack([centred(ink, DIGIT_SHARES["digits"]) for ink in drawn])) > 0.95
