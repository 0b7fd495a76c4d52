"""The playground's program in the address, so that a reload or another person sees the same.

A lesson that is chosen is a new place; a program that is typed replaces the address of the place it
is typed at.
"""

from collections.abc import Mapping

import streamlit as st

from blitz.tensors.address import decode, encode
from blitz.ui import address_line
from blitz.ui.tensors.state import (
    LESSON,
    PROGRAM,
    VARIANT,
    begin,
    is_offered,
    lesson_named,
    own_program,
    present,
)

LIST = "lessons"
"""Key of the list of lessons, which is on the page whatever it shows."""
PLAYGROUND = "playground"
"""In that list: no lesson."""

_PAGE = "tensors"


def read_address() -> str:
    """Take up what the address says, where it is not this session's own; a complaint, or ""."""
    given = {
        name: st.query_params[name]
        for name in ("lesson", "variant", "program")
        if name in st.query_params
    }
    was_here = f"{LIST}-{PLAYGROUND}" in st.session_state  # else widgets are forgotten
    # Who comes back from another page finds everything as it was, though the address is bare.
    comes_back = not given and PROGRAM in st.session_state and not was_here
    if PROGRAM in st.session_state and (address_line.is_own(given, _PAGE) or comes_back):
        return ""
    address_line.note(given, _PAGE)
    return _take_up(given)


def go_to(name: str, variant: int = 0) -> None:
    """Show a lesson's program, or the playground's own; a new place."""
    begin(own_program(name, variant), name if lesson_named(name) else "", variant)
    address_line.go_to(_wanted(), _PAGE)


def write_address() -> None:
    """Have the browser show the address of the present program."""
    address_line.replace(_wanted(), _PAGE)


def _wanted() -> dict[str, str]:
    name, variant = st.session_state[LESSON], st.session_state[VARIANT]
    wanted = {"lesson": name} if name else {}
    if name and variant:
        wanted["variant"] = str(variant)
    if not is_offered():
        wanted["program"] = encode(present())
    return wanted


def _take_up(given: Mapping[str, str]) -> str:
    lesson = lesson_named(given.get("lesson", ""))
    variants = [str(index) for index in range(1, len(lesson.variants) + 1)] if lesson else []
    variant = variants.index(given["variant"]) + 1 if given.get("variant") in variants else 0
    name = lesson.name if lesson else ""
    begin(own_program(name, variant), name, variant)
    if "program" in given:
        try:
            begin(decode(given["program"]), name, variant)
        except ValueError:
            return "The program in the address is damaged: this is another one."
    if "lesson" in given and lesson is None:
        return "There is no such lesson: this is the playground."
    return ""
