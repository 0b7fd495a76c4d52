"""The graph that autograd built: see it, open it, replay the backward pass through it."""

import streamlit as st

from blitz.autograd.examples import load_example
from blitz.ui.graph.example_list import chosen_example, show_examples
from blitz.ui.graph.explorer import show_explorer
from blitz.ui.text import plain

name = chosen_example()
with st.sidebar:
    show_examples(name)
st.title(plain(load_example(name).title))
show_explorer(name)
