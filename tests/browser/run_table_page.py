"""The page of `run_table_app`: does in the store what the table's events say."""

from dataclasses import asdict

import streamlit as st

from blitz.settings import read_settings
from blitz.training.store import RunStore
from blitz.ui.compare.run_table import TableState, run_table

st.set_page_config(layout="wide")
store = RunStore(read_settings().database_url)
selected = st.session_state.get("selected", [])
state = st.session_state.get("state", TableState())
event = run_table("table", selected, state)
if event is not None:
    match event.kind, event.value:
        case "select", _:
            st.session_state["selected"] = list(event.ids)
        case "view", TableState() as state:
            st.session_state["state"] = state
        case "rename", str(name):
            store.change_name(event.ids[0], name)
        case "delete", _:
            for run_id in event.ids:
                store.hide_run(run_id)
        case "restore", _:
            for run_id in event.ids:
                store.show_run(run_id)
        case "note", str(note):
            store.update_run(event.ids[0], note=note)
        case "pin", bool(is_pinned):
            store.update_run(event.ids[0], is_pinned=is_pinned)
        case "tags", tuple(tags):
            for run_id in event.ids:
                store.update_run(run_id, tags=tags)
    value = asdict(event.value) if isinstance(event.value, TableState) else event.value
    with (read_settings().home / "events").open("a") as notes:
        notes.write(f"{event.kind} {list(event.ids)!r} {value!r}\n")
with (read_settings().home / "script_runs").open("a") as notes:
    notes.write(".")
if st.button("Select nothing"):
    st.session_state["selected"] = []
    st.rerun()
store.close()
