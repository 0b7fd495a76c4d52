"""One training step taken apart: its actions as buttons, and what each did to every parameter."""

import streamlit as st
from torch import Tensor

from blitz.network.step import StepByStep
from blitz.network.step_states import ACTIONS, StepState
from blitz.ui.network.chosen import ChosenNetwork
from blitz.ui.network.step_fields import other_images, step_fields
from blitz.ui.network.step_live import (
    KEY,
    SHOWN,
    ZEROS,
    ask,
    ask_for_all,
    batch_of,
    do_what_was_asked,
    live_step,
    refusal,
    start_again,
)
from blitz.ui.network.step_losses import show_losses
from blitz.ui.network.step_parameters import show_parameters
from blitz.ui.pictures import show_pictures
from blitz.ui.text import plain

MOST_PICTURES = 16
MOST_PILLS = 20


def show_step(chosen: ChosenNetwork) -> None:
    """Show the session's training step on its own copy of the network."""
    st.markdown(
        "The five lines of every training loop, each a button. Press them in order, or in any "
        "other, and see what becomes of each parameter and its gradient."
    )
    complaint = refusal(chosen)
    if complaint:
        st.error(plain(complaint))
        return
    try:
        choice, settings = step_fields(chosen)
        images, labels = batch_of(chosen, choice)
    except ValueError as error:
        st.error(plain(str(error)), icon=":material/edit:")
        return
    _show_batch(images, [chosen.dataset.classes[label] for label in labels.tolist()])
    step = live_step(chosen, choice, settings)
    problem = do_what_was_asked(step)
    _show_buttons(step)
    with st.container():  # there even without a message: what is below keeps its place
        if problem:
            st.error(plain(problem), icon=":material/block:")
    state = _choose_state(step)
    _show_state(state)
    show_parameters(step, state)
    with st.expander("What goes wrong when …", icon=":material/warning:", key=f"{KEY}wrong"):
        show_losses(chosen, choice, settings)


def _show_batch(images: Tensor, names: list[str]) -> None:
    show_pictures(images[:MOST_PICTURES], names[:MOST_PICTURES], side=56)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            "Other images", key=f"{KEY}do-other", icon=":material/shuffle:", type="tertiary",
            on_click=other_images,
        )  # fmt: skip
        if len(names) > MOST_PICTURES:
            st.caption(f"and {len(names) - MOST_PICTURES} more", width="content")


def _show_buttons(step: StepByStep) -> None:
    following = step.next_action()
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for number, action in enumerate(ACTIONS, start=1):
            st.button(
                f"{number} · {plain(action)}",
                key=f"{KEY}do-{action}",
                type="primary" if action == following else "secondary",
                on_click=ask,
                args=(action,),
            )
        st.button(
            "Whole step", key=f"{KEY}do-whole", icon=":material/fast_forward:", on_click=ask_for_all
        )
        st.button(
            "Start again", key=f"{KEY}do-again", icon=":material/restart_alt:", on_click=start_again
        )
        st.toggle(
            "zero\\_grad writes zeros", key=ZEROS, persist_state="session",
            help="optimizer.zero_grad(set_to_none=False): gradients become zeros in place of None.",
        )  # fmt: skip


def _choose_state(step: StepByStep) -> StepState:
    """The state that is looked at: the last one, or one that was picked."""
    states = {state.number: state for state in step.states[-MOST_PILLS:]}
    if st.session_state.get(SHOWN) not in states:
        st.session_state[SHOWN] = step.states[-1].number
    st.pills(
        "States so far", list(states), key=SHOWN, required=True,
        format_func=lambda number: f"{number} {plain(states[number].action or 'start')}",
    )  # fmt: skip
    return states[st.session_state[SHOWN]]


def _show_state(state: StepState) -> None:
    with st.container(border=True, gap="small"):
        st.code(state.code, language="python")
        with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
            st.metric("Loss", "none" if state.loss is None else f"{state.loss:.6g}", width=150)
            st.markdown(plain(state.sentence), width=700)
        if state.warning:
            st.warning(plain(state.warning), icon=":material/warning:")
