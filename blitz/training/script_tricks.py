"""The parts of an exported script that only some choices need; each is empty without its choice.

Leaves the script as a whole to `script`. What can, appears with its own source.
"""

import inspect
from collections.abc import Callable

from blitz.datasets import ImageDataset
from blitz.models import MODELS, norm_biases
from blitz.training import augmentation, schedules
from blitz.training import averaging as averages
from blitz.training import whitening as white
from blitz.training.config import TrainConfig


def definitions(config: TrainConfig) -> str:
    """The functions and classes of the tricks."""
    parts = []
    if config.whiten:
        parts.append(
            _constants(white, "MAX_PATCHES", "CHUNK_PATCHES", "MIN_VARIANCE", "SMOOTHING")
            + _sources(
                white.check_whitening, white.whiten_first_layer, white.whitened_directions,
                white.images_for_whitening, white._patch_size,
            )
        )  # fmt: skip
    if _has_fast_biases(config):
        parts.append(_sources(norm_biases))
    if config.schedule == "triangular":
        parts.append(_constants(schedules, "TRIANGLE") + _sources(schedules.triangle))
    if config.averaging != "none":
        parts.append(
            _constants(averages, "EMA_DECAY", "LOOKAHEAD_STEPS", "LOOKAHEAD_DECAY")
            + _sources(averages.WeightAverage)
        )
    return "# The tricks\n\n" + "\n\n".join(parts) if parts else ""


def changed_images(config: TrainConfig, dataset: ImageDataset) -> str:
    """The training images as they are changed in every epoch."""
    if config.augment == "none":
        return ""
    limit = augmentation.shift_limit(config.augment, dataset.image_size)
    side = augmentation.hole_side(config.augment, dataset.image_size)
    shifts = (
        f"torch.randint({-limit}, {limit + 1}, (1, 2))" if limit else "torch.zeros(1, 2).long()"
    )
    functions: list[Callable[..., object]] = [augmentation.augmented]
    told, changed = f"shifted by at most {limit} pixels", ""
    if side:
        functions.append(augmentation.cut_out)
        told += f", {side}×{side} of them left out"
        corner = f"torch.randint(0, {dataset.image_size - side + 1}, (1, 2))"
        changed = f"\n        image = cut_out(image, {corner}, {side})"
    return f"""

{_sources(*functions).strip()}


class ChangedImages(Dataset):
    \"""Every image mirrored in every second epoch, {told}.\"""

    def __init__(self, images):
        self.images = images
        self.is_flipped = torch.rand(len(images)) < 0.5
        self.epoch = 0

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image, label = self.images[index]
        is_flipped = self.is_flipped[index : index + 1] ^ (self.epoch % 2 == 1)
        image = augmented(image[None], is_flipped, {shifts}){changed}
        return image[0], label


plain_set = train_set
train_set = ChangedImages(plain_set)
"""


def whitening(config: TrainConfig, dataset: ImageDataset) -> str:
    """The first layer worked out from the training images."""
    if not config.whiten:
        return ""
    images = "train_set" if config.augment == "none" else "plain_set"
    return f"""chosen = images_for_whitening(len({images}), {dataset.image_size}).tolist()
whiten_first_layer(net, torch.stack([{images}[index][0] for index in chosen]))
"""


def parameter_groups(config: TrainConfig) -> str:
    """The biases of batch normalisation apart, with a rate of their own and the same decay."""
    if not _has_fast_biases(config):
        return ""
    lr, decay = config.lr * config.norm_bias_lr, config.weight_decay / config.norm_bias_lr
    return f"""biases = norm_biases(net)
others = [p for p in learnable if not any(p is bias for bias in biases)]
fast = {{"params": biases, "lr": {lr!r}, "weight_decay": {decay!r}}}
learnable = [{{"params": others}}, fast]
"""


def highest_rates(config: TrainConfig) -> str:
    """The learning rate, or that of each group."""
    lr = config.lr
    return repr([lr, lr * config.norm_bias_lr] if _has_fast_biases(config) else lr)


def averaging(config: TrainConfig) -> str:
    """The average of the weights, which the network itself holds after the last step."""
    if config.averaging == "none":
        return ""
    return f'average = WeightAverage(net, "{config.averaging}", total_steps)\nstep = 0\n'


def _has_fast_biases(config: TrainConfig) -> bool:
    learns = MODELS[config.model].has_batch_norm and config.model != "resnet18-frozen"
    return learns and config.norm_bias_lr != 1


def _constants(module: object, *names: str) -> str:
    return "\n".join(f"{name} = {getattr(module, name)!r}" for name in names) + "\n\n\n"


def _sources(*parts: Callable[..., object]) -> str:
    return "\n\n".join(inspect.getsource(part) for part in parts)
