"""One update as a plain Python script: the steps by hand, each a line.

Every line comes from a step's own expression, so the script cannot differ from what is explained.
"""

import textwrap
from collections.abc import Iterable, Sequence

from blitz.backprop import notation, symbols
from blitz.backprop.exports.python_helpers import helpers_for
from blitz.backprop.exports.statements import WIDTH, assignment, indented, unpacking
from blitz.backprop.exports.wording import (
    DIGITS,
    about_network,
    gradient_identifier,
    learned_names,
    sample_names,
    sizes_text,
)
from blitz.backprop.scenario import Scenario
from blitz.backprop.steps import Step, StepKind

_ERRORS = frozenset({StepKind.ERROR, StepKind.TOTAL})


def python_script(scenario: Scenario) -> str:
    """A script that needs nothing but Python, and prints error, gradients and new parameters.

    Each is a line `name value` with 15 significant digits. Raises OverflowedError where there are
    no steps.
    """
    steps = scenario.explain().steps
    updates = [step for step in steps if step.kind == StepKind.UPDATE]
    # For each sample the formulas are the same: those of the first stand for all.
    number = 1 if scenario.num_samples > 1 else 0
    of_sample = [step for step in steps if step.sample == number and step.kind != StepKind.UPDATE]
    calculation = _loop(scenario, of_sample) if number else _once(scenario, of_sample)
    update = "\n".join(["# Update", *map(_line, updates)])
    body = "\n\n".join([calculation, update, _printing(scenario)])
    helpers = helpers_for(body)
    blocks = [_docstring(scenario), _parameters(scenario), body]
    if any("math." in helper for helper in helpers):
        blocks.insert(1, "import math")
    if helpers:
        blocks.insert(-1, "\n" + "\n\n\n".join(helpers) + "\n")
    return "\n\n".join(blocks) + "\n"


def _docstring(scenario: Scenario) -> str:
    network = scenario.network
    title = f"One update of {sizes_text(network)} by gradient descent, by hand."
    return f'"""{title}\n\n{textwrap.fill(about_network(network), WIDTH)}\n"""'


def _parameters(scenario: Scenario) -> str:
    network = scenario.network
    values = zip(network.parameter_names(), network.parameters(), strict=True)
    lines = [f"{name} = {value!r}" for name, value in values]
    rate = f"{symbols.LEARNING_RATE.identifier} = {scenario.learning_rate!r}"
    return "\n".join(["# Weights, biases and learning rate", *lines, rate])


def _once(scenario: Scenario, steps: Sequence[Step]) -> str:
    """The calculation for a single sample."""
    [(inputs, targets)] = zip(scenario.inputs, scenario.targets, strict=True)
    given = zip(sample_names(scenario), (*inputs, *targets), strict=True)
    lines = [f"{name} = {value!r}" for name, value in given]
    return "\n".join(["# Inputs and targets", *lines, "", *_calculation(steps)])


def _loop(scenario: Scenario, steps: Sequence[Step]) -> str:
    """The calculation for each sample of a table, and the sums."""
    names = ", ".join(sample_names(scenario))
    rows = zip(scenario.inputs, scenario.targets, strict=True)
    table = [f"({', '.join(map(repr, (*inputs, *targets)))})," for inputs, targets in rows]
    wanted = [symbols.error().identifier, *map(gradient_identifier, learned_names(scenario))]
    body = [
        *_calculation(steps),
        "",
        assignment("of_sample", ", ".join(wanted)),
        "of_samples.append(of_sample)",
    ]
    return "\n".join(
        [
            f"samples = [\n{indented([f'# {names}', *table])}\n]",
            "",
            "of_samples = []",
            f"for {names} in samples:",
            indented(body),
            "",
            "# All samples together",
            unpacking(wanted, "(sum(column) for column in zip(*of_samples))"),
        ]
    )


def _calculation(steps: Iterable[Step]) -> list[str]:
    """A line for each step, with a heading above each part."""
    lines: list[str] = []
    part = ""
    for step in steps:
        if (entered := _part(step)) != part:
            lines += [""] * bool(lines) + [f"# {entered}"]
            part = entered
        lines.append(_line(step))
    return lines


def _part(step: Step) -> str:
    if step.kind in _ERRORS:
        return "Error"
    return "Forward" if step.kind.is_forward else "Backward"


def _line(step: Step) -> str:
    return assignment(step.symbol.identifier, notation.python(step.expression))


def _printing(scenario: Scenario) -> str:
    names = learned_names(scenario)
    printed = [
        symbols.error().identifier,
        *map(gradient_identifier, names),
        *(symbols.updated(name).identifier for name in names),
    ]
    return "\n".join(f'print(f"{name} {{{name}:.{DIGITS}g}}")' for name in printed)
