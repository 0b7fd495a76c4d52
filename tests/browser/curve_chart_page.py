"""The page of `curve_chart_app`: the runs of the address, all of them one group if it says so."""

from dataclasses import asdict

import streamlit as st

from blitz.settings import read_settings
from blitz.ui.compare.curve_chart import ChartChoices, curve_chart

st.set_page_config(layout="wide")
ids = st.query_params["runs"].split(",")
if st.checkbox("Without the first"):
    ids = ids[1:]
choices = st.session_state.setdefault("choices", ChartChoices(smoothing=0))
groups = [ids] if "group" in st.query_params else []
chosen = curve_chart(ids, choices, "chart", groups=groups)
if chosen is not None:
    st.session_state["choices"] = chosen
with (read_settings().home / "script_runs").open("a") as notes:
    notes.write(f"{chosen and asdict(chosen)}\n")
