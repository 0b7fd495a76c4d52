"""What all lessons use: their two sides, number fields, tables, messages and formulas."""

from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from blitz.backprop.activations import UNIT_ACTIVATIONS, Activation, activation_named
from blitz.backprop.basics import Equation
from blitz.backprop.basics.equations import aligned
from blitz.ui.backprop.cells import read_number, text_columns, text_frame
from blitz.ui.charts import CHART_CONFIG
from blitz.ui.text import plain

KEY = "basics_"
LEFT_WIDTH, RIGHT_WIDTH = 424, 512
FIELD_WIDTH = 130


def two_sides() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Numbers on the left, the figure on the right; on a narrow page one below the other."""
    with st.container(horizontal=True, gap="medium"):
        return st.container(width=LEFT_WIDTH), st.container(width=RIGHT_WIDTH)


def number_field(label: str, name: str, start: float, step: float = 0.1) -> Any:
    """A number to type; None while the field is empty."""
    return st.number_input(
        label,
        value=start,
        step=step,
        format="%g",
        key=KEY + name,
        width=FIELD_WIDTH,
        persist_state="session",
    )


def slider(label: str, name: str, low: float, high: float, start: float) -> float:
    """A number to move."""
    return st.slider(
        label, low, high, start, 0.01, key=KEY + name, persist_state="session"
    )  # fmt: skip


def activation_field(name: str) -> Activation:
    """One of the activations of single units."""
    names = [activation.name for activation in UNIT_ACTIVATIONS]
    chosen = st.segmented_control(
        "Activation",
        names,
        default=names[0],
        required=True,
        key=KEY + name,
        persist_state="session",
    )
    return activation_named(chosen)


def table(name: str, start: pd.DataFrame, **options: Any) -> pd.DataFrame:
    """A table to edit, which keeps its numbers while another lesson is shown.

    What is no number comes back as the text that it is.
    """
    key = KEY + name
    first, latest = f"{key}_first", f"{key}_latest"
    numbers = list(start.select_dtypes("number").columns)
    if key not in st.session_state:  # its widget was not on the page: begin with what it had
        st.session_state[first] = st.session_state.get(latest, text_frame(start, numbers))
    edited: pd.DataFrame = st.data_editor(
        st.session_state[first], key=key, column_config=text_columns(numbers), **options
    )
    st.session_state[latest] = edited
    read = {name: pd.Series(map(_read, edited[name]), edited.index, object) for name in numbers}
    return edited.assign(**read)


def _read(cell: object) -> object:
    if cell is None or cell != cell or cell == "":  # an empty cell may be NaN
        return None
    try:
        return read_number(cell, "")
    except ValueError:
        return cell


def show_problem(problem: ValueError) -> None:
    """Say in one line what cannot be computed with."""
    st.error(plain(str(problem)), icon=":material/edit:")


def show_equations(*equations: Equation) -> None:
    """Each with symbols, with numbers, and its value."""
    st.latex(aligned(*equations))


def show_chart(figure: Any, name: str, alt: str) -> None:
    """A figure, which says in words what it shows."""
    st.plotly_chart(figure, key=f"{KEY}{name}_chart", alt=alt, config=CHART_CONFIG)
