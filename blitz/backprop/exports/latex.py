"""The steps on paper: a LaTeX document with every formula in names, in numbers, and its value.

No text that a person wrote is in it, so nothing needs escaping.
"""

from collections.abc import Iterable, Iterator, Sequence

from blitz.backprop import notation, symbols
from blitz.backprop.exports.latex_lines import broken
from blitz.backprop.exports.wording import about_network, sample_names, sizes_text
from blitz.backprop.notation import VALUE_DIGITS, number_latex
from blitz.backprop.scenario import Scenario
from blitz.backprop.steps import Step
from blitz.backprop.symbols import Label

IN_A_LINE = 4
"""Numbers given beside each other."""

_HEAD = r"""\documentclass[a4paper,10pt]{article}
\usepackage[margin=2cm]{geometry}
\usepackage{amsmath}
\usepackage{graphicx}
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\begin{document}
"""


def steps_latex(scenario: Scenario) -> str:
    """A document that compiles as it is; of packages it takes amsmath, geometry and graphicx.

    Raises OverflowedError where there are no steps.
    """
    steps = scenario.explain().steps
    return "\n".join([_HEAD, *_network(scenario), *_passes(steps), "\\end{document}", ""])


def _network(scenario: Scenario) -> Iterator[str]:
    """What the calculation begins with."""
    network = scenario.network
    yield f"\\section*{{{sizes_text(network).capitalize()}}}"
    rate = _equation(symbols.LEARNING_RATE, scenario.learning_rate)
    held = "" if scenario.update_biases else " Biases are held fixed."
    yield f"{about_network(network)} Learning rate: ${rate}$.{held}"
    yield _given(map(symbols.parameter, network.parameter_names()), network.parameters())
    rows = zip(scenario.inputs, scenario.targets, strict=True)
    for number, (inputs, targets) in enumerate(rows, start=1):
        sample = number if scenario.num_samples > 1 else 0
        labels = (symbols.in_sample(name, sample) for name in sample_names(scenario))
        yield _given(labels, (*inputs, *targets))


def _passes(steps: Sequence[Step]) -> Iterator[str]:
    """All steps, with a heading above each way through the network."""
    heading = ""
    for step in steps:
        if (found := _heading(step)) != heading:
            heading = found
            yield f"\\section*{{{heading}}}"
        yield _shown(step)


def _heading(step: Step) -> str:
    if not step.kind.is_forward:
        return "Backward pass and update"
    return f"Forward pass, sample {step.sample}" if step.sample else "Forward pass"


def _shown(step: Step) -> str:
    """The formula, with numbers, and the result, under each other; what is the same only once."""
    ways = dict.fromkeys(
        (
            notation.latex(step.expression),
            notation.latex_numbers(step.expression),
            number_latex(step.value, VALUE_DIGITS),
        )
    )
    lines = " \\\\\n".join(f"&= {broken(way)}" for way in ways)
    return f"\\[\\begin{{aligned}}\n{step.symbol.latex} {lines}\n\\end{{aligned}}\\]"


def _given(labels: Iterable[Label], values: Sequence[float]) -> str:
    """Numbers by name, some in each line."""
    shown = [_equation(*each) for each in zip(labels, values, strict=True)]
    rows = (shown[at : at + IN_A_LINE] for at in range(0, len(shown), IN_A_LINE))
    lines = " \\\\\n".join("& " + " ,\\quad ".join(row) for row in rows)
    return f"\\begin{{align*}}\n{lines}\n\\end{{align*}}"


def _equation(label: Label, value: float) -> str:
    return f"{label.latex} = {number_latex(value, VALUE_DIGITS)}"
