"""Columns of tables in which each run has one: all as wide, however long the runs' names are."""

from typing import TYPE_CHECKING

import streamlit as st

from blitz.look import shortened
from blitz.ui.text import plain

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

WIDTH = 120
"""In pixels."""
NAME = 15
"""Signs of a name that fit."""


def run_number(title: str, format: str) -> "ColumnConfig":
    """A column of numbers of the run of this title."""
    return st.column_config.NumberColumn(
        shortened(title, NAME), format=format, width=WIDTH, help=_all_of(title)
    )


def run_text(title: str) -> "ColumnConfig":
    """A column of texts of the run of this title."""
    return st.column_config.TextColumn(shortened(title, NAME), width=WIDTH, help=_all_of(title))


def _all_of(title: str) -> str | None:
    return plain(title) if len(title) > NAME else None
