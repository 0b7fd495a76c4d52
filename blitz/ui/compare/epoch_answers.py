"""What a run made of the test images at an epoch: the confusions, and the images behind them."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from torch import Tensor

from blitz.datasets import ImageDataset
from blitz.training.comparing_figures.figures import framed_confusion_figure
from blitz.training.looking_back import Changed, mistakes, taken_for
from blitz.training.predictions import StoredPredictions
from blitz.ui.compare.chosen_cell import Cell
from blitz.ui.compare.classes_panel import MOST_CLASSES
from blitz.ui.compare.state import KEY
from blitz.ui.figure_view import figure_view
from blitz.ui.pictures import show_pictures
from blitz.ui.text import plain

CELL = f"{KEY}epoch-cell"
MISTAKES, LEARNED, FORGOTTEN = GROUPS = ("Mistakes", "Learned", "Forgotten")
MOST_PICTURES = 24


def choose_group() -> str:
    """Which images to show, where no cell is chosen."""
    with st.container(horizontal=True, vertical_alignment="center"):
        group = st.segmented_control(
            "Images", GROUPS, default=MISTAKES, required=True, key=f"{KEY}epoch-group",
            persist_state="session", label_visibility="collapsed", on_change=forget_cell,
            width="content",
        )  # fmt: skip
        if st.session_state.get(CELL) is not None:
            st.button("Leave the cell", key=f"{KEY}epoch-leave", on_click=forget_cell)
    return group or MISTAKES


def forget_cell() -> None:
    """Go back to the group of images."""
    st.session_state[CELL] = None


def show_confusion(
    classes: Sequence[str], confusion: NDArray[np.int64], *, key: str, label: str
) -> None:
    """Show the matrix; a click chooses a cell, or lets go of it, for all runs that are shown."""
    if len(classes) > MOST_CLASSES:
        st.caption(f"Confusions are shown of up to {MOST_CLASSES} classes.")
        return
    chosen: Cell | None = st.session_state.get(CELL)
    figure = framed_confusion_figure(classes, confusion, chosen=_within(chosen, len(classes)))
    click = figure_view(figure, key=key, label=label)
    if click is not None:
        cell = round(click.y), round(click.x)
        st.session_state[CELL] = None if cell == chosen else cell
        st.rerun()


def show_images(
    dataset: ImageDataset | None,
    classes: Sequence[str],
    answers: StoredPredictions,
    *,
    group: str,
    title: str,
    changed: Changed | None,
    since: str,
) -> None:
    """Show the images of the chosen cell or group, the most telling first.

    title: whose they are. changed: since the epoch before, which `since` names; None for none.
    """
    wrong = mistakes(answers)
    st.markdown(f"**{plain(title)}**: {_sentence(len(wrong), changed, since)}")
    cell = _within(st.session_state.get(CELL), len(classes))
    if cell is not None:
        indices = taken_for(answers, *cell)
        names = plain(classes[cell[0]]), plain(classes[cell[1]])
        st.markdown(f"**{names[0]} taken for {names[1]}: {len(indices):,}**")
    elif group == MISTAKES:
        indices = wrong
    elif changed is None:
        st.caption("There is no epoch before this one to compare with.")
        return
    else:
        indices = changed.learned if group == LEARNED else changed.forgotten
    if dataset is not None and not dataset.test_labels.equal(answers.labels):
        st.caption("The data set has changed since; its images are not shown.")
    elif dataset is not None:
        _pictures(dataset, classes, answers, indices)


def _within(cell: Cell | None, num_classes: int) -> Cell | None:
    """The cell, where a matrix of so many classes has it."""
    return cell if cell is not None and max(cell) < num_classes else None


def _sentence(num_wrong: int, changed: Changed | None, since: str) -> str:
    sentence = f"{num_wrong:,} {'mistake' if num_wrong == 1 else 'mistakes'}"
    if changed is None:
        return f"{sentence}."
    learned, forgotten = len(changed.learned), len(changed.forgotten)
    return f"{sentence}. Since epoch {since}: {learned:,} learned, {forgotten:,} forgotten."


def _pictures(
    dataset: ImageDataset, classes: Sequence[str], answers: StoredPredictions, indices: Tensor
) -> None:
    shown = indices[:MOST_PICTURES].tolist()
    if not shown:
        st.caption("No images.")
        return
    show_pictures(
        dataset.test_images[shown], [_caption(classes, answers, index) for index in shown]
    )
    part = f"; the first {len(shown)} of {len(indices):,}" if len(shown) < len(indices) else ""
    st.caption(f"truth → prediction, and how sure the network was{part}")


def _caption(classes: Sequence[str], answers: StoredPredictions, index: int) -> str:
    confidence, predicted = answers.probabilities[index].max(0)
    truth, guess = int(answers.labels[index]), int(predicted)
    told = f"✓ {classes[truth]}" if truth == guess else f"✗ {classes[truth]} → {classes[guess]}"
    return f"{told} {float(confidence):.0%}"
