"""Sweeps: many configs from one, over any of its fields. Makes configs; starts and trains nothing.

Every config is checked as it is made, so a ValueError names the field and the value that is wrong.
"""

import itertools
import math
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from blitz.training.config import TrainConfig

MAX_RUNS = 256
LOGARITHMIC = ("lr", "weight_decay")
"""Fields where the order of magnitude is what one looks for."""
_OWN_TITLES = {
    "dataset": "data set",
    "model": "network",
    "lr": "learning rate",
    "optimizer": "optimiser",
    "norm_bias_lr": "bias rate",
    "averaging": "averaged weights",
    "augment": "change images",
    "whiten": "whitened layer 1",
    "test_flips": "test both ways",
    "compiled": "compile",
    "keep_epochs": "keep every epoch",
}
"""Of the fields whose name is not what people call them."""
_DEFAULTS = TrainConfig()


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """Values between two bounds, both included; whole numbers for fields that are counted."""

    low: float
    high: float

    def __post_init__(self) -> None:
        is_finite = math.isfinite(self.low) and math.isfinite(self.high)
        if not is_finite or self.low > self.high:
            raise ValueError(
                f"range: {self.low!r} to {self.high!r} was given; expected two numbers in order"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepPreset:
    """A grid worth trying."""

    title: str
    description: str
    values: Mapping[str, Sequence[Any]]


SWEEP_PRESETS: tuple[SweepPreset, ...] = (
    SweepPreset(
        title="Learning rates around 0.001",
        description="From a tenth of it to thirty times it, half an order of magnitude apart.",
        values={"lr": (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)},
    ),
    SweepPreset(
        title="Momentum",
        description="None, some and much of it, at one learning rate.",
        values={"momentum": (0.0, 0.5, 0.9, 0.95, 0.99)},
    ),
    SweepPreset(
        title="Update rules",
        description="One network and one learning rate under each rule.",
        values={"optimizer": ("sgd", "nesterov", "adam", "adamw", "rmsprop")},
    ),
    SweepPreset(
        title="Widths",
        description="How much more feature maps gain, and what they cost.",
        values={"width": (1, 2, 4, 8)},
    ),
    SweepPreset(
        title="Eight seeds",
        description="How far equal choices lie apart by chance alone.",
        values={"seed": tuple(range(8))},
    ),
)


def grid(values: Mapping[str, Sequence[Any]], base: TrainConfig) -> tuple[TrainConfig, ...]:
    """Every combination of the values, the last field's changing fastest, without duplicates.

    Raises ValueError for an unknown field, a field without values, a wrong value, or more than
    256 combinations.
    """
    _check_fields(values)
    for name, choices in values.items():
        if isinstance(choices, str) or not choices:
            raise ValueError(f"{name}: {choices!r} was given; expected at least one value")
    _check_count(math.prod(len(choices) for choices in values.values()))
    combinations = itertools.product(*values.values())
    return _distinct(
        replace(base, **dict(zip(values, combination, strict=True))) for combination in combinations
    )


def random_search(
    ranges: Mapping[str, Range | Sequence[Any]], base: TrainConfig, num: int, seed: int
) -> tuple[TrainConfig, ...]:
    """`num` configs drawn from ranges and lists of values; fewer where there are not so many.

    The learning rate and the weight decay are drawn such that each order of magnitude is as
    likely as another; a weight decay range must then begin above 0. The same seed draws the same.
    """
    _check_fields(ranges)
    _check_count(num)
    generator = random.Random(seed)
    # Lists and whole numbers may hold fewer different configs than are asked for.
    draws = (_draw(ranges, base, generator) for _ in range(20 * num))
    return _distinct(draws, num)


def with_seeds(configs: Sequence[TrainConfig], num: int) -> tuple[TrainConfig, ...]:
    """Each config `num` times: with its own seed and with those that follow.

    Raises ValueError for more than 256 configs in all.
    """
    _check_count(len(configs) * num)
    return _distinct(
        replace(config, seed=config.seed + offset) for config in configs for offset in range(num)
    )


def describe(
    config: TrainConfig, base: TrainConfig, varied: Collection[str] = ()
) -> dict[str, Any]:
    """The fields in which a config differs from the base, and those `varied`, with its values."""
    return {
        field.name: value
        for field in fields(TrainConfig)
        if (value := getattr(config, field.name)) != getattr(base, field.name)
        or field.name in varied
    }


def run_name(
    title: str, config: TrainConfig, base: TrainConfig, varied: Collection[str] = ()
) -> str:
    """A name that tells a run of a sweep from the others: "digits net · lr 0.01, seed 2".

    varied: fields that are named even where the value is the base's.
    """
    described = describe(config, base, varied).items()
    parts = [f"{name.replace('_', ' ')} {value_text(name, value)}" for name, value in described]
    return f"{title} · {', '.join(parts)}" if parts else title


def field_title(name: str) -> str:
    """What people call a field."""
    return _OWN_TITLES.get(name, name.replace("_", " "))


def value_text(name: str, value: Any) -> str:
    """A field's value, short; of a path its last part, for its folder is private."""
    if name == "dataset":
        return Path(value).name
    if value is None:
        return "as it is"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _draw(
    ranges: Mapping[str, Range | Sequence[Any]], base: TrainConfig, generator: random.Random
) -> TrainConfig:
    return replace(
        base, **{name: _draw_value(name, given, generator) for name, given in ranges.items()}
    )


def _draw_value(name: str, given: Range | Sequence[Any], generator: random.Random) -> Any:
    if not isinstance(given, Range):
        if isinstance(given, str) or not given:
            raise ValueError(f"{name}: {given!r} was given; expected a range or values")
        return generator.choice(given)
    default = getattr(_DEFAULTS, name)
    if isinstance(default, int) or name == "image_size":
        low, high = math.ceil(given.low), math.floor(given.high)
        if low > high:
            raise ValueError(
                f"{name}: {given.low:g} to {given.high:g} was given; no whole number lies there"
            )
        return generator.randint(low, high)
    if not isinstance(default, float):
        raise ValueError(  # noqa: TRY004 - a person gave it
            f"{name}: a range was given; expected a list of values"
        )
    if name not in LOGARITHMIC:
        return _rounded(generator.uniform(given.low, given.high), given)
    if given.low <= 0:
        raise ValueError(
            f"{name}: {given.low:g} to {given.high:g} was given; "
            "orders of magnitude are drawn, so expected a range above 0"
        )
    drawn = math.exp(generator.uniform(math.log(given.low), math.log(given.high)))
    return _rounded(drawn, given)


def _rounded(drawn: float, given: Range) -> float:
    """The value as a run's name has it, so that it can be typed again; within the range."""
    return min(max(float(f"{drawn:.3g}"), given.low), given.high)


def _check_fields(given: Mapping[str, Any]) -> None:
    known = {field.name for field in fields(TrainConfig)}
    for name in given:
        if name not in known:
            raise ValueError(f"field: {name!r} was given; choose {', '.join(sorted(known))}")


def _check_count(num: int) -> None:
    is_whole = isinstance(num, int) and not isinstance(num, bool)
    if not (is_whole and 1 <= num <= MAX_RUNS):
        shown = f"{num:,}" if is_whole else repr(num)
        raise ValueError(f"runs: {shown} would be made; expected from 1 to {MAX_RUNS}")


def _distinct(configs: Iterable[TrainConfig], num: int = MAX_RUNS) -> tuple[TrainConfig, ...]:
    """The first `num` different ones, in their order."""
    found: dict[TrainConfig, None] = {}
    for config in configs:
        found.setdefault(config)
        if len(found) == num:
            break
    return tuple(found)
