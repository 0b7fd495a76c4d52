"""A slider over the kept epochs as a Streamlit component: dragged, played, or moved with keys.

It sends the place it is at only when the page has shown the one before, so that however fast it is
dragged, the picture follows, and what was passed over is never drawn. Call it last in a script run
or fragment: what it is given tells the browser that all else is on its way.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@dataclass(frozen=True, kw_only=True, slots=True)
class Track:
    """What is told of a run at each epoch of the slider; None where it is not known."""

    title: str
    loss: tuple[float | None, ...]
    accuracy: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """Where a person has moved the slider."""

    epoch: float
    is_last: bool
    """Whether it is at the right end."""


def taken_move(key: str) -> Moved | None:
    """What a person did in the browser, once; ask before the slider is shown."""
    match st.session_state.get(key, {}).get("move"):
        case {
            "instance": str(instance),
            "serial": int(serial),
            "epoch": int() | float() as epoch,
            "is_last": bool(is_last),
        } if abs(epoch) < 2**53:  # a browser can send any number
            if st.session_state.get(_handled(key)) == [instance, serial]:
                return None
            st.session_state[_handled(key)] = [instance, serial]
            return Moved(epoch=float(epoch), is_last=is_last)
    return None


def epoch_scrubber(
    epochs: Sequence[float],
    tracks: Sequence[Track],
    *,
    chosen: int,
    lost: Sequence[int],
    key: str,
) -> None:
    """Show the slider with the accuracy of each track over it.

    chosen: index of the epoch that the page shows. lost: indices of those that cannot be shown.
    """
    message = {
        "epochs": list(epochs),
        "tracks": [_without_nan(track) for track in tracks],
        "chosen": chosen,
        "lost": list(lost),
        "handled": st.session_state.get(_handled(key)),
    }
    # Naming a callback is what makes "move" a value of the component.
    _component()(key=key, data=json.dumps(message).encode(), on_move_change=lambda: None)


def _without_nan(track: Track) -> dict[str, object]:
    """The track as JSON has it: a run may have diverged."""
    return {
        name: [v if v is None or math.isfinite(v) else None for v in values]
        if name != "title"
        else values
        for name, values in asdict(track).items()
    }


def _handled(key: str) -> str:
    return f"{key}-handled"


@cache
def _component() -> "ComponentRenderer":
    """The component, registered once a process; all sessions share it."""
    folder = Path(__file__).parent
    css, js = (
        (folder / f"epoch_scrubber.{kind}").read_text(encoding="utf-8") for kind in ("css", "js")
    )
    # Streamlit's short cuts must see that a key is pressed in a component.
    return st.components.v2.component("blitz_epoch_scrubber", css=css, js=js, isolate_styles=False)
