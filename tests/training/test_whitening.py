"""The whitened first layer: what it makes of the images that it was worked out from."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from blitz.models import MODELS, build_model
from blitz.training.whitening import (
    MAX_PATCHES,
    check_whitening,
    images_for_whitening,
    whiten_first_layer,
    whitened_directions,
)


def smooth_images(num_images: int = 200, channels: int = 3, size: int = 12) -> Tensor:
    """Images whose neighbouring pixels are alike, with a mean that is not zero."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(num_images, channels, size + 4, size + 4, generator=generator)
    return F.avg_pool2d(noise, 3, stride=1)[..., :size, :size] * 3 + 0.7


def first_layer(model: nn.Module) -> nn.Conv2d:
    return check_whitening(model)


@pytest.mark.parametrize("channels", [1, 3])
def test_answers_of_the_directions_are_uncorrelated_and_of_variance_one(channels: int) -> None:
    images = smooth_images(channels=channels)
    model = build_model("speed", channels=channels, image_size=12)
    whiten_first_layer(model, images)
    answers = first_layer(model)(images).detach().double()  # [images, 8 · channels, 11, 11]
    num_directions = 4 * channels
    rows = answers.transpose(0, 1).flatten(1)[:num_directions]
    covariance = torch.cov(rows, correction=0)
    # The faintest are a little weaker: their variance is smoothed.
    torch.testing.assert_close(covariance, torch.eye(num_directions).double(), atol=0.02, rtol=0)
    torch.testing.assert_close(
        rows.mean(1), torch.zeros(num_directions).double(), atol=1e-4, rtol=0
    )
    torch.testing.assert_close(answers[:, num_directions:], -answers[:, :num_directions])


def test_the_strongest_direction_comes_first() -> None:
    # Alike neighbours differ most in what they share: the mean of the patch.
    directions, mean = whitened_directions(smooth_images(channels=1), (2, 2))
    strengths = directions.norm(dim=1)  # one over the standard deviation
    assert strengths.diff().min() > 0
    torch.testing.assert_close(
        directions[0] / strengths[0], torch.full((4,), 0.5).double(), atol=0.02, rtol=0
    )
    torch.testing.assert_close(mean, torch.full((4,), 0.7).double(), atol=0.1, rtol=0)


def test_the_filters_are_frozen_and_the_bias_learns() -> None:
    model = build_model("speed")
    whiten_first_layer(model, smooth_images())
    fixed = [name for name, p in model.named_parameters() if not p.requires_grad]
    assert [name for name in fixed if "norm" not in name] == ["first.weight"]


def test_a_layer_with_few_filters_gets_the_strongest_directions() -> None:
    model = build_model("net", channels=3)
    images = smooth_images(size=32)
    whiten_first_layer(model, images)
    directions, _ = whitened_directions(images, (5, 5))
    weights = first_layer(model).weight.detach()
    torch.testing.assert_close(weights[:3].flatten(1), directions[:3].float())
    torch.testing.assert_close(weights[3:], -weights[:3])


def test_constant_images_give_finite_filters() -> None:
    model = build_model("speed")
    images = torch.zeros(10, 3, 32, 32)
    images[:, 0] = torch.rand(10, 1, 1)  # one colour varies, the others never
    whiten_first_layer(model, images)
    assert first_layer(model).weight.isfinite().all()


def test_images_of_one_colour_are_refused() -> None:
    with pytest.raises(ValueError, match="of one colour"):
        whiten_first_layer(build_model("speed"), torch.full((10, 3, 32, 32), 0.25))


def test_the_same_images_give_the_same_filters() -> None:
    weights = []
    for _ in range(2):
        model = build_model("speed")
        whiten_first_layer(model, smooth_images())
        weights.append(first_layer(model).weight)
    assert weights[0].equal(weights[1])


def test_a_network_that_does_not_begin_with_a_convolution_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^whiten: True .* does not begin with a convolution"):
        whiten_first_layer(build_model("mlp"), torch.zeros(2, 1, 28, 28))


def test_a_pretrained_network_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^whiten: .* already learned"):
        check_whitening(build_model("resnet18"), is_pretrained=MODELS["resnet18"].is_pretrained)


def test_more_filters_than_there_are_directions_are_refused() -> None:
    check_whitening(build_model("net", width=8))
    with pytest.raises(
        ValueError, match="has 54 filters, and its patches have 25 directions, enou"
    ):
        check_whitening(build_model("net", width=9))


def test_enough_images_are_taken_from_all_over_the_data() -> None:
    assert images_for_whitening(60, 32).tolist() == list(range(60))
    many = images_for_whitening(50_000, 32)
    assert len(many) == MAX_PATCHES // 32**2
    assert many[[0, -1]].tolist() == [0, 49_999]
    assert many.diff().min() > 0
    assert len(images_for_whitening(10, 4_096)) == 1
