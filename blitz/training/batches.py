"""The training images in the order of one epoch, as batches ready for the network.

Images stay uint8 on the device; they are gathered, turned into floats and normalised some batches
at a time, so that a small batch costs a view instead of four calls. The order depends on the seed
and the epoch alone: a run resumed in the middle of an epoch sees the batches it would have seen.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from blitz.datasets import ImageDataset
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


def epoch_batches(
    dataset: ImageDataset,
    order: Tensor,
    batch_size: int,
    first_batch: int = 0,
    team: Team = ALONE,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches (float32 [batch, C, H, W], int64 [batch]) from `first_batch` to the epoch's end.

    Of several processes each gets its share of every batch; where a last batch has fewer images
    than there are processes, those without get one that is another's (see `Team.share_size`).
    """
    order = order[first_batch * batch_size :].to(dataset.train_labels.device)
    order, batch_size = _own_order(order, batch_size, team)
    bytes_per_image = 4 * dataset.train_images[0].numel()
    batches_per_chunk = max(1, CHUNK_BYTES // (bytes_per_image * batch_size))
    for indices in order.split(batches_per_chunk * batch_size):
        images = dataset.normalise(dataset.train_images.index_select(0, indices))
        labels = dataset.train_labels.index_select(0, indices)
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
