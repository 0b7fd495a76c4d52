"""The examples as a list to choose from."""

import streamlit as st

from blitz.autograd.examples import EXAMPLES, load_example
from blitz.ui.graph.chosen_program import choose_example
from blitz.ui.text import plain


def show_examples(chosen: str) -> None:
    """A button for each example, by theme; the name of the chosen program marks one, or none."""
    for group in EXAMPLES:
        with st.container(gap=None):
            st.caption(group.heading)
            for name in group.names:
                title = plain(load_example(name).title)
                st.button(
                    f"**{title}**" if name == chosen else title,
                    key=f"example-{name}",
                    type="tertiary",
                    on_click=choose_example,
                    args=(name,),
                )
