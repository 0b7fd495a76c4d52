"""What a run is made of before its first step: its network on its device, and its steps counted.

Raises ValueError in one line for choices that do not go together.
"""

import math

import torch
from torch import nn

from blitz.datasets import ImageDataset
from blitz.models import MODELS, build_model, load_pretrained
from blitz.training.config import TrainConfig
from blitz.training.step import memory_format
from blitz.training.team import Team
from blitz.training.whitening import check_whitening, images_for_whitening, whiten_first_layer


def check(config: TrainConfig, dataset: ImageDataset, device: torch.device, team: Team) -> None:
    """Whether this can be trained on these images and this device at all."""
    num_train = len(dataset.train_labels)
    if config.batch_size > num_train:
        raise ValueError(
            f"batch_size: {config.batch_size:,} was given; "
            f"{dataset.name} has {num_train:,} training images"
        )
    if config.batch_size < team.size:
        raise ValueError(
            f"batch_size: {config.batch_size:,} was given; "
            f"{team.size} processes need at least one image each"
        )
    if config.precision == "tf32" and device.type != "cuda":
        raise ValueError(f"precision: tf32 needs an NVIDIA GPU; this run is on {device}")


def set_up_gpu(config: TrainConfig, device: torch.device) -> None:
    """Choose this process's GPU, and the arithmetic of its kernels."""
    torch.cuda.set_device(device)
    precision = "tf32" if config.precision == "tf32" else "ieee"
    torch.backends.cuda.matmul.fp32_precision = precision
    torch.backends.cudnn.conv.fp32_precision = precision  # type: ignore[attr-defined]
    # Shapes stay the same for a whole run, so trying all kernels at its beginning pays.
    torch.backends.cudnn.benchmark = True


def network(
    config: TrainConfig, dataset: ImageDataset, team: Team, notes: list[str], *, is_new: bool
) -> nn.Module:
    """The network on the images' device; what is worth a note goes to `notes`.

    One that is not new gets its weights later.
    """
    torch.manual_seed(config.seed)
    model = build_model(
        config.model,
        channels=dataset.channels,
        image_size=dataset.image_size,
        num_classes=dataset.num_classes,
        width=config.width,
    )
    is_pretrained = MODELS[config.model].is_pretrained
    if is_new and is_pretrained:
        notes.append(load_pretrained(model))
    device = dataset.train_images.device
    model = model.to(device=device, memory_format=memory_format(config))  # type: ignore[call-overload]
    if config.whiten:
        _whiten(model, dataset, is_pretrained=is_pretrained, is_new=is_new)
    return _with_common_statistics(model, device, team, notes)


def _whiten(model: nn.Module, dataset: ImageDataset, *, is_pretrained: bool, is_new: bool) -> None:
    first = check_whitening(model, is_pretrained=is_pretrained)
    if is_new:
        indices = images_for_whitening(len(dataset.train_labels), dataset.image_size)
        images = dataset.train_images[indices.to(dataset.train_images.device)]
        whiten_first_layer(model, dataset.normalise(images))
    first.weight.requires_grad = False


def _with_common_statistics(
    model: nn.Module, device: torch.device, team: Team, notes: list[str]
) -> nn.Module:
    """Batch normalisation over the whole batch also where several processes share it."""
    if team.is_alone or not has_batch_norm(model):
        return model
    if device.type == "cuda":
        synchronised: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return synchronised
    notes.append("batch normalisation sees each process's own images alone")
    return model


def count_steps_per_epoch(
    config: TrainConfig, num_train: int, model: nn.Module, team: Team, notes: list[str]
) -> int:
    """Steps of an epoch, without a last one that batch normalisation could not learn from."""
    batch_size, least = config.batch_size, 2 * team.size
    if has_batch_norm(model) and batch_size < least:
        raise ValueError(
            f"batch_size: {batch_size:,} was given; {config.model} needs at least {least}"
        )
    if has_batch_norm(model) and 0 < num_train % batch_size < least:
        # Batch normalisation has no variance to divide by in a batch of one.
        notes.append(
            "the last image of each epoch is left out: it would be alone"
            if team.is_alone
            else "the last images of each epoch are left out: they are too few to be shared"
        )
        return num_train // batch_size
    return math.ceil(num_train / batch_size)


def has_batch_norm(model: nn.Module) -> bool:
    """Whether it learns only from batches of two images or more."""
    kinds = nn.modules.batchnorm._BatchNorm  # also of what several processes share
    return any(isinstance(module, kinds) for module in model.modules())
