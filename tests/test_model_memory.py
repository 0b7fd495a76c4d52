"""What networks need, against networks that were really built and run."""

import pytest
import torch

from blitz.model_memory import MOST_SAVED_BYTES, check_memory, most_images
from blitz.models import build_model


def test_the_bytes_of_an_image_are_those_that_autograd_keeps() -> None:
    model = build_model("net", channels=1, image_size=32)
    saved: dict[int, int] = {}
    parameters = {parameter.data_ptr() for parameter in model.parameters()}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.data_ptr() not in parameters:
            saved[len(saved)] = tensor.nbytes
        return tensor

    images = torch.randn(64, 1, 32, 32)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(images)
    an_image = (sum(saved.values()) + images.nbytes) / 64
    most = most_images("net", channels=1, image_size=32, num_classes=10, width=1)
    assert most == pytest.approx(MOST_SAVED_BYTES / an_image, rel=0.01)


def test_what_is_too_large_is_refused_and_what_is_not_is_not() -> None:
    net = {"channels": 3, "image_size": 224, "num_classes": 10, "width": 64}
    check_memory("net", **net)
    with pytest.raises(ValueError, match=r"image_size: 224 was given; of each image .* at most 1"):
        check_memory("net", **net, num_images=2)
    with pytest.raises(ValueError, match=r"choose a smaller size or width"):
        check_memory("net", **{**net, "image_size": 300})
    with pytest.raises(ValueError, match=r"has 77,3\d\d,\d{3} parameters; at most 30,000,000"):
        check_memory("mlp", **{**net, "width": 1})
    before = torch.get_rng_state()
    check_memory("resnet18", channels=3, image_size=224, num_classes=10, width=1, num_images=8)
    assert torch.equal(torch.get_rng_state(), before)
