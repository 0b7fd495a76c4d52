"""Numbers in the cells of tables, as text.

A table of numbers takes the digits out of whatever is typed: 1e308 becomes 1308, and 0,5 five. As
text a cell keeps what was written, and what is no number can be told.
"""

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd
import streamlit as st


def text_frame(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """The frame with the numbers of these columns as text that keeps every digit."""
    texts = {name: pd.Series(map(_text, frame[name]), frame.index, object) for name in columns}
    return frame.assign(**texts)


def text_columns(columns: Iterable[str]) -> dict[str, Any]:
    """How `st.data_editor` is to show them."""
    return {name: st.column_config.TextColumn(name, max_chars=30) for name in columns}


def read_number(cell: object, name: str) -> float:
    """The number in a cell or a field; ValueError where it is empty, none, or too large."""
    if cell is None or cell == "":
        raise ValueError(f"{name} is empty; expected a number")
    try:
        number = float(str(cell).replace("−", "-"))
    except ValueError:
        number = math.nan
    if math.isinf(number):
        raise ValueError(f"{name}: {cell!s} was given; 64-bit numbers end at 1.8·10³⁰⁸")
    if math.isnan(number):
        raise ValueError(f"{name}: {cell!r} was given; expected a number such as 0.5 or 1e-3")
    return number


def _text(value: object) -> object:
    return repr(float(value)).removesuffix(".0") if isinstance(value, int | float) else value
