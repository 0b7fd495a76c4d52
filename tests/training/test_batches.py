"""The order of the images, and what a batch is."""

import torch

from blitz.training.batches import Epoch, epoch_batches, epoch_order
from tests.images import squares


def test_an_epoch_shows_every_image_once() -> None:
    assert epoch_order(1_000, 3, 5).sort().values.equal(torch.arange(1_000))


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    first = epoch_order(100, 1, 0)
    torch.manual_seed(99)
    assert epoch_order(100, 1, 0).equal(first)
    assert not epoch_order(100, 1, 1).equal(first)
    assert not epoch_order(100, 2, 0).equal(first)


def test_batches_are_the_normalised_images_in_that_order() -> None:
    dataset = squares(num_train=25)
    order = epoch_order(25, 0, 0)
    batches = list(epoch_batches(dataset, Epoch(order=order), 4))
    assert [len(labels) for _, labels in batches] == [4, 4, 4, 4, 4, 4, 1]
    expected = (dataset.train_images[order].float() / 255 - 0.5) / 0.5
    torch.testing.assert_close(torch.cat([images for images, _ in batches]), expected)
    assert torch.cat([labels for _, labels in batches]).equal(dataset.train_labels[order])


def test_the_rest_of_an_epoch_is_what_it_would_have_been() -> None:
    dataset = squares(num_train=5_000, image_size=32)  # more than one chunk
    order = epoch_order(5_000, 0, 0)
    whole = list(epoch_batches(dataset, Epoch(order=order), 64))
    rest = list(epoch_batches(dataset, Epoch(order=order), 64, first_batch=50))
    assert len(rest) == len(whole) - 50
    for (images, labels), (same_images, same_labels) in zip(whole[50:], rest, strict=True):
        assert images.equal(same_images)
        assert labels.equal(same_labels)
