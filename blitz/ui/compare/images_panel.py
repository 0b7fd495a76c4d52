"""The test images that one of two runs gets right and the other wrong."""

from collections.abc import Sequence

import streamlit as st
from torch import Tensor

from blitz.datasets import DatasetError, ImageDataset
from blitz.training.comparing import ImageComparison, Outcome
from blitz.training.predictions import StoredPredictions
from blitz.training.store import Run
from blitz.ui.compare.chosen_cell import Cell, chosen_cell, forget_cell
from blitz.ui.compare.kept_answers import Answered, answered, compared
from blitz.ui.data import images_of
from blitz.ui.pictures import show_pictures
from blitz.ui.services import Services
from blitz.ui.text import plain

PICTURES_A_PAGE = 24
SIDE = 128
NUM_GUESSES = 3
OUTCOMES: dict[Outcome, str] = {
    "only first": "Only A right",
    "only second": "Only B right",
    "both wrong": "Both wrong",
    "both right": "Both right",
}


def show_images(services: Services, first: Run, second: Run) -> None:
    """Show which test images the first run (A) and the second (B) get right, a group at a time."""
    found = answered(services, [first, second])
    if len(found) < 2:
        return
    a, b = found
    comparison = compared(a.version, b.version, a, b)
    st.markdown(f"**A** is {plain(a.title)}, **B** is {plain(b.title)}.")
    st.markdown(chance_sentence(comparison))
    cell = chosen_cell((first.id, second.id))
    images = comparison.images if cell is None else _in_cell(comparison, cell, a, b)
    with st.container(horizontal=True, gap="large"):
        for each, title in OUTCOMES.items():
            st.metric(title, f"{len(images[each]):,}", width="content")
    outcome = st.segmented_control(
        "Images",
        list(OUTCOMES),
        format_func=OUTCOMES.__getitem__,
        default="only first",
        required=True,
        key="compare-outcome",
        persist_state="session",
        label_visibility="collapsed",
    )
    dataset = _images(services, a)
    if dataset is not None:
        scope = f"{first.id}-{second.id}-{outcome}-{cell}"
        _show_group(dataset, a, b, images[outcome], scope)


def chance_sentence(comparison: ImageComparison) -> str:
    """What McNemar's test says of two runs, in a sentence."""
    only_a, only_b = (len(comparison.images[each]) for each in ("only first", "only second"))
    if only_a == only_b == 0:
        return "A and B are right on the same images."
    return (
        f"A is right on {only_a:,} {_noun(only_a)} where B is wrong, B on {only_b:,} where A is: "
        f"if both were equally good, such a difference or more would come by chance "
        f"in {_percent(comparison.p_value)} of cases."
    )


def _noun(count: int) -> str:
    return "image" if count == 1 else "images"


def _percent(probability: float) -> str:
    if probability < 0.001:
        return "less than 0.1%"
    return f"{probability:.0%}" if probability >= 0.0995 else f"{probability:.1%}"


def _images(services: Services, run: Answered) -> ImageDataset | None:
    """The images that the answers are about; a line where they cannot be had."""
    try:
        dataset = images_of(run.run.config, services.settings)
    except DatasetError as error:
        st.warning(f"The images of these runs are gone: {plain(str(error))}")
        return None
    if not dataset.test_labels.equal(run.answers.labels):
        st.warning("The data set has changed since these runs; its images are not shown.")
        return None
    return dataset


def _in_cell(
    comparison: ImageComparison, cell: Cell, a: Answered, b: Answered
) -> dict[Outcome, Tensor]:
    """The images of the cell's class that either run takes for the other; a line says so."""
    truth, prediction = cell
    names = plain(a.classes[truth]), plain(a.classes[prediction])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Only {names[0]} taken for {names[1]} by A or by B:", width="content")
        st.button("All images", key="compare-all-images", on_click=forget_cell)
    taken = [each.answers.probabilities.argmax(1) == prediction for each in (a, b)]
    is_in = (a.answers.labels == truth) & (taken[0] | taken[1])
    return {outcome: images[is_in[images]] for outcome, images in comparison.images.items()}


def _show_group(
    dataset: ImageDataset, a: Answered, b: Answered, images: Tensor, scope: str
) -> None:
    """Show a group a page at a time. scope: what the group is, so that each has its own page."""
    num_pages = max(1, -(-len(images) // PICTURES_A_PAGE))
    page = 1
    if num_pages > 1:
        page = st.number_input(
            f"Page, of {num_pages:,}", 1, num_pages, 1, width=160,
            key=f"compare-page-{scope}", persist_state="session",
        )  # fmt: skip
    shown = images[(page - 1) * PICTURES_A_PAGE : page * PICTURES_A_PAGE].tolist()
    if not shown:
        st.caption("No images.")
        return
    show_pictures(
        dataset.test_images[shown],
        [_caption(dataset.classes, index, a.answers, b.answers) for index in shown],
        side=SIDE,
    )
    st.caption(
        f"The truth, and the {NUM_GUESSES} classes that each run holds most probable. First come "
        "the images on whose true class A and B differ most."
    )


def _caption(classes: Sequence[str], index: int, a: StoredPredictions, b: StoredPredictions) -> str:
    truth = int(a.labels[index])
    lines = [classes[truth]]
    for letter, answers in (("A", a), ("B", b)):
        best = answers.probabilities[index].topk(min(NUM_GUESSES, len(classes)))
        guesses = list(zip(best.indices.tolist(), best.values.tolist(), strict=True))
        sign = "✓" if guesses[0][0] == truth else "✗"
        told = ", ".join(
            f"{classes[guess]}\u00a0{probability:.0%}" for guess, probability in guesses
        )
        lines.append(f"{letter} {sign} {told}")
    return "\n".join(lines)
