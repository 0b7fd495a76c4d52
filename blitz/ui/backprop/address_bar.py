"""What a session looks at, in the address: so that a reload or another person sees the same."""

from collections.abc import Mapping
from contextlib import suppress

import streamlit as st

from blitz.backprop.address import decode, encode
from blitz.backprop.presets import PRESETS, preset_named
from blitz.backprop.training import MAX_STEPS
from blitz.ui.backprop.state import (
    IS_PLAYING,
    KEY,
    NUMBERS,
    PANEL,
    PANELS,
    PLACE,
    SAMPLE,
    SCENARIO,
    SHOWN,
    SURFACE_DEFAULT,
    SURFACE_X,
    SURFACE_Y,
    UPDATES,
    begin,
    change,
    preset,
    scenario,
)

LIST = "backprop"
"""Key of the list of presets, which is on the page whatever it shows."""

_ADDRESS = f"{KEY}address"
_NUMBERS = {"updates": UPDATES, "shown": SHOWN, "sample": SAMPLE, "step": PLACE}
_AXES = {"x": SURFACE_X, "y": SURFACE_Y}
_PARAMETERS = ("example", "network", "panel", *_NUMBERS, *_AXES)


def read_address() -> str:
    """Take up what the address says, where it is not this session's own; a complaint, or ""."""
    given = _given()
    was_here = f"{LIST}-{PRESETS[0].name}" in st.session_state  # else widgets are forgotten
    if not was_here:
        st.session_state[IS_PLAYING] = False
    # Who comes back from another page finds everything as it was, though the address is bare.
    comes_back = not given and SCENARIO in st.session_state and not was_here
    if given == st.session_state.get(_ADDRESS) or comes_back:
        return ""
    return _take_up(given)


def write_address() -> None:
    """Put into the address what the session shows, except while its steps play by themselves."""
    if st.session_state[IS_PLAYING]:
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
    if st.session_state.get(PANEL, NUMBERS) != NUMBERS:
        wanted["panel"] = st.session_state[PANEL]
    wanted |= _chosen_axes()
    if wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)
    st.session_state[_ADDRESS] = wanted


def _given() -> dict[str, str]:
    return {name: st.query_params[name] for name in _PARAMETERS if name in st.query_params}


def _chosen_axes() -> dict[str, str]:
    """The axes of the surface where a person chose them, and they are there still."""
    axes = {name: st.session_state.get(key) for name, key in _AXES.items()}
    names = scenario().network.parameter_names()
    is_default = tuple(axes.values()) == st.session_state.get(SURFACE_DEFAULT)
    return {} if is_default else {name: axis for name, axis in axes.items() if axis in names}


def _take_up(given: Mapping[str, str]) -> str:
    problem = ""
    try:
        begin(preset_named(given.get("example", PRESETS[0].name)))
    except ValueError:
        begin(PRESETS[0])
        problem = "There is no such example"
    if "network" in given:
        try:
            change(decode(given["network"]))
            problem = ""  # the example only says what it was made from
            st.session_state[UPDATES] = 0
        except ValueError:
            problem = "The numbers in the address are damaged"
    if problem:
        return f"{problem}: this is “{preset().title}” as it begins."
    _take_up_view(given)
    return ""


def _take_up_view(given: Mapping[str, str]) -> None:
    for name, key in _NUMBERS.items():
        with suppress(ValueError):  # a number that is none is left out
            if name in given:
                number = int(given[name][:9])
                st.session_state[key] = min(max(number, 0), MAX_STEPS)
    if given.get("panel") in PANELS:
        st.session_state[PANEL] = given["panel"]
    names = scenario().network.parameter_names()
    for name, key in _AXES.items():
        if given.get(name) in names:
            st.session_state[key] = given[name]
