"""Which epochs can be looked back to, and what was right and wrong there."""

from datetime import UTC, datetime

import pytest
import torch

from blitz.training.looking_back import (
    changed_images,
    kept_rows,
    mistakes,
    nearest_index,
    taken_for,
)
from blitz.training.predictions import StoredPredictions
from blitz.training.runs import Checkpoint, CheckpointKind


def row(id_: int, kind: CheckpointKind, epoch: float) -> Checkpoint:
    return Checkpoint(
        id=id_, kind=kind, file_name=f"{id_}", sha256="", step=round(10 * epoch), epoch=epoch,
        loss=None, accuracy=None, created_at=datetime.now(UTC),
    )  # fmt: skip


def answers(*guesses: tuple[int, float], labels: list[int]) -> StoredPredictions:
    """Of three classes; each guess is a class and how sure it is, the rest is shared."""
    rows = []
    for guess, confidence in guesses:
        others = [(1 - confidence) / 2] * 3
        rows.append([confidence if index == guess else each for index, each in enumerate(others)])
    return StoredPredictions(
        probabilities=torch.tensor(rows), labels=torch.tensor(labels), loss=1.0, step=1
    )


def test_each_epoch_that_was_kept_comes_once_in_order() -> None:
    rows = [row(1, "last", 9), row(5, "epoch", 2), row(2, "epoch", 0), row(3, "epoch", 2)]
    assert [each.id for each in kept_rows(rows)] == [2, 5]


@pytest.mark.parametrize(
    ("wanted", "index"), [(None, 3), (0, 0), (5, 2), (6, 2), (7, 3), (1e9, 3), (-3, 0)]
)
def test_the_nearest_epoch_takes_the_place_of_one_that_is_gone(
    wanted: float | None, index: int
) -> None:
    assert nearest_index([0, 2, 4, 8], wanted) == index


def test_mistakes_come_by_falling_confidence_without_what_is_right() -> None:
    given = answers((1, 0.5), (0, 0.9), (2, 0.8), (2, 0.6), labels=[0, 0, 1, 1])
    assert mistakes(given).tolist() == [2, 3, 0]


def test_a_cell_holds_the_images_of_one_class_taken_for_another() -> None:
    given = answers((1, 0.5), (1, 0.7), (1, 0.9), (0, 0.8), labels=[0, 0, 1, 0])
    assert taken_for(given, 0, 1).tolist() == [1, 0]
    assert taken_for(given, 1, 1).tolist() == [2]
    assert taken_for(given, 2, 1).tolist() == []


def test_learned_is_what_was_wrong_and_is_right_and_forgotten_the_reverse() -> None:
    before = answers((1, 0.6), (1, 0.9), (0, 0.9), (0, 0.9), labels=[0, 0, 0, 1])
    now = answers((0, 0.6), (0, 0.9), (2, 0.9), (2, 0.9), labels=[0, 0, 0, 1])
    changed = changed_images(before, now)
    assert changed is not None
    assert changed.learned.tolist() == [1, 0]  # the second gained more
    assert changed.forgotten.tolist() == [2]


def test_answers_about_other_images_have_nothing_to_compare() -> None:
    first = answers((1, 0.6), (1, 0.9), labels=[0, 0])
    assert changed_images(first, answers((1, 0.6), labels=[0])) is None
    assert changed_images(first, answers((1, 0.6), (1, 0.9), labels=[0, 1])) is None
