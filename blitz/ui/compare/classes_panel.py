"""Accuracy of each class in several runs, and which classes two of them confuse differently."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
import streamlit as st

from blitz.look import BLUE, ORANGE, shortened
from blitz.training.comparing import class_accuracy
from blitz.training.comparing_figures.figures import (
    class_difference_figure,
    confusion_difference_figure,
    framed_confusion_figure,
)
from blitz.training.store import Run
from blitz.ui.compare.chosen_cell import Pair, choose_cell, chosen_cell, num_choices
from blitz.ui.compare.columns import WIDTH, run_number
from blitz.ui.compare.images_panel import show_pair
from blitz.ui.compare.kept_answers import Answered, answered
from blitz.ui.compare.pair import choose_pair
from blitz.ui.compare.scroll_target import scroll_target
from blitz.ui.figure_view import Point, figure_view
from blitz.ui.services import Services
from blitz.ui.text import plain

MOST_CLASSES = 100
"""Up to which a matrix of all pairs of classes can be read, and sent to a browser."""
MOST_SMALL = 12
"""Classes up to which three matrices stand side by side."""
SMALL, LARGE = 312, 560
"""Width of a matrix in pixels."""
NAME, TITLE = 90, 36
"""Width of a class's name in pixels, and signs of a run's name over a matrix."""

Matrix = Literal["first", "second", "difference"]
MATRICES: dict[Matrix, str] = {"first": "A", "second": "B", "difference": "B less A"}


def show_classes(services: Services, runs: Sequence[Run]) -> None:
    """Compare the classes of all runs, and the confusions of two of them with their images."""
    found = {each.run.id: each for each in answered(services, runs)}
    if not found:
        return
    if len(found) == 1:
        _accuracies(list(found.values()))
        st.caption("Choose another run in the table to compare with.")
        return
    a, b = (found[run.id] for run in choose_pair([each.run for each in found.values()]))
    _accuracies([a, b, *(each for each in found.values() if each not in (a, b))])
    if len(a.classes) <= MOST_CLASSES:
        _confusions(a, b)
    else:
        st.caption(f"Confusions are shown of up to {MOST_CLASSES} classes.")
    scroll_target("compare-images-target", num_choices())
    show_pair(services, a, b)


def _accuracies(found: Sequence[Answered]) -> None:
    """Of each run in a table, and how those of the others differ from the first's."""
    reference, *others = found
    classes = reference.classes
    accuracy = np.stack([class_accuracy(each.confusion) for each in found])  # [runs, classes]
    columns = {each.run.id: 100 * values for each, values in zip(found, accuracy, strict=True)}
    table = pd.DataFrame(columns, index=pd.Index(classes, name="class"))
    # As wide as there is to say, and one below the other where the page is narrow.
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=NAME + WIDTH * len(found) + 2):
            st.markdown("##### Accuracy of each class")
            st.dataframe(
                table,
                column_config={
                    "_index": st.column_config.TextColumn(width=NAME),
                    **{each.run.id: run_number(each.title, "%.1f%%") for each in found},
                },
                key="compare-class-accuracy",
            )
        if others and len(classes) <= MOST_CLASSES:
            width = 200 + 80 * len(others)
            with st.container(width=width):
                st.markdown("##### Difference to A, in points")
                figure_view(
                    class_difference_figure(
                        classes,
                        [each.title for each in others],
                        (accuracy[1:] - accuracy[0]).T,
                        width=width,
                    ),
                    key="compare-class-difference",
                    label=f"accuracy of each class, difference to {reference.title}",
                )
                _legend("better than A", "worse than A")


def _legend(better: str, worse: str) -> None:
    """What the colours of a difference mean."""
    entries = [
        f'<span><span style="color: {colour}" aria-hidden="true">■</span> {words}</span>'
        for colour, words in ((BLUE, f"blue: {better}"), (ORANGE, f"orange: {worse}"))
    ]
    style = "display: flex; flex-wrap: wrap; column-gap: 1rem; font-size: 0.875rem"
    st.html(f'<div style="{style}">{"".join(entries)}</div>')


def _confusions(a: Answered, b: Answered) -> None:
    """Three matrices, or one of them at a time where they are large; a click chooses a cell."""
    pair = (a.run.id, b.run.id)
    st.markdown("##### Truth and prediction")
    is_small = len(a.classes) <= MOST_SMALL
    wanted: list[Matrix] = list(MATRICES) if is_small else [_choose_matrix()]
    width = SMALL if is_small else LARGE
    clicks: list[Point | None] = []
    # Widths of their own rather than columns: on a narrow page one goes below the other.
    with st.container(horizontal=True, gap="small"):
        for which in wanted:
            with st.container(width=width, gap="xsmall"):
                clicks.append(_matrix(which, a, b, pair, width))
    _legend("B is right more often, or makes this mistake less often",
            "the other way round")  # fmt: skip
    st.caption("Click a cell for its images, which come below; click it again for all.")
    for click in filter(None, clicks):
        choose_cell(pair, (round(click.y), round(click.x)))
        st.rerun()


def _choose_matrix() -> Matrix:
    return st.segmented_control(
        "Matrix",
        list(MATRICES),
        format_func=MATRICES.__getitem__,
        default="difference",
        required=True,
        key="compare-matrix",
        persist_state="session",
        label_visibility="collapsed",
    )


def _matrix(which: Matrix, a: Answered, b: Answered, pair: Pair, width: int) -> Point | None:
    """Show one matrix; the cell that was clicked in it."""
    chosen = chosen_cell(pair)
    if which == "difference":
        st.markdown("**B less A**, in images")
        figure = confusion_difference_figure(
            a.classes, a.confusion, b.confusion, chosen=chosen, width=width
        )
        label = f"confusion matrix of {b.title} less that of {a.title}"
    else:
        letter, run = ("A", a) if which == "first" else ("B", b)
        st.markdown(f"**{letter}** {plain(shortened(run.title, TITLE))}")
        figure = framed_confusion_figure(run.classes, run.confusion, chosen=chosen, width=width)
        label = f"confusion matrix of {run.title}"
    return figure_view(figure, key=f"compare-confusion-{which}", label=label)
