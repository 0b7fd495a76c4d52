"""A scenario in an address is the same scenario again; anything else is refused."""

import base64
import json
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blitz.backprop.address import MAX_LENGTH, decode, encode
from blitz.backprop.network import Layer, Network
from blitz.backprop.presets import PRESETS
from blitz.backprop.scenario import Scenario

WORKED = PRESETS[0].scenario
NUMBERS = st.floats(-1e300, 1e300)


def packed(state: object) -> str:
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(state).encode())).decode().rstrip("=")


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_comes_back(preset: object) -> None:
    found = next(known for known in PRESETS if known is preset)
    assert decode(encode(found.scenario)) == found.scenario


@given(st.lists(NUMBERS, min_size=3, max_size=3), NUMBERS, st.floats(0, 1e300), st.booleans())
def test_every_digit_comes_back(
    weights: list[float], bias: float, rate: float, update_biases: bool
) -> None:
    scenario = Scenario(
        network=Network([Layer([weights], [bias], "tanh")]),
        inputs=(tuple(weights),),
        targets=((bias,),),
        learning_rate=rate,
        update_biases=update_biases,
    )
    text = encode(scenario)
    assert decode(text) == scenario
    assert text.isascii()
    assert text.replace("-", "").replace("_", "").isalnum()


def test_the_largest_scenario_fits() -> None:
    third = 1 / 3
    layers = [Layer([[third + u * i for i in range(8)] for u in range(8)], [third] * 8)] * 5
    samples = tuple(tuple(third * n + s for n in range(8)) for s in range(32))
    scenario = Scenario(network=Network(layers), inputs=samples, targets=samples)
    assert len(encode(scenario)) < MAX_LENGTH / 2
    assert decode(encode(scenario)) == scenario


@given(st.text(max_size=60))
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="damaged"):
        decode(text)


@given(st.integers(0, 10_000), st.sampled_from("AZaz09-_%é"))
def test_a_changed_letter_is_refused_or_changes_nothing(place: int, letter: str) -> None:
    text = encode(WORKED)
    place %= len(text)
    changed = text[:place] + letter + text[place + 1 :]
    found = None
    with suppress(ValueError):
        found = decode(changed)
    assert found in (None, WORKED)


@pytest.mark.parametrize("cut", range(0, 180, 12))
def test_a_text_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match="damaged"):
        decode(encode(WORKED)[:cut])


WRONG: list[object] = [
    None, 7, [], "text", {}, {"layers": 1},
    {"layers": [["sigmoid", [[1]], [float("nan")]]], "loss": "half squared error",
     "inputs": [[1]], "targets": [[1]], "rate": 1, "biases": True},
    {"layers": [["sigmoid", [[1]] * 9, [0]]], "loss": "half squared error",
     "inputs": [[1]], "targets": [[1]], "rate": 1, "biases": True},
    {"layers": [["eval", [[1]], [0]]], "loss": "half squared error",
     "inputs": [[1]], "targets": [[1]], "rate": 1, "biases": True},
    {"layers": [["sigmoid", [[1]], [0]]], "loss": "half squared error",
     "inputs": [[1]], "targets": [[1]], "rate": -1, "biases": True},
    {"layers": [["sigmoid", [["1"]], [0]]], "loss": "half squared error",
     "inputs": [[1]], "targets": [[1]], "rate": 1, "biases": True},
]  # fmt: skip


@pytest.mark.parametrize("state", WRONG, ids=range(len(WRONG)))
def test_numbers_that_are_not_allowed_are_refused(state: object) -> None:
    with pytest.raises(ValueError, match="damaged"):
        decode(packed(state))


def test_a_bomb_is_not_unpacked() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(b"[" * 10_000_000, 9)).decode()
    assert len(bomb) < MAX_LENGTH
    with pytest.raises(ValueError, match="damaged"):
        decode(bomb)
