"""Images made to fit a network."""

import pytest
import torch

from blitz.network.images import adapt


def test_images_that_fit_stay_the_same_tensor() -> None:
    images = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    assert adapt(images, 3, 8) is images


def test_grey_becomes_three_equal_colours() -> None:
    images = torch.randint(0, 256, (2, 1, 8, 8), dtype=torch.uint8)
    assert adapt(images, 3, 8).equal(images.expand(2, 3, 8, 8))


def test_colour_becomes_grey_by_the_weights_of_itu_r_601() -> None:
    images = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8)
    weights = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
    expected = (images * weights).sum(dim=1, keepdim=True)
    found = adapt(images, 1, 8)
    assert found.shape == expected.shape
    assert (found - expected).abs().max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [5, 32, 97])
def test_sizes_change_as_torch_interpolates(channels: int, size: int) -> None:
    images = torch.randint(0, 256, (3, channels, 24, 24), dtype=torch.uint8)
    expected = torch.nn.functional.interpolate(
        images.float(), size=(size, size), mode="bilinear", antialias=True
    )
    found = adapt(images, channels, size)
    assert found.dtype == torch.uint8
    assert found.is_contiguous()
    assert (found - expected).abs().max() <= 1.5


def test_every_grey_stays_itself_at_another_size() -> None:
    shades = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1).expand(256, 1, 4, 4)
    assert adapt(shades, 3, 6).equal(shades[:, :, :1, :1].expand(256, 3, 6, 6))
