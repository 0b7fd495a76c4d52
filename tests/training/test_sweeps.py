"""Configs of a sweep: all of them, each once, each checked."""

import math
from dataclasses import fields, replace
from typing import Any

import pytest

from blitz.training.config import TrainConfig
from blitz.training.sweeps import (
    MAX_RUNS,
    SWEEP_PRESETS,
    Range,
    describe,
    field_title,
    grid,
    random_search,
    run_name,
    value_text,
    with_seeds,
)

BASE = TrainConfig(model="net", lr=0.001)


def test_grid_is_every_combination_with_the_last_field_changing_fastest() -> None:
    configs = grid({"lr": [0.1, 0.01], "seed": [0, 1, 2]}, BASE)
    assert [(config.lr, config.seed) for config in configs] == [
        (0.1, 0), (0.1, 1), (0.1, 2), (0.01, 0), (0.01, 1), (0.01, 2),
    ]  # fmt: skip
    assert {replace(config, lr=BASE.lr, seed=BASE.seed) for config in configs} == {BASE}


def test_duplicates_are_left_out() -> None:
    assert len(grid({"lr": [0.1, 0.1, 0.2]}, BASE)) == 2
    assert len(random_search({"optimizer": ["sgd", "adam"]}, BASE, 50, seed=0)) == 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"learning_rate": [1]}, "field: 'learning_rate' was given"),
        ({"lr": []}, "lr: \\[\\] was given; expected at least one value"),
        ({"optimizer": "sgd"}, "optimizer: 'sgd' was given; expected at least one value"),
        ({"lr": [0.1, -1.0]}, "lr: -1.0 was given; expected a number above 0"),
        ({"lr": [float("nan")]}, "lr: nan was given"),
        ({"seed": range(257)}, "runs: 257 would be made; expected from 1 to 256"),
        ({"seed": range(10**6), "width": range(10**6)}, "runs: 1,000,000,000,000 would be made"),
        ({"optimizer": ["nesterov"], "momentum": [0.0]}, "nesterov needs a momentum"),
    ],
)
def test_wrong_grids_are_refused_in_one_line(values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        grid(values, BASE)
    assert "\n" not in str(caught.value)


def test_learning_rates_are_drawn_by_order_of_magnitude() -> None:
    configs = random_search({"lr": Range(low=1e-5, high=1e-1)}, BASE, MAX_RUNS, seed=0)
    assert len(configs) == MAX_RUNS
    exponents = [math.log10(config.lr) for config in configs]
    assert min(exponents) >= -5
    assert max(exponents) <= -1
    # A quarter of them in each order of magnitude, within five standard deviations.
    for low in range(-5, -1):
        share = sum(low <= exponent < low + 1 for exponent in exponents) / MAX_RUNS
        assert abs(share - 0.25) < 5 * math.sqrt(0.25 * 0.75 / MAX_RUNS)


def test_other_numbers_are_drawn_evenly_and_counts_are_whole() -> None:
    ranges = {"momentum": Range(low=0.2, high=0.8), "epochs": Range(low=1, high=3)}
    configs = random_search(ranges, BASE, 200, seed=1)
    mean = sum(config.momentum for config in configs) / len(configs)
    assert abs(mean - 0.5) < 5 * 0.6 / math.sqrt(12 * len(configs))
    assert {config.epochs for config in configs} == {1, 2, 3}


def test_the_same_seed_draws_the_same() -> None:
    ranges: dict[str, Any] = {"lr": Range(low=1e-4, high=1e-1), "optimizer": ["sgd", "adam"]}
    assert random_search(ranges, BASE, 20, seed=3) == random_search(ranges, BASE, 20, seed=3)
    assert random_search(ranges, BASE, 20, seed=3) != random_search(ranges, BASE, 20, seed=4)


@pytest.mark.parametrize(
    ("ranges", "num", "message"),
    [
        ({"lr": Range(low=0.0, high=0.1)}, 5, "lr: 0 to 0.1 was given; orders of magnitude"),
        ({"optimizer": Range(low=0, high=1)}, 5, "optimizer: a range was given"),
        ({"epochs": Range(low=1.2, high=1.8)}, 5, "epochs: 1.2 to 1.8 was given; no whole number"),
        ({"lr": Range(low=1.0, high=1e9)}, 5, "lr: .* was given; expected a number"),
        ({"lr": []}, 5, "lr: \\[\\] was given"),
        ({"lr": [0.1]}, 0, "runs: 0 would be made"),
        ({"lr": [0.1]}, 257, "runs: 257 would be made"),
    ],
)
def test_wrong_searches_are_refused_in_one_line(ranges: Any, num: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        random_search(ranges, BASE, num, seed=0)


@pytest.mark.parametrize(("low", "high"), [(2.0, 1.0), (float("nan"), 1.0), (0.0, math.inf)])
def test_ranges_out_of_order_are_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match=r"range: .* was given; expected two numbers in order"):
        Range(low=low, high=high)


def test_what_differs_names_the_run() -> None:
    config = replace(BASE, lr=0.0123456, seed=4)
    assert describe(config, BASE) == {"lr": 0.0123456, "seed": 4}
    assert run_name("digits net", config, BASE) == "digits net · lr 0.0123, seed 4"
    assert run_name("digits net", BASE, BASE) == "digits net"


@pytest.mark.parametrize("preset", SWEEP_PRESETS, ids=lambda preset: preset.title)
def test_presets_make_different_runs(preset: Any) -> None:
    configs = grid(preset.values, BASE)
    assert len(configs) == math.prod(len(values) for values in preset.values.values())
    if "0.001" in preset.title:
        assert min(config.lr for config in configs) < 0.001 < max(config.lr for config in configs)


def test_each_config_is_repeated_with_the_seeds_that_follow_its_own() -> None:
    configs = with_seeds([replace(BASE, lr=0.1, seed=5), replace(BASE, lr=0.2)], 3)
    assert [(config.lr, config.seed) for config in configs] == [
        (0.1, 5), (0.1, 6), (0.1, 7), (0.2, 0), (0.2, 1), (0.2, 2),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="runs: 258 would be made; expected from 1 to 256"):
        with_seeds(grid({"lr": [0.1, 0.2]}, BASE), 129)


def test_a_varied_field_is_named_though_its_value_is_the_bases() -> None:
    name = run_name("net", BASE, BASE, ["lr", "image_size"])
    assert name == "net · image size as it is, lr 0.001"


def test_a_drawn_value_is_what_the_name_says_and_within_the_range() -> None:
    narrow = Range(low=0.0011112, high=0.0011114)
    for config in random_search({"lr": Range(low=1e-4, high=0.1)}, BASE, 50, seed=0):
        assert run_name("", config, BASE, ["lr"]) == f" · lr {config.lr:g}"
    [config] = random_search({"lr": narrow}, BASE, 1, seed=0)
    assert narrow.low <= config.lr <= narrow.high


def test_of_a_path_only_the_last_part_is_told() -> None:
    assert value_text("dataset", "/home/somebody/photos.zip") == "photos.zip"


def test_yes_and_no_are_words() -> None:
    assert [value_text("whiten", value) for value in (True, False)] == ["yes", "no"]
    whitened = replace(BASE, whiten=True)
    assert run_name("net", whitened, BASE) == "net · whiten yes"


def test_every_field_has_a_title_of_words() -> None:
    titles = [field_title(field.name) for field in fields(TrainConfig)]
    assert len(set(titles)) == len(titles)
    assert not [title for title in titles if "_" in title]
