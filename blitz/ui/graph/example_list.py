"""The examples as a list to choose from."""

import streamlit as st

from blitz.autograd.examples import EXAMPLES, load_example
from blitz.ui.text import plain

PARAMETER = "example"


def chosen_example() -> str:
    """The example in the address, or the first one."""
    names = [name for group in EXAMPLES for name in group.names]
    name = st.query_params.get(PARAMETER, names[0])
    return name if name in names else names[0]


def show_examples(chosen: str) -> None:
    """A button for each example, by theme."""
    for group in EXAMPLES:
        with st.container(gap=None):
            st.caption(group.heading)
            for name in group.names:
                title = plain(load_example(name).title)
                st.button(
                    f"**{title}**" if name == chosen else title,
                    key=f"example-{name}",
                    type="tertiary",
                    on_click=_choose,
                    args=(name,),
                )


def _choose(name: str) -> None:
    st.query_params[PARAMETER] = name
