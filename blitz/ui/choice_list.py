"""A list of titles under headings, of which one is chosen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from blitz.ui.text import plain


@dataclass(frozen=True, kw_only=True, slots=True)
class ChoiceGroup:
    """Choices under a heading: name and title of each."""

    heading: str
    choices: Sequence[tuple[str, str]]


def show_choices(
    groups: Sequence[ChoiceGroup],
    chosen: str,
    choose: Callable[[str], None],
    *,
    key: str,
) -> None:
    """A button for each choice. choose: called with the name of the one that was pressed."""
    for group in groups:
        with st.container(gap=None):
            st.caption(group.heading)
            for name, title in group.choices:
                label = plain(title)
                st.button(
                    f"**{label}**" if name == chosen else label,
                    key=f"{key}-{name}",
                    type="tertiary",
                    on_click=choose,
                    args=(name,),
                )
