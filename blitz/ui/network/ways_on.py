"""From the network on the page to the pages that show its graph and train it."""

import streamlit as st

from blitz.datasets import dataset_name
from blitz.ui.network.chosen import ChosenNetwork
from blitz.ui.network.links import graph_link_parameters, train_link_parameters


def show_ways_on(chosen: ChosenNetwork) -> None:
    """Links to the same network elsewhere."""
    with st.container(horizontal=True, gap="small"):
        label = "Its graph, with random weights" if chosen.run else "Its graph"
        st.page_link(
            "autograd.py", label=label, icon=":material/account_tree:",
            query_params=dict(graph_link_parameters(chosen.plan)),
        )  # fmt: skip
        st.page_link(
            "train.py", label="Train it", icon=":material/model_training:",
            query_params=dict(train_link_parameters(chosen.plan, dataset_name(chosen.source))),
        )  # fmt: skip
