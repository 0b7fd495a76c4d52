"""What is computed for a page, kept for a while; all sessions share it.

Few entries: the steps of the largest scenario take 26 MB, its history 6.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from blitz.backprop.check import GradientCheck, check_gradients
from blitz.backprop.explain import Explanation
from blitz.backprop.scenario import Scenario
from blitz.backprop.training import History

# Not by hash(): it is the same for −1.0 and −2.0.
SCENARIO_KEY: dict[str | type[Any], Callable[[Any], Any]] = {Scenario: repr}


@st.cache_resource(max_entries=24, show_spinner=False, hash_funcs=SCENARIO_KEY)
def history_of(scenario: Scenario, updates: int) -> History:
    """So many updates."""
    return scenario.run(updates)


@st.cache_resource(max_entries=10, show_spinner=False, hash_funcs=SCENARIO_KEY)
def explanation_of(scenario: Scenario) -> Explanation:
    """The steps of one update."""
    return scenario.explain()


@st.cache_resource(max_entries=24, show_spinner=False, hash_funcs=SCENARIO_KEY)
def check_of(scenario: Scenario) -> GradientCheck:
    """Gradients computed three ways."""
    return check_gradients(scenario)


def scenario_after(scenario: Scenario, history: History, update: int) -> Scenario:
    """The scenario as it stands after so many updates."""
    return replace(scenario, network=history.network_at(update)) if update else scenario
