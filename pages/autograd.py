"""The graph that autograd built: see it, open it, replay the backward pass through it."""

import streamlit as st

from blitz.ui.graph.chosen_program import chosen_program, show_examples
from blitz.ui.graph.explorer import show_explorer
from blitz.ui.graph.own_program import OWN
from blitz.ui.text import plain

program = chosen_program()
with st.sidebar:
    show_examples(OWN if program is None or OWN in st.query_params else program.name)
if program is not None:
    if OWN not in st.query_params:
        st.title(plain(program.title))
    show_explorer(program)
