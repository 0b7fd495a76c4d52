"""What a run was like at the epochs that were kept: which there are, and what it got wrong there.

Takes rows of the store and answers, and makes indices; reading files and showing what comes out is
left to others. Why an epoch was kept or let go, `kept_epochs` knows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from torch import Tensor

from blitz.training.comparing import compare_images
from blitz.training.predictions import StoredPredictions
from blitz.training.results import most_confident_mistakes_first
from blitz.training.runs import Checkpoint


def kept_rows(checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
    """The kept epochs among a run's checkpoints, the earliest first, each once."""
    newest_last = sorted(checkpoints, key=lambda row: row.id)
    epochs = {row.epoch: row for row in newest_last if row.kind == "epoch"}
    return [epochs[epoch] for epoch in sorted(epochs)]


def nearest_index(epochs: Sequence[float], wanted: float | None) -> int:
    """Index of the epoch nearest to the wanted one, the earlier of two; the last for None."""
    if wanted is None:
        return len(epochs) - 1
    return min(range(len(epochs)), key=lambda index: abs(epochs[index] - wanted))


def mistakes(answers: StoredPredictions) -> Tensor:
    """Indices of the test images that were classified wrongly, int64, the most confident first."""
    order = most_confident_mistakes_first(answers.probabilities, answers.labels)
    is_wrong = answers.probabilities.argmax(1) != answers.labels
    return order[: int(is_wrong.sum())]


def taken_for(answers: StoredPredictions, truth: int, prediction: int) -> Tensor:
    """Indices of the images of one class that were taken for another, the most confident first."""
    confidence, predicted = answers.probabilities.max(1)
    order = confidence.argsort(descending=True, stable=True)
    is_in = (answers.labels == truth) & (predicted == prediction)
    return order[is_in[order]]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Changed:
    """Indices of test images, int64, those first whose true class gained or lost the most."""

    learned: Tensor
    """Wrong before, right now."""
    forgotten: Tensor
    """Right before, wrong now."""


def changed_images(before: StoredPredictions, now: StoredPredictions) -> Changed | None:
    """What was learned and forgotten from one epoch to another; None if of other images."""
    is_alike = before.probabilities.shape == now.probabilities.shape
    if not is_alike or not before.labels.equal(now.labels):
        return None
    images = compare_images(before, now).images
    return Changed(learned=images["only second"], forgotten=images["only first"])
