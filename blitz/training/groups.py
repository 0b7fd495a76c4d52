"""Which runs may train together in one process, and when that is faster. Knows configs alone."""

from collections.abc import Sequence
from dataclasses import replace

from blitz.training.config import TrainConfig

TOGETHER_MODELS = ("net", "net3x3")
"""Small networks whose weights are all they remember. The running means of batch normalisation
are changed by the forward pass and would have to be stacked and written back; and one copy of a
larger network fills a processor by itself."""

_ALONE = {
    "label_smoothing": 0.0, "augment": "none", "whiten": False, "norm_bias_lr": 1.0,
    "averaging": "none", "compiled": False,
}  # fmt: skip
"""Choices that runs which train together do not have, and what stands for none."""

MIN_MEMBERS = 4
"""Members from which a group is faster on a processor: each step of a group has more operations."""
MAX_MEMBERS = 64
MAX_WORK = 8
"""Images in a step, times width, up to which a group is faster on a processor. One network's
operations on more images fill its cores as well as those of several networks."""


def check_group(configs: Sequence[TrainConfig]) -> None:
    """Raise ValueError where these runs cannot be trained on one stream of batches."""
    if len({_shared(config) for config in configs}) != 1:
        raise ValueError(
            f"configs: {len(configs)} were given; runs that train together may differ in learning "
            "rate, momentum, weight decay, schedule, patience and seed alone"
        )
    first = configs[0]
    if first.model not in TOGETHER_MODELS:
        raise ValueError(
            f"model: {first.model} was given; together train {', '.join(TOGETHER_MODELS)}"
        )
    if first.precision == "bf16":
        raise ValueError("precision: bf16 was given; together runs train in float32 or tf32")
    for name, none in _ALONE.items():
        if getattr(first, name) != none:
            raise ValueError(
                f"{name}: {getattr(first, name)!r} was given; a run with it trains alone"
            )


def is_worth_it(configs: Sequence[TrainConfig]) -> bool:
    """Whether training these runs together is possible and faster than one after another."""
    first = configs[0]
    is_possible = first.precision != "bf16" and all(_can_join(config, first) for config in configs)
    if first.device != "cpu":
        return is_possible and len(configs) > 1
    work = first.batch_size * first.width * (first.image_size or 32) ** 2 / 32**2
    return is_possible and len(configs) >= MIN_MEMBERS and work <= MAX_WORK


def split_into_groups(configs: Sequence[TrainConfig]) -> list[list[int]]:
    """Indices of the runs to train together, in order of each group's first; the others alone."""
    alike: dict[TrainConfig, list[int]] = {}
    for index, config in enumerate(configs):
        alike.setdefault(_shared(config), []).append(index)
    groups: list[list[int]] = []
    for indices in alike.values():
        if is_worth_it([configs[index] for index in indices]):
            starts = range(0, len(indices), MAX_MEMBERS)
            groups += [indices[start : start + MAX_MEMBERS] for start in starts]
        else:
            groups += [[index] for index in indices]
    return sorted(groups)


def _can_join(config: TrainConfig, first: TrainConfig) -> bool:
    is_plain = all(getattr(config, name) == none for name, none in _ALONE.items())
    return is_plain and config.model in TOGETHER_MODELS and _shared(config) == _shared(first)


def _shared(config: TrainConfig) -> TrainConfig:
    """What must be the same: the config with everything that may differ set to one value."""
    return replace(
        config,
        lr=0.001,
        momentum=0.9,
        weight_decay=0.0,
        schedule="constant",
        seed=0,
        patience=0,
        keep_epochs=False,
    )
