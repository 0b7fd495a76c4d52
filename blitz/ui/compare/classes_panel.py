"""Accuracy of each class in several runs, and which classes two of them confuse differently."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from blitz.training.comparing import class_accuracy
from blitz.training.comparing_figures.figures import (
    class_difference_figure,
    confusion_difference_figure,
    framed_confusion_figure,
)
from blitz.training.store import Run
from blitz.ui.compare.chosen_cell import choose_cell, chosen_cell
from blitz.ui.compare.kept_answers import Answered, answered
from blitz.ui.figure_view import figure_view
from blitz.ui.services import Services
from blitz.ui.text import plain

MOST_CLASSES = 100
"""Up to which a matrix of all pairs of classes can be read, and sent to a browser."""


def show_classes(services: Services, runs: Sequence[Run]) -> tuple[Run, Run] | None:
    """Compare the first run's classes with those of the others, and its confusions with one's.

    Returns the two runs whose confusions are shown: a cell that is clicked is about their images.
    """
    found = answered(services, runs)
    if not found:
        return None
    _accuracies(found)
    if len(found) == 1:
        return None
    first, second = found[0], _other(found)
    _confusions(first, second)
    return first.run, second.run


def _accuracies(found: Sequence[Answered]) -> None:
    reference, *others = found
    classes = reference.classes
    accuracy = np.stack([class_accuracy(each.confusion) for each in found])
    columns = {each.run.id: values for each, values in zip(found, accuracy, strict=True)}
    table = pd.DataFrame(columns, index=pd.Index(classes, name="class"))
    # As wide as there is to say, and one below the other where the page is narrow.
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=140 + 120 * len(found)):
            st.markdown("##### Accuracy of each class")
            st.dataframe(
                table,
                column_config={
                    each.run.id: st.column_config.NumberColumn(each.title, format="percent")
                    for each in found
                },
                key="compare-class-accuracy",
            )
        if others and len(classes) <= MOST_CLASSES:
            with st.container(width=260 + 100 * len(others)):
                st.markdown(f"##### Difference to {plain(reference.title)}, in points")
                figure_view(
                    class_difference_figure(
                        classes, [each.title for each in others], (accuracy[1:] - accuracy[0]).T
                    ),
                    key="compare-class-difference",
                    label=f"accuracy of each class, difference to {reference.title}",
                )


def _other(found: Sequence[Answered]) -> Answered:
    """The run to compare the first with."""
    _, *others = found
    if len(others) == 1:
        return others[0]
    titles = {each.run.id: each.title for each in others}
    key = "compare-confusion-with"
    if st.session_state.get(key) not in titles:
        st.session_state[key] = others[0].run.id
    chosen = st.selectbox(
        f"Confusions of {plain(found[0].title)} and of",
        list(titles),
        format_func=titles.__getitem__,
        key=key,
        persist_state="session",
        width=360,
    )
    return next(each for each in others if each.run.id == chosen)


def _confusions(first: Answered, second: Answered) -> None:
    classes = first.classes
    if len(classes) > MOST_CLASSES:
        st.caption(f"Confusions are shown of up to {MOST_CLASSES} classes.")
        return
    matrices = [each.confusion for each in (first, second)]
    pair = (first.run.id, second.run.id)
    chosen = chosen_cell(pair)
    st.markdown("##### Truth and prediction")
    # Widths of their own rather than columns: on a narrow page one goes below the other.
    st.caption("Click a cell for its images; click it again for all.")
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=520):
            st.caption(f"{plain(second.title)} less {plain(first.title)}: blue fewer, orange more")
            clicks = [
                figure_view(
                    confusion_difference_figure(classes, *matrices, chosen=chosen),
                    key="compare-confusion-difference",
                    label=f"confusion matrix of {second.title} less that of {first.title}",
                )
            ]
        for each, matrix, which in zip((first, second), matrices, ("first", "second"), strict=True):
            with st.container(width=520):
                st.caption(plain(each.title))
                clicks.append(
                    figure_view(
                        framed_confusion_figure(classes, matrix, chosen=chosen),
                        key=f"compare-confusion-{which}",
                        label=f"confusion matrix of {each.title}",
                    )
                )
    for click in clicks:
        if click is not None:
            choose_cell(pair, (round(click.y), round(click.x)))
            st.rerun()
