"""Tensor playground: type PyTorch, see what the tensors are."""

import streamlit as st

from blitz.tensors.lessons import LESSONS
from blitz.ui.choice_list import ChoiceGroup, show_choices
from blitz.ui.tensors.address_bar import LIST, PLAYGROUND, go_to, read_address
from blitz.ui.tensors.playground import show_playground
from blitz.ui.tensors.state import LESSON, lesson
from blitz.ui.text import plain

GROUPS = (
    ChoiceGroup(heading="Your own", choices=[(PLAYGROUND, "Playground")]),
    ChoiceGroup(heading="Lessons", choices=[(each.name, each.title) for each in LESSONS]),
)

complaint = read_address()
chosen = lesson()
with st.sidebar:
    show_choices(GROUPS, st.session_state[LESSON] or PLAYGROUND, go_to, key=LIST)
st.title(plain(chosen.title) if chosen else "Tensor playground")
if complaint:
    st.warning(plain(complaint))
show_playground()
