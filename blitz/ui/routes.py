"""The data routes: plotly.js, a run's curves as JSON, and those of the Compare page.

`/api/runs/{run_id}/curves` takes
- `x`: step, epoch, seconds or images;
- `after`: the last row id that the browser has; without it, or where that row is gone because a
  run was resumed from before it, the answer `is_whole`;
- `from`, `to`: only this part of x; and `points`: how many points a curve at most.

It answers with `last_id`, `is_whole`, `status`, `message`, `progress`, `curves` and `events`, so
that one request feeds everything on screen. Errors are `{"error": one line}`. What curves and
progress are is `blitz.training.curves`' business.
"""

import gzip
import importlib.metadata
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from blitz.training.curves import (
    MAX_POINTS,
    Axis,
    join_rows,
    progress,
    run_curves,
    select_rows,
)
from blitz.training.store import MetricColumns, Run, RunEvent, RunStore, StoreError
from blitz.ui.answers import Answer, error
from blitz.ui.compare_routes import compare_routes
from blitz.ui.feed import Feed
from blitz.ui.queries import read_choice, read_int, read_span

MOST_POINTS = 20_000
MOST_EVENTS = 200
MOST_ANSWERS = 8


def routes(store: RunStore, view: Callable[[Run], Run]) -> list[Route]:
    """The routes to give to `st.App`; `view` is the launcher's, which finds out lost runs."""
    feed = RunFeed(store, view)

    # Plain functions: Starlette runs them in its threads, so that the database never holds up
    # the event loop.
    def curves(request: Request) -> Response:
        try:
            query = read_query(request.query_params)
            snapshot = feed.read(request.path_params["run_id"])
        except ValueError as fault:
            return error(400, str(fault))
        except StoreError as fault:
            return error(503, str(fault))
        if snapshot is None:
            return error(404, "there is no such run; it may have been deleted")
        return snapshot.told(query).to(request)

    return [
        Route("/api/plotly.js", _plotly_js),
        Route("/api/runs/{run_id}/curves", curves),
        *compare_routes(store, view),
    ]


# What is asked for


@dataclass(frozen=True, kw_only=True, slots=True)
class CurvesQuery:
    """What a browser wants of a run."""

    axis: Axis = "step"
    after: int = 0
    span: tuple[float, float] | None = None
    points: int = MAX_POINTS


def read_query(parameters: Mapping[str, str]) -> CurvesQuery:
    """The query in a request's parameters; ValueError says what is allowed."""
    return CurvesQuery(
        axis=cast(Axis, read_choice(parameters, "x", get_args(Axis), "step")),
        after=read_int(parameters, "after", 0, 0, 2**63 - 1),
        span=read_span(parameters),
        points=read_int(parameters, "points", MAX_POINTS, 2, MOST_POINTS),
    )


# What a run is like at the moment


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """One run as it was when the store was last read."""

    run: Run
    columns: MetricColumns
    events: tuple[RunEvent, ...]
    answers: dict[CurvesQuery, Answer] = field(default_factory=dict, compare=False, repr=False)

    def told(self, query: CurvesQuery) -> Answer:
        """The answer to a query, made once for all who ask the same: forty watch one run."""
        told = self.answers.get(query)
        if told is None:
            told = Answer.of(answer(self, query))
            if len(self.answers) < MOST_ANSWERS:
                self.answers[query] = told
        return told


class RunFeed:
    """Snapshots of runs, each read from the store a few times a second however many watch it.

    Rows are kept while somebody watches, so that only new ones are read.
    """

    def __init__(self, store: RunStore, view: Callable[[Run], Run]) -> None:
        self._store = store
        self._view = view
        self._feed: Feed[str, Snapshot | None] = Feed(self._refresh)

    def read(self, run_id: str) -> Snapshot | None:
        """The run as it is, or was a moment ago; None where there is none."""
        return self._feed.get(run_id)

    def _refresh(self, run_id: str, old: Snapshot | None) -> Snapshot | None:
        stored = self._store.get_run(run_id)
        if stored is None:
            return None
        run = self._view(stored)
        # A resumed run has removed the rows after its checkpoint by the time its status changes.
        goes_on = old and (old.run.attempt, old.run.status) == (run.attempt, run.status)
        columns = self._new_rows(run_id, old.columns) if old and goes_on else None
        events = tuple(self._store.events_after(run_id)[-MOST_EVENTS:])
        if old and columns is old.columns and (old.run, old.events) == (run, events):
            return old  # with what was told of it
        return Snapshot(
            run=run,
            columns=self._store.metrics_after(run_id) if columns is None else columns,
            events=events,
        )

    def _new_rows(self, run_id: str, old: MetricColumns) -> MetricColumns:
        new = self._store.metrics_after(run_id, int(old.id[-1]) if len(old) else 0)
        return join_rows(old, new) if len(new) else old


def answer(snapshot: Snapshot, query: CurvesQuery) -> dict[str, Any]:
    """The answer to a query, as JSON values without NaN."""
    columns = snapshot.columns
    start = int(np.searchsorted(columns.id, query.after, side="right"))
    has_row = start > 0 and int(columns.id[start - 1]) == query.after
    is_whole = not has_row
    new = columns if is_whole else select_rows(columns, lambda values: values[start:])
    curves = run_curves(new, query.axis, span=query.span, max_points=query.points)
    return {
        "last_id": int(columns.id[-1]) if len(columns) else 0,
        "is_whole": is_whole,
        "status": snapshot.run.status,
        "message": snapshot.run.message,
        "progress": progress(snapshot.run, columns).to_json(),
        "curves": curves.to_json(),
        "events": [
            {"x": getattr(event.at, query.axis), "text": event.message or event.kind}
            for event in snapshot.events
        ],
    }


# plotly.js


@cache
def plotly_version() -> str:
    """The version of the installed plotly package."""
    return importlib.metadata.version("plotly")


def _plotly_js(request: Request) -> Response:
    # The address carries the version, so that a browser may keep the file for good.
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Vary": "Accept-Encoding",
    }
    script, packed = _plotly_script()
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return Response(packed, headers=headers | {"Content-Encoding": "gzip"},
                        media_type="text/javascript")  # fmt: skip
    return Response(script, headers=headers, media_type="text/javascript")


@lru_cache(maxsize=1)
def _plotly_script() -> tuple[bytes, bytes]:
    """plotly.js as the plotly package ships it, and the same packed.

    Packed once: left to the server's middleware, every browser would cost a quarter of a second of
    its event loop.
    """
    spec = importlib.util.find_spec("plotly")  # finds the package without importing it
    assert spec, "plotly is a requirement of Blitz"
    [folder] = spec.submodule_search_locations or []
    script = (Path(folder) / "package_data" / "plotly.min.js").read_bytes()
    return script, gzip.compress(script, compresslevel=6)
