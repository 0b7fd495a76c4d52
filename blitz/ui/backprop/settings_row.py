"""Sizes, learning rate, loss, samples and biases of a calculation, in a row of fields."""

from dataclasses import replace

import streamlit as st

from blitz.backprop.editing import (
    read_sizes,
    with_loss,
    with_samples,
    with_shared_biases,
    with_sizes,
    write_sizes,
)
from blitz.backprop.losses import LOSS_NAMES
from blitz.backprop.scenario import Scenario
from blitz.backprop.tables import SAMPLE_TABLES
from blitz.ui.backprop.cells import read_number
from blitz.ui.backprop.fields import attempt, attempt_network, field, written
from blitz.ui.backprop.state import scenario

OWN_SAMPLES = "Own numbers"


def show_settings(now: Scenario) -> None:
    """The fields; a change counts at once."""
    network = now.network
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.text_input(
            "Sizes", key=field("sizes", write_sizes(network.sizes)), width=130,
            on_change=_change_sizes,
            help="Inputs, then the units of each layer: 2-3-1 has two inputs, three hidden units "
            "and one output.",
        )  # fmt: skip
        st.number_input(
            "Learning rate η", value=None, key=field("rate", now.learning_rate), width=140,
            on_change=_change_rate, step=_step(now.learning_rate), format="%.6g",
        )  # fmt: skip
        st.selectbox(
            "Loss", LOSS_NAMES, key=field("loss", network.loss), width=210, on_change=_change_loss
        )
        st.selectbox(
            "Samples", [OWN_SAMPLES, *(table.name for table in SAMPLE_TABLES)],
            key=field("samples", _samples_name(now)), width=160, on_change=_change_samples,
        )  # fmt: skip
        with st.container(width=170, gap=None):
            st.toggle(
                "Biases learn", key=field("learn", now.update_biases), on_change=_change_learn
            )
            shares = any(layer.shares_bias for layer in network.layers)
            st.toggle(
                "One bias a layer", key=field("shared", shares), on_change=_change_shared,
                help="All units of a layer have the same bias, as in the worked example.",
            )  # fmt: skip
    if now.learning_rate == 0:
        st.info("With a learning rate of 0 no number ever changes.", icon=":material/info:")


def _step(value: float) -> float:
    """How far the buttons of a field go: a tenth of the number's own size."""
    return float(f"1e{int(f'{value:e}'.partition('e')[2]) - 1}") if value else 0.1


def _samples_name(now: Scenario) -> str:
    for table in SAMPLE_TABLES:
        if (table.inputs, table.targets) == (now.inputs, now.targets):
            return table.name
    return OWN_SAMPLES


def _change_sizes() -> None:
    attempt(lambda: with_sizes(scenario(), read_sizes(str(written("sizes")))))


def _change_rate() -> None:
    attempt(
        lambda: replace(scenario(), learning_rate=read_number(written("rate"), "learning rate"))
    )


def _change_loss() -> None:
    attempt(lambda: with_loss(scenario(), str(written("loss"))))


def _change_samples() -> None:
    for table in SAMPLE_TABLES:
        if table.name == written("samples"):
            attempt(lambda: with_samples(scenario(), table))  # noqa: B023 - called at once


def _change_learn() -> None:
    attempt(lambda: replace(scenario(), update_biases=bool(written("learn"))))


def _change_shared() -> None:
    attempt_network(lambda network: with_shared_biases(network, bool(written("shared"))))
