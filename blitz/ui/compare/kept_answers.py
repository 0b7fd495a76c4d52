"""The answers of runs on the test images, read once for all sessions.

What is made of them, the panels know.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from blitz.training.comparing import (
    ImageComparison,
    check_comparable,
    compare_images,
    confusion_of,
    run_titles,
)
from blitz.training.predictions import PREDICTIONS_FILE, StoredPredictions, read_predictions
from blitz.training.store import Run
from blitz.ui.compare.state import MOST_SELECTED
from blitz.ui.services import Services
from blitz.ui.text import plain

MOST_KEPT = MOST_SELECTED


class NoAnswersError(Exception):
    """A run has no answers that can be read; the message says why, in words for a person."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Answered:
    """A run with its answers."""

    run: Run
    title: str
    """As in `run_titles`."""
    answers: StoredPredictions
    confusion: NDArray[np.int64]
    """Number of test images by truth (row) and prediction (column)."""
    version: tuple[str, int]
    """The same version, the same answers."""

    @property
    def classes(self) -> tuple[str, ...]:
        """As in `class_names`."""
        return class_names(self.run, self.answers.probabilities.shape[1])


def class_names(run: Run, num_classes: int) -> tuple[str, ...]:
    """Names of the classes; their numbers where the names are not known."""
    names = run.details.classes if run.details else ()
    return names if len(names) == num_classes else tuple(map(str, range(num_classes)))


def answered(services: Services, runs: Sequence[Run]) -> list[Answered]:
    """The runs whose answers can be compared with those of the first that has any.

    Says in a line for each of the others why it is left out.
    """
    titles = run_titles(runs)
    found: list[Answered] = []
    for run in runs:
        title = titles[run.id]
        try:
            candidate = _with_answers(services, run, title)
            if found:
                check_comparable(found[0].run, run, found[0].answers, candidate.answers)
        except (NoAnswersError, ValueError) as error:
            st.info(f"{plain(title)} is left out: {plain(str(error))}")
        else:
            found.append(candidate)
    return found


@st.cache_resource(max_entries=MOST_KEPT, show_spinner=False)
def compared(
    first_version: tuple[str, int],
    second_version: tuple[str, int],
    _first: Answered,
    _second: Answered,
) -> ImageComparison:
    """Which test images two runs get right, worked out once for all sessions."""
    return compare_images(_first.answers, _second.answers)


def _with_answers(services: Services, run: Run, title: str) -> Answered:
    folder = services.settings.runs_folder / run.id
    try:
        changed_at = (folder / PREDICTIONS_FILE).stat().st_mtime_ns
    except OSError:
        raise NoAnswersError(
            "it has no answers on the test images; they are kept when a run ends"
        ) from None
    answers, confusion = _read(folder, run.step, changed_at)
    return Answered(
        run=run, title=title, answers=answers, confusion=confusion, version=(run.id, changed_at)
    )


@st.cache_resource(max_entries=MOST_KEPT, show_spinner=False)
def _read(folder: Path, step: int, changed_at: int) -> tuple[StoredPredictions, NDArray[np.int64]]:
    # The step and the time are there for the cache alone: a run that went on has other answers.
    answers = read_predictions(folder)
    if answers is None:  # raised, so that it is not kept
        raise NoAnswersError("its answers on the test images cannot be read")
    return answers, confusion_of(answers).numpy()
