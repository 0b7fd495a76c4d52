"""Many updates: buttons that make them, a scrubber through them, numbers and charts."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from blitz.backprop.curves.figures import (
    MAX_LINES,
    error_figure,
    gradients_figure,
    parameters_figure,
    response_figure,
)
from blitz.backprop.curves.gradients import gradient_sizes
from blitz.backprop.curves.paths import burst_at, exploded, visible_path
from blitz.backprop.curves.response import MOST_INPUTS, response
from blitz.backprop.network import Network
from blitz.backprop.notation import number_text
from blitz.backprop.passes import Array, arrays, forward
from blitz.backprop.scenario import Scenario
from blitz.backprop.training import MAX_STEPS, History
from blitz.backprop.worksheet import OverflowedError
from blitz.ui.backprop.calculations import history_of
from blitz.ui.backprop.state import KEY, SHOWN, UPDATES
from blitz.ui.charts import CHART_CONFIG
from blitz.ui.text import plain

SCRUBBER = f"{KEY}scrubber"
ERROR_CHART = f"{KEY}error_chart"
CHART_WIDTH = 470
"""Pixels: where two charts do not fit side by side, one goes below the other."""
TABLE_ROWS = 6
TABLE_HEIGHT = 35 * (TABLE_ROWS + 1)


def show_training(
    scenario: Scenario,
    history: History,
    shown: int,
    *,
    beside: tuple[str, Scenario] | None = None,
) -> None:
    """Show the updates made, and the network after `shown` of them.

    beside: another scenario after as many updates, and its label.
    """
    shown = min(shown, history.num_updates)
    others = {}
    if beside is not None:
        others = _history_beside(*beside, history.num_updates)
    _buttons(history)
    _scrubber(history, shown)
    _remarks({"": history, **others}, scenario.learning_rate)
    _numbers(history, shown)
    _charts({"this network": history, **others}, shown)
    _outputs(history, shown)


# What a person can do


def make_updates(count: int) -> None:
    """Make so many more updates, and look at the last one."""
    st.session_state[UPDATES] = min(st.session_state[UPDATES] + count, MAX_STEPS)
    st.session_state[SHOWN] = st.session_state[UPDATES]


def back_to_start() -> None:
    """Undo all updates."""
    st.session_state[UPDATES] = st.session_state[SHOWN] = 0


def show_update(update: int) -> None:
    """Look at the network after so many updates."""
    st.session_state[SHOWN] = update


def show_scrubbed() -> None:
    """Look at what the scrubber is at."""
    show_update(st.session_state[SCRUBBER])


def show_clicked() -> None:
    """Look at the update that was clicked in the error curve.

    A click on the selected point selects nothing, and changes nothing.
    """
    points = st.session_state[ERROR_CHART]["selection"]["points"]
    if points:
        show_update(int(points[0]["x"]))


def _buttons(history: History) -> None:
    ended = history.diverged_at is not None or history.num_updates >= MAX_STEPS
    with st.container(horizontal=True, gap="small"):
        for count, label in ((1, "1 update"), (100, "100"), (10_000, "10,000")):
            st.button(
                label,
                key=f"{KEY}make_{count}",
                icon=":material/add:",
                help=f"Make {count:,} more; {MAX_STEPS:,} at most",
                disabled=ended,
                on_click=make_updates,
                args=(count,),
            )
        st.button(
            "Back to the start",
            key=f"{KEY}back_to_start",
            icon=":material/restart_alt:",
            disabled=st.session_state[UPDATES] == 0,
            on_click=back_to_start,
        )


def _scrubber(history: History, shown: int) -> None:
    last = history.num_updates
    st.session_state[SCRUBBER] = shown
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _step_button("‹", "One update back", f"{KEY}one_back", shown - 1, last)
        st.slider(
            "Update shown",
            0,
            max(last, 1),
            key=SCRUBBER,
            disabled=last == 0,
            on_change=show_scrubbed,
        )
        _step_button("›", "One update on", f"{KEY}one_on", shown + 1, last)


def _step_button(label: str, meaning: str, key: str, update: int, last: int) -> None:
    st.button(
        label,
        key=key,
        help=meaning,
        disabled=not 0 <= update <= last,
        on_click=show_update,
        args=(update,),
    )


# What is shown


def _remarks(histories: Mapping[str, History], learning_rate: float) -> None:
    for label, history in histories.items():
        if history.diverged_at is not None:
            whose = f"{plain(label)}: diverged" if label else "Diverged"
            st.warning(
                f"{whose} at update {history.diverged_at:,}: a number became too large for 64 "
                "bits. Choose a smaller learning rate."
            )
    if learning_rate == 0:
        st.info("The learning rate is 0: no parameter moves.")


def _numbers(history: History, shown: int) -> None:
    first, error = float(history.errors[0]), float(history.errors[shown])
    change = number_text(error - first, 4)
    if first:
        change += f" (× {number_text(error / first, 3)})"
    with st.container(horizontal=True, gap="medium", key=f"{KEY}training_numbers"):
        st.metric("Update", f"{shown:,} of {history.num_updates:,}", width="content")
        st.metric("E", number_text(error), width="content")
        st.metric("Change since the start", change, width="content")


def _outputs(history: History, shown: int) -> None:
    """A table of every sample's outputs beside their targets."""
    before, after = (_outputs_of(history, history.network_at(n)) for n in (0, shown))
    names = history.network.unit_names()[-1]
    num_samples = len(history.targets)
    rows = {
        "sample": [n for n in range(1, num_samples + 1) for _ in names],
        "output": list(names) * num_samples,
        "at the start": before,
        "now": after,
        "target": _texts(history.targets),
    }
    if num_samples == 1:
        del rows["sample"]
    is_long = num_samples * len(names) > TABLE_ROWS
    st.dataframe(rows, hide_index=True, height=TABLE_HEIGHT if is_long else "content")


def _outputs_of(history: History, network: Network) -> list[str]:
    with np.errstate(all="ignore"):  # e^x may overflow where 1/(1 + e^x) does not
        return _texts(forward(network, arrays(network), history.inputs).outputs[-1])


def _texts(values: Array) -> list[str]:
    return [number_text(value) for value in values.ravel().tolist()]


def _charts(histories: Mapping[str, History], shown: int) -> None:
    history = histories["this network"]
    if not history.num_updates:
        st.caption("Make an update to see how the error and the weights move.")
    with st.container(horizontal=True, gap="medium"):
        if history.num_updates:
            with st.container(width=CHART_WIDTH):
                _error_chart(histories, shown)
            with st.container(width=CHART_WIDTH):
                _parameters_chart(history, shown)
        if len(histories) > 1:
            with st.container(width=CHART_WIDTH):
                _gradients_chart(histories, shown)
        if history.network.sizes[0] <= MOST_INPUTS and len(history.inputs) > 1:
            with st.container(width=CHART_WIDTH):
                _response_chart(history, shown)


def _error_chart(histories: Mapping[str, History], shown: int) -> None:
    st.markdown("##### Error")
    st.plotly_chart(
        error_figure(histories, shown),
        key=ERROR_CHART,
        on_select=show_clicked,
        selection_mode="points",
        config=CHART_CONFIG,
    )
    words = "Click the curve to look at an update."
    if any((each.errors == 0).any() for each in histories.values()):
        words += " An error of 0 has no place on a logarithmic axis."
    st.caption(words)


def _parameters_chart(history: History, shown: int) -> None:
    names = history.network.parameter_names()
    if not history.update_biases:
        names = names[: history.network.num_weights]
    st.markdown("##### Weights and biases" if history.update_biases else "##### Weights")
    st.plotly_chart(
        parameters_figure(names, visible_path(history, max(shown, burst_at(history))), shown),
        key=f"{KEY}parameters_chart",
        config=CHART_CONFIG,
    )
    if len(names) > MAX_LINES:
        st.caption(f"The {MAX_LINES} of {len(names)} that moved most.")
    if exploded(history):
        st.caption("Numbers left every scale: the curves end there, or at the update shown.")


def _response_chart(history: History, shown: int) -> None:
    name = history.network.unit_names()[-1][0]
    found = response(history.network_at(shown), history.inputs, history.targets)
    st.markdown(f"##### {name} over all inputs")
    st.plotly_chart(response_figure(found, name), key=f"{KEY}response_chart", config=CHART_CONFIG)
    st.caption(
        "The points are the samples; what is learned has their colours, or runs through them."
    )


def _gradients_chart(histories: Mapping[str, History], shown: int) -> None:
    st.markdown("##### Size of the gradients, layer by layer")
    sizes = {
        label: gradient_sizes(
            history.network_at(min(shown, history.num_updates)), history.inputs, history.targets
        )
        for label, history in histories.items()
    }
    st.plotly_chart(gradients_figure(sizes), key=f"{KEY}gradients_chart", config=CHART_CONFIG)


def _history_beside(label: str, scenario: Scenario, updates: int) -> dict[str, History]:
    try:
        return {label: history_of(scenario, updates)}
    except OverflowedError as error:
        st.warning(plain(f"{label}: {error}"))
        return {}
