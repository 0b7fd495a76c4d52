"""What a network makes of the test images: probabilities, loss, and which classes it confuses.

Knows nothing about training or storage.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from blitz.datasets import ImageDataset
from blitz.training.config import LossName, Precision
from blitz.training.team import ALONE, Team

EVALUATION_BATCH = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Predictions:
    """A network's answers on the test images."""

    probabilities: Tensor
    """Softmax of the logits, float32 [images, classes] on the CPU."""
    loss: float
    confusion: Tensor
    """Number of images by truth (row) and prediction (column), int64 [classes, classes]."""

    @property
    def accuracy(self) -> float:
        """Fraction of the images classified correctly."""
        return int(self.confusion.diagonal().sum()) / max(1, int(self.confusion.sum()))


def loss_of(logits: Tensor, labels: Tensor, loss: LossName, label_smoothing: float = 0.0) -> Tensor:
    """Mean loss of a batch: cross-entropy, or squared distance from the one-hot labels.

    logits [batch, classes], labels int64 [batch] → a scalar. With label smoothing (Szegedy et al.
    2016) the target is (1 − s) · one-hot + s / classes: no answer is worth being wholly sure of.
    """
    if loss == "mse":
        # Unlike `F.one_hot`, a comparison does not look at the labels, so no device is waited for.
        one_hot = labels[:, None] == torch.arange(logits.shape[1], device=labels.device)
        target = one_hot.to(logits.dtype)
        if label_smoothing:
            target = target * (1 - label_smoothing) + label_smoothing / logits.shape[1]
        return F.mse_loss(logits, target)
    return F.cross_entropy(logits, labels, label_smoothing=label_smoothing)


def confusion_matrix(truth: Tensor, predicted: Tensor, num_classes: int) -> Tensor:
    """Count pairs of truth and prediction, both int64 [images] → int64 [classes, classes]."""
    pairs = torch.bincount(truth * num_classes + predicted, minlength=num_classes**2)
    return pairs.view(num_classes, num_classes)


@torch.no_grad()
def predict(
    model: nn.Module,
    dataset: ImageDataset,
    *,
    loss: LossName = "cross-entropy",
    precision: Precision = "float32",
    test_flips: bool = False,
    team: Team = ALONE,
) -> Predictions:
    """Classify all test images; the model's mode (training or evaluation) is left as it was.

    With `test_flips` the logits are the mean of those for an image and for its mirror image. The
    loss is that of the labels as they are, whatever smoothing the network learned with. Of several
    processes each classifies its share, and all get all answers.
    """
    was_training = model.training
    model.eval()
    parts = []
    for images in team.share(dataset.test_images).split(EVALUATION_BATCH):
        with torch.autocast(images.device.type, torch.bfloat16, enabled=precision == "bf16"):
            inputs = dataset.normalise(images)
            logits = model(inputs).float()
            if test_flips:
                logits = (logits + model(inputs.flip(3)).float()) / 2
        parts.append(logits)
    model.train(was_training)
    logits = team.joined_rows(torch.cat(parts), len(dataset.test_images))
    return Predictions(
        probabilities=logits.softmax(1).cpu(),
        loss=float(loss_of(logits, dataset.test_labels, loss)),
        confusion=confusion_matrix(
            dataset.test_labels, logits.argmax(1), dataset.num_classes
        ).cpu(),
    )
