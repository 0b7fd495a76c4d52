"""The lesson on a weighted sum that says whether a weight is normal."""

import pandas as pd
import streamlit as st

from blitz.backprop.basics import WeightCheck
from blitz.backprop.basics.figures import weight_check_figure
from blitz.backprop.notation import number_text, text_numbers
from blitz.ui.backprop.basics.fields import (
    number_field,
    show_chart,
    show_equations,
    show_problem,
    table,
    two_sides,
)

NAMES = ("sex", "height", "weight")
START = pd.DataFrame(
    {
        "input": ["sex (0 or 1)", "height in cm", "weight in kg"],
        "x": [1.0, 180.0, 70.0],
        "w": [0.1, 0.03, 0.06],
    }
)


def show_weight_check() -> None:
    """Show products, their sum, and whether it lies inside the interval."""
    st.markdown(
        "Is a person's weight normal? Each input is multiplied by its own **weight w**, the more "
        "it matters the larger; the products and the bias are added, and the sum decides."
    )
    left, right = two_sides()
    with left:
        try:
            check = _weight_check()
        except ValueError as problem:
            show_problem(problem)
            return
        _show_verdict(check)
    with right:
        show_chart(
            weight_check_figure(check, NAMES),
            "check",
            f"The products laid end to end reach {number_text(check.result().value)}",
        )
        _show_products(check)
    st.caption(
        "Here a person chose the weights. A network would learn them: from people of whom one "
        "knows whether they are normal, it would move w and b little by little until as many as "
        "possible fall on the right side."
    )


def _weight_check() -> WeightCheck:
    """As the fields say."""
    edited = table(
        "check_table",
        START,
        hide_index=True,
        disabled=["input"],
    )
    with st.container(horizontal=True):
        bias = number_field("Bias b", "check_b", 0.0)
        lower = number_field("Normal from", "check_from", 6.0, 1.0)
        upper = number_field("to", "check_to", 13.0, 1.0)
    inputs, weights = edited["x"].tolist(), edited["w"].tolist()
    return WeightCheck(inputs=inputs, weights=weights, bias=bias, lower=lower, upper=upper)


def _show_verdict(check: WeightCheck) -> None:
    show_equations(check.result())
    value, lower, upper = (
        number_text(number) for number in (check.result().value, check.lower, check.upper)
    )
    if check.is_normal:
        st.success(f"{value} lies between {lower} and {upper}: **normal**", icon=":material/check:")
    else:
        st.warning(
            f"{value} does not lie between {lower} and {upper}: **not normal**. The ends "
            "themselves are outside.",
            icon=":material/close:",
        )


def _show_products(check: WeightCheck) -> None:
    """A row for each product, and their sum."""
    rows = [
        f"| {name} | {text_numbers(product)} | {number_text(product.value)} |"
        for name, product in zip(NAMES, check.products(), strict=True)
    ]
    total = check.sum_of_products()
    rows.append(f"| bias | | {number_text(check.bias)} |")
    rows.append(f"| **sum** | {text_numbers(total)} | **{number_text(total.value)}** |")
    st.markdown("| input | w · x | product |\n| --- | --- | --- |\n" + "\n".join(rows))
