"""What is different between runs: settings, answers image by image, spread over seeds, weights.

Takes records of runs, answers and tensors, and makes records; where these are kept, and how what
comes out is shown, is for others to know.
"""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from blitz.datasets import dataset_name
from blitz.training.config import LossName, TrainConfig
from blitz.training.evaluation import confusion_matrix, loss_of
from blitz.training.predictions import StoredPredictions
from blitz.training.store import Run

Outcome = Literal["only first", "only second", "both wrong", "both right"]
"""Which of two runs classified a test image correctly."""

# Names


def run_titles(runs: Sequence[Run]) -> dict[str, str]:
    """A title for each run's id: its name, and its number where several have that name."""
    counts = Counter(run.name for run in runs)
    return {
        run.id: run.name if counts[run.name] == 1 else f"{run.name} · {run.number}" for run in runs
    }


# Settings


def different_settings(runs: Sequence[Run]) -> pd.DataFrame:
    """The settings in which these runs differ: a row a field of TrainConfig, a column a run's id.

    What decides no outcome is left out: whether epochs are kept.
    The rows keep the order of the fields; values are as they were set.
    """
    values = {
        field.name: [getattr(run.config, field.name) for run in runs]
        for field in fields(TrainConfig)
        if field.name != "keep_epochs"
    }
    different = {name: row for name, row in values.items() if len(set(row)) > 1}
    return pd.DataFrame(
        list(different.values()),
        index=list(different),
        columns=[run.id for run in runs],
        dtype=object,
    )


# Seeds


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """One measured number of several runs."""

    num_runs: int
    mean: float
    deviation: float | None
    """Standard deviation of a sample, divided by n − 1; none for a single run."""
    smallest: float
    largest: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SeedGroup:
    """Runs with the same settings and the same beginning, one for each seed."""

    runs: tuple[Run, ...]
    best_accuracy: Spread | None
    """Of the finished runs alone; none, like the others, where no run has a finite value."""
    accuracy: Spread | None
    """Of the last epoch finished."""
    loss: Spread | None


def group_by_seed(runs: Sequence[Run]) -> tuple[SeedGroup, ...]:
    """Put runs together that differ in nothing but the seed, in order of each group's first.

    Of several runs with one seed the newest that has finished counts, else the newest. Weights
    that were only evaluated are no result of a seed: each such run is a group of its own.
    """
    alike: dict[tuple[object, ...], dict[int, Run]] = {}
    for run in sorted(runs, key=lambda run: (run.status == "finished", run.number)):
        settings = replace(run.config, seed=0, keep_epochs=False)
        is_trained = run.status != "finished" or run.total_steps > 0
        key = (settings, run.parent, run.parent_step, None if is_trained else run.id)
        alike.setdefault(key, {})[run.config.seed] = run
    places = {run.id: place for place, run in enumerate(runs)}
    groups = [
        sorted(by_seed.values(), key=lambda run: places[run.id]) for by_seed in alike.values()
    ]
    return tuple(map(_seed_group, sorted(groups, key=lambda group: places[group[0].id])))


def _seed_group(runs: Sequence[Run]) -> SeedGroup:
    finished = [run for run in runs if run.status == "finished"]
    return SeedGroup(
        runs=tuple(runs),
        best_accuracy=_spread(run.best_accuracy for run in finished),
        accuracy=_spread(run.accuracy for run in finished),
        loss=_spread(run.loss for run in finished),
    )


def _spread(values: Iterable[float | None]) -> Spread | None:
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return None
    return Spread(
        num_runs=len(known),
        mean=statistics.fmean(known),
        deviation=statistics.stdev(known) if len(known) > 1 else None,
        smallest=min(known),
        largest=max(known),
    )


# Answers


def check_comparable(
    first: Run, second: Run, answers: StoredPredictions, others: StoredPredictions
) -> None:
    """ValueError in one line where the answers of two runs are not about the same images."""
    sources = [dataset_name(run.config.dataset) for run in (first, second)]
    if first.config.dataset != second.config.dataset:
        raise ValueError(
            f"dataset: {sources[0]} and {sources[1]} were given; "
            "answers are compared on one data set"
        )
    shapes = [tuple(each.probabilities.shape) for each in (answers, others)]
    for what, here, there in zip(("images", "classes"), *shapes, strict=True):
        if here != there:
            raise ValueError(
                f"test {what}: {here:,} and {there:,} were given; "
                "answers are compared on the same images"
            )
    num_changed = int((answers.labels != others.labels).sum())
    if num_changed:
        raise ValueError(
            f"labels: {num_changed:,} of {len(answers.labels):,} test images have another label; "
            "the data set has changed between the two runs"
        )


def confusion_of(answers: StoredPredictions) -> Tensor:
    """Number of test images by truth (row) and prediction (column), int64 [classes, classes]."""
    probabilities = answers.probabilities
    return confusion_matrix(answers.labels, probabilities.argmax(1), probabilities.shape[1])


def class_accuracy(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """The fraction of each class classified correctly, float64 [classes]; NaN without images."""
    num_images = confusion.sum(axis=1)
    fraction = confusion.diagonal() / np.maximum(num_images, 1)
    return np.where(num_images, fraction, np.nan)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ImageComparison:
    """Which test images two runs classify correctly."""

    images: Mapping[Outcome, Tensor]
    """Indices of the test images, int64, those first on whose class the two differ most."""
    p_value: float
    """How probable a difference like this or a larger one is if both are equally good."""


def compare_images(first: StoredPredictions, second: StoredPredictions) -> ImageComparison:
    """Sort the test images by who is right; the answers must be about the same images."""
    rights = [each.probabilities.argmax(1) == each.labels for each in (first, second)]
    sure = [
        each.probabilities.gather(1, each.labels[:, None]).squeeze(1) for each in (first, second)
    ]  # probability of the true class, [images] each
    order = (sure[0] - sure[1]).abs().argsort(descending=True, stable=True)
    is_first, is_second = rights[0][order], rights[1][order]
    images: dict[Outcome, Tensor] = {
        "only first": order[is_first & ~is_second],
        "only second": order[is_second & ~is_first],
        "both wrong": order[~is_first & ~is_second],
        "both right": order[is_first & is_second],
    }
    p_value = mcnemar_p_value(len(images["only first"]), len(images["only second"]))
    return ImageComparison(images=images, p_value=p_value)


def mcnemar_p_value(only_first: int, only_second: int) -> float:
    """McNemar's exact test, two-sided, on the images that only one of two runs gets right.

    If both are equally good, each of these n images falls to either with probability ½: the
    p-value is 2·P(X ≤ the smaller number) for X binomial(n, ½), at most 1. (Q. McNemar, "Note on
    the sampling error of the difference between correlated proportions", Psychometrika 1947.)
    """
    n = torch.tensor(only_first + only_second, dtype=torch.float64)
    k = torch.arange(min(only_first, only_second) + 1, dtype=torch.float64)
    # ln (n choose k) − n ln 2
    log_probability = (
        torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma(n - k + 1) - n * math.log(2)
    )
    return min(1.0, 2 * float(log_probability.exp().sum()))


# Weights


@dataclass(frozen=True, kw_only=True, slots=True)
class TensorComparison:
    """One tensor of two runs; a ratio is NaN where it would divide by zero."""

    name: str
    shape: tuple[int, ...]
    first_norm: float
    """Square root of the sum of squares, like the other norms."""
    second_norm: float
    relative_difference: float
    """Norm of the difference over the norm of the first."""
    cosine: float
    """Cosine of the angle between the two, seen as vectors: 1 for the same direction."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightComparison:
    """Two sets of weights, or of their gradients, tensor by tensor."""

    tensors: tuple[TensorComparison, ...]
    not_alike: tuple[str, ...]
    """Names of tensors that only one has, or that have another shape in the second."""


def compare_weights(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> WeightComparison:
    """Compare tensors of the same name, in the first's order; counters (integers) are left out."""
    names = [
        name
        for name in {**first, **second}
        if any(name in each and each[name].is_floating_point() for each in (first, second))
    ]
    alike = [
        name
        for name in names
        if name in first and name in second and first[name].shape == second[name].shape
    ]
    return WeightComparison(
        tensors=tuple(_compare_tensors(name, first[name], second[name]) for name in alike),
        not_alike=tuple(name for name in names if name not in alike),
    )


def loss_gradients(
    model: nn.Module, inputs: Tensor, labels: Tensor, loss: LossName
) -> dict[str, Tensor]:
    """The gradient of a batch's mean loss for each parameter that learns, by name.

    inputs [batch, channels, H, W], labels int64 [batch]. The model and its `.grad` stay as they
    are.
    """
    learning = {name: each for name, each in model.named_parameters() if each.requires_grad}
    value = loss_of(model(inputs), labels, loss)
    gradients = torch.autograd.grad(value, list(learning.values()))
    return dict(zip(learning, gradients, strict=True))


def _compare_tensors(name: str, first: Tensor, second: Tensor) -> TensorComparison:
    a, b = first.flatten().double(), second.flatten().double()
    first_norm, second_norm = a.norm(), b.norm()
    return TensorComparison(
        name=name,
        shape=tuple(first.shape),
        first_norm=float(first_norm),
        second_norm=float(second_norm),
        relative_difference=_ratio((a - b).norm(), first_norm),
        cosine=_ratio(a @ b, first_norm * second_norm),
    )


def _ratio(numerator: Tensor, denominator: Tensor) -> float:
    return float(numerator / denominator) if denominator else math.nan
