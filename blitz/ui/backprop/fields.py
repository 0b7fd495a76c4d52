"""Fields that show what counts, and changes that may be refused."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from blitz.backprop.network import Network
from blitz.backprop.scenario import Scenario
from blitz.ui.backprop.state import KEY, PROBLEM, change, scenario


def field(name: str, value: object) -> str:
    """The key of a field that shows a value; after a complaint, what the person wrote."""
    key = f"{KEY}field_{name}"
    if not st.session_state[PROBLEM] or key not in st.session_state:
        st.session_state[key] = value
    return key


def written(name: str) -> object:
    """What the person wrote into a field."""
    return st.session_state[f"{KEY}field_{name}"]


def attempt(how: Callable[[], Scenario], *, in_table: bool = False) -> None:
    """Make a change, or say why it cannot be made and leave everything as it was."""
    try:
        change(how(), in_table=in_table)
    except ValueError as error:
        st.session_state[PROBLEM] = str(error)


def attempt_network(how: Callable[[Network], Network]) -> None:
    """Make a change to the network alone."""
    attempt(lambda: replace(scenario(), network=how(scenario().network)))
