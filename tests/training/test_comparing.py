"""Runs set side by side: settings, seeds, answers image by image, weights."""

import html
import math
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from blitz.training.comparing import (
    check_comparable,
    class_accuracy,
    compare_images,
    compare_weights,
    confusion_of,
    different_settings,
    group_by_seed,
    loss_gradients,
    mcnemar_p_value,
)
from blitz.training.comparing_figures.figures import (
    class_difference_figure,
    confusion_difference_figure,
    framed_confusion_figure,
    weights_figure,
)
from blitz.training.config import LossName, TrainConfig
from blitz.training.events import EpochFinished, Position
from blitz.training.predictions import StoredPredictions
from blitz.training.store import Run, RunStore


def made_run(store: RunStore, **settings: Any) -> Run:
    number = len(store.list_runs())
    return store.create_run(
        name="a run", config=TrainConfig(**settings), device="cpu", token=f"token {number}"
    )


def answers(probabilities: Tensor, labels: Tensor) -> StoredPredictions:
    return StoredPredictions(probabilities=probabilities, labels=labels, loss=0.5, step=1)


def random_answers(labels: Tensor, seed: int, num_classes: int = 5) -> StoredPredictions:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(len(labels), num_classes, generator=generator)
    logits[torch.arange(len(labels)), labels] += 2  # right more often than not
    return answers(logits.softmax(1), labels)


LABELS = torch.randint(5, (400,), generator=torch.Generator().manual_seed(0))


# Settings and seeds


def test_only_settings_that_differ_are_listed_in_their_order(home_store: RunStore) -> None:
    runs = [
        made_run(home_store, seed=1),
        made_run(home_store, lr=0.01, seed=1),
        made_run(home_store, lr=0.01, seed=2, image_size=32),
    ]
    table = different_settings(runs)
    assert list(table.index) == ["image_size", "lr", "seed"]
    assert list(table.columns) == [run.id for run in runs]
    assert table.to_numpy().tolist() == [[None, None, 32], [0.001, 0.01, 0.01], [1, 1, 2]]
    assert different_settings(runs[:1]).empty


def measured_run(store: RunStore, accuracy: float | None, loss: float, **settings: Any) -> Run:
    run = made_run(store, **settings)
    store.update_run(run.id, accuracy=accuracy, loss=loss, total_steps=100)
    store.change_status(run.id, {"starting"}, "finished")
    changed = store.get_run(run.id)
    assert changed is not None
    return changed


def test_runs_that_differ_by_seed_alone_are_one_group(home_store: RunStore) -> None:
    accuracies, losses = [0.5, 0.75, 0.875], [1.0, 0.5, 0.25]
    same = [
        measured_run(home_store, accuracy, loss, seed=seed)
        for seed, (accuracy, loss) in enumerate(zip(accuracies, losses, strict=True))
    ]
    other = measured_run(home_store, None, math.nan, lr=0.01)
    first, second = group_by_seed([same[0], other, *same[1:]])
    assert first.runs == tuple(same)
    assert second.runs == (other,)
    assert second.accuracy is None
    assert second.loss is None
    for spread, values in ((first.accuracy, accuracies), (first.loss, losses)):
        assert spread is not None
        assert spread.num_runs == 3
        assert spread.mean == pytest.approx(np.mean(values))
        assert spread.deviation == pytest.approx(np.std(values, ddof=1))
        assert (spread.smallest, spread.largest) == (min(values), max(values))


def test_neither_repeats_nor_forks_nor_unfinished_runs_are_seeds(home_store: RunStore) -> None:
    repeated = measured_run(home_store, 0.5, 1.0, seed=0)
    newest = measured_run(home_store, 0.75, 0.5, seed=0, keep_epochs=True)
    made_run(home_store, seed=0)  # under way: it takes no finished run's place
    unfinished = home_store.list_runs()[0]
    other = measured_run(home_store, 0.25, 2.0, seed=1)
    under_way = made_run(home_store, seed=2)
    fork = home_store.create_run(
        name="fork", config=TrainConfig(seed=3), device="cpu", token="fork",
        parent=newest.id, parent_step=5,
    )  # fmt: skip
    given = [made_run(home_store, seed=4), made_run(home_store, seed=5)]
    for run in given:
        home_store.change_status(run.id, {"starting"}, "finished", "weights of a.pth")
    given = [run for run in home_store.list_runs() if run.message]
    groups = group_by_seed([under_way, other, fork, newest, repeated, unfinished, *given])
    assert [group.runs for group in groups] == [
        (under_way, other, newest), (fork,), (given[0],), (given[1],),
    ]  # fmt: skip
    accuracy = groups[0].accuracy
    assert accuracy is not None
    assert (accuracy.num_runs, accuracy.mean) == (2, 0.5)


def test_one_run_has_a_best_accuracy_but_no_deviation(home_store: RunStore) -> None:
    run = made_run(home_store)
    for step, accuracy in ((1, 0.75), (2, 0.5)):
        at = Position(step=step, epoch=float(step), images=step, seconds=1.0)
        epoch = EpochFinished(
            at=at, loss=1.0, accuracy=accuracy, class_correct=(3,), class_total=(4,), is_best=True
        )
        home_store.append_metrics(run.id, [epoch])
    home_store.update_run(run.id, total_steps=2)
    home_store.change_status(run.id, {"starting"}, "finished")
    changed = home_store.get_run(run.id)
    assert changed is not None
    [group] = group_by_seed([changed])
    assert group.best_accuracy is not None
    assert group.best_accuracy.mean == 0.75
    assert group.best_accuracy.deviation is None


# Answers


def test_every_image_is_in_the_group_of_who_is_right() -> None:
    first, second = random_answers(LABELS, 1), random_answers(LABELS, 2)
    images = compare_images(first, second).images
    assert sorted(torch.cat(list(images.values())).tolist()) == list(range(len(LABELS)))
    rights = {"only first": (1, 0), "only second": (0, 1), "both wrong": (0, 0),
              "both right": (1, 1)}  # fmt: skip
    for outcome, indices in images.items():
        assert len(indices)
        for index in indices.tolist():
            found = tuple(
                int(each.probabilities[index].argmax() == LABELS[index]) for each in (first, second)
            )
            assert found == rights[outcome]


def test_images_on_whose_class_two_runs_differ_most_come_first() -> None:
    first, second = random_answers(LABELS, 1), random_answers(LABELS, 2)
    for indices in compare_images(first, second).images.values():
        gaps = [
            abs(float(first.probabilities[i, LABELS[i]] - second.probabilities[i, LABELS[i]]))
            for i in indices.tolist()
        ]
        assert gaps == sorted(gaps, reverse=True)


def test_a_run_and_itself_differ_on_no_image() -> None:
    same = random_answers(LABELS, 1)
    comparison = compare_images(same, same)
    assert not len(comparison.images["only first"])
    assert not len(comparison.images["only second"])
    assert comparison.p_value == 1


@pytest.mark.parametrize(
    ("b", "c"), [(0, 0), (0, 5), (1, 0), (4, 4), (98, 123), (700, 900), (0, 60)]
)
def test_mcnemar_is_the_exact_two_sided_binomial_test(b: int, c: int) -> None:
    n = b + c
    tail = Fraction(sum(math.comb(n, k) for k in range(min(b, c) + 1)), 2**n)
    assert mcnemar_p_value(b, c) == pytest.approx(float(min(Fraction(1), 2 * tail)), rel=1e-9)
    assert mcnemar_p_value(c, b) == mcnemar_p_value(b, c)


def test_confusions_count_each_image_and_give_the_accuracy_of_classes() -> None:
    own = random_answers(LABELS, 1, num_classes=6)  # no image is of the last class
    confusion = confusion_of(own).numpy()
    predicted = own.probabilities.argmax(1)
    for truth in range(6):
        for prediction in range(6):
            is_here = (truth == LABELS) & (predicted == prediction)
            assert confusion[truth, prediction] == int(is_here.sum())
    accuracy = class_accuracy(confusion)
    for truth in range(5):
        is_right = predicted[truth == LABELS] == truth
        assert accuracy[truth] == pytest.approx(float(is_right.double().mean()))
    assert math.isnan(accuracy[5])


def test_answers_about_other_images_are_refused_in_one_line(home_store: RunStore) -> None:
    digits, other = made_run(home_store), made_run(home_store, seed=1)
    elsewhere = made_run(home_store, dataset="mnist")
    own = random_answers(LABELS, 1)
    changed = LABELS.clone()
    changed[:3] = (changed[:3] + 1) % 5
    check_comparable(digits, other, own, random_answers(LABELS, 2))
    refused = [
        (elsewhere, own, "dataset: digits and mnist"),
        (other, random_answers(LABELS[:300], 1), "test images: 400 and 300"),
        (other, random_answers(LABELS, 1, num_classes=6), "test classes: 5 and 6"),
        (other, random_answers(changed, 1), "labels: 3 of 400"),
    ]
    for run, theirs, message in refused:
        with pytest.raises(ValueError, match=message) as caught:
            check_comparable(digits, run, own, theirs)
        assert "\n" not in str(caught.value)


def test_a_refusal_does_not_tell_where_a_folder_lies(home_store: RunStore, tmp_path: Path) -> None:
    cats, dogs = (made_run(home_store, dataset=str(tmp_path / name)) for name in ("cats", "dogs"))
    own = random_answers(LABELS, 1)
    with pytest.raises(ValueError, match="cats and dogs") as caught:
        check_comparable(cats, dogs, own, own)
    assert str(tmp_path) not in str(caught.value)


# Weights


def test_weights_are_compared_as_vectors() -> None:
    torch.manual_seed(0)
    first, second = (nn.Sequential(nn.Linear(7, 5), nn.BatchNorm1d(5)) for _ in "ab")
    theirs = second.state_dict()
    theirs["1.weight"] = -3 * first.state_dict()["1.weight"]
    comparison = compare_weights(first.state_dict(), theirs)
    assert comparison.not_alike == ()
    names = [each.name for each in comparison.tensors]
    # The count of batches is a whole number and no weight.
    assert names == ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"]
    for each in comparison.tensors[:3]:
        a, b = (state[each.name] for state in (first.state_dict(), theirs))
        assert each.shape == tuple(a.shape)
        assert each.first_norm == pytest.approx(float(torch.linalg.vector_norm(a)))
        assert each.second_norm == pytest.approx(float(torch.linalg.vector_norm(b)))
        distance = F.pairwise_distance(a.flatten(), b.flatten(), eps=0)
        assert each.relative_difference == pytest.approx(float(distance / a.norm()), rel=1e-5)
        cosine = F.cosine_similarity(a.flatten(), b.flatten(), dim=0)
        assert each.cosine == pytest.approx(float(cosine), abs=1e-6)
    assert comparison.tensors[2].cosine == pytest.approx(-1)
    assert comparison.tensors[2].relative_difference == pytest.approx(4)
    zeros = comparison.tensors[3]  # biases of batch normalisation start at 0
    assert zeros.first_norm == 0
    assert math.isnan(zeros.cosine)
    assert math.isnan(zeros.relative_difference)


def test_tensors_that_do_not_match_are_named() -> None:
    first = {"a": torch.ones(2), "b": torch.ones(2, 3), "c": torch.ones(1)}
    second = {"a": torch.ones(2), "b": torch.ones(3, 2), "d": torch.ones(1)}
    comparison = compare_weights(first, second)
    assert [each.name for each in comparison.tensors] == ["a"]
    assert comparison.not_alike == ("b", "c", "d")


@pytest.mark.parametrize("loss", ["cross-entropy", "mse"])
def test_gradients_are_those_of_backward_and_leave_the_model_alone(loss: LossName) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    model[1].requires_grad_(False)
    inputs, labels = torch.randn(6, 1, 2, 2), torch.tensor([0, 1, 0, 1, 1, 0])
    found = loss_gradients(model, inputs, labels, loss)
    assert list(found) == ["3.weight", "3.bias"]
    assert all(parameter.grad is None for parameter in model.parameters())
    logits = model(inputs)
    if loss == "mse":
        (logits - torch.eye(2)[labels]).square().mean().backward()
    else:
        F.cross_entropy(logits, labels).backward()
    for name, parameter in model[3].named_parameters(prefix="3"):
        assert parameter.grad is not None
        assert torch.allclose(found[name], parameter.grad)


# Charts


def test_the_difference_of_confusions_is_told_in_images_and_coloured_by_what_is_better() -> None:
    first = np.array([[8, 2], [0, 5]])
    second = np.array([[6, 4], [1, 4]])
    figure = confusion_difference_figure(["<b>", "cat"], first, second, chosen=(1, 0))
    heat_map, numbers = figure.data
    # The second is right less often and wrong more often, of 10 images and of 5.
    assert np.allclose(heat_map.z, [[-0.2, -0.2], [-0.2, -0.2]])
    assert heat_map.zmax == -heat_map.zmin == pytest.approx(0.2)
    assert cells(numbers) == {(0, 0): "-2", (0, 1): "+2", (1, 0): "+1", (1, 1): "-1"}
    assert heat_map.hovertext[1][0] == "cat taken for &lt;b&gt;: 0 and 1"
    for shape in figure.layout.shapes:
        assert shape.x0 < 0 < shape.x1
        assert shape.y0 < 1 < shape.y1
    beside = framed_confusion_figure(["<b>", "cat"], first, chosen=(1, 0))
    assert len(beside.layout.shapes) == len(figure.layout.shapes) > 0
    assert not framed_confusion_figure(["<b>", "cat"], first).layout.shapes


def cells(numbers: Any) -> dict[tuple[int, int], str]:
    """What stands in a cell, by row and column."""
    places = zip(numbers.y.tolist(), numbers.x.tolist(), strict=True)
    return dict(zip(places, numbers.text, strict=True))


def test_what_is_alike_has_no_colour_and_unknown_classes_are_empty() -> None:
    nothing = confusion_difference_figure(["a"], np.array([[3]]), np.array([[3]])).data[0]
    assert nothing.zmin < 0 < nothing.zmax
    middle = [colour for place, colour in nothing.colorscale if place == 0.5]
    assert len(middle) == 2
    assert all(re.fullmatch(r"rgba\(.*, 0\)", colour) for colour in middle)
    difference = np.array([[0.25, -0.5], [math.nan, 0.0]])
    heat_map, numbers = class_difference_figure(["a", "b"], ["one", "two"], difference).data
    assert heat_map.zmax == -heat_map.zmin == 0.5
    assert cells(numbers) == {(0, 0): "+25.0", (0, 1): "-50.0"}


@pytest.mark.parametrize("num_runs", [1, 3, 30])
def test_every_name_stands_at_its_column_however_long_it_is(num_runs: int) -> None:
    names = [f"{number} {'<b>long</b> ' * 20}{number}" for number in range(num_runs)]
    figure = class_difference_figure(["a"], names, np.zeros((1, num_runs)))
    axis = figure.layout.xaxis
    assert list(axis.tickvals) == list(range(num_runs))
    assert len(set(axis.ticktext)) == num_runs
    assert all("<" not in text and len(html.unescape(text)) <= 14 for text in axis.ticktext)
    assert (axis.tickangle == 0) == (num_runs <= 3)


def test_values_of_two_tensors_fall_into_the_same_bins() -> None:
    first = np.array([[0.0, 1.0], [1.0, math.nan]], dtype=np.float32)
    second = np.array([[-2.0, 1.0]], dtype=np.float32)
    a, b = weights_figure(first, second).data
    assert (a.name, b.name) == ("A", "B")
    assert a.x.tolist() == b.x.tolist()
    assert (sum(a.y), sum(b.y)) == (3, 2)
    assert -2 < a.x[0] < a.x[-1] < 1
    assert (a.y[-1], b.y[-1], a.y[0], b.y[0]) == (2, 1, 0, 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.float32(1.0), np.nextafter(np.float32(1.0), np.float32(2.0))),
        (np.float32(1e8), np.float32(1e8)),
        (np.float32(-3e38), np.float32(3e38)),
    ],
)
def test_weights_however_near_or_far_have_bins(first: np.float32, second: np.float32) -> None:
    a, b = weights_figure(np.full(9, first), np.full(9, second)).data
    assert (sum(a.y), sum(b.y)) == (9, 9)
