"""What a session's playground holds: the program, what it depends on, and the lesson beside it."""

import streamlit as st

from blitz.devices import list_devices
from blitz.tensors.address import State
from blitz.tensors.lessons import LESSONS, Lesson

KEY = "tensors-"
PROGRAM = f"{KEY}program"
REVISION = f"{KEY}revision"
"""Counts the programs that came from elsewhere than the editor."""
SEED = f"{KEY}seed"
DEVICE = f"{KEY}device"
LESSON = f"{KEY}lesson"
VARIANT = f"{KEY}variant"
"""Which of the lesson's programs: 0 its own, from 1 on its variants."""
CALL = f"{KEY}call"
PANEL = f"{KEY}panel"
EDITOR = f"{KEY}editor"

FIRST = """\
x = torch.arange(12.).reshape(3, 4)
x[:, 1] = 0
x @ x.T
"""
"""The program that a session begins with."""


def begin(state: State, lesson: str = "", variant: int = 0) -> None:
    """Show a program beside a lesson, or beside none."""
    st.session_state[PROGRAM] = state.program
    st.session_state[SEED] = state.seed
    st.session_state[DEVICE] = state.device if state.device in devices() else devices()[0]
    st.session_state[LESSON] = lesson
    st.session_state[VARIANT] = variant
    st.session_state[REVISION] = st.session_state.get(REVISION, 0) + 1


def present() -> State:
    """The program, seed and device as they are."""
    return State(
        program=st.session_state[PROGRAM],
        device=st.session_state[DEVICE],
        seed=st.session_state[SEED],
    )


def lesson() -> Lesson | None:
    """The lesson beside the editor."""
    return lesson_named(st.session_state[LESSON])


def lesson_named(name: str) -> Lesson | None:
    """The lesson of that name, if there is one."""
    return next((lesson for lesson in LESSONS if lesson.name == name), None)


def own_program(name: str, variant: int) -> State:
    """What a lesson, or the playground without one, begins with."""
    chosen = lesson_named(name)
    if chosen is None:
        program = FIRST
    else:
        program = chosen.variants[variant - 1].program if variant else chosen.program
    return State(program=program, device=st.session_state.get(DEVICE, devices()[0]), seed=0)


def is_offered() -> bool:
    """Whether the present program is the page's own: nobody has changed anything of it."""
    own = own_program(st.session_state[LESSON], st.session_state[VARIANT])
    return present() == own


def devices() -> list[str]:
    """The devices to choose from, the processor first."""
    return [device.name for device in _list_devices()]


_list_devices = st.cache_data(show_spinner=False)(list_devices)
