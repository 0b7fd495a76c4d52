"""An app of one view of the network page, on a network with random weights and the digits."""

import tempfile
from pathlib import Path

import streamlit as st

from blitz.datasets import load_dataset
from blitz.network.plan import NetworkPlan, build
from blitz.ui.network.chosen import ChosenNetwork
from blitz.ui.network.step_view import show_step
from blitz.ui.network.updates_view import show_updates
from blitz.ui.network.width_view import show_width


def chosen_network(model: str, num_classes: int = 10) -> ChosenNetwork:
    """On images of 32×32, as the data set has them or made so."""
    plan = NetworkPlan(
        model=model,
        channels=3 if model.startswith("resnet") else 1,
        image_size=32,
        num_classes=num_classes,
    )
    dataset = load_dataset("digits", folder=Path(tempfile.gettempdir()))
    return ChosenNetwork(
        plan=plan,
        source="digits",
        dataset=dataset,
        run=None,
        weights="",
        shared_model=build(plan),
    )


def show(view: str, model: str = "net", num_classes: int = 10) -> None:
    """Show a view by name."""
    st.set_page_config(layout="wide")
    if view == "width":
        show_width()
        return
    model = st.session_state.get("model", model)
    chosen = chosen_network(model, num_classes)
    {"step": show_step, "updates": show_updates}[view](chosen)
