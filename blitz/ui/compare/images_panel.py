"""The test images that one of two runs gets right and the other wrong, or takes for a class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st
from torch import Tensor

from blitz.datasets import DatasetError, ImageDataset
from blitz.training.comparing import ImageComparison, Outcome, run_titles
from blitz.training.store import Run
from blitz.ui.compare.chosen_cell import Cell, chosen_cell, forget_cell
from blitz.ui.compare.image_cards import Answer, Card, show_cards
from blitz.ui.compare.kept_answers import Answered, answered, compared
from blitz.ui.compare.pair import choose_pair, pair_heading
from blitz.ui.data import images_of
from blitz.ui.services import Services
from blitz.ui.text import plain

PICTURES_A_PAGE = 24
SIDE, LARGE_SIDE = 128, 256
NUM_GUESSES = 3
OUTCOMES: dict[Outcome, str] = {
    "only first": "Only A right",
    "only second": "Only B right",
    "both wrong": "Both wrong",
    "both right": "Both right",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Groups:
    """Test images to choose from."""

    key: str
    """The same key, the same groups with other images."""
    titles: Mapping[str, str]
    images: Mapping[str, Tensor]
    """Indices of the test images, by group."""


def show_images(services: Services, runs: Sequence[Run]) -> None:
    """Show which test images two of the runs get right, a group at a time."""
    found = answered(services, choose_pair(runs))
    if len(found) == 2:
        titles = run_titles(runs)  # as in the fields that choose
        show_pair(services, *(replace(each, title=titles[each.run.id]) for each in found))


def show_pair(services: Services, a: Answered, b: Answered) -> None:
    """Show which test images these two get right; with a cell chosen, those of the cell alone."""
    cell = chosen_cell((a.run.id, b.run.id))
    if cell is None:
        comparison = compared(a.version, b.version, a, b)
        st.markdown(pair_heading("Images", a.title, b.title))
        st.markdown(chance_sentence(comparison))
        groups = Groups(
            key="outcome",
            titles={str(each): title for each, title in OUTCOMES.items()},
            images={str(each): images for each, images in comparison.images.items()},
        )
    else:
        _tell_cell(cell, a, b)
        groups = _in_cell(cell, a, b)
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        group = _choose_group(groups)
        is_large = st.toggle("Large", key="compare-large", persist_state="session", width="content")
    dataset = _images(services, a)
    if dataset is not None:
        scope = f"{a.run.id}-{b.run.id}-{group}-{cell}"
        _show_group(dataset, a, b, groups.images[group], scope, LARGE_SIDE if is_large else SIDE)


def _choose_group(groups: Groups) -> str:
    def title(group: str) -> str:
        return f"{groups.titles[group]} · {len(groups.images[group]):,}"

    first = next(iter(groups.titles))
    chosen = st.segmented_control(
        "Images",
        list(groups.titles),
        format_func=title,
        default=first,
        required=True,
        key=f"compare-{groups.key}",
        persist_state="session",
        label_visibility="collapsed",
    )
    return chosen or first


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


# A cell


def _tell_cell(cell: Cell, a: Answered, b: Answered) -> None:
    """What the cell's images are, and how many of them either run has."""
    truth, prediction = cell
    names = plain(a.classes[truth]), plain(a.classes[prediction])
    total = int(a.confusion[truth].sum())
    in_a, in_b = (int(each.confusion[cell]) for each in (a, b))
    told = f"Of the {total:,} {_noun(total)} of {names[0]}, "
    if truth == prediction:
        heading, told = (
            f"{names[0]}, seen as it is",
            f"{told}A is right on {in_a:,}, B on {in_b:,}.",
        )
    else:
        heading = f"{names[0]} taken for {names[1]}"
        told += f"A takes {in_a:,} for {names[1]}, B takes {in_b:,}."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"##### {heading}", width="content")
        st.button("All images", key="compare-all-images", on_click=forget_cell)
    st.markdown(told)


def _in_cell(cell: Cell, a: Answered, b: Answered) -> Groups:
    """The images of the cell's class that either run takes for the other."""
    truth, prediction = cell
    sure = [each.answers.probabilities[:, truth] for each in (a, b)]
    order = (sure[0] - sure[1]).abs().argsort(descending=True, stable=True)
    is_truth = (a.answers.labels == truth)[order]
    in_a, in_b = (
        is_truth & (each.answers.probabilities.argmax(1) == prediction)[order] for each in (a, b)
    )
    return Groups(
        key="outcome-in-cell",
        titles={"any": "By A or B", "a": "Only by A", "b": "Only by B", "both": "By both"},
        images={
            "any": order[in_a | in_b],
            "a": order[in_a & ~in_b],
            "b": order[in_b & ~in_a],
            "both": order[in_a & in_b],
        },
    )


# Pictures


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


def _show_group(
    dataset: ImageDataset, a: Answered, b: Answered, images: Tensor, scope: str, side: int
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
    show_cards(
        dataset.test_images[shown],
        [_card(a.classes, index, a, b) for index in shown],
        side=side,
    )
    st.caption(
        f"The {min(NUM_GUESSES, len(a.classes))} classes that each run holds most probable; "
        "its letter opens the image on the Network page with the run's weights. First come the "
        "images on whose true class A and B differ most."
    )


def _card(classes: Sequence[str], index: int, a: Answered, b: Answered) -> Card:
    truth = int(a.answers.labels[index])
    answers = []
    for letter, each in (("A", a), ("B", b)):
        best = each.answers.probabilities[index].topk(min(NUM_GUESSES, len(classes)))
        guesses = list(zip(best.indices.tolist(), best.values.tolist(), strict=True))
        answers.append(
            Answer(
                letter=letter,
                run_id=each.run.id,
                is_right=guesses[0][0] == truth,
                guesses=[(classes[guess], probability) for guess, probability in guesses],
            )
        )
    return Card(index=index, truth=classes[truth], answers=answers)
