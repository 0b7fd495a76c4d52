"""The page of `run_table_app`: the table alone, and a note of what was done in it."""

from dataclasses import asdict, is_dataclass
from functools import partial

import streamlit as st

from blitz.ui.compare.run_table import TableEvent, TableState, run_table
from blitz.ui.compare.state import SELECTED, TABLE
from blitz.ui.compare.table_actions import act, table_view
from blitz.ui.services import services

st.set_page_config(layout="wide")
found, session = services(), st.session_state
session.setdefault(SELECTED, ())
session.setdefault(TABLE, TableState())


def act_and_note(event: TableEvent) -> list[str]:
    complaints = act(found, session, event)
    value = asdict(event.value) if is_dataclass(event.value) else event.value
    with (found.settings.home / "events").open("a") as notes:
        notes.write(f"{event.kind} {list(event.ids)!r} {value!r}\n")
    return complaints


run_table("table", act_and_note, partial(table_view, session))
with (found.settings.home / "script_runs").open("a") as notes:
    notes.write(".")
if st.button("Select nothing"):
    session[SELECTED] = ()
    st.rerun()
