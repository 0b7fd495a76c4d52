"""A network looked into: layer by layer on an image, one training step taken apart, and a tour."""

import streamlit as st

from blitz.network.stations import STATIONS
from blitz.ui.choice_list import ChoiceGroup, show_choices
from blitz.ui.network.address_bar import LIST, choose, read_address, write_address
from blitz.ui.network.choosing import choose_network
from blitz.ui.network.layers_view import show_layers
from blitz.ui.network.state import LAYERS, OPTIMISERS, STATION, STEP, VIEW, VIEWS, WIDTHS
from blitz.ui.network.stations_view import show_station
from blitz.ui.network.step_view import show_step
from blitz.ui.network.updates_view import show_updates
from blitz.ui.network.ways_on import show_ways_on
from blitz.ui.network.width_view import show_width
from blitz.ui.text import plain

GROUPS = (
    ChoiceGroup(heading="A network", choices=list(VIEWS.items())),
    ChoiceGroup(
        heading="Stations", choices=[(station.name, station.title) for station in STATIONS]
    ),
)
SHOWN = {STEP: show_step, OPTIMISERS: show_updates}

complaints = read_address()
station, view = st.session_state[STATION], st.session_state[VIEW]
with st.sidebar:
    show_choices(GROUPS, station or view, choose, key=LIST)
titles = {each.name: each.title for each in STATIONS} | dict(VIEWS)
st.title(plain(titles[station or view]))
for complaint in complaints:
    st.warning(plain(complaint))
if station:
    show_station(station, choose)
elif view == WIDTHS:
    show_width()
else:
    chosen = choose_network()
    if chosen is not None:
        if view == LAYERS:
            show_layers()
        else:
            SHOWN[view](chosen)
        show_ways_on(chosen)
write_address()
