"""Predictions against scikit-learn and PyTorch."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss

from blitz.models import build_model
from blitz.training.evaluation import confusion_matrix as ours
from blitz.training.evaluation import loss_of, predict
from tests.images import digits


def test_predictions_agree_with_scikit_learns_metrics() -> None:
    dataset = digits()
    torch.manual_seed(0)
    predictions = predict(build_model("net"), dataset)
    probabilities = predictions.probabilities.double().numpy()
    guesses, truth = probabilities.argmax(1), dataset.test_labels.numpy()
    assert predictions.accuracy == accuracy_score(truth, guesses)
    assert predictions.confusion.tolist() == confusion_matrix(truth, guesses).tolist()
    normalised = probabilities / probabilities.sum(1, keepdims=True)
    assert predictions.loss == pytest.approx(log_loss(truth, normalised), rel=1e-5)


def test_the_models_mode_is_left_as_it_was() -> None:
    model = build_model("net")
    for is_training in (True, False):
        model.train(is_training)
        predict(model, digits())
        assert model.training is is_training


def test_every_pair_is_counted_in_row_truth_and_column_prediction() -> None:
    truth, guess = torch.tensor([0, 0, 2, 2, 2]), torch.tensor([0, 1, 2, 2, 0])
    assert ours(truth, guess, 3).tolist() == [[1, 1, 0], [0, 0, 0], [1, 0, 2]]


def test_losses_are_torchs() -> None:
    logits, labels = torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    assert loss_of(logits, labels, "cross-entropy").equal(F.cross_entropy(logits, labels))
    one_hot = torch.eye(4)[labels]
    torch.testing.assert_close(loss_of(logits, labels, "mse"), ((logits - one_hot) ** 2).mean())


@pytest.mark.parametrize("smoothing", [0.1, 0.5])
def test_smoothed_losses_are_torchs_with_smoothed_targets(smoothing: float) -> None:
    logits, labels = torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    target = (1 - smoothing) * torch.eye(4)[labels] + smoothing / 4
    torch.testing.assert_close(
        loss_of(logits, labels, "cross-entropy", smoothing), F.cross_entropy(logits, target)
    )
    torch.testing.assert_close(
        loss_of(logits, labels, "mse", smoothing), F.mse_loss(logits, target)
    )


def test_with_flips_an_image_and_its_mirror_image_get_one_answer() -> None:
    dataset, model = digits(), build_model("net")
    mirrored = replace(dataset, test_images=dataset.test_images.flip(3))
    answers = predict(model, dataset, test_flips=True).probabilities
    torch.testing.assert_close(answers, predict(model, mirrored, test_flips=True).probabilities)
    with torch.no_grad():
        images = dataset.normalise(dataset.test_images)
        logits = (model(images) + model(images.flip(3))) / 2
    torch.testing.assert_close(answers, logits.softmax(1))
