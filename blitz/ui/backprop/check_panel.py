"""Every gradient computed three ways, and how far they differ."""

import pandas as pd
import streamlit as st

from blitz.backprop.check import GradientCheck
from blitz.backprop.differences import DIGITS
from blitz.backprop.notation import VALUE_DIGITS, number_text
from blitz.backprop.scenario import Scenario
from blitz.ui.backprop.calculations import check_of
from blitz.ui.text import plain

COLUMNS = {
    "name": "∂E/∂",
    "by_hand": "By hand",
    "by_autograd": "By autograd",
    "by_differences": "By differences",
    "autograd_difference": "Autograd differs by",
    "differences_difference": "Differences differ by",
    "agrees": "Agrees",
}


def show_check(scenario: Scenario) -> None:
    """A table of gradients, and a sentence on what it shows."""
    with st.spinner("Computing every gradient three ways …", show_time=True):
        check = check_of(scenario)
    _show_verdict(check)
    st.dataframe(
        _frame(check), hide_index=True, width="stretch",
        column_config={"agrees": st.column_config.CheckboxColumn(COLUMNS["agrees"])}
        | {name: title for name, title in COLUMNS.items() if name != "agrees"},
    )  # fmt: skip
    st.caption(
        "By hand: the chain rule, as in the steps above. By autograd: PyTorch in 64 bits. By "
        f"differences: (E(w + h) − E(w − h)) / 2h in {DIGITS} or more digits, so that no rounding "
        "blurs it. "
        "Differences are relative to the size of the numbers that were added up."
    )


def _show_verdict(check: GradientCheck) -> None:
    wrong = [row for row in check.rows if not row.agrees]
    if not wrong:
        st.success(f"All {len(check.rows)} gradients agree.", icon=":material/verified:")
        return
    for row in wrong:
        st.warning(plain(f"∂E/∂{row.name}: {row.remark}"), icon=":material/warning:")


def _frame(check: GradientCheck) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "name": row.name,
                "by_hand": number_text(row.by_hand, VALUE_DIGITS),
                "by_autograd": number_text(row.by_autograd, VALUE_DIGITS),
                "by_differences": number_text(row.by_differences, VALUE_DIGITS),
                "autograd_difference": number_text(row.autograd_difference, 2),
                "differences_difference": number_text(row.differences_difference, 2),
                "agrees": row.agrees,
            }
            for row in check.rows
        ]
    )
