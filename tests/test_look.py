"""Colours that are read on, and names that are cut."""

import re

import pytest

from blitz.look import CLEAR_STOPS, shortened

PAGES = {"light": ("#ffffff", "#1f2328"), "dark": ("#14171c", "#e6e8eb")}
"""Background and text, as in the theme."""

Colour = tuple[float, float, float]


def rgb(text: str) -> Colour:
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue


def luminance(colour: Colour) -> float:
    """Relative luminance by WCAG 2."""
    parts = [each / 255 for each in colour]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("stop", [0, -1])
def test_text_is_read_on_the_strongest_colour_of_both_pages(page: str, stop: int) -> None:
    ground, text = map(rgb, PAGES[page])
    *colour, strength = map(float, re.findall(r"[\d.]+", CLEAR_STOPS[stop][1]))
    blended = [
        strength * over + (1 - strength) * under for over, under in zip(colour, ground, strict=True)
    ]
    lights = sorted((luminance(text), luminance((blended[0], blended[1], blended[2]))))
    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5


def test_of_a_long_name_the_beginning_and_the_end_are_kept() -> None:
    assert shortened("a name", 6) == "a name"
    assert shortened("abcdefghij", 7) == "abcd…ij"
    assert all(len(shortened("x" * 200, most)) == most for most in range(2, 200))
