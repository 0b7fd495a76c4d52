"""The lesson on activation functions, their ranges and derivatives."""

import pandas as pd
import streamlit as st

from blitz.backprop.activations import UNIT_ACTIVATIONS
from blitz.backprop.basics import ActivationPoint, Softmax, autograd_slope
from blitz.backprop.basics.activations import NOTES
from blitz.backprop.basics.figures import REACH, activation_figure, softmax_figure
from blitz.backprop.notation import latex, latex_numbers, number_latex, number_text
from blitz.ui.backprop.basics.fields import (
    activation_field,
    show_chart,
    show_equations,
    show_problem,
    slider,
    table,
    two_sides,
)

LINEAR_PARTS = pd.DataFrame({"l1": [2.0], "l2": [1.0], "l3": [0.1], "l4": [-1.0]})


def show_activations() -> None:
    """Show each activation with its derivative at a point, all in a table, and softmax."""
    st.markdown(
        "An activation makes a unit's value of its linear part l. Without one, layers in a row "
        "would be no more than a single linear layer. Its **derivative** is a factor of every "
        "gradient that passes through the unit."
    )
    point = _show_point()
    st.subheader("All side by side")
    _show_all(point.linear)
    st.subheader("Softmax")
    _show_softmax()


def _show_point() -> ActivationPoint:
    left, right = two_sides()
    with left:
        activation = activation_field("activation")
        linear = slider("Linear part l", "activation_l", -REACH, REACH, 1.0)
        point = ActivationPoint(activation=activation, linear=linear)
        show_equations(point.output(), point.slope())
        _show_check(point)
        st.caption(NOTES[activation.name])
    with right:
        show_chart(
            activation_figure(point),
            "activation",
            f"{activation.name} and its derivative; at {number_text(linear)} the value is "
            f"{number_text(point.output().value)}, the slope {number_text(point.slope().value)}",
        )
    return point


def _show_check(point: ActivationPoint) -> None:
    """The derivative by formula, by autograd, and their difference."""
    by_formula, by_autograd = point.slope().value, autograd_slope(point)
    st.markdown(
        "| derivative by formula | by autograd | difference |\n| --- | --- | --- |\n"
        f"| ${number_latex(by_formula)}$ | ${number_latex(by_autograd)}$ "
        f"| ${number_latex(by_formula - by_autograd, 3)}$ |"
    )


def _show_all(linear: float) -> None:
    points = [ActivationPoint(activation=each, linear=linear) for each in UNIT_ACTIVATIONS]
    outputs, slopes = [each.output() for each in points], [each.slope() for each in points]
    columns = {
        "out": [f"${latex(output.right)}$" for output in outputs],
        "range": [activation.span for activation in UNIT_ACTIVATIONS],
        "derivative": [f"${latex(slope.right)}$" for slope in slopes],
        f"out at {number_text(linear)}": [f"${number_latex(output.value)}$" for output in outputs],
        "derivative there": [f"${number_latex(slope.value)}$" for slope in slopes],
    }
    # Unlike a table in Markdown, this one is scrolled where the page is narrow.
    st.table(pd.DataFrame(columns, index=[each.name for each in UNIT_ACTIVATIONS]))


def _show_softmax() -> None:
    st.markdown(
        "Softmax takes all units of a layer together and makes **probabilities** of their linear "
        "parts: each between 0 and 1, all together 1. Adding the same number to every linear part "
        "changes nothing."
    )
    left, right = two_sides()
    with left:
        edited = table("softmax_table", LINEAR_PARTS, hide_index=True)
        try:
            softmax = Softmax(edited.iloc[0].tolist())
        except ValueError as problem:
            show_problem(problem)
            return
        first = softmax.outputs()[0]
        st.latex(f"{first.label.latex} = {latex(first.right)}")
        _show_probabilities(softmax)
    with right:
        show_chart(
            softmax_figure(softmax),
            "softmax",
            "The probability of each unit as a bar",
        )


def _show_probabilities(softmax: Softmax) -> None:
    """Each probability, and their sum."""
    rows = [
        f"| ${output.label.latex}$ | ${latex_numbers(output.right)}$ "
        f"| ${number_latex(output.value)}$ |"
        for output in softmax.outputs()
    ]
    rows.append(f"| **sum** | | ${number_latex(softmax.total().value)}$ |")
    st.markdown("| | with numbers | probability |\n| --- | --- | --- |\n" + "\n".join(rows))
