"""The page of `curve_chart_app`: the runs of the address, all of them one group if it says so.

Keeps the chart's choices in the address as the compare page does.
"""

from dataclasses import asdict

import streamlit as st

from blitz.settings import read_settings
from blitz.ui.compare.curve_chart import curve_chart
from blitz.ui.compare.state import CHART, SELECTED, take_up_address, write_address

st.set_page_config(layout="wide")
is_group = st.session_state.setdefault("is_group", "group" in st.query_params)
take_up_address()
ids = st.session_state[SELECTED]
if st.checkbox("Without the first"):
    ids = ids[1:]
choices = curve_chart(ids, st.session_state[CHART], "chart", groups=[ids] if is_group else [])
if choices is not None:
    st.session_state[CHART] = choices
write_address()
with (read_settings().home / "script_runs").open("a") as notes:
    notes.write(f"{choices and asdict(choices)}\n")
