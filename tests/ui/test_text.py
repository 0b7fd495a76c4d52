"""Numbers and people's texts as the pages show them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blitz.ui.text import bytes_text, duration_text, plain


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_500, "1.5 kB"), (25.3e9, "25.3 GB"), (2e6, "2 MB")],
)
def test_bytes_are_told_in_the_largest_unit_that_fits(num_bytes: float, text: str) -> None:
    assert bytes_text(num_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(8.21, "8.2 s"), (185, "3 min 5 s"), (7_800, "2 h 10 min"), (3_599.9, "1 h 0 min")],
)
def test_durations_are_told_in_two_units_at_most(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=40))
def test_a_persons_text_keeps_every_sign_and_loses_its_markup(text: str) -> None:
    shown = plain(text)
    # Markdown shows an escaped sign as itself; what is left without a backslash is no markup.
    assert re.sub(r"\\(.)", r"\1", shown) == " ".join(text.splitlines())
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]<>#$:~|&=]", shown)
