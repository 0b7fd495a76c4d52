"""The lesson on a single neuron: a linear part and an activation."""

import streamlit as st

from blitz.backprop.basics import Neuron
from blitz.backprop.basics.figures import REACH, neuron_figure
from blitz.backprop.notation import latex, number_text
from blitz.ui.backprop.basics.fields import (
    activation_field,
    number_field,
    show_chart,
    show_equations,
    show_problem,
    slider,
    two_sides,
)


def show_neuron() -> None:
    """Show both parts of a neuron, over x and at one x."""
    st.markdown(
        "A neuron has two parts. The **linear part** multiplies the input by a weight and adds a "
        "bias; the **activation** bends the result. Weight and bias are what learning changes."
    )
    left, right = two_sides()
    with left:
        try:
            neuron = _neuron()
        except ValueError as problem:
            show_problem(problem)
            return
        show_equations(neuron.linear(), neuron.output())
        st.markdown(
            f"Both parts in one: the {neuron.activation.name} of "
            f"${latex(neuron.linear().symbol)} = {latex(neuron.line_of_x())}$ is"
        )
        st.latex(latex(neuron.output_of_x()))
    with right:
        show_chart(
            neuron_figure(neuron),
            "neuron",
            f"The neuron's linear part and output over x; at {number_text(neuron.x)} the output "
            f"is {number_text(neuron.output().value)}",
        )


def _neuron() -> Neuron:
    """As the fields say."""
    activation = activation_field("neuron_activation")
    with st.container(horizontal=True):
        weight = number_field("Weight w", "neuron_w", 2.0)
        bias = number_field("Bias b", "neuron_b", 1.0)
    x = slider("Input x", "neuron_x", -REACH, REACH, 1.0)
    return Neuron(x=x, weight=weight, bias=bias, activation=activation)
