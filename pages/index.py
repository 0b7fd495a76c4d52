"""The list of pages."""

from pathlib import Path

import streamlit as st

import blitz.ui
from blitz.ui.faults import faults_in_plain_words

icon = Path(blitz.ui.__file__).with_name("icon.svg")
st.set_page_config(page_title="Blitz", page_icon=str(icon), layout="wide")
page = st.navigation(
    [
        st.Page("home.py", title="Home", icon=":material/home:", default=True),
        st.Page("tensors.py", title="Tensors", icon=":material/grid_on:"),
        st.Page("autograd.py", title="Autograd graph", icon=":material/account_tree:"),
        st.Page("backprop.py", title="Backpropagation", icon=":material/calculate:"),
        st.Page("network.py", title="Network", icon=":material/network_node:"),
        st.Page("train.py", title="Train", icon=":material/model_training:"),
        st.Page("compare.py", title="Compare", icon=":material/compare_arrows:"),
    ]
)
with faults_in_plain_words():
    page.run()
