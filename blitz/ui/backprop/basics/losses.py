"""The lesson on loss functions: of one output, and of a line through points."""

import pandas as pd
import streamlit as st

from blitz.backprop.basics import LineLoss, LossPoint
from blitz.backprop.basics.figures import OUTPUT_REACH, line_loss_figure, loss_figure
from blitz.backprop.basics.losses import takes_probabilities
from blitz.backprop.losses import LOSS_NAMES, Loss, loss_named
from blitz.backprop.notation import latex, number_latex, number_text, text_numbers
from blitz.ui.backprop.basics.fields import (
    KEY,
    show_chart,
    show_equations,
    show_problem,
    slider,
    table,
    two_sides,
)
from blitz.ui.text import plain

POINTS = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [1.5, 2.5, 5.5, 6.5]})

NOTES = {
    "half squared error": "The half cancels the 2 of the derivative: the slope is simply the "
    "difference.",
    "mean squared error": "With several outputs or samples it is divided by their number; here "
    "there is one.",
    "absolute error": "The slope is −1 or 1, however near the target. At the target there is a "
    "corner; PyTorch takes 0 there.",
    "binary cross-entropy": "For an output that is a probability, as behind a sigmoid. The more "
    "certain and wrong, the steeper, without end.",
    "softmax cross-entropy": "For the probabilities that softmax gives; each output adds a term "
    "like this one. Taken back through softmax, the slope becomes output minus target.",
}


def show_losses() -> None:
    """Show each loss at a movable point, then the sum of absolute errors of a line."""
    st.markdown(
        "A loss says in one number how far outputs are from their targets. Learning makes it "
        "smaller, so its **slope** matters most: it tells which way to move, and how strongly."
    )
    st.subheader("One output")
    _show_point()
    st.subheader("A line through points")
    _show_line()


def _show_point() -> None:
    left, right = two_sides()
    with left:
        name = st.selectbox("Loss", LOSS_NAMES, key=f"{KEY}loss", persist_state="session")
        loss = loss_named(name)
        point = _loss_point(loss)
        show_equations(point.error(), point.slope())
        st.caption(NOTES[name])
    with right:
        show_chart(
            loss_figure(point),
            "loss",
            f"{loss.name} over the output; at {number_text(point.output)} it is "
            f"{number_text(point.error().value)}",
        )


def _loss_point(loss: Loss) -> LossPoint:
    """As the sliders say; probabilities have sliders of their own."""
    if takes_probabilities(loss):
        target = slider("Target t", "loss_target_probability", 0.0, 1.0, 1.0)
        output = slider("Output", "loss_output_probability", 0.01, 0.99, 0.7)
    else:
        target = slider("Target t", "loss_target", -OUTPUT_REACH, OUTPUT_REACH, 0.85)
        output = slider("Output", "loss_output", -OUTPUT_REACH, OUTPUT_REACH, 0.3)
    return LossPoint(loss=loss, target=target, output=output)


def _show_line() -> None:
    st.markdown(
        "The line w·x + b is to come near all points. Its loss adds up the vertical distances: "
        "$\\sum \\left|w x + b - y\\right|$. Move w and b to make it small."
    )
    left, right = two_sides()
    with left:
        with st.container(horizontal=True):
            with st.container(width=180):
                weight = slider("Weight w", "line_w", -5.0, 5.0, 1.0)
            with st.container(width=180):
                bias = slider("Bias b", "line_b", -5.0, 5.0, 1.0)
        edited = table(
            "line_table",
            POINTS,
            num_rows="dynamic",
            hide_index=True,
        )
        try:
            line = _line(edited, weight, bias)
        except ValueError as problem:
            show_problem(problem)
            return
        st.latex(f"{latex(line.total().symbol)} = {number_latex(line.total().value)}")
    with right:
        show_chart(
            line_loss_figure(line),
            "line",
            f"The points and the line; distances add up to {number_text(line.total().value)}",
        )
        _show_terms(line)


def _line(edited: pd.DataFrame, weight: float, bias: float) -> LineLoss:
    """Rows that are wholly empty, as a new one is at first, are no points."""
    points = edited.dropna(how="all")
    pairs = list(zip(points["x"].tolist(), points["y"].tolist(), strict=True))
    return LineLoss(points=pairs, weight=weight, bias=bias)


def _show_terms(line: LineLoss) -> None:
    rows = [
        f"| {n} | {plain(text_numbers(term.right))} | {number_text(term.value)} |"
        for n, term in enumerate(line.terms(), start=1)
    ]
    total = line.total()
    rows.append(f"| **sum** | {text_numbers(total.right)} | **{number_text(total.value)}** |")
    st.markdown(
        "| point | \\|w · x + b − y\\| | distance |\n| --- | --- | --- |\n" + "\n".join(rows)
    )
