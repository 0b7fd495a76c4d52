"""Changed training images, against PyTorch's padding, flipping, cropping and slices."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from blitz.training.augmentation import augmented, cut_out, epoch_augmentation
from blitz.training.batches import prepared
from tests.images import squares


def by_hand(image: Tensor, *, is_flipped: bool, down: int, right: int) -> Tensor:
    """One image [C, H, W] by flip, reflecting pad and crop."""
    image = image.flip(2) if is_flipped else image
    height, width = image.shape[1:]
    padded = F.pad(image.float(), (3, 3, 3, 3), mode="reflect").to(image.dtype)
    return padded[:, 3 - down : 3 - down + height, 3 - right : 3 - right + width]


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize(("height", "width"), [(8, 8), (6, 9)])
def test_images_are_flipped_and_shifted_as_by_hand(
    dtype: torch.dtype, height: int, width: int
) -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (98, 3, height, width), generator=generator).to(dtype)
    is_flipped = torch.arange(98) % 2 == 1
    shifts = torch.cartesian_prod(torch.arange(-3, 4), torch.arange(-3, 4)).repeat_interleave(2, 0)
    before = images.clone()
    found = augmented(images, is_flipped, shifts)
    assert images.equal(before)
    assert found.dtype == dtype
    for index, image in enumerate(images):
        down, right = shifts[index].tolist()
        expected = by_hand(image, is_flipped=bool(is_flipped[index]), down=down, right=right)
        assert found[index].equal(expected), (index, down, right)


def test_without_flip_and_shift_images_stay_as_they_are() -> None:
    images = torch.randint(0, 256, (5, 1, 8, 8), dtype=torch.uint8)
    table = epoch_augmentation("none", 5, 8, seed=0, epoch=3)
    assert table.of(torch.arange(5), images).equal(images)


def test_every_image_is_mirrored_in_every_second_epoch() -> None:
    flips = [
        epoch_augmentation("flip", 1_000, 32, seed=1, epoch=epoch).is_flipped for epoch in range(4)
    ]
    assert flips[0].equal(flips[2])
    assert flips[1].equal(flips[3])
    assert flips[0].equal(~flips[1])
    assert 400 < int(flips[0].sum()) < 600


def test_flips_alone_shift_nothing() -> None:
    assert not epoch_augmentation("flip", 100, 32, seed=0, epoch=0).shifts.any()


@pytest.mark.parametrize(("size", "limit"), [(32, 2), (28, 2), (8, 1), (64, 4)])
def test_shifts_are_spread_evenly_up_to_a_sixteenth_of_the_side(size: int, limit: int) -> None:
    shifts = epoch_augmentation("flip-and-shift", 9_000, size, seed=0, epoch=0).shifts
    values, counts = shifts.unique(return_counts=True)
    assert values.tolist() == list(range(-limit, limit + 1))
    expected = 18_000 / (2 * limit + 1)
    assert (counts - expected).abs().max() < 6 * expected**0.5


def test_an_epochs_tables_depend_on_seed_and_epoch_alone() -> None:
    def shifts(seed: int, epoch: int) -> Tensor:
        torch.rand(7)  # the global random state does not matter
        return epoch_augmentation("flip-and-shift", 50, 32, seed, epoch).shifts

    assert shifts(3, 4).equal(shifts(3, 4))
    different = [shifts(seed, epoch) for seed in (3, 4) for epoch in (4, 5)]
    assert all(not a.equal(b) for i, a in enumerate(different) for b in different[:i])


def test_images_of_a_batch_are_changed_by_their_own_rows() -> None:
    images = torch.randint(0, 256, (20, 3, 16, 16), dtype=torch.uint8)
    table = epoch_augmentation("flip-and-shift", 20, 16, seed=0, epoch=1)
    order = torch.randperm(20)
    whole = table.of(torch.arange(20), images)
    assert table.of(order, images[order]).equal(whole[order])


def test_a_square_of_each_image_is_left_out() -> None:
    images = torch.randn(4, 3, 8, 9)
    corners = torch.tensor([[0, 0], [5, 6], [2, 3], [0, 6]])
    expected = images.clone()
    for image, (row, column) in zip(expected, corners.tolist(), strict=True):
        image[:, row : row + 3, column : column + 3] = 0
    before = images.clone()
    assert cut_out(images, corners, 3).equal(expected)
    assert images.equal(before)


@pytest.mark.parametrize(("size", "side"), [(32, 12), (28, 10), (8, 3)])
def test_squares_lie_anywhere_within_the_image(size: int, side: int) -> None:
    table = epoch_augmentation("flip-shift-cutout", 9_000, size, seed=0, epoch=0)
    assert table.hole_side == side
    values, counts = table.holes.unique(return_counts=True)
    assert values.tolist() == list(range(size - side + 1))
    expected = 18_000 / len(values)
    assert (counts - expected).abs().max() < 6 * expected**0.5
    next_one = epoch_augmentation("flip-shift-cutout", 9_000, size, seed=0, epoch=1)
    assert not table.holes.equal(next_one.holes)


def test_cutout_mirrors_and_shifts_as_without_it() -> None:
    with_it = epoch_augmentation("flip-shift-cutout", 100, 32, seed=0, epoch=1)
    without = epoch_augmentation("flip-and-shift", 100, 32, seed=0, epoch=1)
    assert with_it.is_flipped.equal(without.is_flipped)
    assert with_it.shifts.equal(without.shifts)


def test_a_batch_has_its_own_images_squares_left_out_after_normalising() -> None:
    dataset = squares()
    changes = epoch_augmentation(
        "flip-shift-cutout", len(dataset.train_labels), dataset.image_size, seed=0, epoch=0
    )
    order = torch.randperm(20)
    images, labels = prepared(dataset, order, changes)
    assert labels.equal(dataset.train_labels[order])
    for image, index in zip(images, order.tolist(), strict=True):
        alone, _ = prepared(dataset, torch.tensor([index]), replace(changes, hole_side=0))
        row, column = changes.holes[index].tolist()
        alone[..., row : row + changes.hole_side, column : column + changes.hole_side] = 0
        assert image.equal(alone[0])
