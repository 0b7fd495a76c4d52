"""What a person chose for a sweep, as configs: texts into values, and what will become of them.

Knows no widgets: `sweep_form` shows the fields and passes on what stands in them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from blitz.datasets import BUILTIN_DATASETS
from blitz.models import MODELS, check_model
from blitz.training.config import (
    AugmentName,
    AveragingName,
    LossName,
    OptimiserName,
    Precision,
    ScheduleName,
    TrainConfig,
)
from blitz.training.groups import split_into_groups
from blitz.training.sweeps import Range, SweepPreset, grid, random_search, value_text, with_seeds

Method = Literal["Grid", "Random"]
Given = str | Sequence[str]
"""A text with numbers, or choices."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "optimizer": get_args(OptimiserName),
    "schedule": get_args(ScheduleName),
    "loss": get_args(LossName),
    "model": tuple(MODELS),
    "precision": get_args(Precision),
    "augment": get_args(AugmentName),
    "averaging": get_args(AveragingName),
}
FIELDS = (
    "lr", "momentum", "weight_decay", "optimizer", "schedule", "batch_size", "epochs", "seed",
    "model", "width", "image_size", "loss", "precision", "patience", "augment", "label_smoothing",
    "averaging", "norm_bias_lr",
)  # fmt: skip
"""What a sweep may be over."""
_SUGGESTED: Mapping[str, tuple[Any, ...]] = {
    "lr": (0.0003, 0.001, 0.003),
    "momentum": (0.0, 0.5, 0.9),
    "weight_decay": (0.0001, 0.001, 0.01),
    "optimizer": ("sgd", "adam", "adamw"),
    "schedule": ("constant", "cosine", "one-cycle"),
    "batch_size": (16, 64, 256),
    "epochs": (2, 5, 10),
    "seed": (0, 1, 2, 3),
    "model": ("net", "net3x3"),
    "width": (1, 2, 4),
    "image_size": (32, 48, 64),
    "loss": ("cross-entropy", "mse"),
    "precision": ("float32", "bf16"),
    "patience": (0, 2, 5),
    "augment": ("none", "flip", "flip-and-shift", "flip-shift-cutout"),
    "label_smoothing": (0.0, 0.1, 0.2),
    "averaging": ("none", "ema", "lookahead"),
    "norm_bias_lr": (1.0, 8.0, 64.0),
}
_LONGEST_NUMBER = 30
_SHOWN = 40
"""Characters of a wrong text that are repeated."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What stands in the form."""

    method: Method
    given: Mapping[str, Given]
    """What stands in each field that the sweep is over."""
    num_runs: int = 1
    """How many a random search draws."""
    draw_seed: int = 0
    num_seeds: int = 1
    """How many times each combination is trained."""


def suggested(name: str, method: Method, preset: SweepPreset | None = None) -> Given:
    """What a field begins with: the preset's values, or such as are often tried."""
    values = (preset.values if preset else {}).get(name) or _SUGGESTED[name]
    if name in CHOICES:
        return list(values)
    if method == "Random":
        # The order of magnitude of 0 cannot be drawn.
        low = min(value for value in values if value or name != "weight_decay")
        return f"{low} to {max(values)}"
    return ", ".join(map(str, values))


def make_configs(wish: Wish, base: TrainConfig) -> tuple[TrainConfig, ...]:
    """All configs of the sweep; ValueError in one line "field: what was given; what is allowed"."""
    given = wish.given.items()
    if wish.method == "Grid":
        combinations = grid({name: _read_list(name, each) for name, each in given}, base)
    else:
        ranges = {name: _read_range_or_list(name, each) for name, each in given}
        combinations = random_search(ranges, base, wish.num_runs, wish.draw_seed)
    configs = with_seeds(combinations, wish.num_seeds)
    _check_buildable(configs)
    return configs


def together_text(configs: Sequence[TrainConfig]) -> str:
    """Which of the runs are trained at once, in a sentence; devices are named."""
    groups = split_into_groups(configs)
    together = [len(group) for group in groups if len(group) > 1]
    num_alone = len(configs) - sum(together)
    if not together:
        return "They are trained one after another." if num_alone > 1 else ""
    if not num_alone and len(together) == 1:
        return "All are trained together, as one."
    sizes = f"{_numbers(together)} are trained together"
    return f"{sizes}, {num_alone} alone." if num_alone else f"{sizes}."


def _numbers(sizes: Sequence[int]) -> str:
    if len(set(sizes)) == 1:
        return str(sizes[0]) if len(sizes) == 1 else f"{len(sizes)} groups of {sizes[0]}"
    return f"{len(sizes)} groups of {min(sizes)} to {max(sizes)}"


# Texts


def _read_list(name: str, given: Given, method: Method = "Grid") -> list[Any]:
    if name in CHOICES:
        if not given:
            raise ValueError(f"{name}: nothing is chosen; choose at least one")
        return list(given)
    parts = [part.strip() for part in str(given).split(",") if part.strip()]
    if not parts:
        raise ValueError(f"{name}: nothing was given; expected {_example(name, method)}")
    return [_number(name, part, method) for part in parts]


def _read_range_or_list(name: str, given: Given) -> Range | list[Any]:
    bounds = None if name in CHOICES else _range_parts(str(given))
    if bounds is None:
        return _read_list(name, given, "Random")
    low, high = (_number(name, bound, "Random") for bound in bounds)
    # First each bound by the field's own rule: it says most.
    for bound in (low, high):
        if bound != 0:
            replace(TrainConfig(), **{name: bound})
    try:
        return Range(low=low, high=high)
    except ValueError:
        raise ValueError(
            f"{name}: {str(given)[:_SHOWN]!r} was given; expected the smaller number first"
        ) from None


def _range_parts(text: str) -> tuple[str, str] | None:
    low, word, high = text.strip().partition(" to ")
    return (low.strip(), high.strip()) if word else None


def _number(name: str, text: str, method: Method) -> Any:
    if name == "image_size" and text == value_text(name, None):
        return None
    kind = float if isinstance(getattr(TrainConfig(), name), float) else int
    try:
        if len(text) > _LONGEST_NUMBER:
            raise ValueError
        return kind(text)
    except ValueError:
        raise ValueError(
            f"{name}: {text[:_SHOWN]!r} was given; expected {_example(name, method)}"
        ) from None


def _example(name: str, method: Method) -> str:
    kind = "numbers" if isinstance(getattr(TrainConfig(), name), float) else "whole numbers"
    listed = f"{kind} with commas between, as in {suggested(name, 'Grid')}"
    return listed if method == "Grid" else f"{suggested(name, method)}, or {listed}"


# Networks and images


def _check_buildable(configs: Sequence[TrainConfig]) -> None:
    """ValueError where a network cannot be built for its images, as far as can be known here."""
    builtin = BUILTIN_DATASETS.get(configs[0].dataset)
    networks = dict.fromkeys((each.model, each.image_size, each.width) for each in configs)
    for model, size, width in networks:
        known = size or (builtin.image_size if builtin else None)
        # Sizes of a person's own images are seen when they are loaded.
        check_model(model, image_size=known or MODELS[model].smallest_image, width=width)
    largest = max(config.batch_size for config in configs)
    if builtin is not None and largest > builtin.num_train:
        raise ValueError(
            f"batch_size: {largest:,} was given; there are {builtin.num_train:,} training images"
        )
