"""The present step in full: in words, in symbols, with numbers, and its value."""

import streamlit as st

from blitz.backprop import notation
from blitz.backprop.steps import Step, StepKind

_WORDS = {
    StepKind.LINEAR: "{} adds up what comes in, each number times its weight, and its bias.",
    StepKind.ACTIVATION: "{} puts its linear part through its activation function.",
    StepKind.ERROR: "How far {} is from its target.",
    StepKind.TOTAL: "All errors together: the one number that learning makes smaller.",
    StepKind.ERROR_SLOPE: "How much the error changes when the value of {} does.",
    StepKind.ACTIVATION_SLOPE: "How steep the activation of {} is where it stands.",
    StepKind.CONTRIBUTION: "What comes back to {} along one of its ways to the error.",
    StepKind.OUTPUT_GRADIENT: "All that comes back to {}: its contributions added up.",
    StepKind.LINEAR_GRADIENT: "The same one step further back, before the activation of {}.",
    StepKind.LINEAR_SLOPE: "How much the linear part changes with {}: by what goes in beside it.",
    StepKind.SAMPLE_GRADIENT: "The chain rule for {} in this sample: the factors multiplied.",
    StepKind.GRADIENT: "The chain rule for {}: how much the error changes when {} does.",
    StepKind.UPDATE: "{} takes a step against its gradient, as long as the learning rate says.",
}
_SUM = "How much the error changes when {} does: what all samples say, added up."
_CANCELLED = "The slopes of the loss and of the activation of {} cancel to output minus target."


def show_formula(step: Step, num_samples: int) -> None:
    """A step in words, in symbols, with numbers, and its value."""
    st.caption(_words(step, num_samples).replace("{}", step.about))
    # Formulas within a line of text break where they are too long; those in a block do not.
    lines = [step.formula]
    numbers = notation.latex_numbers(step.expression)
    value = notation.number_latex(step.value, notation.VALUE_DIGITS)
    if not _is_plain(step):
        lines.append(f"\\phantom{{{step.symbol.latex}}} = {numbers}")
    lines.append(f"\\phantom{{{step.symbol.latex}}} = \\mathbf{{{value}}}")
    st.markdown("  \n".join(f"$\\displaystyle {line}$" for line in lines))


def _words(step: Step, num_samples: int) -> str:
    if step.kind is StepKind.GRADIENT and num_samples > 1:
        return _SUM
    if step.kind is StepKind.LINEAR_GRADIENT and "∂" not in notation.text(step.expression):
        return _CANCELLED
    return _WORDS[step.kind]


def _is_plain(step: Step) -> bool:
    """Whether the right side is one number already."""
    return notation.latex_numbers(step.expression) == notation.number_latex(step.value)
