"""A line that says how long a recipe made for a GPU would take without one.

The measuring is done beside the page, once for each recipe: a page that comes too early says so,
and draws the line by itself as soon as it can.
"""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final

import streamlit as st

from blitz.datasets import BUILTIN_DATASETS
from blitz.training.config import TrainConfig
from blitz.training.processor_time import ProcessorTime, processor_time

PATIENCE: Final = 0.3
"""Seconds that a page waits for figures."""
POLL_SECONDS: Final = 1.0

_SUPERSCRIPTS: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def show_processor_time(config: TrainConfig) -> None:
    """Show the line for a recipe on a built-in data set."""
    future = _measured(config)
    wait([future], timeout=PATIENCE)
    is_waiting = not future.done()
    draw = st.fragment(_draw, run_every=POLL_SECONDS if is_waiting else None)
    draw(future, is_waiting)


def _draw(future: "Future[ProcessorTime]", was_waiting: bool) -> None:
    if not future.done():
        st.info(
            "Made for a GPU, where it takes seconds. How long the processor of this machine would "
            "need is being measured."
        )
        return
    st.info(_sentence(future.result()))
    if was_waiting:
        st.rerun()  # without the timer


@st.cache_resource(max_entries=20, show_spinner=False)
def _measured(config: TrainConfig) -> "Future[ProcessorTime]":
    pool = ThreadPoolExecutor(1, thread_name_prefix="processor-time")
    future = pool.submit(processor_time, config, BUILTIN_DATASETS[config.dataset])
    pool.shutdown(wait=False)
    return future


def _sentence(measured: ProcessorTime) -> str:
    return (
        "Made for a GPU, where it takes seconds. The processor of this machine would need about "
        f"{_duration(measured.seconds)}: the recipe is {_power_of_ten(measured.operations)} "
        f"floating-point operations, and it did {_power_of_ten(measured.operations_per_second)} a "
        "second in a step just measured."
    )


def _power_of_ten(value: float) -> str:
    """Two digits and the order of magnitude, which no line end parts: 4.0 · 10¹⁴."""
    digits, _, exponent = f"{value:.1e}".partition("e")
    power = f"10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    return f"{digits} · {power}".replace(" ", "\N{NO-BREAK SPACE}")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
