"""How one output came about, in numbers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from blitz.network.layers import Arithmetic, Window
from blitz.network.pictures.figures import window_figure
from blitz.network.records import LayerStep
from blitz.ui.figure_view import figure_view
from blitz.ui.network.state import KEY
from blitz.ui.network.unit import Position, show_position
from blitz.ui.text import plain

MOST_TERMS = 8
MOST_SUBTOTALS = 12
WINDOW = f"{KEY}window"


def show_arithmetic(step: LayerStep, unit: Position, classes: Sequence[str] | None) -> None:
    """The arithmetic of one element of the step's output, checked against the network's."""
    st.markdown("##### How one output came about")
    show_position(step, unit)
    if classes is not None:
        st.caption(f"Unit {unit[1]} stands for {plain(classes[unit[1]])}.")
    arithmetic = step.layer.explain(unit)
    if arithmetic is None:
        value = float(step.output[unit])
        st.markdown(f"Its value is {value:.6g}. For this operation there is no formula here.")
        return
    st.latex(arithmetic.formula)
    st.latex(rf"\begin{{gathered}} {arithmetic.substituted} \end{{gathered}}")
    _show_check(arithmetic)
    if arithmetic.windows and arithmetic.windows[0].inputs.shape[0] > 1:
        _show_windows(arithmetic)
    elif arithmetic.windows and arithmetic.windows[0].weights is not None:
        _show_terms(arithmetic.windows[0])


def _show_check(arithmetic: Arithmetic) -> None:
    gap = abs(arithmetic.value - arithmetic.computed)
    if not arithmetic.agrees:
        st.error(
            f"The network has {arithmetic.value:.6g} here, the formula gives "
            f"{arithmetic.computed:.6g}."
        )
    elif gap == 0 or np.isnan(gap):
        st.caption(f"The network has exactly this: {arithmetic.value:.7g}.")
    else:
        st.caption(
            f"The network has {arithmetic.value:.7g}: the same but for float32's rounding "
            f"({gap:.1e} from the sum in float64)."
        )


def _show_windows(arithmetic: Arithmetic) -> None:
    windows = arithmetic.windows
    number = 0
    if len(windows) > 1:
        st.session_state[WINDOW] = min(st.session_state.get(WINDOW) or 0, len(windows) - 1)
        given = st.number_input(
            f"Input channel, of {len(windows)}", 0, len(windows) - 1, key=WINDOW, step=1, width=160
        )
        number = given or 0
    window = windows[number]
    figure_view(window_figure(window), key=f"{KEY}window-figure", label=window.label)
    if len(windows) > 1:
        subtotals = [float(each.products.sum()) for each in windows]
        listed = " · ".join(f"{value or 0:.4g}" for value in subtotals[:MOST_SUBTOTALS])
        more = " · …" if len(subtotals) > MOST_SUBTOTALS else ""
        st.caption(f"Sums of the products, channel by channel: {listed}{more}")


def _show_terms(window: Window) -> None:
    """The terms of a long sum that count most."""
    assert window.weights is not None
    products = window.products[0]
    order = np.argsort(-np.abs(products), kind="stable")[:MOST_TERMS]
    rest = float(products.sum() - products[order].sum())
    table = pd.DataFrame(
        {
            "input": order,
            "x": window.inputs[0][order],
            "w": window.weights[0][order],
            "x · w": products[order],
        }
    )
    st.dataframe(table.style.format("{:.4g}", subset=["x", "w", "x · w"]), hide_index=True)
    left = len(products) - len(order)
    if left > 0:
        st.caption(f"The {left:,} other products add up to {rest:.4g}.")
