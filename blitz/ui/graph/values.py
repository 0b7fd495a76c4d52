"""Small arrays of numbers on a page."""

import html
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

MOST_COLUMNS = 8


def number_text(value: Any) -> str:
    """A number with the digits that a person compares: 0.01838, 3, 1.2e-09, nan."""
    if isinstance(value, complex | np.complexfloating):
        return (
            f"{number_text(value.real)}{'+' if value.imag >= 0 else ''}{number_text(value.imag)}i"
        )
    if isinstance(value, bool | np.bool_ | int | np.integer):
        return str(value)
    return f"{float(value):.4g}" if math.isfinite(value) else str(float(value))


def show_values(values: npt.NDArray[Any], shape: tuple[int, ...]) -> None:
    """Show a sample of a tensor's values as a grid, and say what part of it they are."""
    st.html(f'<div style="overflow-x: auto">{matrix_html(_rows(values))}</div>')
    total = math.prod(shape)
    if values.size < total:
        st.caption(f"{values.size} of {total:,} values")


def matrix_html(rows: npt.NDArray[Any]) -> str:
    """A grid of numbers as HTML. rows: [rows, columns], or an array of rows."""
    cells = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return (
        '<table style="border-collapse: collapse; font-family: var(--st-code-font); '
        f'font-size: 0.8125rem; text-align: right">{cells}</table>'
    )


def _rows(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if values.ndim == 2:
        return values
    flat = values.reshape(-1)
    if values.ndim < 2:
        return flat.reshape(1, -1) if flat.size <= MOST_COLUMNS else _wrapped(flat)
    return (
        values.reshape(-1, values.shape[-1]) if values.shape[-1] <= MOST_COLUMNS else _wrapped(flat)
    )


def _wrapped(flat: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Numbers in rows of eight; the last may be shorter, so rows are of objects."""
    rows = [flat[at : at + MOST_COLUMNS] for at in range(0, flat.size, MOST_COLUMNS)]
    found = np.empty(len(rows), object)
    found[:] = rows
    return found


def _cell(value: Any) -> str:
    is_odd = isinstance(value, float | np.floating) and not math.isfinite(value)
    colour = "; color: var(--st-red-text-color); font-weight: 600" if is_odd else ""
    return (
        '<td style="padding: 0.125rem 0.5rem; border: 1px solid var(--st-border-color)'
        f'{colour}">{html.escape(number_text(value))}</td>'
    )
