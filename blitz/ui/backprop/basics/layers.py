"""The lesson on layers, and on how many numbers there are to learn."""

import streamlit as st

from blitz.backprop.basics import layer_counts, total_count
from blitz.backprop.basics.figures import layers_figure
from blitz.backprop.editing import read_sizes
from blitz.backprop.notation import text
from blitz.ui.backprop.basics.fields import KEY, show_chart, show_problem, two_sides

CLASSIFIER = (784, 512, 512, 10)


def show_layers() -> None:
    """Show a network of any small size, and count its weights and biases."""
    st.markdown(
        "- The **input layer** computes nothing: it is the numbers of a sample.\n"
        "- A **hidden layer** makes new numbers of those before it, which nobody looks at from "
        "outside.\n"
        "- The **output layer** gives the numbers that are compared with the targets.\n"
        "- **Fully connected**: each unit has a weight for every number of the layer before."
    )
    left, right = two_sides()
    with left:
        given = st.text_input(
            "Units of each layer, inputs first",
            "3-4-2",
            max_chars=40,
            key=f"{KEY}sizes",
            persist_state="session",
        )
        try:
            sizes = read_sizes(given)
        except ValueError as problem:
            show_problem(problem)
            return
        _show_counts(sizes)
    with right:
        show_chart(
            layers_figure(sizes),
            "layers",
            f"A fully connected network of the sizes {'-'.join(map(str, sizes))}",
        )


def _show_counts(sizes: tuple[int, ...]) -> None:
    """Weights and biases of each layer as arithmetic, and the total."""
    rows = []
    for count in layer_counts(sizes):
        parameters = count.parameters()
        rows.append(f"| {count.name} | {text(parameters)} | {parameters.value:,.0f} |")
    total = total_count(sizes)
    sum_of_layers = text(total) if len(rows) > 1 else ""
    rows.append(f"| **total** | {sum_of_layers} | **{total.value:,.0f}** |")
    st.markdown(
        "| layer | weights + biases | parameters |\n| --- | --- | --- |\n" + "\n".join(rows)
    )
    st.caption(
        "Weights are inputs times units; every unit has one bias. By the same arithmetic a "
        f"classifier of small images, {'-'.join(map(str, CLASSIFIER))}, has "
        f"{total_count(CLASSIFIER).value:,.0f} parameters."
    )
