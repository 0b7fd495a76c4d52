"""Curves of chosen runs over each other, as a Streamlit component that keeps itself up to date.

The browser's part, curve_chart.js, asks the data routes for new points by itself. Its word to the
page is what a person chose to see.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import streamlit as st

from blitz.training.curves import Axis
from blitz.training.overlay import Metric
from blitz.ui.compare_routes import MOST_CURVES
from blitz.ui.live_chart import API
from blitz.ui.routes import plotly_version
from blitz.ui.run_constants import run_constants

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


@dataclass(frozen=True, kw_only=True, slots=True)
class ChartChoices:
    """What of the runs is drawn, and how."""

    metric: Metric = "train_loss"
    axis: Axis = "step"
    smoothing: float = 0.6
    """Weight of what came before in the moving average; 0 for none."""
    is_log: bool = False
    shows_groups: bool = False
    """Draw the mean and spread of each group of runs in place of its runs."""

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("metric", self.metric, get_args(Metric)),
            ("axis", self.axis, get_args(Axis)),
            ("is_log", self.is_log, (True, False)),
            ("shows_groups", self.shows_groups, (True, False)),
        ):
            if value not in choices:
                words = ", ".join(map(str, choices))
                raise ValueError(f"{name}: {str(value)[:40]!r} was given; choose {words}")
        is_real = isinstance(self.smoothing, int | float) and math.isfinite(self.smoothing)
        if not (is_real and 0 <= self.smoothing <= 0.999):
            raise ValueError(
                f"smoothing: {str(self.smoothing)[:40]} was given; "
                "expected a number from 0 to 0.999"
            )


def curve_chart(
    ids: Sequence[str],
    choices: ChartChoices,
    key: str,
    *,
    groups: Sequence[Sequence[str]] = (),
) -> ChartChoices | None:
    """Show the curves of at most 50 runs; return what else was chosen to be seen, once.

    groups: ids of runs that differ only by chance, of which the mean and spread can be drawn.
    """
    handled = f"{key}-handled"
    known: tuple[str, int] | None = st.session_state.get(handled)
    data = {
        "api": API,
        "plotly_url": f"{API}/plotly.js?v={plotly_version()}",
        "ids": list(dict.fromkeys(ids))[:MOST_CURVES],
        "groups": [list(group) for group in groups],
        "choices": asdict(choices),
        # Up to which of the browser's choices these are: it does not go back to earlier ones.
        "handled": known and {"instance": known[0], "serial": known[1]},
    }
    # Naming a callback is what makes "choices" a value of the component.
    result = _component()(key=key, data=data, on_choices_change=lambda: None)
    return _taken(result.get("choices"), handled)


def _taken(value: object, handled: str) -> ChartChoices | None:
    """The choices, unless they were taken up before; a browser can send anything."""
    match value:
        case {"instance": str(instance), "serial": int(serial), **rest}:
            if st.session_state.get(handled) == (instance, serial):
                return None
            st.session_state[handled] = (instance, serial)
            try:
                return ChartChoices(**rest)  # type: ignore[arg-type]
            except (TypeError, ValueError):  # names of no choice, or values of none
                return None
    return None


@cache
def _component() -> "ComponentRenderer":
    """The component, registered once a process; all sessions share it."""
    shared = ("../plotly_loading.js", "../poller.js", "../curve_drawing.js")
    parts = ("_points", "_entries", "_figure", "_legend", "")
    own = (f"curve_chart{part}.js" for part in parts)
    return st.components.v2.component(
        "blitz_curve_chart",
        css=_read("curve_chart.css"),
        js="\n".join([run_constants(), *map(_read, (*shared, *own))]),
        # In a shadow root Plotly's own styles, which it adds to the document, would not apply.
        isolate_styles=False,
    )


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
