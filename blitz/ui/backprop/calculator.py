"""The calculator: the network and its steps, and panels to change, train, check and share it."""

import streamlit as st

from blitz.backprop.explain import Explanation
from blitz.backprop.notation import number_text
from blitz.backprop.scenario import Scenario
from blitz.backprop.steps import Step
from blitz.backprop.training import History
from blitz.backprop.worksheet import OverflowedError
from blitz.ui.backprop.address_bar import read_address, write_address
from blitz.ui.backprop.calculations import explanation_of, history_of, scenario_after
from blitz.ui.backprop.check_panel import show_check
from blitz.ui.backprop.formula import show_formula
from blitz.ui.backprop.numbers_panel import show_numbers
from blitz.ui.backprop.state import (
    CHECK,
    IS_PLAYING,
    KEY,
    NUMBERS,
    PANEL,
    PANELS,
    PLACE,
    SAMPLE,
    SHOWN,
    SURFACE,
    TRAINING,
    UPDATES,
    forget_refused,
    preset,
    scenario,
)
from blitz.ui.backprop.stepper import stepper
from blitz.ui.backprop.surface_panel import show_surface
from blitz.ui.backprop.take_away_panel import show_take_away
from blitz.ui.backprop.training_panel import show_training
from blitz.ui.text import digest, plain

FORMULA = f"{KEY}formula"
FORMULA_HEIGHT = 190


def show_calculator() -> None:
    """Everything about the network in the address, or the one that the session has."""
    complaint = read_address()
    _show_title(complaint)
    try:
        shown = _scenario_shown()
        explanation = explanation_of(shown)
    except OverflowedError as error:
        st.error(plain(str(error)), icon=":material/error:")
        st.info("Smaller numbers, below, bring the network back.", icon=":material/arrow_downward:")
        show_numbers()
    else:
        _show_steps(shown, explanation)
        _show_panel(shown)
    write_address()


def _show_title(complaint: str) -> None:
    """What this is; the preset's sentence as long as it is about a network of this kind."""
    now, own = scenario().network, preset().scenario.network
    kinds = [
        (network.sizes, network.loss, *(layer.activation for layer in network.layers))
        for network in (now, own)
    ]
    is_own = kinds[0] != kinds[1]
    st.title("A network of your own" if is_own else plain(preset().title))
    if complaint:
        st.warning(plain(complaint), icon=":material/link_off:")
    begun = f"Begun from “{preset().title}”, which is in the list at the left as it was."
    st.markdown(plain(begun if is_own else preset().watch))


def _history() -> History:
    with st.spinner("Making the updates …", show_time=True):
        return history_of(scenario(), st.session_state[UPDATES])


def _scenario_shown() -> Scenario:
    """The scenario as it stands after the updates that are looked at."""
    if not st.session_state[SHOWN]:
        return scenario()  # without waiting for updates that nobody looks at
    history = _history()
    st.session_state[SHOWN] = min(st.session_state[SHOWN], history.num_updates)
    return scenario_after(scenario(), history, st.session_state[SHOWN])


def _show_steps(shown: Scenario, explanation: Explanation) -> None:
    """The diagram with the player, and the formula of the present step."""
    sample = _choose_sample(shown)
    steps = [step for step in explanation.steps if step.sample in (0, sample)]
    st.session_state[PLACE] = min(st.session_state[PLACE], len(steps) - 1)
    row = max(sample - 1, 0)
    event = stepper(
        shown.network,
        steps,
        key=f"{KEY}stepper",
        calculation_key=digest(f"{sample}-{shown!r}"),
        place=st.session_state[PLACE],
        inputs=shown.inputs[row],
        targets=shown.targets[row],
    )
    if event is not None:
        st.session_state[PLACE] = event.place
        st.session_state[IS_PLAYING] = event.is_playing
    present = steps[min(st.session_state[PLACE], len(steps) - 1)]
    _show_present(present, shown.num_samples)


def _show_present(step: Step, num_samples: int) -> None:
    # A height of its own: what is below must not jump while the player runs. Long formulas grow.
    st.html(f"<style>.st-key-{FORMULA} {{ min-height: {FORMULA_HEIGHT}px }}</style>")
    with st.container(border=True, key=FORMULA):
        show_formula(step, num_samples)


def _choose_sample(shown: Scenario) -> int:
    """Whose steps are shown; 1 where there is one sample only, whose steps have no number."""
    if shown.num_samples == 1:
        st.session_state[SAMPLE] = 1
        return 0
    st.session_state[SAMPLE] = min(max(st.session_state[SAMPLE], 1), shown.num_samples)
    st.session_state[f"{KEY}sample_field"] = st.session_state[SAMPLE]
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.number_input(
            f"Sample (of {shown.num_samples})", 1, shown.num_samples, key=f"{KEY}sample_field",
            on_change=_take_sample, width=130,
        )  # fmt: skip
        row = st.session_state[SAMPLE] - 1
        inputs, targets = (
            ", ".join(number_text(value, 6) for value in table[row])
            for table in (shown.inputs, shown.targets)
        )
        st.caption(plain(f"{inputs} → {targets}"))
    return int(st.session_state[SAMPLE])


def _take_sample() -> None:
    st.session_state[SAMPLE] = st.session_state[f"{KEY}sample_field"] or 1


def _show_panel(shown: Scenario) -> None:
    if st.session_state.get(PANEL) not in PANELS:
        st.session_state[PANEL] = NUMBERS
    panel = st.segmented_control(
        "Panel", PANELS, key=PANEL, label_visibility="collapsed", required=True,
        persist_state="session",
    )  # fmt: skip
    now, update = scenario(), st.session_state[SHOWN]
    if panel != NUMBERS:
        forget_refused()
    if panel == NUMBERS:
        show_numbers()
    elif panel == TRAINING:
        beside = preset().beside if now == preset().scenario else None
        show_training(now, _history(), update, beside=beside)
    elif panel == SURFACE:
        show_surface(now, _history(), update)
    elif panel == CHECK:
        show_check(shown)
    else:
        show_take_away(shown)
