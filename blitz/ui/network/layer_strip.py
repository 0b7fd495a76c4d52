"""A strip of cards as a Streamlit component: all steps of a network, of which one is chosen.

Two components in truth, as with the stepper: one takes the cards as bytes, which Streamlit sends
only once as long as they stay the same; the other one takes which card is chosen, and shows
nothing.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerCard:
    """What a card shows; all of it plain text."""

    title: str
    operation: str = ""
    shape: str = ""
    thumbnail: str = ""
    """A picture as data URL, shown with single pixels visible; empty for none."""
    group: str = ""
    """A heading that neighbours share; empty for none."""
    sources: tuple[int, ...] = ()
    """Which cards led to this one; −1 is what comes before the first card."""


@dataclass(slots=True)
class _Known:
    """What a session knows of its strip in the browser."""

    instance: str = ""  # of the strip; a browser that begins anew has another one
    handled: int = 0  # serial number of the last click taken up
    place: int = -1  # the card that the browser marks
    place_serial: int = 0  # how often the page has sent it elsewhere
    pending: int | None = None  # clicked, but not yet returned


def layer_strip(
    cards: Sequence[LayerCard], *, chosen: int, key: str, label: str = "Layers"
) -> int | None:
    """Show cards in a row; return which was clicked, in the script run that this started.

    chosen: the card to mark. In the script run after a click a page passes the clicked one, unless
    it wants to stay where it was.
    label: what the cards are, for screen readers.
    """
    known: _Known = st.session_state.setdefault(f"{key}-known", _Known())
    # Of what the cards are, not of how they look just now: a click that was on its way while a
    # thumbnail changed is a click all the same.
    named = [(card.title, card.operation, card.group, card.sources) for card in cards]
    digest = zlib.crc32(repr((key, named)).encode())
    # Without a gap, what shows nothing takes no room either.
    with st.container(gap=None):
        # Naming a callback is what makes "click" a value of the component.
        result = _view()(
            key=key, data=_message(cards, key, label, digest), on_click_change=lambda: None
        )
        clicked = _take(known, result.get("click"), digest, len(cards))
        if clicked is not None:
            known.pending = clicked
        if known.pending is not None:  # the page decided what to pass before it knew of this
            known.place = known.pending
        elif chosen != known.place:
            known.place = chosen
            known.place_serial += 1
        _control()(
            key=f"{key}-control",
            data={"view": key, "place": known.place, "place_serial": known.place_serial},
        )
    # Taken out last: a script run that is broken off above leaves it to the next one.
    clicked, known.pending = known.pending, None
    return clicked


def _take(known: _Known, value: object, digest: int, num_cards: int) -> int | None:
    """The card that was clicked, unless it was taken up before or is of other cards."""
    match value:
        case {
            "instance": str(instance),
            "serial": int(serial),
            "index": int(index),
            "cards": cards,
        }:
            pass
        case _:
            return None
    if instance != known.instance:
        known.instance, known.handled = instance, 0
    if serial <= known.handled:
        return None
    known.handled = serial
    return index if cards == digest and 0 <= index < num_cards else None


def _message(cards: Sequence[LayerCard], key: str, label: str, digest: int) -> bytes:
    message = {"view": key, "label": label, "digest": digest, "cards": [*map(astuple, cards)]}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


@cache
def _view() -> "ComponentRenderer":
    """The component, registered once a process; all sessions share it."""
    return st.components.v2.component(
        "blitz_layer_strip",
        css=_read("layer_strip.css"),
        js="\n".join(map(_read, ("layer_strip_arcs.js", "layer_strip.js"))),
        # Streamlit's short cuts must see that a key is pressed in a component.
        isolate_styles=False,
    )


@cache
def _control() -> "ComponentRenderer":
    return st.components.v2.component(
        "blitz_layer_strip_control", js=_read("layer_strip_control.js")
    )


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
