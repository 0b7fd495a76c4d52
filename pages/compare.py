"""Runs side by side, down to the image; sweeps, weights of one's own, and what to take away."""

import streamlit as st

from blitz.ui.compare.overview import RUNS, chosen_runs, show_table
from blitz.ui.compare.panels import show_panels
from blitz.ui.compare.state import take_up_address, write_address
from blitz.ui.compare.table_actions import delete_hidden
from blitz.ui.services import services
from blitz.ui.text import plain

found = services()
if RUNS not in st.session_state:  # the table is forgotten where the page is left
    delete_hidden(found, st.session_state)
complaints = take_up_address()
st.title("Compare runs")
for complaint in complaints:
    st.warning(plain(complaint))
show_table(found)
show_panels(found, chosen_runs(found))
write_address()
