"""A sweep as parallel coordinates. Runs in, a Plotly figure out."""

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from blitz.training.comparing import different_settings
from blitz.training.store import Run

HEIGHT = 380
LOGARITHMIC = ("lr", "weight_decay")


def sweep_figure(runs: Sequence[Run]) -> go.Figure:
    """One line a run through the settings that differ, to its best accuracy so far.

    Settings on which all agree are left out; learning rates and weight decays are on logarithmic
    axes. Runs that were not tested yet are left out.
    """
    shown = [run for run in runs if run.best_accuracy is not None]
    names = list(different_settings(shown).index) if len(shown) > 1 else []
    accuracies = [float(run.best_accuracy or 0.0) for run in shown]
    dimensions = [_dimension(name, [getattr(run.config, name) for run in shown]) for name in names]
    dimensions.append({"label": "best accuracy", "values": accuracies, "tickformat": ".1%"})
    figure = go.Figure(
        go.Parcoords(
            dimensions=dimensions,
            line={"color": accuracies, "colorscale": "Cividis", "showscale": False},
        )
    )
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 60, "r": 60, "t": 50, "b": 20},
        paper_bgcolor="rgba(0,0,0,0)",
    )
    return figure


def _dimension(name: str, values: list[Any]) -> dict[str, Any]:
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        if name in LOGARITHMIC and min(values) > 0:
            ticks = sorted(set(values))
            return {
                "label": name,
                "values": [math.log10(value) for value in values],
                "tickvals": [math.log10(tick) for tick in ticks],
                "ticktext": [f"{tick:g}" for tick in ticks],
            }
        return {"label": name, "values": values}
    kinds = sorted({str(value) for value in values})
    return {
        "label": name,
        "values": [kinds.index(str(value)) for value in values],
        "tickvals": list(range(len(kinds))),
        "ticktext": kinds,
    }
