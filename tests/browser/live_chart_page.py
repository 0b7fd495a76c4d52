"""The page of `live_chart_app`."""

import streamlit as st

from blitz.settings import read_settings
from blitz.ui.live_chart import live_chart

st.set_page_config(layout="wide")
changed_to = None
if st.checkbox("Show the charts", value=True):
    changed_to = live_chart(
        st.query_params["run"], key="live", status=st.query_params.get("status")
    )
with (read_settings().home / "script_runs").open("a") as notes:
    notes.write(f"{st.query_params['run']} {changed_to}\n")
st.button("Run the script again")
