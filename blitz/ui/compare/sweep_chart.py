"""The chart that a sweep fills while it runs, how far it has come, and the choice of another one.

A fragment draws anew every few seconds, as long as a run is under way.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from blitz.training.store import ACTIVE, Run
from blitz.training.sweep_figures.figures import sweep_figure
from blitz.ui.compare.state import KEY, MOST_SELECTED, SELECTED
from blitz.ui.compare.sweep_records import (
    Sweep,
    best_run,
    list_sweeps,
    progress_text,
    settings_text,
    sweep_label,
)
from blitz.ui.figure_view import figure_view
from blitz.ui.services import Services, services
from blitz.ui.table_feed import MOST_RUNS
from blitz.ui.text import plain

SHOWN = f"{KEY}sweep-shown"
CHART_SECONDS = 3.0
HALF = 2
"""One of how many runs goes on after 1, 2, 4, … epochs."""


def show_chart(found: Services, runs: Sequence[Run]) -> None:
    """The sweep that is chosen in the table, or else the runs that are; above, a choice."""
    sweep = _shown_sweep(found, [run.id for run in runs])
    ids = sweep.run_ids if sweep else tuple(run.id for run in runs)
    if not ids:
        st.caption("Runs of a sweep, or those chosen in the table, are drawn here.")
        return
    is_live = any(run.status in ACTIVE for run in _read(found, sweep, ids))
    draw = st.fragment(_draw, run_every=CHART_SECONDS if is_live else None)
    draw(found, sweep, ids, is_live)


def _shown_sweep(found: Services, chosen: Sequence[str]) -> Sweep | None:
    """The sweep whose runs are the chosen ones; below the list of all."""
    sweeps = {sweep.id: sweep for sweep in list_sweeps(found.store.list_runs(MOST_RUNS))}
    if not sweeps:
        return None
    selections = {id_: sweep.run_ids[:MOST_SELECTED] for id_, sweep in sweeps.items()}
    shown = next((id_ for id_, ids in selections.items() if set(ids) == set(chosen)), None)
    st.session_state[SHOWN] = shown
    labels = {id_: sweep_label(each, _time_text(each.created_at)) for id_, each in sweeps.items()}
    st.selectbox(
        "Sweep shown", list(sweeps), format_func=labels.__getitem__, key=SHOWN,
        placeholder="The runs chosen in the table" if chosen else "Choose an earlier one",
        on_change=_select_shown, args=(selections,),
    )  # fmt: skip
    return sweeps[shown] if shown else None


def _select_shown(selections: Mapping[str, tuple[str, ...]]) -> None:
    st.session_state[SELECTED] = selections.get(st.session_state[SHOWN], ())


def _time_text(time: datetime) -> str:
    """A time by the clock of whoever looks."""
    try:
        zone = ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):  # a browser can send anything
        return f"{time.astimezone(UTC):%d %b %H:%M} UTC"
    return f"{time.astimezone(zone):%d %b %H:%M}"


def _read(found: Services, sweep: Sweep | None, ids: Sequence[str]) -> list[Run]:
    if sweep is not None:
        members = found.store.sweep_runs(sweep.id)
        ids = [run.id for run in members if run.deleted_at is None]
    return found.launcher.runs_of(ids)


def _draw(found: Services, sweep: Sweep | None, ids: Sequence[str], was_live: bool) -> None:
    runs = _read(found, sweep, ids)
    if not runs:
        st.caption("These runs are gone.")
        return
    st.caption(plain(progress_text(runs)))
    best = best_run(runs)
    if best is not None:
        settings = settings_text(best, runs)
        st.markdown(
            f"Best so far: **{best.best_accuracy:.2%}** with {plain(settings or best.name)}"
        )
    figure_view(sweep_figure(runs), key=f"{KEY}sweep-chart", label=_label(runs))
    is_live = any(run.status in ACTIVE for run in runs)
    if sweep is not None and is_live:
        _halving_toggle(sweep.id, runs)
    if was_live and not is_live:
        st.rerun()  # without the timer


def _label(runs: Sequence[Run]) -> str:
    best = best_run(runs)
    reached = f"; best accuracy {best.best_accuracy:.2%}" if best else ""
    return f"parallel coordinates of {len(runs)} runs{reached}"


def _halving_toggle(sweep: str, runs: Sequence[Run]) -> None:
    """Whether the sweep's runs judge themselves, which their processes do: no page need be open."""
    key = f"{KEY}sweep-halving-{sweep}"
    st.session_state[key] = any(run.halving is not None for run in runs)
    st.toggle(
        "Stop hopeless runs", key=key, on_change=_set_halving, args=(sweep, key),
        help="Successive halving: after 1, 2, 4, … epochs the worse half of the sweep is stopped.",
    )  # fmt: skip


def _set_halving(sweep: str, key: str) -> None:
    services().store.set_halving(sweep, HALF if st.session_state[key] else None)
