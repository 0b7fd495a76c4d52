"""What a report says of the runs' answers on the test images, image by image and class by class.

Reads one run's answers at a time beside those of the first: they may be large.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blitz.training.comparing import (
    ImageComparison,
    check_comparable,
    class_accuracy,
    compare_images,
    confusion_of,
)
from blitz.training.comparing_figures.figures import confusion_difference_figure
from blitz.training.exports.figures import figure_html
from blitz.training.exports.markup import number, paragraph, table
from blitz.training.predictions import StoredPredictions, read_predictions
from blitz.training.runs import Run

MOST_CLASSES = 100
"""Up to which a table or matrix of classes can be read."""
MOST_MATRICES = 5
"""Runs whose confusions are compared with the first's: a matrix fills a screen."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Compared:
    """One run's answers, beside those of the first run that has any."""

    name: str
    confusion: NDArray[np.int64]
    images: ImageComparison | None
    """None of the first itself."""


def answers_section(runs: Sequence[Run], names: Sequence[str], runs_folder: Path) -> str:
    """Accuracy of each class, who is right on which images, and confusions; empty without any."""
    found: list[_Compared] = []
    left_out: list[str] = []
    first: tuple[Run, StoredPredictions] | None = None
    for run, name in zip(runs, names, strict=True):
        answers = read_predictions(runs_folder / run.id)
        if answers is None:
            left_out.append(f"{name} is left out: it has no answers on the test images.")
            continue
        first = first or (run, answers)
        try:
            found.append(_compared(name, run, answers, *first))
        except ValueError as error:
            left_out.append(f"{name} is left out: {error}.")
    if first is None:
        return ""
    classes = _classes(first[0], first[1].probabilities.shape[1])
    parts = [_class_table(classes, found), _image_table(found), _matrices(classes, found)]
    return "\n".join([*parts, *map(paragraph, left_out)])


def _compared(
    name: str, run: Run, answers: StoredPredictions, first: Run, firsts: StoredPredictions
) -> _Compared:
    images = None
    if run is not first:
        check_comparable(first, run, firsts, answers)
        images = compare_images(firsts, answers)
    return _Compared(name=name, confusion=confusion_of(answers).numpy(), images=images)


def _classes(run: Run, num_classes: int) -> tuple[str, ...]:
    names = run.details.classes if run.details else ()
    return names if len(names) == num_classes else tuple(map(str, range(num_classes)))


def _class_table(classes: Sequence[str], found: Sequence[_Compared]) -> str:
    if len(classes) > MOST_CLASSES:
        return paragraph(f"Classes are compared one by one up to {MOST_CLASSES} of them.")
    firsts = class_accuracy(found[0].confusion)
    rows = [[found[0].name, *(number(value, ".1%") for value in firsts.tolist())]]
    for each in found[1:]:
        accuracy = class_accuracy(each.confusion)
        cells = zip(accuracy.tolist(), (100 * (accuracy - firsts)).tolist(), strict=True)
        rows.append([each.name, *(_with_change(value, points) for value, points in cells)])
    note = f"In brackets: points more or less than {found[0].name}." if found[1:] else ""
    return f"<h3>Accuracy of each class</h3>{table(['run', *classes], rows)}{paragraph(note)}"


def _with_change(value: float, points: float) -> str:
    return f"{number(value, '.1%')} ({number(points, '+.1f')})"


def _image_table(found: Sequence[_Compared]) -> str:
    if len(found) < 2:
        return ""
    rows = []
    for each in found[1:]:
        assert each.images is not None
        only_first, only_this, wrong, right = (
            f"{len(each.images.images[outcome]):,}"
            for outcome in ("only first", "only second", "both wrong", "both right")
        )
        p_value = each.images.p_value
        probability = "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"
        rows.append([each.name, only_this, only_first, right, wrong, probability])
    header = ["run", "only this right", "only the first right", "both right", "both wrong", "p"]
    note = (
        f"The first is {found[0].name}. p: how probable a difference like this or a larger one is "
        "if both are equally good (McNemar’s exact test)."
    )
    return f"<h3>Test images</h3>{table(header, rows)}{paragraph(note)}"


def _matrices(classes: Sequence[str], found: Sequence[_Compared]) -> str:
    if len(found) < 2 or len(classes) > MOST_CLASSES:
        return ""
    first, *others = found
    parts = [paragraph("Images more or fewer than of the first. Blue is better, orange worse.")]
    for each in others[:MOST_MATRICES]:
        figure = confusion_difference_figure(classes, first.confusion, each.confusion)
        title = f"{each.name} less {first.name}"
        parts.append(f"<h4>{escape(title)}</h4><div class='matrix'>{figure_html(figure)}</div>")
    if others[MOST_MATRICES:]:
        parts.append(paragraph(f"And {len(others) - MOST_MATRICES} more runs, not drawn."))
    return f"<h3>Truth and prediction</h3>{''.join(parts)}"
