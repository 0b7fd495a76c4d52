"""Test images as cards: the picture, the truth, and what two runs hold most probable.

Each run's answer leads to the image on the network page, with that run's weights.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import streamlit as st
from torch import Tensor

from blitz.ui.pictures import data_url

PERCENT = 52
LETTER = 8
NARROWEST, WIDEST = 76, 132
"""Width of a run's answers, in pixels; a class's name may be longer, and is cut."""
GAP, CARD_GAP = 16, 32
"""Between the answers of a card, and between cards."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What one run says of an image."""

    letter: str
    run_id: str
    is_right: bool
    guesses: Sequence[tuple[str, float]]
    """Classes and their probabilities, the most probable first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One test image."""

    index: int
    """Of the test images."""
    truth: str
    answers: Sequence[Answer]


def show_cards(images: Tensor, cards: Sequence[Card], *, side: int) -> None:
    """Show uint8 [N, C, H, W], `side` pixels wide, with single pixels visible."""
    longest = max(len(name) for card in cards for each in card.answers for name, _ in each.guesses)
    part = min(max(NARROWEST, PERCENT + LETTER * longest), WIDEST)
    shown = [_card(image, card, side, part) for image, card in zip(images, cards, strict=True)]
    style = f"display: flex; flex-wrap: wrap; gap: 1.5rem {CARD_GAP}px"
    st.html(f'<div style="{style}">{"".join(shown)}</div>')


def _card(image: Tensor, card: Card, side: int, part: int) -> str:
    truth = html.escape(card.truth)
    answers = "".join(_answer(each, card.index, part) for each in card.answers)
    width = max(side, len(card.answers) * (part + GAP) - GAP)
    return (
        f'<figure style="margin: 0; width: {width}px; max-width: 100%">'
        f'<img src="{data_url(image)}" alt="{truth}" width="{side}" height="{side}" '
        'style="image-rendering: pixelated; border-radius: 0.25rem; max-width: 100%; '
        'outline: 1px solid rgba(128, 128, 128, 0.35)">'
        '<figcaption style="font-size: 0.875rem; line-height: 1.4">'
        f'<div style="overflow-wrap: anywhere">truth: <b>{truth}</b></div>'
        f'<div style="display: flex; gap: {GAP}px">{answers}</div></figcaption></figure>'
    )


def _answer(answer: Answer, index: int, part: int) -> str:
    # Beside the compare page, wherever the dashboard lies.
    address = "network?" + urlencode({"run": answer.run_id, "image": index})
    sign, word = ("✓", "right") if answer.is_right else ("✗", "wrong")
    rows = "".join(
        '<div style="display: flex; justify-content: space-between; gap: 0.25rem">'
        f'<span style="overflow: hidden; text-overflow: ellipsis; white-space: nowrap">'
        f"{html.escape(name)}</span>"
        f'<span style="font-variant-numeric: tabular-nums">{probability:.1%}</span></div>'
        for name, probability in answer.guesses
    )
    return (
        f'<div style="width: {part}px">'
        f'<a href="{html.escape(address)}" target="_blank" style="color: inherit" '
        f'title="{answer.letter} is {word}: look inside, in a new tab">{answer.letter} {sign}</a>'
        f"{rows}</div>"
    )
