"""The numbers that a calculation starts from: tables of samples, weights and biases."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from blitz.backprop.activations import ACTIVATION_NAMES, SOFTMAX
from blitz.backprop.editing import with_activation
from blitz.backprop.network import Layer, Network
from blitz.backprop.scenario import Scenario
from blitz.ui.backprop.cells import read_number, text_columns, text_frame
from blitz.ui.backprop.fields import attempt, attempt_network, field, written
from blitz.ui.backprop.settings_row import show_settings
from blitz.ui.backprop.state import KEY, PROBLEM, edited_from, rebase, scenario
from blitz.ui.text import plain

COLUMN_WIDTH = 72
ROW_NAMES_WIDTH = 100
LEAST_WIDTH = 264


def show_numbers() -> None:
    """Fields and tables for everything; a change counts at once."""
    problem = st.session_state[PROBLEM]
    if problem:
        st.error(plain(problem), icon=":material/error:")
    before, generation = edited_from()
    # Tables that are shown again start from the present numbers.
    if before != scenario() and _samples_key(generation) not in st.session_state:
        rebase()
    show_settings(scenario())
    with st.container(horizontal=True, gap="medium"):
        _show_samples()
        for layer in range(len(scenario().network.layers)):
            _show_layer(layer)


# Samples


def _samples_key(generation: int) -> str:
    return f"{KEY}samples_{generation}"


def _show_samples() -> None:
    base, generation = edited_from()
    frame = _sample_frame(base)
    with st.container(width=_table_width(frame)):
        st.markdown("**Samples**")
        st.data_editor(
            text_frame(frame, list(frame.columns)), key=_samples_key(generation),
            on_change=_change_samples, num_rows="dynamic", hide_index=False, width="stretch",
            column_config=text_columns(list(frame.columns)),
            alt="Inputs and targets of each sample",
        )  # fmt: skip
        added = st.session_state[_samples_key(generation)]["added_rows"]
        if any(not _is_complete(frame, row) for row in added):
            st.caption("A new row counts once all its cells are filled.")


def _sample_frame(base: Scenario) -> pd.DataFrame:
    targets = (f"t{n}" for n in range(1, base.network.sizes[-1] + 1))
    rows = [(*x, *t) for x, t in zip(base.inputs, base.targets, strict=True)]
    columns = [*base.network.input_names(), *targets]
    return pd.DataFrame(rows, columns=columns, index=range(1, len(rows) + 1), dtype=float)


def _change_samples() -> None:
    base, generation = edited_from()
    frame = _sample_frame(base)
    edits = st.session_state[_samples_key(generation)]

    def edited() -> Scenario:
        rows = [
            _numbers(row, [f"{name} of sample {place}" for name in frame.columns])
            for place, row in enumerate(_edited_rows(frame, edits), start=1)
        ]
        width = base.network.sizes[0]
        return replace(
            scenario(),
            inputs=tuple(r[:width] for r in rows),
            targets=tuple(r[width:] for r in rows),
        )

    attempt(edited, in_table=True)


# Layers


def _layer_key(layer: int, generation: int) -> str:
    return f"{KEY}layer_{layer}_{generation}"


def _show_layer(layer: int) -> None:
    base, generation = edited_from()
    frame = _layer_frame(base.network, layer)
    is_last = layer + 1 == len(base.network.layers)
    with st.container(width=_table_width(frame)):
        st.markdown("**Output layer**" if is_last else f"**Hidden layer {layer + 1}**")
        st.data_editor(
            text_frame(frame, list(frame.columns)), key=_layer_key(layer, generation),
            on_change=_change_layer, args=(layer,), width="stretch",
            column_config=text_columns(list(frame.columns)),
            alt="Weights and biases: a row for each unit, a column for what comes in",
        )  # fmt: skip
        with st.container(horizontal=True, gap="small"):
            _show_layer_fields(scenario().network, layer, is_last)


def _show_layer_fields(network: Network, layer: int, is_last: bool) -> None:
    found = network.layers[layer]
    if found.shares_bias:
        st.number_input(
            f"Bias {network.bias_names()[layer][0]}", value=None, width=110, step=0.05,
            format="%.6g",
            key=field(f"bias_{layer}", found.biases[0]), on_change=_change_bias, args=(layer,),
        )  # fmt: skip
    st.selectbox(
        "Activation", [name for name in ACTIVATION_NAMES if is_last or name != SOFTMAX], width=130,
        key=field(f"activation_{layer}", found.activation), on_change=_change_activation,
        args=(layer,),
    )  # fmt: skip


def _layer_frame(network: Network, layer: int) -> pd.DataFrame:
    found = network.layers[layer]
    frame = pd.DataFrame(
        found.weights,
        columns=list(network.source_names()[layer]),
        index=list(network.unit_names()[layer]),
    )
    return frame if found.shares_bias else frame.assign(bias=found.biases)


def _change_layer(layer: int) -> None:
    base, generation = edited_from()
    frame = _layer_frame(base.network, layer)
    edits = st.session_state[_layer_key(layer, generation)]

    def edited() -> Scenario:
        network = scenario().network
        rows = [
            _numbers(row, [*weights, f"bias of {unit}"])
            for unit, weights, row in zip(
                frame.index, network.weight_names()[layer], _edited_rows(frame, edits), strict=True
            )
        ]
        old = network.layers[layer]
        biases = old.biases if old.shares_bias else [row[-1] for row in rows]
        new = Layer([row[: old.num_inputs] for row in rows], biases, old.activation)
        return replace(scenario(), network=_with_layer(network, layer, new))

    attempt(edited, in_table=True)


def _change_bias(layer: int) -> None:
    def edited(network: Network) -> Network:
        old = network.layers[layer]
        bias = read_number(written(f"bias_{layer}"), network.bias_names()[layer][0])
        return _with_layer(network, layer, replace(old, biases=(bias,)))

    attempt_network(edited)


def _change_activation(layer: int) -> None:
    chosen = str(written(f"activation_{layer}"))
    attempt_network(lambda network: with_activation(network, layer, chosen))


def _with_layer(network: Network, place: int, layer: Layer) -> Network:
    return Network((*network.layers[:place], layer, *network.layers[place + 1 :]), network.loss)


# Tables


def _table_width(frame: pd.DataFrame) -> int:
    return max(ROW_NAMES_WIDTH + COLUMN_WIDTH * len(frame.columns), LEAST_WIDTH)


def _edited_rows(frame: pd.DataFrame, edits: Mapping[str, Any]) -> list[dict[Any, Any]]:
    """A table's rows with what was typed into it: cells, whole new rows, and rows taken out."""
    rows = [dict(row) for row in frame.to_dict("records")]
    for place, cells in edits["edited_rows"].items():
        rows[int(place)].update(cells)
    kept = [row for place, row in enumerate(rows) if place not in edits["deleted_rows"]]
    return kept + [row for row in edits["added_rows"] if _is_complete(frame, row)]


def _is_complete(frame: pd.DataFrame, row: Mapping[Any, Any]) -> bool:
    return all(row.get(name) not in (None, "") for name in frame.columns)


def _numbers(row: Mapping[Any, Any], names: Sequence[str]) -> tuple[float, ...]:
    """The numbers of a row. names: what to call each of them."""
    return tuple(read_number(cell, name) for cell, name in zip(row.values(), names, strict=False))
