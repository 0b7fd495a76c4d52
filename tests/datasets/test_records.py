"""ImageDataset: what it accepts, and what it makes of pixels."""

import dataclasses
import math
import pickle
from typing import Any

import pytest
import torch
from torchvision.transforms.v2.functional import normalize, to_dtype

from blitz.datasets import DatasetError, ImageDataset, UnreadableImages


def dataset(**changes: Any) -> ImageDataset:
    fields: dict[str, Any] = {
        "name": "shapes",
        "classes": ("circle", "square"),
        "train_images": torch.arange(256, dtype=torch.uint8).reshape(4, 1, 8, 8),
        "train_labels": torch.tensor([0, 1, 0, 1]),
        "test_images": torch.zeros(2, 1, 8, 8, dtype=torch.uint8),
        "test_labels": torch.tensor([0, 1]),
        "mean": 0.5,
        "std": 0.5,
    }
    return ImageDataset(**(fields | changes))


def test_properties_follow_the_tensors() -> None:
    images = torch.zeros(4, 3, 16, 16, dtype=torch.uint8)
    shapes = dataset(train_images=images, test_images=images[:2])
    assert (shapes.channels, shapes.image_size, shapes.num_classes) == (3, 16, 2)


@pytest.mark.parametrize(("mean", "std"), [(0.5, 0.5), (0.0, 1.0), (0.1307, 0.3081)])
def test_normalise_equals_torchvision(mean: float, std: float) -> None:
    shapes = dataset(mean=mean, std=std)
    expected = normalize(to_dtype(shapes.train_images, torch.float32, scale=True), [mean], [std])
    result = shapes.normalise(shapes.train_images)
    assert result.dtype == torch.float32
    torch.testing.assert_close(result, expected, rtol=0, atol=2e-6)


def test_black_and_white_are_minus_one_and_one() -> None:
    ends = torch.tensor([0, 255], dtype=torch.uint8)
    torch.testing.assert_close(dataset().normalise(ends), torch.tensor([-1.0, 1.0]))
    assert ends.tolist() == [0, 255]


def test_to_moves_all_tensors() -> None:
    moved = dataset().to("meta")
    assert {
        moved.train_images.device.type,
        moved.train_labels.device.type,
        moved.test_images.device.type,
        moved.test_labels.device.type,
    } == {"meta"}
    assert moved.normalise(moved.train_images).device.type == "meta"


def test_a_dataset_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        dataset().name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("classes", ("circle",)),
        ("classes", ("circle", "circle")),
        ("train_images", torch.zeros(4, 1, 8, 8)),
        ("train_images", torch.zeros(4, 8, 8, dtype=torch.uint8)),
        ("train_images", torch.zeros(4, 1, 8, 9, dtype=torch.uint8)),
        ("test_images", torch.zeros(0, 1, 8, 8, dtype=torch.uint8)),
        ("test_images", torch.zeros(2, 3, 8, 8, dtype=torch.uint8)),
        ("train_labels", torch.tensor([0, 1, 0])),
        ("train_labels", torch.tensor([0, 1, 0, 2])),
        ("test_labels", torch.tensor([-1, 0])),
        ("test_labels", torch.tensor([0.0, 1.0])),
        ("mean", math.nan),
        ("std", 0.0),
        ("std", math.inf),
    ],
)
def test_wrong_fields_are_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(DatasetError, match=f"^{field}: "):
        dataset(**{field: value})


def test_unreadable_images_survive_a_process_boundary() -> None:
    error = UnreadableImages("pets", [f"cat/{index}.png (damaged)" for index in range(8)], 1_000)
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert (copy.files, copy.total) == (error.files, 1_000)
    assert "cat/0.png (damaged)" in str(error)
    assert "8 of 1,000" in str(error)
    assert "3 more" in str(error)
    assert "cat/7.png" not in str(error)
