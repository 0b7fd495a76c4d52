"""What a person does to runs in the table, done: in the store, by the launcher, in the session.

Knows nothing of browsers: the session is any mapping that holds what `state` names.
"""

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from blitz.training.store import ACTIVE, StoreError
from blitz.ui.compare.run_table import TableEvent, TableState, TableView, TagChange
from blitz.ui.compare.state import KEY, SELECTED, TABLE
from blitz.ui.services import Services
from blitz.ui.visitor import visitor

DELETIONS = f"{KEY}deletions"
"""What this session deleted, the last one last; the table brings it back until the page is left."""
UNDO_TIME = timedelta(hours=1)
MOST_TOLD = 3
Session = MutableMapping[Any, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Deletion:
    """Runs that were deleted in one go, and can be brought back."""

    title: str
    hidden_at: dict[str, datetime]
    """By id: a run that somebody else hid at another time is theirs to bring back."""


def table_view(session: Session) -> TableView:
    """What the table is to show of a session."""
    return TableView(
        selected=session[SELECTED],
        state=session[TABLE],
        deletions=[(each.title, list(each.hidden_at)) for each in session.get(DELETIONS, ())],
    )


def act(found: Services, session: Session, event: TableEvent) -> list[str]:
    """Do what was asked; a line for a person where something of it could not be done."""
    try:
        return _act(found, session, event)
    except StoreError as error:
        return [str(error)]


def _act(found: Services, session: Session, event: TableEvent) -> list[str]:
    store, ids = found.store, event.ids
    match event.kind, event.value:
        case "select", _:
            _select(session, ids)
            return []
        case "view", TableState() as state:
            session[TABLE] = state
            return []
        case "rename", str(name):
            return _each(ids, lambda run_id: store.change_name(run_id, name))
        case "note", str(note):
            return _each(ids, lambda run_id: store.update_run(run_id, note=note))
        case "tags", TagChange() as change:
            return _each(ids, lambda run_id: _change_tags(found, run_id, change))
        case "pin", bool(is_pinned):
            return _each(ids, lambda run_id: store.update_run(run_id, is_pinned=is_pinned))
        case "delete", _:
            return _hide(found, session, ids)
        case "restore", _:
            return _show(found, session, ids)
        case "stop", _:
            return _each(ids, found.launcher.stop)
        case "resume", _:
            return _each(
                ids,
                lambda run_id: found.limits.start(
                    visitor(), lambda: [found.launcher.resume(run_id)]
                ),
            )
    return []


def delete_hidden(found: Services, session: Session) -> None:
    """Really delete what this session deleted on an earlier visit, or anybody an hour ago."""
    own = [each.hidden_at for each in session.pop(DELETIONS, [])]
    now = datetime.now(UTC)
    for run in found.store.hidden_runs():
        assert run.deleted_at is not None
        is_own = any(hidden_at.get(run.id) == run.deleted_at for hidden_at in own)
        if is_own or now - run.deleted_at > UNDO_TIME:
            try:
                found.launcher.delete(run.id)
            except ValueError:  # it is under way again: it comes back
                found.store.show_run(run.id)


def _each(ids: Sequence[str], do: Callable[[str], object]) -> list[str]:
    """Do it to every run, also where it cannot be done to one of them."""
    complaints = []
    for run_id in ids:
        try:
            do(run_id)
        except ValueError as error:
            complaints.append(str(error))
    return _in_one(complaints)


def _in_one(complaints: Sequence[str]) -> list[str]:
    """One line, of what is said more than once one example."""
    different = list(dict.fromkeys(complaints))
    if not different:
        return []
    more = len(different) - MOST_TOLD
    rest = [f"and {more} more"] if more > 0 else []
    return ["; ".join([*different[:MOST_TOLD], *rest])]


def _select(session: Session, ids: Sequence[str]) -> None:
    """Select these; a run chosen later stands behind those chosen before."""
    chosen, before = set(ids), session[SELECTED]
    known = set(before)
    session[SELECTED] = (
        *(run_id for run_id in before if run_id in chosen),
        *(run_id for run_id in ids if run_id not in known),
    )


def _change_tags(found: Services, run_id: str, change: TagChange) -> None:
    """A run keeps the tags that it does not share with the others."""
    run = found.store.get_run(run_id)
    if run is not None:
        own = [tag for tag in run.tags if tag not in change.before]
        found.store.update_run(run_id, tags=[*own, *change.after])


def _hide(found: Services, session: Session, ids: Sequence[str]) -> list[str]:
    runs = found.launcher.runs_of(ids)
    ended = {run.id: run for run in runs if run.status not in ACTIVE}
    deletions: list[Deletion] = session.setdefault(DELETIONS, [])
    session[SELECTED] = tuple(run_id for run_id in session[SELECTED] if run_id not in ended)
    if ended:
        names = [run.name for run in ended.values()]
        title = names[0] if len(names) == 1 else f"{len(names)} runs"
        hidden_at: dict[str, datetime] = {}
        # Before the first is gone: where the store fails half way, the way back is there.
        deletions.append(Deletion(title=title, hidden_at=hidden_at))
        for run_id in ended:
            since = found.store.hide_run(run_id)
            if since is not None:
                hidden_at[run_id] = since
    return _in_one(
        [
            f"{run.name}: is {run.status}; stop it before deleting it"
            for run in runs
            if run.id not in ended
        ]
    )


def _show(found: Services, session: Session, ids: Sequence[str]) -> list[str]:
    deletions: list[Deletion] = session.setdefault(DELETIONS, [])
    there = {run.id for run in found.store.get_runs(ids)}
    complaints = _each([run_id for run_id in ids if run_id in there], found.store.show_run)
    deletions[:] = [each for each in deletions if not each.hidden_at.keys() <= set(ids)]
    num_gone = len(set(ids) - there)
    if num_gone:
        runs = "a run has" if num_gone == 1 else f"{num_gone} runs have"
        complaints.append(f"{runs} been deleted for good by somebody else")
    return complaints
