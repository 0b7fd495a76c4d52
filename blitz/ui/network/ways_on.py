"""From the network on the page to the pages that show its graph and train it."""

import streamlit as st

from blitz.ui.network.chosen import ChosenNetwork
from blitz.ui.network.links import graph_link_parameters, train_link_parameters


def show_ways_on(chosen: ChosenNetwork) -> None:
    """Links to the same network elsewhere."""
    with st.container(horizontal=True, gap="small"):
        st.page_link(
            "autograd.py", label="Its graph", icon=":material/account_tree:",
            query_params=dict(graph_link_parameters(chosen.plan)),
        )  # fmt: skip
        st.page_link(
            "train.py", label="Train it", icon=":material/model_training:",
            query_params=dict(train_link_parameters(chosen.plan, chosen.source)),
        )  # fmt: skip
