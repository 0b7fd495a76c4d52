"""The data routes of the Compare page: the table of runs, and the curves of some of them.

`/api/runs` takes `after`, the `token` of the answer that a browser has, and answers with `token`,
`is_whole`, `columns` and `rows`: the runs that changed since, or all of them where the token is of
another server or runs are gone.

`/api/curves` takes
- `ids`: up to 50 runs, and `after`: the last row id that the browser has of each, 0 for none;
- `metric`: see `blitz.training.overlay`; `x`: step, epoch, seconds or images;
- `from`, `to`: only this part of x; and `points`: how many points a curve at most.

It answers with the curve of each run that there is, its name, number, status and parent, and as
`evaluated` the accuracy and loss of weights that were only evaluated. Errors are
`{"error": one line}`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast, get_args

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from blitz.training.curves import Axis, finite_or_none
from blitz.training.overlay import Fork, Metric, fork_of, is_evaluated_only, overlaid_curve
from blitz.training.store import Run, RunStore, StoreError
from blitz.ui.answers import Answer, error
from blitz.ui.feed import Feed
from blitz.ui.queries import parse_int, read_choice, read_int, read_span
from blitz.ui.table_feed import TableFeed

MOST_CURVES = 50
MOST_POINTS = 5_000
POINTS = 500


def compare_routes(store: RunStore, view: Callable[[Run], Run]) -> list[Route]:
    """The routes; `view` is the launcher's, which finds out lost runs."""
    table = TableFeed(store, view)
    curves = CurveFeed(store)

    # Plain functions: Starlette runs them in its threads, so that the database never holds up
    # the event loop.
    def answer(request: Request, find: Callable[[Mapping[str, str]], Any]) -> Response:
        try:
            found = find(request.query_params)
        except ValueError as fault:
            return error(400, str(fault))
        except StoreError as fault:
            return error(503, str(fault))
        return Answer.of(found).to(request)

    def all_runs(request: Request) -> Response:
        curves.forget_unwatched()
        return answer(
            request, lambda parameters: table.read().changes_after(parameters.get("after", ""))
        )

    def some_curves(request: Request) -> Response:
        def find(parameters: Mapping[str, str]) -> dict[str, Any]:
            query = read_query(parameters)
            return {"curves": dict(curves.read(table.read().runs, query))}

        return answer(request, find)

    return [Route("/api/runs", all_runs), Route("/api/curves", some_curves)]


# The curves


@dataclass(frozen=True, kw_only=True, slots=True)
class CurvesQuery:
    """What a browser wants of some runs."""

    after: Mapping[str, int]
    """The last row id it has of each run, 0 for none."""
    metric: Metric
    axis: Axis
    span: tuple[float, float] | None
    points: int


def read_query(parameters: Mapping[str, str]) -> CurvesQuery:
    """The query in a request's parameters; ValueError says what is allowed."""
    ids = [id_ for id_ in parameters.get("ids", "").split(",") if id_]
    if not 1 <= len(ids) <= MOST_CURVES:
        raise ValueError(f"ids: {len(ids)} were given; expected 1 to {MOST_CURVES}")
    after = parameters["after"].split(",") if "after" in parameters else ["0"] * len(ids)
    if len(after) != len(ids):
        raise ValueError(f"after: {len(after)} were given; expected {len(ids)}, as many as ids")
    rows = [parse_int("after", text, 0, 2**63 - 1) for text in after]
    return CurvesQuery(
        after=dict(zip(ids, rows, strict=True)),
        metric=cast(Metric, read_choice(parameters, "metric", get_args(Metric), "train_loss")),
        axis=cast(Axis, read_choice(parameters, "x", get_args(Axis), "step")),
        span=read_span(parameters),
        points=read_int(parameters, "points", POINTS, 2, MOST_POINTS),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Curve:
    """Which curve, and in which state of its run."""

    run_id: str
    fork: Fork | None
    metric: Metric
    axis: Axis
    after_id: int
    span: tuple[float, float] | None
    points: int
    attempt: int
    ended_at: datetime | None


class CurveFeed:
    """Curves as browsers are told of them; that of an ended run is read once."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._feed: Feed[_Curve, dict[str, Any]] = Feed(self._refresh)

    def read(
        self, runs: Mapping[str, Run], query: CurvesQuery
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Id and curve of each run that there is."""
        for run_id, after_id in query.after.items():
            run = runs.get(run_id)
            if run is None:
                continue
            curve = _Curve(
                run_id=run_id,
                fork=fork_of(run),
                metric=query.metric,
                axis=query.axis,
                after_id=after_id,
                span=query.span,
                points=query.points,
                attempt=run.attempt,
                ended_at=run.ended_at,
            )
            yield run_id, _about(run) | self._feed.get(curve)

    def forget_unwatched(self) -> None:
        """Let go of the curves that nobody asks for any more."""
        self._feed.forget_unwatched()

    def _refresh(self, curve: _Curve, old: dict[str, Any] | None) -> dict[str, Any]:
        if old is not None and curve.ended_at is not None:
            return old
        read = overlaid_curve(
            self._store,
            curve.run_id,
            curve.fork,
            curve.metric,
            curve.axis,
            after_id=curve.after_id,
            span=curve.span,
            max_points=curve.points,
        )
        return read.to_json()


def _about(run: Run) -> dict[str, Any]:
    """What a chart says of a run beside its curve."""
    results = {
        name: None if value is None else finite_or_none(value)
        for name, value in (("accuracy", run.accuracy), ("loss", run.loss))
    }
    return {
        "name": run.name,
        "number": run.number,
        "status": run.status,
        "parent": run.parent,
        "evaluated": results if is_evaluated_only(run) else None,
    }
