"""What a session calculates with and looks at."""

import streamlit as st

from blitz.backprop.presets import Preset, preset_named
from blitz.backprop.scenario import Scenario

KEY = "backprop_"
PRESET = f"{KEY}preset"
SCENARIO = f"{KEY}scenario"
UPDATES = f"{KEY}updates"
"""How many updates are made."""
SHOWN = f"{KEY}shown"
"""After how many of them the network is looked at."""
PLACE = f"{KEY}place"
"""Which of its steps is the present one."""
SAMPLE = f"{KEY}sample"
"""Whose steps are shown, counted from 1."""
SURFACE_X, SURFACE_Y = f"{KEY}surface_x", f"{KEY}surface_y"
SURFACE_DEFAULT = f"{KEY}surface_default"
"""The two parameters that were chosen for the person last time."""
PANEL = f"{KEY}panel"
NUMBERS, TRAINING, SURFACE, CHECK, TAKE_AWAY = PANELS = (
    "Numbers",
    "Training",
    "Loss surface",
    "Check",
    "Take away",
)
IS_PLAYING = f"{KEY}is_playing"
PROBLEM = f"{KEY}problem"
"""What was wrong with the last change, in a line."""

_EDITED_FROM = f"{KEY}edited_from"


def scenario() -> Scenario:
    """What the session calculates with."""
    found: Scenario = st.session_state[SCENARIO]
    return found


def preset() -> Preset:
    """The preset that it began with."""
    return preset_named(st.session_state[PRESET])


def choose_preset(name: str) -> None:
    """Begin with a preset."""
    begin(preset_named(name))


def begin(chosen: Preset) -> None:
    """Begin with a preset as it is."""
    st.session_state[PRESET] = chosen.name
    st.session_state[UPDATES] = chosen.updates
    st.session_state[SHOWN] = 0
    st.session_state[SAMPLE] = 1
    st.session_state[PLACE] = 0
    st.session_state[IS_PLAYING] = False
    for key in (SURFACE_X, SURFACE_Y):
        st.session_state.pop(key, None)
    change(chosen.scenario)


def change(new: Scenario, *, in_table: bool = False) -> None:
    """Calculate with something else.

    in_table: it was edited in a table, which keeps what was typed since it was first shown, and
    must not be shown anew.
    """
    old = st.session_state.get(SCENARIO)
    # What was refused before is in a table or a field still, but never counted.
    was_refused = bool(st.session_state.get(PROBLEM))
    st.session_state[SCENARIO] = new
    st.session_state[PROBLEM] = ""
    # Tables that are shown anew take a browser a tenth of a second.
    is_same = old is not None and (in_table or _in_tables(new) == _in_tables(old))
    if was_refused or not is_same:
        rebase()


def forget_refused() -> None:
    """Let fields and tables show what counts, where a change was refused."""
    if st.session_state[PROBLEM]:
        st.session_state[PROBLEM] = ""
        rebase()


def _in_tables(given: Scenario) -> tuple[object, ...]:
    """What of a scenario stands in tables."""
    layers = (
        (layer.weights, None if layer.shares_bias else layer.biases)
        for layer in given.network.layers
    )
    return (given.inputs, given.targets, *layers)


def rebase() -> None:
    """Let tables show the numbers as they are now."""
    _, generation = st.session_state.get(_EDITED_FROM, (None, 0))
    st.session_state[_EDITED_FROM] = (scenario(), generation + 1)


def edited_from() -> tuple[Scenario, int]:
    """What tables showed before anything was typed into them, and a number for their keys."""
    found: tuple[Scenario, int] = st.session_state[_EDITED_FROM]
    return found
