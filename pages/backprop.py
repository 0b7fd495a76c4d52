"""Backpropagation: a small network calculated number by number, and what it is made of."""

import streamlit as st

from blitz.backprop.presets import PRESETS
from blitz.ui.backprop.address_bar import LIST, write_address
from blitz.ui.backprop.basics import LESSONS
from blitz.ui.backprop.calculator import show_calculator
from blitz.ui.backprop.state import IS_PLAYING, PRESET, choose_preset
from blitz.ui.choice_list import ChoiceGroup, show_choices
from blitz.ui.text import plain

LESSON = "lesson"

GROUPS = (
    ChoiceGroup(heading="Networks", choices=[(preset.name, preset.title) for preset in PRESETS]),
    ChoiceGroup(heading="Basics", choices=[(lesson.name, lesson.title) for lesson in LESSONS]),
)


def choose(name: str) -> None:
    """Show a lesson or a preset; the network that was left for a lesson is as it was."""
    st.session_state[IS_PLAYING] = False  # the player goes with what it plays
    if any(name == lesson.name for lesson in LESSONS):
        st.query_params.from_dict({LESSON: name})
        return
    if LESSON not in st.query_params or name != st.session_state.get(PRESET):
        choose_preset(name)
    # At once, and not when the page is drawn: one way there is one way back.
    write_address()


lessons = [lesson for lesson in LESSONS if lesson.name == st.query_params.get(LESSON)]
with st.sidebar:
    sidebar = st.container()
if lessons:
    st.title(plain(lessons[0].title))
    lessons[0].show()
else:
    show_calculator()
with sidebar:
    show_choices(GROUPS, lessons[0].name if lessons else st.session_state[PRESET], choose, key=LIST)
