"""What stands in the sweep's form, as configs; and what is told of sweeps."""

import re
from typing import Any

import pytest

from blitz.training.config import TrainConfig
from blitz.training.groups import split_into_groups
from blitz.training.sweeps import SWEEP_PRESETS, run_name
from blitz.ui.compare.sweep_values import (
    FIELDS,
    Method,
    Wish,
    make_configs,
    suggested,
    together_text,
)

BASE = TrainConfig(device="cpu")


def configs_of(method: Method = "Grid", **given: Any) -> tuple[TrainConfig, ...]:
    return make_configs(Wish(method=method, given=given, num_runs=10), BASE)


@pytest.mark.parametrize("method", ["Grid", "Random"])
@pytest.mark.parametrize("name", FIELDS)
def test_what_a_field_begins_with_makes_several_runs(name: str, method: Method) -> None:
    configs = configs_of(method, **{name: suggested(name, method)})
    assert len({getattr(config, name) for config in configs}) > 1


@pytest.mark.parametrize("method", ["Grid", "Random"])
@pytest.mark.parametrize("preset", SWEEP_PRESETS, ids=lambda preset: preset.title)
def test_presets_can_be_searched_either_way(preset: Any, method: Method) -> None:
    given = {name: suggested(name, method, preset) for name in preset.values}
    configs = make_configs(Wish(method=method, given=given, num_runs=5), BASE)
    for name, values in preset.values.items():
        found = {getattr(config, name) for config in configs}
        assert found == set(values) if method == "Grid" else len(found) > 1


def test_texts_are_read_as_the_field_has_them() -> None:
    configs = configs_of(lr=" 1e-3,0.1 , ", width="1,2", optimizer=["adam"], image_size="as it is")
    assert [(config.lr, config.width) for config in configs] == [
        (0.001, 1), (0.001, 2), (0.1, 1), (0.1, 2),
    ]  # fmt: skip
    assert {(config.optimizer, config.image_size) for config in configs} == {("adam", None)}
    assert all(type(config.width) is int for config in configs)


def test_random_takes_a_range_or_a_list() -> None:
    configs = configs_of("Random", lr="0.001 to 0.01", batch_size="8, 16")
    assert len(configs) == 10
    assert all(0.001 <= config.lr <= 0.01 for config in configs)
    assert {config.batch_size for config in configs} == {8, 16}


def test_seeds_for_each() -> None:
    wish = Wish(method="Grid", given={"lr": "0.1, 0.2"}, num_seeds=2)
    configs = make_configs(wish, BASE)
    assert [(config.lr, config.seed) for config in configs] == [
        (0.1, 0), (0.1, 1), (0.2, 0), (0.2, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "given", "message"),
    [
        ("Grid", {"lr": "1e30"}, "lr: 1e+30 was given; expected a number above 0 to 100"),
        ("Grid", {"lr": "nan"}, "lr: nan was given; expected a number above 0 to 100"),
        ("Grid", {"lr": "-inf"}, "lr: -inf was given; expected a number above 0 to 100"),
        ("Grid", {"lr": " , "}, "lr: nothing was given; expected numbers with commas between"),
        ("Grid", {"lr": "0.1;0.2"}, "lr: '0.1;0.2' was given; expected numbers with commas"),
        ("Grid", {"lr": "0.1 to 0.2"}, "lr: '0.1 to 0.2' was given; expected numbers with commas"),
        ("Grid", {"lr": "<script>"}, "lr: '<script>' was given; expected numbers"),
        ("Grid", {"seed": "1.5"}, "seed: '1.5' was given; expected whole numbers with commas"),
        ("Grid", {"seed": "9" * 5000}, "seed: '99999"),
        ("Grid", {"optimizer": []}, "optimizer: nothing is chosen; choose at least one"),
        ("Grid", {"optimizer": ["nesterov"], "momentum": "0"}, "momentum: 0.0 was given; nesterov"),
        (
            "Grid", {"lr": ",".join(f"0.{index:03}" for index in range(1, 51)), "seed":
            ",".join(map(str, range(100)))}, "runs: 5,000 would be made; expected from 1 to 256",
        ),
        ("Grid", {"model": ["net"], "image_size": "8"}, "image_size: net needs images of at least"),
        ("Grid", {"model": ["net", "mlp"], "width": "2"}, "width: 2 was given; mlp has only"),
        ("Grid", {"batch_size": "2000"}, "batch_size: 2,000 was given; there are 1,438 training"),
        ("Random", {"lr": "0 to 0.1"}, "lr: 0 to 0.1 was given; orders of magnitude are drawn"),
        ("Random", {"lr": "0.1 to 0.01"}, "lr: '0.1 to 0.01' was given; expected the smaller"),
        ("Random", {"lr": "0.1 to 1e30"}, "lr: 1e+30 was given; expected a number above 0 to 100"),
        ("Random", {"lr": "nan to 1"}, "lr: nan was given; expected a number above 0 to 100"),
        ("Random", {"lr": "a to b"}, "lr: 'a' was given; expected 0.0003 to 0.003, or numbers"),
        ("Random", {"lr": ""}, "lr: nothing was given; expected 0.0003 to 0.003, or numbers"),
        ("Random", {"epochs": "0 to 3"}, "epochs: 0 was given; expected a whole number from 1"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line(
    method: Method, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        configs_of(method, **given)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 250


def test_a_few_million_combinations_are_refused_at_once() -> None:
    numbers = ",".join(map(str, range(1, 400)))
    with pytest.raises(ValueError, match="runs: 25,344,958,401 would be made"):
        configs_of(seed=numbers, epochs=numbers, batch_size=numbers, patience=numbers)


def test_what_is_trained_together_is_told() -> None:
    small = TrainConfig(device="cpu", batch_size=4)

    def told(**given: Any) -> str:
        configs = make_configs(Wish(method="Grid", given=given), small)
        sizes = [len(group) for group in split_into_groups(configs)]
        text = together_text(configs)
        assert max(sizes) > 1 or "together" not in text
        return text

    assert told(seed="0,1,2,3") == "All are trained together, as one."
    assert told(seed="0,1,2,3", width="1,2") == "2 groups of 4 are trained together."
    assert told(seed="0,1,2,3", batch_size="4,64") == "4 are trained together, 4 alone."
    assert told(seed="0,1") == "They are trained one after another."
    assert told(seed="0") == ""


def test_names_tell_the_runs_apart() -> None:
    configs = configs_of("Random", lr="0.0001 to 0.1", optimizer=["sgd", "adam"])
    names = {run_name("sweep", config, BASE, ["lr", "optimizer"]) for config in configs}
    assert len(names) == len(configs)
