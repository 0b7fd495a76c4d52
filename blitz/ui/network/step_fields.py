"""The fields of a training step: batch, loss, optimiser and frozen layers."""

from collections.abc import Sequence

import streamlit as st

from blitz.network.step_settings import LOSSES, OPTIMISERS, StepSettings
from blitz.ui.network.chosen import ChosenNetwork
from blitz.ui.network.step_live import KEY, BatchChoice

MAX_BATCH = 64
SEED = f"{KEY}images"
FIELD = 132
TITLES = {
    "sgd": "SGD",
    "momentum": "SGD with momentum",
    "nesterov": "SGD, Nesterov",
    "adam": "Adam",
    "rmsprop": "RMSprop",
    "cross-entropy": "cross-entropy",
    "mse": "squared error",
}


def step_fields(chosen: ChosenNetwork) -> tuple[BatchChoice, StepSettings]:
    """What the fields say; ValueError in one line where they say nothing that works."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        size = number_field("Batch size", f"{KEY}batch_size", 4, format_="%d")
        loss = st.selectbox(
            "Loss", LOSSES, format_func=TITLES.__getitem__, key=f"{KEY}loss", width=150,
            persist_state="session",
        )  # fmt: skip
        optimiser = st.selectbox(
            "Optimiser", OPTIMISERS, format_func=TITLES.__getitem__, key=f"{KEY}optimiser",
            width=190, persist_state="session",
        )  # fmt: skip
        lr = number_field("Learning rate", f"{KEY}lr", 0.01)
        momentum: float | None = 0.9
        if optimiser in ("momentum", "nesterov"):
            momentum = number_field("Momentum", f"{KEY}momentum", 0.9)
        frozen = _frozen_field(chosen)
    choice = BatchChoice(size=_batch_size(size), seed=st.session_state.get(SEED, 0))
    settings = StepSettings(
        optimiser=optimiser,
        loss=loss,
        lr=filled(lr, "learning rate"),
        momentum=filled(momentum, "momentum"),
        frozen=frozen,
    )
    return choice, settings


def number_field(label: str, key: str, start: float, *, format_: str = "%g") -> float | None:
    """A number to type; None while the field is empty."""
    return st.number_input(
        label, value=start, step=1 if format_ == "%d" else start / 10, format=format_, key=key,
        width=FIELD, persist_state="session",
    )  # fmt: skip


def filled(value: float | None, name: str) -> float:
    """The number of a field; ValueError where it is empty."""
    if value is None:
        raise ValueError(f"{name}: empty; expected a number")
    return value


def other_images() -> None:
    """Learn from other images."""
    st.session_state[SEED] = st.session_state.get(SEED, 0) + 1


def layers_of(names: Sequence[str]) -> list[str]:
    """The layers that parameters belong to, each once, in the network's order."""
    return list(dict.fromkeys(name.rpartition(".")[0] for name in names))


def _batch_size(size: float | None) -> int:
    number = filled(size, "batch size")
    if not 1 <= number <= MAX_BATCH:
        raise ValueError(f"batch size: {number:g} was given; expected 1 to {MAX_BATCH}")
    return int(number)


def _frozen_field(chosen: ChosenNetwork) -> tuple[str, ...]:
    names = [name for name, _ in chosen.shared_model.named_parameters()]
    layers = st.multiselect(
        "Frozen layers", layers_of(names), key=f"{KEY}frozen", width=240, placeholder="none",
        persist_state="session",
    )  # fmt: skip
    return tuple(name for name in names if name.rpartition(".")[0] in layers)
