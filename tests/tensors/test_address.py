"""A program in an address is the same program again; anything else is refused."""

import base64
import json
import random
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blitz.tensors.address import MAX_LENGTH, MAX_SEED, State, decode, encode
from blitz.tensors.lessons import LESSONS
from blitz.tensors.syntax import MOST_CHARACTERS

WORKED = State(program="x = torch.arange(12.).reshape(3, 4)\nx @ x.T", device="cpu", seed=0)
# Every character there is: NUL, half surrogate pairs, beyond the basic plane.
ANYTHING = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)


def packed(state: object) -> str:
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(state).encode())).decode().rstrip("=")


@given(ANYTHING, st.sampled_from(["cpu", "cuda:0", "mps"]), st.integers(0, MAX_SEED))
def test_a_state_comes_back(program: str, device: str, seed: int) -> None:
    state = State(program=program, device=device, seed=seed)
    text = encode(state)
    assert decode(text) == state
    assert text.replace("-", "").replace("_", "").isalnum()
    assert text.isascii()


def test_programs_people_write_make_short_addresses() -> None:
    assert len(encode(WORKED)) < 120
    for lesson in LESSONS:
        state = State(program=lesson.program, device="cpu", seed=0)
        assert decode(encode(state)) == state
        assert len(encode(state)) < len(lesson.program) * 1.3 + 40


def test_the_largest_state_fits() -> None:
    dice = random.Random(0)
    program = "".join(chr(dice.randrange(0x10000, 0x110000)) for _ in range(MOST_CHARACTERS))
    state = State(program=program, device="x" * 40, seed=MAX_SEED)
    assert len(encode(state)) < MAX_LENGTH
    assert decode(encode(state)) == state


@given(ANYTHING)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="the program in the address is damaged"):
        decode(text)


@given(st.integers(0, 10_000), st.sampled_from("AZaz09-_%é="))
def test_a_changed_letter_is_refused_or_changes_nothing(place: int, letter: str) -> None:
    text = encode(WORKED)
    place %= len(text)
    found = None
    with suppress(ValueError):
        found = decode(text[:place] + letter + text[place + 1 :])
    assert found in (None, WORKED)


def test_a_text_cut_short_is_refused() -> None:
    text = encode(WORKED)
    for cut in range(len(text)):
        with pytest.raises(ValueError, match="damaged"):
            decode(text[:cut])


WRONG: list[object] = [
    None, 7, "text", "abc", [], {}, ["x = 1"], ["x = 1", "cpu"], ["x = 1", "cpu", 0, 1],
    {"program": "x", "device": "cpu", "seed": 0}, [1, "cpu", 0], ["x", None, 0], ["x", "cpu", "0"],
    ["x", "cpu", 1.0], ["x", "cpu", True], ["x", "cpu", -1], ["x", "cpu", MAX_SEED + 1],
    ["x", "cpu", 10**40], ["x" * (MOST_CHARACTERS + 1), "cpu", 0],
    ["x", "c" * 41, 0], ["x", "cpu", float("nan")],
]  # fmt: skip


@pytest.mark.parametrize("state", WRONG, ids=range(len(WRONG)))
def test_states_that_are_not_allowed_are_refused(state: object) -> None:
    with pytest.raises(ValueError, match="damaged"):
        decode(packed(state))


def test_a_bomb_is_not_unpacked() -> None:
    for letter in (b"[", b" ", b"1"):
        bomb = base64.urlsafe_b64encode(zlib.compress(letter * 10_000_000, 9)).decode()
        assert len(bomb) < MAX_LENGTH
        with pytest.raises(ValueError, match="damaged"):
            decode(bomb)
    for letter in (b"[", b"1"):
        with pytest.raises(ValueError, match="damaged"):
            decode(base64.urlsafe_b64encode(zlib.compress(letter * 30_000, 9)).decode())


def test_a_state_names_what_is_wrong_with_it() -> None:
    with pytest.raises(ValueError, match="program: a text of at most 2,000 characters"):
        State(program="x" * (MOST_CHARACTERS + 1), device="cpu", seed=0)
    with pytest.raises(ValueError, match="seed: -1 was given"):
        State(program="x", device="cpu", seed=-1)
