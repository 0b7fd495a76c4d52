"""The training images in the order of one epoch, as batches ready for the network.

Images stay uint8 on the device; they are gathered, turned into floats and normalised some batches
at a time, so that a small batch costs a view instead of four calls. The order depends on the seed
and the epoch alone: a run resumed in the middle of an epoch sees the batches it would have seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from blitz.datasets import ImageDataset
from blitz.training.augmentation import EpochAugmentation, epoch_augmentation
from blitz.training.config import TrainConfig
from blitz.training.team import ALONE, Team

CHUNK_BYTES = 4 * 2**20
"""Size of the float images prepared at once: small enough to stay in a processor's cache."""


def epoch_order(num_images: int, seed: int, epoch: int) -> Tensor:
    """The shuffled indices of one epoch, int64 [num_images] on the CPU."""
    generator = torch.Generator()
    # Neighbouring seeds of this generator give unrelated streams; the factor keeps the epochs of
    # one seed apart from those of the next.
    generator.manual_seed((seed * 1_000_003 + epoch) % 2**63)
    return torch.randperm(num_images, generator=generator)


@dataclass(frozen=True, kw_only=True, slots=True)
class Epoch:
    """In which order an epoch shows the training images, and how it changes them; on the CPU."""

    order: Tensor
    """Indices of the images, int64 [images]."""
    changes: EpochAugmentation | None = None
    """What happens to each image; none leaves them as they are."""

    @classmethod
    def of(cls, config: TrainConfig, dataset: ImageDataset, number: int) -> "Epoch":
        """The epoch of this number, 0 for the first, of a run."""
        count = len(dataset.train_labels)
        changes = None
        if config.augment != "none":
            size = dataset.image_size
            changes = epoch_augmentation(config.augment, count, size, config.seed, number)
        return cls(order=epoch_order(count, config.seed, number), changes=changes)


def prepared(
    dataset: ImageDataset, indices: Tensor, changes: EpochAugmentation | None
) -> tuple[Tensor, Tensor]:
    """Images (float32 [n, C, H, W]) and labels (int64 [n]) of these indices, all on one device."""
    images = dataset.train_images.index_select(0, indices)
    labels = dataset.train_labels.index_select(0, indices)
    if changes is None:
        return dataset.normalise(images), labels
    images = dataset.normalise(changes.of(indices, images))
    return changes.cut_out_of(indices, images), labels


def epoch_batches(
    dataset: ImageDataset,
    epoch: Epoch,
    batch_size: int,
    first_batch: int = 0,
    team: Team = ALONE,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches (float32 [batch, C, H, W], int64 [batch]) from `first_batch` to the epoch's end.

    Of several processes each gets its share of every batch; where a last batch has fewer images
    than there are processes, those without get one that is another's (see `Team.share_size`).
    """
    device = dataset.train_labels.device
    order, batch_size = _own_order(epoch.order[first_batch * batch_size :], batch_size, team)
    changes = epoch.changes.to(device) if epoch.changes else None
    bytes_per_image = 4 * dataset.train_images[0].numel()
    batches_per_chunk = max(1, CHUNK_BYTES // (bytes_per_image * batch_size))
    for indices in order.to(device).split(batches_per_chunk * batch_size):
        images, labels = prepared(dataset, indices, changes)
        yield from zip(images.split(batch_size), labels.split(batch_size), strict=True)


def _own_order(order: Tensor, batch_size: int, team: Team) -> tuple[Tensor, int]:
    """The images of a process's shares in their order, and how many make a batch."""
    if team.is_alone:
        return order, batch_size
    num_whole = len(order) // batch_size * batch_size
    whole, rest = order[:num_whole].view(-1, batch_size), order[num_whole:]
    own = whole.tensor_split(team.size, dim=1)[team.rank]
    own_rest = team.share(rest)
    if len(rest) and not len(own_rest):
        own_rest = rest[:1]
    return torch.cat([own.reshape(-1), own_rest]), own.shape[1]
