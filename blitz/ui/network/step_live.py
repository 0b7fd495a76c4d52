"""The training step that a session is in: its batch, its network, and what was asked of it."""

from dataclasses import dataclass

import streamlit as st
import torch
from torch import Tensor

from blitz.network.step import StepByStep
from blitz.network.step_settings import StepSettings
from blitz.network.step_states import ACTIONS, Action
from blitz.ui.network.chosen import ChosenNetwork

KEY = "network-step-"
SHOWN = f"{KEY}shown"
"""Number of the state that is looked at."""
ZEROS = f"{KEY}zeros"
"""Whether zero_grad fills gradients with zeros in place of None."""
_LIVE = f"{KEY}live"
_ASKED = f"{KEY}asked"


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchChoice:
    """Which training images are learned from."""

    size: int
    seed: int

    def indices(self, num_images: int) -> Tensor:
        """Places of the images in the data set, int64 [size], all different."""
        order = torch.randperm(num_images, generator=torch.Generator().manual_seed(self.seed))
        return order[: self.size]


def refusal(chosen: ChosenNetwork) -> str:
    """Why the network cannot learn from this data set; empty where it can."""
    known, given = chosen.plan.num_classes, chosen.dataset.num_classes
    if given <= known:
        return ""
    return (
        f"The network has {known} outputs and the data set {given} classes: there is no output "
        "for some labels. Choose a data set or a network that fits."
    )


def batch_of(chosen: ChosenNetwork, choice: BatchChoice) -> tuple[Tensor, Tensor]:
    """Images as the data set has them, uint8 [N, C, H, W], and labels, int64 [N].

    Raises ValueError in one line where the data set has too few, or the network needs too much.
    """
    num_train = len(chosen.dataset.train_images)
    if choice.size > num_train:
        raise ValueError(
            f"batch size: {choice.size} was given; there are {num_train} training images"
        )
    chosen.plan.check_batch(choice.size)
    indices = choice.indices(num_train)
    return chosen.dataset.train_images[indices], chosen.dataset.train_labels[indices]


def identity_of(chosen: ChosenNetwork, choice: BatchChoice, settings: object) -> object:
    """Equal as long as network, weights, images and settings are."""
    return chosen.plan, chosen.weights, chosen.source, choice, settings


def live_step(chosen: ChosenNetwork, choice: BatchChoice, settings: StepSettings) -> StepByStep:
    """The session's own network in the midst of its step; made anew when anything else changed."""
    identity = identity_of(chosen, choice, settings)
    found = st.session_state.get(_LIVE)
    if found is None or found[0] != identity:
        st.session_state.pop(_LIVE, None)  # the old network's memory, before there is a new one
        images, labels = batch_of(chosen, choice)
        step = StepByStep(chosen.new_model(), chosen.inputs(images), labels, settings)
        st.session_state[_LIVE] = (identity, step)
        st.session_state[SHOWN] = 0
    live: StepByStep = st.session_state[_LIVE][1]
    return live


def start_again() -> None:
    """Forget the step, and what was asked of it."""
    st.session_state.pop(_LIVE, None)
    st.session_state.pop(_ASKED, None)


def ask(*actions: Action) -> None:
    """Have these actions done in the next run of the page."""
    # What a script run that was broken off had not done yet, comes first.
    st.session_state[_ASKED] = (*st.session_state.get(_ASKED, ()), *actions)


def ask_for_all() -> None:
    """Have a whole step done."""
    ask(*ACTIONS)


def do_what_was_asked(step: StepByStep) -> str:
    """Act, and look at the last state; what was refused in a line, or ""."""
    problem = ""
    # A new script run begins while the one before it may still be at work.
    with step.turn:
        while asked := st.session_state.get(_ASKED):
            action: Action = asked[0]
            st.session_state[_ASKED] = asked[1:]
            try:
                if action == "zero_grad" and st.session_state.get(ZEROS):
                    step.zero_grad(set_to_none=False)
                else:
                    step.take(action)
            except ValueError as error:
                problem = str(error)
                st.session_state[_ASKED] = ()
            st.session_state[SHOWN] = step.states[-1].number
    return problem
