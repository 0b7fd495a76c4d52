"""The table of all runs and what is done to them from it."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from blitz.training.store import ACTIVE, Run
from blitz.ui.compare.run_table import TableEvent, TableState, run_table
from blitz.ui.compare.state import KEY, MOST_SELECTED, SELECTED, TABLE
from blitz.ui.services import Services
from blitz.ui.text import plain

RUNS = f"{KEY}table"
HIDDEN = f"{KEY}hidden"
"""Ids of the runs that this session deleted; the table brings them back until the page is left."""
UNDO_TIME = timedelta(hours=1)


def show_table(found: Services) -> None:
    """Show all runs; do what was asked."""
    event = run_table(RUNS, st.session_state[SELECTED], st.session_state[TABLE])
    if event is not None:
        try:
            _act(found, event)
        except ValueError as error:
            st.toast(plain(str(error)), icon=":material/info:")


def chosen_runs(found: Services) -> list[Run]:
    """The chosen runs that there are, in the order in which they were chosen."""
    runs = [found.launcher.run(run_id) for run_id in st.session_state[SELECTED]]
    return [run for run in runs if run is not None]


def delete_hidden(found: Services) -> None:
    """Really delete what this session deleted on an earlier visit, or anybody an hour ago."""
    own = st.session_state.pop(HIDDEN, ())
    now = datetime.now(UTC)
    for run in found.store.hidden_runs():
        is_old = run.deleted_at is not None and now - run.deleted_at > UNDO_TIME
        if run.id in own or is_old:
            try:
                found.launcher.delete(run.id)
            except ValueError:  # it is under way again: it comes back
                found.store.show_run(run.id)


def _act(found: Services, event: TableEvent) -> None:
    store, launcher = found.store, found.launcher
    match event.kind, event.value:
        case "select", _:
            # A run chosen later stands behind those chosen before.
            before = [run for run in st.session_state[SELECTED] if run in event.ids]
            later = [run for run in event.ids if run not in before]
            st.session_state[SELECTED] = (*before, *later)[:MOST_SELECTED]
        case "view", TableState() as state:
            st.session_state[TABLE] = state
        case "rename", str(name):
            store.change_name(event.ids[0], name)
        case "note", str(note):
            store.update_run(event.ids[0], note=note)
        case "tags", tuple(tags):
            for run_id in event.ids:
                store.update_run(run_id, tags=tags)
        case "pin", bool(is_pinned):
            for run_id in event.ids:
                store.update_run(run_id, is_pinned=is_pinned)
        case "delete", _:
            _hide(found, event.ids)
        case "restore", _:
            for run_id in event.ids:
                store.show_run(run_id)
        case "stop", _:
            for run_id in event.ids:
                launcher.stop(run_id)
        case "resume", _:
            for run_id in event.ids:
                launcher.resume(run_id)


def _hide(found: Services, ids: tuple[str, ...]) -> None:
    runs = [found.launcher.run(run_id) for run_id in ids]
    for run in runs:
        if run is not None and run.status in ACTIVE:
            raise ValueError(f"{run.name}: is {run.status}; stop it before deleting it")
    for run_id in ids:
        found.store.hide_run(run_id)
    st.session_state[HIDDEN] = (*st.session_state.get(HIDDEN, ()), *ids)
    st.session_state[SELECTED] = tuple(
        run_id for run_id in st.session_state[SELECTED] if run_id not in ids
    )
