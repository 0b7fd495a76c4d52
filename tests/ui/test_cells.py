"""What is typed into a cell counts as it is written, or is told."""

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blitz.ui.backprop.cells import read_number, text_frame


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_with_every_digit(number: float) -> None:
    [text] = text_frame(pd.DataFrame({"w": [number]}), ["w"])["w"]
    assert read_number(text, "w1") == number


@pytest.mark.parametrize(
    ("cell", "number"),
    [("1e308", 1e308), ("1e-3", 0.001), (" 0.5 ", 0.5), ("−2", -2), ("1" + "0" * 20, 1e20), (3, 3)],
)
def test_numbers_may_be_written_as_people_do(cell: object, number: float) -> None:
    assert read_number(cell, "w1") == number


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        (None, "w1 is empty; expected a number"),
        ("", "w1 is empty; expected a number"),
        ("abc", "w1: 'abc' was given; expected a number such as 0.5 or 1e-3"),
        ("0,5", "w1: '0,5' was given; expected a number such as 0.5 or 1e-3"),
        ("nan", "w1: 'nan' was given; expected a number such as 0.5 or 1e-3"),
        ("1e309", "w1: 1e309 was given; 64-bit numbers end at 1.8·10³⁰⁸"),
    ],
)
def test_anything_else_is_told_in_a_line(cell: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}$"):
        read_number(cell, "w1")
