"""What the network page shows, in the address: view or station, network, images, weights, layer."""

import streamlit as st

from blitz.datasets import dataset_name
from blitz.ui import address_line
from blitz.ui.data import named_dataset
from blitz.ui.network.run_weights import take_up_run
from blitz.ui.network.state import (
    DATASET,
    DEFAULTS,
    LAYERS,
    MODEL,
    PARAMETERS,
    RUN,
    SIZE,
    STATION,
    VIEW,
    VIEWS,
    WIDTH,
    checked,
    fill_in,
)
from blitz.ui.services import services

LIST = "network-list"
"""Key of the list of views and stations, which is on the page whatever it shows."""
_PAGE = "network"


def read_address() -> list[str]:
    """Take up what the address says, where it is not this session's own; complaints, if any."""
    given = {name: st.query_params[name] for name in PARAMETERS if name in st.query_params}
    was_here = f"{LIST}-{LAYERS}" in st.session_state
    is_known = DATASET in st.session_state
    # Who comes back from another page finds everything as it was, though the address is bare.
    comes_back = not given and is_known and not was_here
    fill_in()
    if is_known and (address_line.is_own(given, _PAGE) or comes_back):
        return []
    address_line.note(given, _PAGE)
    for key, value in DEFAULTS.items():
        st.session_state[key] = value
    # The run first: what else the address says goes before what the run was made with.
    if "run" in given:
        take_up_run(given["run"])
    return [complaint for name, text in given.items() if (complaint := _take_up(name, text))]


def write_address(part: str = "") -> None:
    """Have the browser show the address of what the page shows.

    part: a name for a part of the page that runs by itself.
    """
    address_line.replace(_wanted(), _PAGE, part)


def choose(name: str) -> None:
    """Show a view, or a station; a new place."""
    st.session_state[STATION] = "" if name in VIEWS else name
    if name in VIEWS:
        st.session_state[VIEW] = name
    address_line.go_to(_wanted(), _PAGE)


def _wanted() -> dict[str, str]:
    wanted = {}
    for name, key in PARAMETERS.items():
        value = st.session_state[key]
        # A run has a network and images of its own, which the address must not leave open.
        is_open = st.session_state[RUN] and key in (DATASET, MODEL, WIDTH, SIZE)
        if value != DEFAULTS[key] or is_open:
            wanted[name] = dataset_name(value) if key == DATASET else str(value)
    if "station" in wanted:
        return {"station": wanted["station"]}
    return wanted


def _take_up(name: str, text: str) -> str:
    try:
        value = checked(name, text)
    except ValueError as error:
        return str(error)
    if name == "dataset":
        found = named_dataset(str(value), services().settings)
        if found is None:
            return f"dataset: {str(value)[:60]!r} was given; there is no such data set here"
        value = found
    st.session_state[PARAMETERS[name]] = value
    return ""
