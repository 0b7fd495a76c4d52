"""What a session calculates with and looks at, kept in the session and in the address."""

from collections.abc import Mapping
from contextlib import suppress

import streamlit as st

from blitz.backprop.address import decode, encode
from blitz.backprop.presets import PRESETS, Preset, preset_named
from blitz.backprop.scenario import Scenario
from blitz.backprop.training import MAX_STEPS

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

LIST = "backprop"
"""Key of the list of presets, which is on the page whatever it shows."""

_EDITED_FROM = f"{KEY}edited_from"
_ADDRESS = f"{KEY}address"
_NUMBERS = {"updates": UPDATES, "shown": SHOWN, "sample": SAMPLE, "step": PLACE}
_TEXTS = {"x": SURFACE_X, "y": SURFACE_Y, "panel": PANEL}
_PARAMETERS = ("example", "network", *_NUMBERS, *_TEXTS)


def scenario() -> Scenario:
    """What the session calculates with."""
    found: Scenario = st.session_state[SCENARIO]
    return found


def preset() -> Preset:
    """The preset that it began with."""
    return preset_named(st.session_state[PRESET])


def choose_preset(name: str) -> None:
    """Begin with a preset."""
    _begin(preset_named(name))


def change(new: Scenario, *, in_table: bool = False) -> None:
    """Calculate with something else.

    in_table: it was edited in a table, which keeps what was typed since it was first shown, and
    must not be shown anew.
    """
    old = st.session_state.get(SCENARIO)
    st.session_state[SCENARIO] = new
    st.session_state[PROBLEM] = ""
    # Tables that are shown anew take a browser a tenth of a second.
    if old is None or not (in_table or _in_tables(new) == _in_tables(old)):
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


# The address


def read_address() -> str:
    """Take up what the address says, where it is not this session's own; a complaint, or ""."""
    given = _given()
    # Who comes back from another page finds everything as it was, though the address is bare.
    comes_back = not given and SCENARIO in st.session_state and not _was_here()
    if given == st.session_state.get(_ADDRESS) or comes_back:
        return ""
    problem = ""
    try:
        chosen = preset_named(given.get("example", PRESETS[0].name))
    except ValueError:
        chosen = PRESETS[0]
        problem = "There is no such example"
    _begin(chosen)
    if "network" in given:
        try:
            change(decode(given["network"]))
            st.session_state[UPDATES] = 0
        except ValueError:
            problem = "The numbers in the address are damaged"
    if not problem:
        _take_up(given)
    return problem and f"{problem}: this is “{chosen.title}” as it begins."


def write_address() -> None:
    """Put into the address what the session shows, except while its steps play by themselves."""
    if st.session_state.get(IS_PLAYING):
        return
    wanted = {} if preset() == PRESETS[0] else {"example": preset().name}
    own_updates = preset().updates
    if scenario() != preset().scenario:
        wanted["network"] = encode(scenario())
        own_updates = 0
    usual = {UPDATES: own_updates, SHOWN: 0, SAMPLE: 1, PLACE: 0}
    for name, key in _NUMBERS.items():
        if st.session_state[key] != usual[key]:
            wanted[name] = str(st.session_state[key])
    for name, key in _TEXTS.items():
        if st.session_state.get(key) and st.session_state[key] != NUMBERS:
            wanted[name] = st.session_state[key]
    if wanted != _given():
        st.query_params.from_dict(wanted)
    st.session_state[_ADDRESS] = wanted


def _was_here() -> bool:
    """Whether the session's last run was of this page: widgets of others are forgotten."""
    return f"{LIST}-{PRESETS[0].name}" in st.session_state


def _given() -> dict[str, str]:
    return {name: st.query_params[name] for name in _PARAMETERS if name in st.query_params}


def _begin(chosen: Preset) -> None:
    st.session_state[PRESET] = chosen.name
    st.session_state[UPDATES] = chosen.updates
    st.session_state[SHOWN] = 0
    st.session_state[SAMPLE] = 1
    st.session_state[PLACE] = 0
    st.session_state[IS_PLAYING] = False
    for key in (SURFACE_X, SURFACE_Y):
        st.session_state.pop(key, None)
    change(chosen.scenario)


def _take_up(given: Mapping[str, str]) -> None:
    for name, key in _NUMBERS.items():
        with suppress(ValueError):  # a number that is none is left out
            if name in given:
                number = int(given[name][:9])
                st.session_state[key] = min(max(number, 0), MAX_STEPS)
    names = scenario().network.parameter_names()
    for name, key in _TEXTS.items():
        if given.get(name) in (PANELS if name == "panel" else names):
            st.session_state[key] = given[name]
