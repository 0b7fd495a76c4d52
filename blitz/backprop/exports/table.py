"""The steps as a table for a spreadsheet."""

import csv
import io

from blitz.backprop import notation
from blitz.backprop.scenario import Scenario

COLUMNS = ("number", "sample", "kind", "name", "formula", "with numbers", "value")
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def steps_csv(scenario: Scenario) -> str:
    """CSV with a row for each step, and names of columns in the first.

    sample: counted from 1; empty for what is about all samples together. value: all its digits.
    Raises OverflowedError where there are no steps.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for number, step in enumerate(scenario.explain().steps, start=1):
        words = (
            step.kind.value,
            step.name,
            notation.text(step.expression),
            notation.text_numbers(step.expression),
        )
        value = repr(step.value)  # a number, which no spreadsheet takes for a formula
        writer.writerow((number, step.sample or "", *map(_as_text, words), value))
    return text.getvalue()


def _as_text(cell: str) -> str:
    """A cell that no spreadsheet computes: an apostrophe in front says that it is text."""
    return f"'{cell}" if cell.startswith(_STARTS_A_FORMULA) else cell
